//! The tagger, in this process and on one thread.

use crate::report::{Report, Unit};
use crate::scanner::{conversions, free_line};
use sayso_engine::Route;

/// A line of fifteen units.
const LINE: (&str, &str) = (
    "docker run dash i t dash dash rm dash p eighty eighty colon eighty nginx",
    "docker run -it --rm -p 8080:80 nginx",
);
/// How many times more often a conversion is measured than a process.
const MORE: usize = 10;

/// Measures. Fails if an answer is not the expected one.
pub(super) fn run(samples: usize) -> anyhow::Result<Report> {
    let short = conversions("15 units, beam 4", Route::Tagger, Unit::Milliseconds, LINE, samples * MORE)?;
    let mut rows = vec![short.p50_below(1.0).p99_below(2.0)];
    let mut smaller: Option<f64> = None;
    for units in [200, 2_000] {
        let (said, expected) = free_line(units);
        let case = (said.as_str(), expected.as_str());
        let few = (samples / 20).max(3);
        let row = conversions(&format!("{units} units"), Route::Tagger, Unit::Milliseconds, case, few)?;
        let per_unit = row.p50 / units as f64;
        rows.push(match smaller.replace(per_unit) {
            Some(smaller) => row.ratio(per_unit / smaller, "per unit of the shorter line (1: linear)"),
            None => row,
        });
    }
    Ok(Report {
        name: "tagger",
        method: "One conversion in this process on one thread, from the line to the rendered command: the wide lattice, \
                 the encoder, a beam of four, three alternatives. Each is timed alone and its answer is checked. Bias: a \
                 hot loop; the weights are in the cache, as they are between two words of a busy speaker."
            .into(),
        rows,
    })
}
