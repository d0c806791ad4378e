//! A lexicon entry as a candidate at one place of the line: whether it may stand there, and how it ranks.

use super::command_context::CommandContext;
use super::lexicon::closer;
use super::matcher::Match;
use crate::lattice::Fit;

/// What an entry gains in rank when the table of commands knows it here, in 64ths of a whole substitution. Hand-chosen on
/// 2026-11-23.
const FIT_BONUS: i32 = 8;

/// A lexicon entry that sounds like what was heard, with how well it fits here.
pub(super) struct Candidate {
    pub near: Match,
    /// Words of the line that it spans.
    pub words: usize,
    pub fit: Fit,
    /// The smaller, the better.
    pub rank: i32,
}

impl Candidate {
    /// `None` when the entry sounds too different for the evidence that supports it.
    pub(super) fn new(
        near: Match,
        words: usize,
        number: bool,
        context: &CommandContext,
    ) -> Option<Candidate> {
        let fit = context.fit(near.entry);
        if near.at_least > near.entry.max_distance(fit, words, number) {
            return None;
        }
        let bonus = if fit == Fit::Unknown { 0 } else { FIT_BONUS };
        let merged = i32::from(closer(words));
        // Distance counts twice, each doubling of frequency three times: hand-chosen on 2026-11-23.
        let rank = 2 * i32::from(near.cost) - 3 * i32::from(near.entry.frequency) - bonus + merged;
        Some(Candidate { near, words, fit, rank })
    }
}
