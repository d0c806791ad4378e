//! The rule-based engine, in this process.

use crate::report::{Report, Row, Unit};
use anyhow::bail;
use sayso_engine::{Dictation, Engine, Route, Words};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Conversions before the measured ones, because caches and branch predictors are also warm in a
/// running daemon.
const WARM_UP: usize = 20;
/// How many times more often a conversion of a few microseconds is measured than a process.
const MORE: usize = 50;

/// Fifteen words in the strict dialect.
const STRICT: (&str, &str) = (
    "git space commit space dash a m space quote fix space login space bug quote",
    "git commit -am \"fix login bug\"",
);
/// A similar command as people say it.
const FREE: (&str, &str) =
    ("okay so the command is git commit dash m quote fix login bug quote", "git commit -m \"fix login bug\"");

/// Measures. Fails if an answer is not the expected one.
pub(super) fn run(samples: usize) -> anyhow::Result<Report> {
    let quick = samples * MORE;
    let strict = row("strict, 15 words", Unit::Microseconds, STRICT, quick)?.p50_below(20.0);
    let free = row("free, 13 words", Unit::Microseconds, FREE, quick)?;
    let free = {
        let ratio = free.p50 / strict.p50;
        free.ratio(ratio, "the strict line")
    };
    let mut rows = vec![strict, free];
    for (name, line, sizes) in [
        ("strict", strict_line as fn(usize) -> (String, String), [200, 2_000]),
        ("free", free_line, [200, 2_000]),
        ("symbol words,", symbol_line, [1_000, 10_000]),
    ] {
        let mut smaller: Option<f64> = None;
        for units in sizes {
            let (said, expected) = line(units);
            let measured =
                row(&format!("{name} {units} units"), Unit::Milliseconds, (&said, &expected), samples)?;
            let per_unit = measured.p50 / units as f64;
            rows.push(match smaller.replace(per_unit) {
                Some(smaller) => {
                    measured.ratio(per_unit / smaller, "per unit of the shorter line (1: linear)")
                }
                None => measured,
            });
        }
    }
    Ok(Report {
        name: "scanner",
        method: "One warm conversion in this process. Each is timed alone; its answer is checked outside of the timed \
                 part. Bias: a hot loop; after a pause the caches are colder."
            .into(),
        rows,
    })
}

/// A strict line of `units` units: `echo foo.txt foo.txt …`.
fn strict_line(units: usize) -> (String, String) {
    let files = units / 4;
    (format!("echo{}", " space foo dot txt".repeat(files)), format!("echo{}", " foo.txt".repeat(files)))
}

/// A free line of `units` units: `ls -l -l …`.
pub(super) fn free_line(units: usize) -> (String, String) {
    let flags = units / 2;
    (format!("ls{}", " dash l".repeat(flags)), format!("ls{}", " -l".repeat(flags)))
}

/// A line with `units` names of symbols.
fn symbol_line(units: usize) -> (String, String) {
    (format!("echo space{}", " slash".repeat(units)), format!("echo {}", "/".repeat(units)))
}

fn row(name: &str, unit: Unit, case: (&str, &str), samples: usize) -> anyhow::Result<Row> {
    conversions(Engine::embedded(), name, Route::Scanner, unit, case, samples)
}

/// Times each conversion by one route. Fails if an answer is not the expected one.
pub(super) fn conversions(
    engine: &Engine,
    name: &str,
    route: Route,
    unit: Unit,
    (said, expected): (&str, &str),
    samples: usize,
) -> anyhow::Result<Row> {
    let words = Words::default();
    let dictation = Dictation { text: said, route, ..Dictation::default() };
    let mut times: Vec<Duration> = Vec::with_capacity(samples);
    let warm_up = WARM_UP.min(samples);
    for at in 0..warm_up + samples {
        let start = Instant::now();
        let converted = black_box(engine.convert(black_box(&words), black_box(&dictation), None));
        let time = start.elapsed();
        match converted {
            Ok(conversion) if conversion.buffer == expected => {}
            Ok(conversion) => bail!(
                "{name}: {:?} became {:?} instead of {:?}",
                shortened(said),
                shortened(&conversion.buffer),
                shortened(expected)
            ),
            Err(refusal) => bail!("{name}: {:?} was refused: {refusal}", shortened(said)),
        }
        if at >= warm_up {
            times.push(time);
        }
    }
    Ok(Row::of_durations(name, unit, &times))
}

/// The beginning of a long line, enough to recognise it in a message.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(100) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
