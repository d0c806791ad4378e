//! Measures how fast a model is on this machine, by repeating the same work.

use super::{Language, LanguageError, Stop};
use std::time::{Duration, Instant};

/// Tokens that are read in one go. Hand-chosen, 2026-11-23.
pub const READ: usize = 64;
/// Tokens that are written one by one. Hand-chosen, 2026-11-23.
pub const WRITTEN: usize = 20;
/// Tokens that are cached before the candidates are scored, in place of a system prompt.
/// Hand-chosen, 2026-11-23.
pub const PREFIX: usize = 40;
/// Tokens of the dictation after them. Hand-chosen, 2026-11-23.
pub const DICTATION: usize = 16;
/// Candidates that are scored. Hand-chosen, 2026-11-23.
pub const CANDIDATES: usize = 4;
/// Tokens of each candidate. The first half is the same in all, as on the paths of a lattice.
/// Hand-chosen, 2026-11-23.
pub const LENGTH: usize = 20;

/// The times of all rounds.
#[derive(Debug, Clone, Default)]
pub struct Times {
    /// Reading [`READ`] tokens and choosing the next one.
    pub read: Vec<Duration>,
    /// Writing one token; each round writes [`WRITTEN`].
    pub written: Vec<Duration>,
    /// Scoring [`CANDIDATES`] candidates of [`LENGTH`] tokens after a dictation, with the prompt
    /// before it cached.
    pub rescored: Vec<Duration>,
}

impl Language {
    /// Measures `rounds` rounds, after a first one that is not counted. The text is the same each
    /// time and has no meaning. At the end, the prompt before the dictation is read again.
    ///
    /// # Errors
    /// The model has too little room for these texts, or `stop` is reached.
    pub fn measure(&mut self, rounds: usize, stop: &Stop) -> Result<Times, LanguageError> {
        let vocabulary = self.decoder.logits()?.map_or(1, <[f32]>::len).max(1);
        let mut token = 0;
        // Spread over the vocabulary, so that no two are alike.
        let mut take = |count: usize| -> Vec<u32> {
            (0..count)
                .map(|_| {
                    token = (token + vocabulary * 7 / 18 + 1) % vocabulary;
                    token as u32
                })
                .collect()
        };
        let (read, prefix, dictation, shared) = (take(READ), take(PREFIX), take(DICTATION), take(LENGTH / 2));
        let candidates: Vec<Vec<u32>> =
            (0..CANDIDATES).map(|_| [&*shared, &take(LENGTH - LENGTH / 2)].concat()).collect();
        let candidates: Vec<&[u32]> = candidates.iter().map(Vec::as_slice).collect();
        let stop = || stop.reached();
        let mut times = Times::default();
        for round in 0..=rounds {
            // Otherwise the text of the round before would be taken from the cache.
            self.decoder.truncate(0);
            let begun = Instant::now();
            self.decoder.prefill(&read, &stop)?;
            let mut next = likeliest(self.decoder.logits()?);
            let mut taken = Times { read: vec![begun.elapsed()], ..Times::default() };
            for _ in 0..WRITTEN {
                let begun = Instant::now();
                self.decoder.extend(&[next], &stop)?;
                next = likeliest(self.decoder.logits()?);
                taken.written.push(begun.elapsed());
            }
            self.decoder.prefill(&prefix, &stop)?;
            let begun = Instant::now();
            self.decoder.rescore(&prefix, &dictation, &candidates, &stop)?;
            taken.rescored.push(begun.elapsed());
            if round > 0 {
                times.read.extend(taken.read);
                times.written.extend(taken.written);
                times.rescored.extend(taken.rescored);
            }
        }
        if !self.head.is_empty() {
            self.decoder.prepare(&self.head, &stop)?;
        }
        Ok(times)
    }
}

/// The likeliest token; 0 if there are no logits.
fn likeliest(logits: Option<&[f32]>) -> u32 {
    let logits = logits.unwrap_or_default().iter().enumerate();
    logits.max_by(|(_, one), (_, other)| one.total_cmp(other)).map_or(0, |(token, _)| token as u32)
}
