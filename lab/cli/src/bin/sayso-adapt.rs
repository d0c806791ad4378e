//! `sayso-lab adapt`: the tagger learns one person.

use anyhow::{Context, bail};
use sayso_corpus::cases;
use sayso_engine::Engine;
use sayso_eval::guard::{self, MOST_LOST};
use sayso_learning::Store;
use sayso_tagger::Weights;
use sayso_train::adapt::adapt;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

/// Trains the tagger further on one person's lines.
///
/// It goes on from the built-in weights (or those of --weights) with the lines of a file, of the learning store, or both: one of them to
/// nine of the stream that comes with this program. Ten minutes on two cores. The new weights are written only if they lose
/// at most 0.3 percentage points on each of four sets that come with it: dictations as people speak, prose, lines with every
/// separator said, and typed commands. `sayso tagger use FILE` takes them into use.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  sayso-lab adapt --store ~/.local/share/sayso/learnt.sqlite --output mine.safetensors"
)]
pub(crate) struct Adapt {
    /// Lines as JSON, with `dictated` and `expected`
    #[arg(long, value_name = "FILE.jsonl", required_unless_present = "store")]
    pairs: Option<PathBuf>,
    /// The store in which sayso keeps what was corrected: `sayso learn status` tells where it is
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// Go on from these weights
    #[arg(long, value_name = "FILE.safetensors")]
    weights: Option<PathBuf>,
    /// Where the new weights go
    #[arg(long, value_name = "FILE.safetensors")]
    output: PathBuf,
    /// Number of lines to train on, of the stream and of the person together
    #[arg(long, value_name = "N", default_value_t = 40_000)]
    samples: usize,
    /// Seed of the stream and of the order
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write the weights whatever they lose
    #[arg(long)]
    anyway: bool,
}

impl Adapt {
    /// Trains, compares and writes.
    ///
    /// # Errors
    /// If a file cannot be read or written, too little of it can be learnt, or the new weights lose too much.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let bytes = match &self.weights {
            Some(path) => std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?,
            None => sayso_tagger::embedded_bytes().to_vec(),
        };
        let adapted = adapt(&bytes, &self.lines()?, self.samples, self.seed)?;
        let engine = |bytes: &[u8]| anyhow::Ok(Engine::with_weights(Arc::new(Weights::read(bytes)?)));
        let (before, after) = (guard::counts(&engine(&bytes)?)?, guard::counts(&engine(&adapted.bytes)?)?);
        let mut out = std::io::stdout().lock();
        for (before, after) in before.iter().zip(&after) {
            writeln!(out, "{:8} {:5.1} % -> {:5.1} %", before.name, before.percent(), after.percent())?;
        }
        let lost = guard::losses(&before, &after);
        if !lost.is_empty() && !self.anyway {
            let names: Vec<&str> = lost.iter().map(|(before, _)| before.name).collect();
            bail!(
                "{} would lose more than {MOST_LOST} points: nothing was written. More lines, or fewer --samples, may do; \
                 --anyway writes them all the same",
                names.join(" and ")
            );
        }
        adapted.write(&self.output)?;
        writeln!(
            out,
            "{} is written, from {} of your lines ({} could not be learnt): `sayso tagger use {0}`",
            self.output.display(),
            adapted.used,
            adapted.unusable
        )?;
        Ok(())
    }

    /// What was heard, and what was meant.
    fn lines(&self) -> anyhow::Result<Vec<(String, String)>> {
        let mut lines = Vec::new();
        if let Some(path) = &self.pairs {
            let cases = cases::read(path, "dictated")?;
            lines.extend(cases.into_iter().map(|case| (case.dictated, case.expected)));
        }
        if let Some(path) = &self.store {
            let now = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
            let store = Store::open_existing(path, now.try_into().unwrap_or(i64::MAX))?;
            let store = store.with_context(|| format!("there is no store at {}", path.display()))?;
            lines.extend(store.pairs(usize::MAX)?.into_iter().map(|pair| (pair.heard, pair.ran)));
        }
        Ok(lines)
    }
}
