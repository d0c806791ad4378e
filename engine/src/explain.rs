//! Explain: unit by unit what was heard, its readings, which one was taken and why.

use crate::candidates::Candidates;
use crate::draft::{Choice, Draft, Kept};
use crate::{Conversion, Stage, tagged};
use sayso_speech::lattice::{Kind, Lattice, Reading, ReadingId, Step};
use sayso_tagger::Path;
use std::ops::Range;

/// One reading of a unit.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedReading {
    /// What it writes; empty where the unit is dropped.
    pub text: String,
    /// "symbol", "word", "number", "letter", "case", "separator", "dropped", "typed" …
    pub kind: &'static str,
    /// What of the dictation it spans, in characters: not always as much as the one that was taken.
    pub source: Range<usize>,
    /// Whether this reading was taken.
    pub taken: bool,
}

/// One unit of the dictation: what was heard, its readings, which was taken and why.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedUnit {
    /// What was heard.
    pub heard: String,
    /// Where in the dictation, in characters.
    pub source: Range<usize>,
    /// All readings that the lattice holds here: the taken one, then those that came nearest to it, where the tagger chose.
    pub readings: Vec<ExplainedReading>,
    /// Why the taken one was taken: a short sentence.
    pub why: String,
}

/// The units of a line that was converted to `conversion`. A line that the gate kept has one unit.
pub(crate) fn units(draft: &Draft, conversion: &Conversion) -> Vec<ExplainedUnit> {
    let paths = match &draft.choice {
        Choice::Paths(paths) if conversion.stage != Stage::Gate => paths,
        Choice::Paths(Candidates { lattice, .. }) | Choice::Kept(Kept { lattice, .. }) => {
            return vec![kept(lattice, conversion)];
        }
    };
    let Candidates { lattice, best: Path { steps, scores, .. }, .. } = paths;
    let ranks = paths.tagged.as_ref().map(|line| tagged::rank(&draft.engine, line, steps));
    let begins = steps.iter().position(|step| lattice.reading(step.reading).kind.writes());
    let explained = |(at, step): (usize, &Step)| {
        let is_at_start = begins.is_none_or(|begins| at <= begins);
        let probability = scores.get(at).map(|score| score.exp());
        let ranked = ranks.as_ref().and_then(|ranks| ranks.get(at)).map_or(&[][..], Vec::as_slice);
        let explained = unit(lattice, step, conversion.stage, is_at_start, probability, ranked);
        let tokens = &lattice.reading(step.reading).tokens;
        match paths.placed.iter().find(|name| name.tokens == *tokens) {
            Some(name) => ExplainedUnit { why: name.why(), ..explained },
            None => explained,
        }
    };
    steps.iter().enumerate().map(explained).collect()
}

fn kept(lattice: &Lattice, conversion: &Conversion) -> ExplainedUnit {
    let why = conversion.message.clone().unwrap_or_default();
    ExplainedUnit {
        heard: conversion.buffer.clone(),
        source: 0..lattice.line.source_length,
        readings: vec![ExplainedReading {
            text: conversion.buffer.clone(),
            kind: "typed",
            source: 0..lattice.line.source_length,
            taken: true,
        }],
        why,
    }
}

fn unit(
    lattice: &Lattice,
    step: &Step,
    stage: Stage,
    is_at_start: bool,
    probability: Option<f32>,
    ranked: &[(ReadingId, f32)],
) -> ExplainedUnit {
    let taken = lattice.reading(step.reading);
    let (first, readings) = lattice.arcs_from(taken.tokens.start);
    let place = |id: ReadingId| ranked.iter().position(|(other, _)| *other == id).unwrap_or(usize::MAX);
    let mut ids: Vec<ReadingId> = (first..first + readings.len() as ReadingId).collect();
    ids.sort_by_key(|&id| place(id));
    let shown = |id: ReadingId| {
        let reading = lattice.reading(id);
        ExplainedReading {
            text: reading.text.to_string(),
            kind: reading.kind.name(),
            source: lattice.line.source(reading.tokens.clone()),
            taken: id == step.reading,
        }
    };
    let bytes =
        lattice.line.tokens[taken.tokens.start].at.start..lattice.line.tokens[taken.tokens.end - 1].at.end;
    ExplainedUnit {
        heard: lattice.line.text[bytes].to_owned(),
        source: lattice.line.source(taken.tokens.clone()),
        readings: different(ids.into_iter().map(shown).collect()),
        why: match probability {
            Some(probability) => {
                format!("{}; {:.0} % sure", why(taken, step, stage, is_at_start), probability * 100.0)
            }
            None => why(taken, step, stage, is_at_start),
        },
    }
}

/// Readings of the same text and kind are shown once; the taken one stands for its likes.
fn different(mut readings: Vec<ExplainedReading>) -> Vec<ExplainedReading> {
    readings.sort_by_key(|reading| !reading.taken);
    let mut shown: Vec<ExplainedReading> = Vec::with_capacity(readings.len());
    for reading in readings {
        let is_same = |other: &ExplainedReading| (&other.text, other.kind) == (&reading.text, reading.kind);
        if !shown.iter().any(is_same) {
            shown.push(reading);
        }
    }
    shown
}

fn why(taken: &Reading, step: &Step, stage: Stage, is_at_start: bool) -> String {
    let reading = match taken.kind {
        Kind::Word => "a plain word",
        Kind::Letter => "a single letter",
        Kind::Symbol => "the longest name of a symbol that starts here",
        Kind::Number => "the longest number that starts here",
        Kind::Typed => "already written: copied",
        Kind::Whitespace => "a separator that was said",
        Kind::NoSpace => "says that no space goes here",
        Kind::Case => "the words that the case directive covers",
        Kind::WideCase => "\"all caps\" said once for all that is joined",
        Kind::Literal => "said to be taken as it is",
        Kind::Alias if taken.is_offered_word() => "learnt from lines that you corrected",
        Kind::Alias => "what speech engines hear for this name",
        Kind::SoundAlike => "what was heard sounds like it",
        Kind::Deletion => "talk, or taken back: writes nothing",
        Kind::Added => "with a sign that was not said",
    };
    let joined = match taken.kind.writes() {
        false => "",
        _ if is_at_start => "",
        _ if stage == Stage::Strict => "; spaces stand where they were said",
        _ if step.space && stage.is_tagged() => "; a space before it, as commands are written",
        _ if step.space => "; a space before it, by the rules of spacing",
        _ => "; written on to what stands before it",
    };
    format!("{reading}{joined}")
}
