//! What weights of a tagger must not lose: sets that come with this program.

use crate::similarity::collapse;
use anyhow::Context;
use sayso_corpus::cases;
use sayso_engine::{Dictation, Engine, Words};
use sayso_speech::speak::{Dialect, speak};

const FREE: &str = include_str!("../../cases/free.jsonl");
const PROSE: &str = include_str!("../../cases/prose.txt");
/// Seeds of the styles in which separators are said.
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

/// How many lines are right: `free`, as people speak; `prose`, which must stay; `strict`, with every separator said; and
/// `typed`, commands that must stay.
///
/// # Errors
/// If the sets in this program are damaged.
pub fn counts(engine: &Engine) -> anyhow::Result<[Count; 4]> {
    let cases = cases::parse(FREE, "dictated").context("in the cases of this program")?;
    let words = Words::default();
    let answer = |text: &str| {
        let dictation = Dictation { text, ..Dictation::default() };
        engine.convert(&words, &dictation, None).map_or_else(|_| text.to_owned(), |found| found.buffer)
    };
    let is_right = |dictated: &str, expected: &str| collapse(&answer(dictated)) == collapse(expected);
    let count = |name, outcomes: Vec<bool>| {
        let right = outcomes.iter().filter(|right| **right).count();
        Count { name, right, all: outcomes.len() }
    };
    let strict = STYLES.flat_map(|seed| {
        cases.iter().filter_map(move |case| {
            let said = speak(&case.expected, Dialect::Strict, seed).ok()?;
            Some((said, &case.expected))
        })
    });
    Ok([
        count("free", cases.iter().map(|case| is_right(&case.dictated, &case.expected)).collect()),
        count("prose", PROSE.lines().map(|line| answer(line) == line).collect()),
        count("strict", strict.map(|(said, expected)| is_right(&said, expected)).collect()),
        count("typed", cases.iter().map(|case| answer(&case.expected) == case.expected).collect()),
    ])
}

/// The sets that lose more than they may.
pub fn losses(before: &[Count], after: &[Count]) -> Vec<(Count, Count)> {
    let pairs = before.iter().copied().zip(after.iter().copied());
    pairs.filter(|(before, after)| before.percent() - after.percent() > MOST_LOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_weights_lose_nothing_to_themselves() {
        let counts = counts(Engine::embedded()).unwrap();
        assert!(counts.iter().all(|count| count.all > 100 && count.percent() > 90.0), "{counts:?}");
        assert!(losses(&counts, &counts).is_empty());
        let mut worse = counts;
        worse[1].right -= 1;
        assert_eq!(
            losses(&counts, &worse),
            [(counts[1], worse[1])],
            "one line of prose is more than 0.3 points"
        );
    }
}
