//! Steps of a line that were scored already.
//!
//! A line is searched several times: for its best paths, more widely for other readings, and for paths that a person
//! prefers. The searches meet the same beginnings of paths, and what may follow one of them, and how likely, depends on
//! nothing else.

use super::candidate::Candidate;
use sayso_speech::lattice::Step;
use std::collections::HashMap;
use std::sync::Arc;

/// Longest line, in tokens, of which anything is kept: a token takes some 20 kB. Hand-chosen, 2026-11-29.
const MAX_TOKENS: usize = 128;

/// The beginning of a path, by its number; `None` where nothing is kept.
pub(super) type Prefix = Option<u32>;

/// The candidates behind one beginning of a path, with the logarithm of the probability of each.
pub(super) type Scores = Arc<[(Candidate, f32)]>;

/// What is kept of the steps over one lattice.
#[derive(Debug, Default)]
pub(super) struct ScoredSteps {
    /// Token → choices × [`HIDDEN`](super::shape::HIDDEN): what each reading says by itself.
    readings: HashMap<usize, Arc<[f32]>>,
    /// A beginning and the step behind it → the longer beginning. The empty one has the number 0.
    prefixes: HashMap<(u32, Step), u32>,
    scores: HashMap<u32, Scores>,
}

impl ScoredSteps {
    /// The empty beginning of a path over so many tokens.
    pub(super) fn start(tokens: usize) -> Prefix {
        (tokens <= MAX_TOKENS).then_some(0)
    }

    /// The beginning that is longer by a step.
    pub(super) fn longer(&mut self, prefix: Prefix, step: Step) -> Prefix {
        let next = self.prefixes.len() as u32 + 1;
        Some(*self.prefixes.entry((prefix?, step)).or_insert(next))
    }

    /// What follows a beginning, if it was scored.
    pub(super) fn scores(&self, prefix: Prefix) -> Option<Scores> {
        self.scores.get(&prefix?).cloned()
    }

    /// Keeps what follows a beginning.
    pub(super) fn keep_scores(&mut self, prefix: Prefix, scores: impl Iterator<Item = (Candidate, f32)>) {
        if let Some(prefix) = prefix {
            self.scores.insert(prefix, scores.collect());
        }
    }

    /// What the readings at a token say by themselves, if they were asked before.
    pub(super) fn readings(&self, token: usize) -> Option<Arc<[f32]>> {
        self.readings.get(&token).cloned()
    }

    /// Keeps what the readings at a token say by themselves, where a beginning that comes there is kept too.
    pub(super) fn keep_readings(&mut self, prefix: Prefix, token: usize, readings: &[f32]) {
        if prefix.is_some() {
            self.readings.insert(token, readings.into());
        }
    }
}
