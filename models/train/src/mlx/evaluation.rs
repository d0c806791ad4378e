//! Measures a model on held-out examples: its loss, and how many lines it writes exactly.

use super::fuse::{self, Fused, Packing};
use crate::data::{Batch, Batches, Line};
use crate::log::Tally;
use crate::{TrainError, file};
use sayso_language::{Language, Options, Stop};
use sayso_speech::clean::clean;
use sayso_speech::lex::lex;
use sayso_speech::phonetic::widen;
use sayso_speech::render::render;
use sayso_speech::words::UserWords;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// The mean loss of the learnt tokens of a set, in nats. At most `most` batches are taken, spread
/// over all lengths.
///
/// # Errors
/// Those of `of_batch`, the loss of one batch.
pub fn loss(
    batches: &Batches,
    most: Option<usize>,
    stop: &dyn Fn() -> bool,
    of_batch: impl Fn(&Batch) -> Result<f32, TrainError>,
) -> Result<Option<f64>, TrainError> {
    let taken = most.unwrap_or(batches.len()).clamp(1, batches.len());
    let (mut sum, mut tokens) = (0.0, 0);
    for number in 0..taken {
        if stop() {
            return Ok(None);
        }
        let batch = batches.at(number * batches.len() / taken);
        sum += f64::from(of_batch(&batch)?) * batch.targets.len() as f64;
        tokens += batch.targets.len();
    }
    Ok(Some(sum / tokens as f64))
}

/// What a model wrote for held-out lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Exact {
    /// Whether each line was written exactly, freely.
    pub right: Vec<bool>,
    /// Whether each was written exactly along the lattice of what was said.
    pub along: Vec<bool>,
    /// What was written.
    pub written: Vec<String>,
}

impl Exact {
    /// How many lines are right.
    pub fn count(&self) -> usize {
        self.right.iter().filter(|right| **right).count()
    }

    /// How many lines are right along the lattice.
    pub fn count_along(&self) -> usize {
        self.along.iter().filter(|right| **right).count()
    }

    /// Right lines by kind and by command, beside those of an earlier measurement.
    pub fn tallies(&self, lines: &[Line], before: Option<&Exact>) -> (Vec<Tally>, Vec<Tally>) {
        let by = |name: &dyn Fn(&Line) -> String| {
            let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
            for (at, line) in lines.iter().enumerate() {
                let name = name(line);
                let tally = tallies.entry(name.clone()).or_insert_with(|| Tally::new(name));
                tally.lines += 1;
                tally.right += usize::from(self.right[at]);
                if let Some(before) = before {
                    tally.gained += usize::from(self.right[at] && !before.right[at]);
                    tally.lost += usize::from(!self.right[at] && before.right[at]);
                }
            }
            tallies.into_values().collect()
        };
        (by(&|line| line.kind().to_owned()), by(&|line| line.command().to_owned()))
    }
}

/// Lines spread evenly over a set.
pub fn spread(lines: &[Line], most: usize) -> Vec<Line> {
    let taken = most.min(lines.len());
    (0..taken).map(|number| lines[number * lines.len() / taken].clone()).collect()
}

/// The name of the file beside the adapters with held-out lines, for those who fuse them.
pub const HELD_OUT: &str = "held_out.jsonl";
/// How many lines it has at most. Hand-chosen, 2026-11-30.
const MOST_HELD_OUT: usize = 200;

/// Writes held-out lines, spread over a set, beside the adapters.
///
/// # Errors
/// The disk is full, or the folder may not be written to.
pub fn save_held_out(lines: &[Line], folder: &Path) -> Result<(), TrainError> {
    let line = |line: &Line| Some(json!({ "dictated": line.dictated()?, "expected": line.expected() }));
    let text: String =
        spread(lines, MOST_HELD_OUT).iter().filter_map(line).map(|line| format!("{line}\n")).collect();
    match text.is_empty() {
        true => Ok(()),
        false => file::replace(&folder.join(HELD_OUT), text.as_bytes()),
    }
}

/// Writes lines freely with the model as sayso would serve it: fused into a folder of 16 bits (or
/// as the base is packed), which is removed afterwards. A line that the model cannot be asked about
/// counts as wrong. `None` if it was stopped.
///
/// # Errors
/// The folder cannot be written, or not be opened.
pub fn exact(
    fused: &Fused<'_>,
    packing: Packing,
    place: &Path,
    lines: &[Line],
    stop: &dyn Fn() -> bool,
) -> Result<Option<Exact>, TrainError> {
    std::fs::create_dir_all(place).map_err(TrainError::write(place))?;
    let folder =
        tempfile::Builder::new().prefix(".exact-").tempdir_in(place).map_err(TrainError::write(place))?;
    fused.write(folder.path(), packing, fuse::dtype_of(fused.checkpoint)?)?;
    by_folder(folder.path(), lines, stop)
}

/// As [`exact`], for a folder that is there already.
///
/// # Errors
/// The folder cannot be opened.
pub fn by_folder(
    folder: &Path,
    lines: &[Line],
    stop: &dyn Fn() -> bool,
) -> Result<Option<Exact>, TrainError> {
    let mut language = Language::open(folder, &Options::default())?;
    let mut exact = Exact { right: Vec::new(), along: Vec::new(), written: Vec::new() };
    for line in lines {
        if stop() {
            return Ok(None);
        }
        let dictated = line.dictated().unwrap_or_default();
        let written = language.write_freely(dictated, &Stop::never()).unwrap_or_default();
        exact.right.push(line.accepts(written.trim()));
        exact.along.push(line.accepts(along(&mut language, dictated).unwrap_or_default().trim()));
        exact.written.push(written);
    }
    Ok(Some(exact))
}

/// What a model writes along the lattice of a dictation; `None` if it writes nothing.
fn along(language: &mut Language, dictated: &str) -> Option<String> {
    let words = UserWords::default();
    let lattice = widen(lex(clean(dictated), &words, None), &words);
    let written = language.write(dictated, &lattice, dictated, &Stop::never()).ok()??;
    Some(render(&lattice, &written.steps).text)
}
