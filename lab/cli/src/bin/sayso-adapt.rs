//! `sayso train adapt`: the tagger learns one person. A program of its own, because whoever uses sayso may install it.

use anyhow::{Context, bail};
use clap::Parser;
use sayso_corpus::cases;
use sayso_eval::guard::MOST_LOST;

use sayso_learning::Store;
use sayso_train::adapt::{Adapted, adapt};
use serde_json::json;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Trains the tagger further on one person's lines.
///
/// It goes on from the built-in weights (or those of --weights) with the lines that you corrected, as sayso keeps them, or with
/// those of --pairs: one of them to nine of the stream that comes with this program. What they teach as corrections is also
/// shown on lines of that stream, so that a habit is learnt and not the lines by heart. Ten minutes on two cores. Of the change
/// as much is kept as loses at most 0.3 percentage points on each of four sets that come with it: dictations as people speak,
/// prose, lines with every separator said, and typed commands; if any change loses more, nothing is written. `sayso tagger use FILE` takes them into use.
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
    /// Print one JSON object: {"sets": [{"set", "lines", "before", "after"}], "share", "used", "unusable", "written"}
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
        let lost: Vec<&str> = adapted.lost().collect();
        let is_written = lost.is_empty() || self.anyway;
        if is_written {
            adapted.write(&self.output)?;
        }
        self.print(&adapted, is_written)?;
        if !is_written {
            bail!(
                "{} would lose more than {MOST_LOST} points, however little is changed: nothing was written. More lines, or \
                 fewer --samples, may do; --anyway writes them all the same",
                lost.join(" and ")
            );
        }
        Ok(())
    }

    fn print(&self, adapted: &Adapted, is_written: bool) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if self.json {
            let sets = adapted.sets.iter().map(|(before, after)| {
                json!({ "set": before.name, "lines": before.all, "before": before.right, "after": after.right })
            });
            let all = json!({
                "sets": sets.collect::<Vec<_>>(), "share": adapted.share, "used": adapted.used, "unusable": adapted.unusable,
                "written": is_written.then_some(&self.output),
            });
            return Ok(writeln!(out, "{all}")?);
        }
        for (before, after) in &adapted.sets {
            writeln!(out, "{:8} {:5.1} % -> {:5.1} %", before.name, before.percent(), after.percent())?;
        }
        if is_written {
            writeln!(
                out,
                "{} is written, with {:.0} % of what {} of your lines taught ({} could not be learnt): `sayso tagger use {0}`",
                self.output.display(),
                100.0 * adapted.share,
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
