//! A full store of corrected lines, and the time that it adds to a conversion.

use crate::report::{Report, Row, Unit};
use sayso_engine::{Dictation, Engine, Preferences, Words};
use sayso_learning::store::MAX_PAIRS;
use sayso_learning::{Pair, Store, Teaching};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// A typical corrected line.
const HEARD: &str = "docker run dash it dash dash rm dash p eighty eighty colon eighty web server one";
const RAN: &str = "docker run -it --rm -p 8080:80 webserver1";
/// A line that the tagger decides.
const LINE: &str = "head dash n twenty access dot log pipe grep dash i error";
const NOW: i64 = 1_800_000_000;

/// Measures.
pub(super) fn run(samples: usize) -> anyhow::Result<Report> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("learnt.sqlite");
    let (engine, words) = (Engine::embedded(), Words::default());
    let answer = engine
        .convert(&words, &Dictation { text: LINE, ..Dictation::default() }, None)
        .map_or_else(|_| String::new(), |conversion| conversion.buffer);
    let own = engine.lesson(&words, LINE, &answer, &answer.replace("-n 20", "-n20"));
    let mut random = fastrand::Rng::with_seed(1);
    let mut all: Vec<(Pair, Teaching)> = Vec::new();
    for number in 0..MAX_PAIRS {
        let text = |line: &str| format!("{line} {number}");
        let pair =
            Pair { time: NOW, folder: random.u64(..), heard: text(HEARD), answer: text(RAN), ran: text(RAN) };
        let mut choices: Vec<(u64, i8)> =
            (0..8).map(|at| (random.u64(..), if at < 4 { 1 } else { -1 })).collect();
        if number % 100 == 0 {
            choices.extend(&own.choices);
        }
        all.push((pair, Teaching { choices, words: Vec::new() }));
    }
    let mut store = Store::open(&path, NOW)?;
    store.add_all(&all)?;
    drop(store);
    let bytes = std::fs::metadata(&path)?.len();
    let begun = Instant::now();
    let store = Store::open(&path, NOW)?;
    let preferences = Preferences::new(store.learnt(NOW)?.choices);
    let opening = begun.elapsed();
    let kept: Vec<Duration> = {
        let mut store = store;
        let mut times = Vec::new();
        for (pair, teaching) in all.iter().take(samples) {
            let begun = Instant::now();
            store.add(pair, teaching)?;
            times.push(begun.elapsed());
        }
        times
    };
    // The same line with and without learning, in turn.
    let mut times = [Vec::new(), Vec::new()];
    let mut added = Vec::new();
    for _ in 0..samples * 10 {
        let mut pair = [Duration::ZERO; 2];
        for (at, preferences) in [None, Some(&preferences)].into_iter().enumerate() {
            let dictation = Dictation { text: LINE, preferences, ..Dictation::default() };
            let begun = Instant::now();
            let _ = black_box(engine.convert(&words, black_box(&dictation), None));
            pair[at] = begun.elapsed();
            times[at].push(pair[at]);
        }
        added.push((pair[1].as_secs_f64() - pair[0].as_secs_f64()) * 1e3);
    }
    let [without, with] = times;
    Ok(Report {
        name: "learning",
        method: format!(
            "A store of {MAX_PAIRS} pairs of 200 bytes, each with eight choices. Opening reads all of them, on a thread \
             of its own in the daemon; conversions look into memory only. The line has a preference that turns its answer."
        ),
        rows: vec![
            Row::of_figures("the file", Unit::Megabytes, vec![bytes as f64 / 1e6]).p50_below(30.0),
            Row::of_durations("opening, and adding everything up", Unit::Milliseconds, &[opening]),
            Row::of_durations("keeping one more pair", Unit::Milliseconds, &kept),
            Row::of_durations("a conversion without", Unit::Milliseconds, &without),
            Row::of_durations("a conversion with what was learnt", Unit::Milliseconds, &with),
            Row::of_figures("what that adds, pair by pair", Unit::Milliseconds, added).p50_below(0.2),
        ],
    })
}
