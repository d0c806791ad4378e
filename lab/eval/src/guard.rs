//! What weights of a tagger must not lose: sets that come with this program.

use crate::learning::answer;
use crate::similarity::collapse;
use anyhow::Context;
use sayso_corpus::cases;
use sayso_engine::{Engine, Preferences, Words};
use sayso_speech::speak::{Dialect, speak};

const FREE: &str = include_str!("../../cases/free.jsonl");
const PROSE: &str = include_str!("../../cases/prose.txt");
/// Seeds of the styles in which commands are said.
const STYLES: std::ops::Range<u64> = 0..5;
/// Percentage points that a set may lose.
pub const MOST_LOST: f64 = 0.3;

/// The lines of a set that are right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The name of the set.
    pub name: &'static str,
    /// Right ones.
    pub right: usize,
    /// All.
    pub all: usize,
}

impl Count {
    /// In percent.
    pub fn percent(&self) -> f64 {
        100.0 * self.right as f64 / self.all.max(1) as f64
    }
}

/// How many lines are right: `free`, as people speak, by a person and by [`speak`]; `prose`, which must stay; `strict`, with
/// every separator said; and `typed`, commands that must stay. The person's preferences are in use, as they will be, and a
/// command in the person's own spaces is right as well.
///
/// # Errors
/// If the sets in this program are damaged.
pub fn counts(engine: &Engine, own: &Preferences) -> anyhow::Result<[Count; 4]> {
    let cases = cases::parse(FREE, "dictated").context("in the cases of this program")?;
    let words = Words::default();
    let answer = |text: &str| answer(engine, &words, own, text);
    let is_right = |dictated: &str, expected: &str| {
        let answer = collapse(&answer(dictated));
        answer == collapse(expected)
            || own.respaced(dictated, expected).is_some_and(|own| answer == collapse(&own))
    };
    let count = |name, outcomes: Vec<bool>| {
        let right = outcomes.iter().filter(|right| **right).count();
        Count { name, right, all: outcomes.len() }
    };
    let cases = &cases;
    let spoken = |dialect| {
        let said = move |seed| {
            cases
                .iter()
                .filter_map(move |case| Some((speak(&case.expected, dialect, seed).ok()?, &case.expected)))
        };
        STYLES.flat_map(said)
    };
    // Two hundred lines cannot tell 0.3 points.
    let free = cases.iter().map(|case| (case.dictated.clone(), &case.expected)).chain(spoken(Dialect::Free));
    Ok([
        count("free", free.map(|(said, expected)| is_right(&said, expected)).collect()),
        count("prose", PROSE.lines().map(|line| answer(line) == line).collect()),
        count("strict", spoken(Dialect::Strict).map(|(said, expected)| is_right(&said, expected)).collect()),
        count("typed", cases.iter().map(|case| answer(&case.expected) == case.expected).collect()),
    ])
}

/// Whether a set loses more than it may.
pub fn is_lost(before: &Count, after: &Count) -> bool {
    before.percent() - after.percent() > MOST_LOST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_weights_lose_nothing_to_themselves() {
        let counts = counts(Engine::embedded(), &Preferences::default()).unwrap();
        assert!(counts.iter().all(|count| count.all > 100 && count.percent() > 80.0), "{counts:?}");
        assert!(counts.iter().all(|count| !is_lost(count, count)));
        let worse = Count { right: counts[1].right - 1, ..counts[1] };
        assert!(is_lost(&counts[1], &worse), "one line of prose is more than 0.3 points");
    }
}
