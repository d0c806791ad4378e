//! `sayso-lab samples`: shows training samples and counts those that cannot be used.

use crate::config::Config;
use crate::example::{Unusable, encode};
use sayso_corpus::command_source::Commands;
use sayso_corpus::dialect::Dialect;
use sayso_corpus::sampler::Sampler;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

/// Draws training samples, prints them as JSON lines and counts those that cannot be used.
///
/// Each line on standard output is {"dictated": …, "expected": …, "dialect": …, "problem": …}.
/// Standard error shows for each dialect the number of samples, of samples without a path to the
/// answer, and of samples that are too long.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sayso-lab samples lab/train/config/tagger.toml --count 20")]
pub struct Samples {
    /// The configuration of the training run
    #[arg(value_name = "CONFIG.toml")]
    config: PathBuf,
    /// Number of samples to draw
    #[arg(long, value_name = "N", default_value_t = 1000)]
    count: usize,
    /// Seed of the samples
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

#[derive(Default)]
struct Tally {
    drawn: usize,
    unreachable: usize,
    long: usize,
}

impl Samples {
    /// Draws and prints the samples.
    ///
    /// # Errors
    /// If the configuration or the corpora cannot be read, or if standard output cannot be written.
    pub fn run(&self) -> anyhow::Result<()> {
        let config = Config::read(&self.config)?;
        let commands = Commands::read(&config.corpus, true)?;
        let mut sampler = Sampler::new(&commands, config.mix, self.seed);
        let mut tallies: BTreeMap<Dialect, Tally> = BTreeMap::new();
        let mut out = std::io::stdout().lock();
        let start = Instant::now();
        let (mut drawn, mut unsayable) = (0, 0);
        while drawn < self.count {
            let Some(sample) = sampler.next_sample() else {
                unsayable += 1;
                continue;
            };
            drawn += 1;
            let problem = encode(&sample, None).err();
            let tally = tallies.entry(sample.dialect).or_default();
            tally.drawn += 1;
            tally.unreachable += usize::from(problem == Some(Unusable::Unreachable));
            tally.long += usize::from(problem == Some(Unusable::TooLong));
            let line = json!({
                "dictated": sample.dictated.text,
                "expected": sample.expected,
                "dialect": sample.dialect.name(),
                "problem": problem.map(|problem| problem.to_string()),
            });
            writeln!(out, "{line}")?;
        }
        let rate = drawn as f64 / start.elapsed().as_secs_f64();
        eprintln!(
            "{rate:.0} samples drawn and aligned per second; {unsayable} commands left out, which have a character \
             without a spoken name"
        );
        for (dialect, Tally { drawn, unreachable, long }) in tallies {
            eprintln!(
                "{dialect}: {drawn} samples, {unreachable} without a path to the answer, {long} too long"
            );
        }
        Ok(())
    }
}
