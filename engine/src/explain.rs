//! Explain: unit by unit what was heard, its readings, which one was taken and why.

use std::ops::Range;

use sayso_speech::lattice::{Kind, Lattice, Reading, Step};

use crate::{Conversion, Dictation, Refusal, Words};

/// One reading of a unit.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedReading {
    /// What it writes; empty where the unit is dropped.
    pub text: String,
    /// "symbol", "word", "number", "letter", "case", "separator", "dropped", "typed" …
    pub kind: &'static str,
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
    /// All readings that the lattice holds here, the taken one marked.
    pub readings: Vec<ExplainedReading>,
    /// Why the taken one was taken: a short sentence.
    pub why: String,
}

/// Like [`crate::convert`], and says how it came about. A line that the gate kept has one unit.
///
/// # Errors
/// As [`crate::convert`].
pub fn explain(
    words: &Words,
    dictation: &Dictation<'_>,
) -> Result<(Conversion, Vec<ExplainedUnit>), Refusal> {
    crate::check(dictation)?;
    let (conversion, choice) = crate::conclude(words, dictation);
    let lattice = &choice.lattice;
    let units = match choice.path {
        None => vec![kept(lattice, &conversion)],
        Some(path) => {
            let begins = path.iter().position(|step| lattice.reading(step.reading).kind.writes());
            let at_start = |at: usize| begins.is_none_or(|begins| at <= begins);
            let units = path.iter().enumerate();
            let sure = |at: usize| choice.scores.get(at).map(|score| score.exp());
            units.map(|(at, step)| unit(lattice, step, conversion.route, at_start(at), sure(at))).collect()
        }
    };
    Ok((conversion, units))
}

fn kept(lattice: &Lattice, conversion: &Conversion) -> ExplainedUnit {
    let why = conversion.message.clone().unwrap_or_default();
    ExplainedUnit {
        heard: conversion.buffer.clone(),
        source: 0..lattice.line.source_length,
        readings: vec![ExplainedReading { text: conversion.buffer.clone(), kind: "typed", taken: true }],
        why,
    }
}

fn unit(lattice: &Lattice, step: &Step, route: &str, at_start: bool, sure: Option<f32>) -> ExplainedUnit {
    let taken = lattice.reading(step.reading);
    let (first, readings) = lattice.at(taken.tokens.start);
    let shown = |(at, reading): (usize, &Reading)| ExplainedReading {
        text: reading.text.to_string(),
        kind: reading.kind.name(),
        taken: first + at as u32 == step.reading,
    };
    let bytes =
        lattice.line.tokens[taken.tokens.start].at.start..lattice.line.tokens[taken.tokens.end - 1].at.end;
    ExplainedUnit {
        heard: lattice.line.text[bytes].to_owned(),
        source: lattice.line.source(taken.tokens.clone()),
        readings: different(readings.iter().enumerate().map(shown).collect()),
        why: match sure {
            Some(sure) => format!("{}; {:.0} % sure", why(taken, step, route, at_start), sure * 100.0),
            None => why(taken, step, route, at_start),
        },
    }
}

/// Readings that write the same for the same reason are one to whoever reads them; the taken one stands for its likes.
fn different(mut readings: Vec<ExplainedReading>) -> Vec<ExplainedReading> {
    readings.sort_by_key(|reading| !reading.taken);
    let mut shown: Vec<ExplainedReading> = Vec::with_capacity(readings.len());
    for reading in readings {
        if !shown.iter().any(|other| other.text == reading.text && other.kind == reading.kind) {
            shown.push(reading);
        }
    }
    shown
}

fn why(taken: &Reading, step: &Step, route: &str, at_start: bool) -> String {
    let reading = match taken.kind {
        Kind::Word => "a plain word",
        Kind::Letter => "a single letter",
        Kind::Symbol => "the longest name of a symbol that starts here",
        Kind::Number => "the longest number that starts here",
        Kind::Typed => "already written: copied",
        Kind::Separator => "a separator that was said",
        Kind::Join => "says that no space goes here",
        Kind::Case => "the words that the case directive covers",
        Kind::WideCase => "\"all caps\" said once for all that is joined",
        Kind::Literal => "said to be taken as it is",
        Kind::Heard => "what speech engines hear for this name",
        Kind::Sounds => "what was heard sounds like it",
        Kind::Drop => "talk, or taken back: writes nothing",
    };
    let joined = match (route, taken.kind.writes()) {
        (_, false) => "",
        _ if at_start => "",
        ("strict", true) => "; spaces stand where they were said",
        ("tagger" | "judge" | "writer", true) if step.space => "; a space before it, as commands are written",
        (_, true) if step.space => "; a space before it, by the rules of spacing",
        _ => "; written on to what stands before it",
    };
    format!("{reading}{joined}")
}
