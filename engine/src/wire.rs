//! From the engine's types to the wire's, by hand: the inner types stay free of serde.

use crate::{Conversion, ExplainedUnit, Refusal, Route};
use sayso_protocol::{self as wire, Answer, Code, Fault};
use std::ops::Range;

/// What the daemon answers and the lab prints for a conversion that took `micros` microseconds. More than
/// [`wire::MAX_SPANS`] spans are left out.
pub fn result(conversion: &Conversion, micros: u64) -> Answer {
    let pair = |range: &Range<usize>| [range.start, range.end];
    let span = |span: &crate::Span| wire::Span { source: pair(&span.source), output: pair(&span.output) };
    Answer {
        buffer: conversion.buffer.clone(),
        cursor: conversion.cursor,
        route: conversion.route.to_owned(),
        confidence: conversion.confidence,
        alternatives: conversion.alternatives.clone(),
        spans: few(&conversion.spans).iter().map(span).collect(),
        micros,
        message: conversion.message.clone(),
        units: None,
    }
}

/// Them all, or none where they are more than a reply carries.
fn few<T>(items: &[T]) -> &[T] {
    if items.len() > wire::MAX_SPANS { &[] } else { items }
}

/// What `explain` adds to a result; `None` where there are more than [`wire::MAX_SPANS`].
pub fn units(units: &[ExplainedUnit]) -> Option<Vec<wire::Unit>> {
    let unit = |unit: &ExplainedUnit| wire::Unit {
        heard: unit.heard.clone(),
        source: [unit.source.start, unit.source.end],
        readings: unit
            .readings
            .iter()
            .map(|reading| wire::Reading {
                text: reading.text.clone(),
                kind: reading.kind.to_owned(),
                taken: reading.taken,
            })
            .collect(),
        why: unit.why.clone(),
    };
    (units.len() <= wire::MAX_SPANS).then(|| units.iter().map(unit).collect())
}

/// Why a line stayed as it was.
pub fn fault(refusal: &Refusal) -> Fault {
    let code = match refusal {
        Refusal::Empty => Code::Empty,
        Refusal::TooLong { .. } => Code::TooLong,
        Refusal::BadCharacter { .. } => Code::BadCharacter,
        Refusal::NoRoute(_) | Refusal::NoModel => Code::NoRoute,
    };
    Fault::new(code, refusal.to_string())
}

/// The stage that an asker wants.
pub fn route(route: wire::Route) -> Route {
    match route {
        wire::Route::Auto => Route::Auto,
        wire::Route::Scanner => Route::Scanner,
        wire::Route::Tagger => Route::Tagger,
        wire::Route::Model => Route::Model,
    }
}
