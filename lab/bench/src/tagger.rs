//! The tagger, in this process and on one thread.

use crate::report::{Report, Row, Unit};
use crate::scanner::{conversions, free_line};
use sayso_engine::{Dictation, Engine, Route, Words};
use std::hint::black_box;
use std::time::Instant;

/// A line of fifteen units.
const LINE: (&str, &str) = (
    "docker run dash i t dash dash rm dash p eighty eighty colon eighty nginx",
    "docker run -it --rm -p 8080:80 nginx",
);
/// How many times more often a conversion is measured than a process.
const MORE: usize = 10;

/// The same line without its other readings, which a wider search finds once the answer is known.
fn answers(engine: &Engine, samples: usize) -> anyhow::Result<Row> {
    let words = Words::default();
    let dictation = Dictation { text: LINE.0, route: Route::Tagger, ..Dictation::default() };
    let mut times = Vec::with_capacity(samples);
    for _ in 0..samples {
        let start = Instant::now();
        let draft = black_box(engine.draft(black_box(&words), black_box(&dictation)));
        times.push(start.elapsed());
        anyhow::ensure!(draft.is_ok(), "{:?} was refused", LINE.0);
    }
    Ok(Row::of_durations("15 units, the answer alone", Unit::Milliseconds, &times))
}

/// Measures. Fails if an answer is not the expected one.
pub(super) fn run(engine: &Engine, samples: usize) -> anyhow::Result<Report> {
    let short =
        conversions(engine, "15 units, beam 4", Route::Tagger, Unit::Milliseconds, LINE, samples * MORE)?;
    let answer = answers(engine, samples * MORE)?;
    let ratio = short.p50 / answer.p50;
    let mut rows = vec![short.p50_below(3.0).p99_below(6.0).ratio(ratio, "the answer alone"), answer];
    let mut smaller: Option<f64> = None;
    for units in [200, 2_000] {
        let (said, expected) = free_line(units);
        let case = (said.as_str(), expected.as_str());
        let few = (samples / 20).max(3);
        let row =
            conversions(engine, &format!("{units} units"), Route::Tagger, Unit::Milliseconds, case, few)?;
        let per_unit = row.p50 / units as f64;
        rows.push(match smaller.replace(per_unit) {
            Some(smaller) => row.ratio(per_unit / smaller, "per unit of the shorter line (1: linear)"),
            None => row,
        });
    }
    Ok(Report {
        name: "tagger",
        method: "One conversion in this process on one thread, from the line to the rendered command: the wide lattice, \
                 the encoder, a beam of four, and one of eight for its other readings. Each is timed alone and its answer is checked. Bias: a \
                 hot loop; the weights are in the cache, as they are between two words of a busy speaker."
            .into(),
        rows,
    })
}
