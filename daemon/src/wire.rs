//! From the engine's types to the wire's and back, by hand: the inner types stay free of serde.

use sayso_engine::explain::ExplainedUnit;
use sayso_engine::{ChosenReading, Conversion, Refusal, Route};
use sayso_protocol::{self as wire, Answer, Code, ErrorReply};
use std::ops::Range;

/// The answer for a conversion that took `micros` microseconds. More than [`wire::MAX_SPANS`] spans are left out.
pub(crate) fn answer(conversion: &Conversion, micros: u64) -> Answer {
    let span =
        |span: &sayso_engine::Span| wire::Span { source: pair(&span.source), output: pair(&span.output) };
    let spans = match conversion.spans.len() {
        0..=wire::MAX_SPANS => conversion.spans.iter().map(span).collect(),
        _ => Vec::new(),
    };
    Answer {
        buffer: conversion.buffer.clone(),
        cursor: conversion.cursor,
        route: conversion.stage.name().to_owned(),
        confidence: conversion.confidence,
        alternatives: conversion.alternatives.clone(),
        spans,
        dropped: conversion.dropped.iter().take(wire::MAX_SPANS).map(pair).collect(),
        added: conversion.added.iter().take(wire::MAX_SPANS).map(pair).collect(),
        micros,
        message: conversion.message.clone(),
        hint: None,
        notes: Vec::new(),
        dictation: None,
        units: None,
    }
}

/// What `explain` adds to an answer; `None` for more than [`wire::MAX_SPANS`] units.
pub(crate) fn units(units: &[ExplainedUnit]) -> Option<Vec<wire::Unit>> {
    let unit = |unit: &ExplainedUnit| wire::Unit {
        heard: unit.heard.clone(),
        source: pair(&unit.source),
        readings: unit
            .readings
            .iter()
            .map(|reading| wire::Reading {
                text: reading.text.clone(),
                kind: reading.kind.to_owned(),
                source: pair(&reading.source),
                taken: reading.taken,
            })
            .collect(),
        why: unit.why.clone(),
    };
    (units.len() <= wire::MAX_SPANS).then(|| units.iter().map(unit).collect())
}

/// The fault of a request that arrives, or is still open, during shutdown.
pub(crate) fn shutting_down() -> ErrorReply {
    ErrorReply::new(Code::ShuttingDown, "the daemon is ending; the line stays as it was, try again")
}

/// The fault of a request that hit a bug.
pub(crate) fn internal_error() -> ErrorReply {
    ErrorReply::new(Code::Internal, "the conversion failed; the line stays as it was")
}

/// The reason why a line stays as it is.
pub(crate) fn fault(refusal: &Refusal) -> ErrorReply {
    let code = match refusal {
        Refusal::Empty => Code::Empty,
        Refusal::TooLong { .. } => Code::TooLong,
        Refusal::BadCharacter { .. } => Code::BadCharacter,
        Refusal::NoTagger | Refusal::NoModel => Code::NoRoute,
        Refusal::NoSuchReading { .. } => Code::NoReading,
        // The engine may learn to refuse for more reasons than the wire has codes.
        _ => Code::Internal,
    };
    ErrorReply::new(code, refusal.to_string())
}

/// The readings that somebody chose by hand.
pub(crate) fn chosen(chosen: &[wire::Chosen]) -> Vec<ChosenReading> {
    let reading = |chosen: &wire::Chosen| ChosenReading {
        source: chosen.source[0]..chosen.source[1],
        text: chosen.text.clone(),
    };
    chosen.iter().map(reading).collect()
}

/// The stages that a request allows.
pub(crate) fn route(route: wire::Route) -> Route {
    match route {
        wire::Route::Auto => Route::Auto,
        wire::Route::Scanner => Route::Scanner,
        wire::Route::Tagger => Route::Tagger,
        wire::Route::Model => Route::Model,
    }
}

fn pair(range: &Range<usize>) -> [usize; 2] {
    [range.start, range.end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_have_the_same_names_on_both_sides() {
        for of_wire in wire::Route::ALL {
            assert_eq!(route(of_wire).name(), of_wire.as_str());
        }
    }
}
