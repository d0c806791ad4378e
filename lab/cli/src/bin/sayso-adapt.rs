//! `sayso train adapt`: the tagger learns one person. A program of its own, because whoever uses sayso may install it.

use anyhow::{Context, bail};
use clap::Parser;
use sayso_corpus::cases;
use sayso_engine::Engine;
use sayso_eval::guard::{self, Count, MOST_LOST};
use sayso_learning::Store;
use sayso_tagger::Weights;
use sayso_train::adapt::{Adapted, adapt};
use serde_json::json;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Trains the tagger further on one person's lines.
///
/// It goes on from the built-in weights (or those of --weights) with the lines that you corrected, as sayso keeps them, or with
/// those of --pairs: one of them to nine of the stream that comes with this program. Ten minutes on two cores. The new weights
/// are written only if they lose at most 0.3 percentage points on each of four sets that come with it: dictations as people
/// speak, prose, lines with every separator said, and typed commands. `sayso tagger use FILE` takes them into use.
#[derive(Debug, Parser)]
#[command(
    name = "sayso-adapt",
    bin_name = "sayso train adapt",
    version,
    max_term_width = 100,
    after_help = "Example:\n  sayso train adapt --output mine.safetensors\n  sayso tagger use mine.safetensors"
)]
struct Adapt {
    /// Lines as JSON, with `dictated` and `expected`
    #[arg(long, value_name = "FILE.jsonl")]
    pairs: Vec<PathBuf>,
    /// A store of corrected lines [default without --pairs: your own, which `sayso learn status` shows]
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
    /// Print one JSON object: {"sets": [{"set", "lines", "before", "after"}], "used", "unusable", "written"}
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match Adapt::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sayso train adapt: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl Adapt {
    /// Trains, compares and writes.
    ///
    /// # Errors
    /// If a file cannot be read or written, too little of it can be learnt, or the new weights lose too much.
    fn run(&self) -> anyhow::Result<()> {
        let bytes = match &self.weights {
            Some(path) => std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?,
            None => sayso_tagger::embedded_bytes().to_vec(),
        };
        let adapted = adapt(&bytes, &self.lines()?, self.samples, self.seed)?;
        let engine = |bytes: &[u8]| anyhow::Ok(Engine::with_weights(Arc::new(Weights::read(bytes)?)));
        let (before, after) = (guard::counts(&engine(&bytes)?)?, guard::counts(&engine(&adapted.bytes)?)?);
        let lost = guard::losses(&before, &after);
        let is_written = lost.is_empty() || self.anyway;
        if is_written {
            adapted.write(&self.output)?;
        }
        self.print(&before, &after, &adapted, is_written)?;
        if !is_written {
            let names: Vec<&str> = lost.iter().map(|(before, _)| before.name).collect();
            bail!(
                "{} would lose more than {MOST_LOST} points: nothing was written. More lines, or fewer --samples, may do; \
                 --anyway writes them all the same",
                names.join(" and ")
            );
        }
        Ok(())
    }

    fn print(
        &self,
        before: &[Count],
        after: &[Count],
        adapted: &Adapted,
        is_written: bool,
    ) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if self.json {
            let sets = before.iter().zip(after).map(|(before, after)| {
                json!({ "set": before.name, "lines": before.all, "before": before.right, "after": after.right })
            });
            let all = json!({
                "sets": sets.collect::<Vec<_>>(), "used": adapted.used, "unusable": adapted.unusable,
                "written": is_written.then_some(&self.output),
            });
            return Ok(writeln!(out, "{all}")?);
        }
        for (before, after) in before.iter().zip(after) {
            writeln!(out, "{:8} {:5.1} % -> {:5.1} %", before.name, before.percent(), after.percent())?;
        }
        if is_written {
            writeln!(
                out,
                "{} is written, from {} of your lines ({} could not be learnt): `sayso tagger use {0}`",
                self.output.display(),
                adapted.used,
                adapted.unusable
            )?;
        }
        Ok(())
    }

    /// What was heard, and what was meant.
    fn lines(&self) -> anyhow::Result<Vec<(String, String)>> {
        let mut lines = Vec::new();
        for path in &self.pairs {
            let cases = cases::read(path, "dictated")?;
            lines.extend(cases.into_iter().map(|case| (case.dictated, case.expected)));
        }
        match &self.store {
            Some(path) => lines.extend(stored(path)?),
            None if self.pairs.is_empty() => {
                let own = sayso_settings::folders::learnt_file();
                lines.extend(stored(&own.context("no home folder, so no store: give --pairs or --store")?)?);
            }
            None => {}
        }
        Ok(lines)
    }
}

/// The lines in the store of what was corrected.
fn stored(path: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let now = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    let store = Store::open_existing(path, now.try_into().unwrap_or(i64::MAX))?;
    let store = store.with_context(|| {
        format!(
            "sayso has kept no corrected line: there is no {}. `sayso learn` says how lines are kept; --pairs gives others",
            path.display()
        )
    })?;
    Ok(store.pairs(usize::MAX)?.into_iter().map(|pair| (pair.heard, pair.ran)).collect())
}
