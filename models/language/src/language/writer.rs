//! Writes answers: along the paths of a lattice or, for comparison, freely.
//!
//! Along a lattice, only tokens that continue some path are considered. The likeliest of them is
//! taken, and the text may end only where a path ends. This is constrained decoding as in PICARD
//! (Scholak et al., 2021), over an automaton as in Willard and Louf (2023), which is explored
//! lazily here, because every line has another one. The model is not asked about what is certain: a
//! stretch on which all paths agree is read in one pass with the token chosen before it.

use super::guess::Guess;
use super::{Language, LanguageError, Stop, mask_digits};
use crate::error::DecoderError;
use sayso_speech::lattice::constraint::Constraint;
use sayso_speech::lattice::spell::{Compare, arc_cost, cheapest_path};
use sayso_speech::lattice::{Lattice, Step};

/// An answer that was written along a lattice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// A path of the lattice.
    pub steps: Vec<Step>,
    /// How many tokens the model chose; the others were certain.
    pub chosen: usize,
}

impl Language {
    /// Writes the answer to a dictation along the paths of its lattice. `None` if the vocabulary
    /// cannot write any path. It takes less time where it comes to something like the `guess`, and is the same whatever
    /// that is.
    ///
    /// The model does not choose digits. It reads each one as a 0 and chooses only how many there
    /// are; which ones they are follows from the dictation.
    ///
    /// # Errors
    /// As for [`Language::rescore`].
    pub fn write(
        &mut self,
        dictation: &str,
        lattice: &Lattice,
        guess: &str,
        stop: &Stop,
    ) -> Result<Option<Written>, LanguageError> {
        // The prompt, and then what was written.
        let mut all = self.chat.prompt(&self.tokenizer, &mask_digits(dictation))?;
        let mut guess = Guess::new(self.tokenizer.encode(&mask_digits(guess))?);
        let Language { decoder, tokenizer, vocabulary, .. } = self;
        decoder.prepare(&all[..all.len().saturating_sub(1)], &|| stop.reached())?;
        let constraint = Constraint::new(lattice, true);
        let (mut states, mut text, mut chosen) = (constraint.start(), Vec::new(), 0);
        loop {
            let certain = constraint.certain(&states);
            if certain.is_all {
                text.extend(certain.bytes);
                break;
            }
            // The last token of a stretch might be the beginning of a longer one, so the next
            // choice decides about it.
            let tokens = match std::str::from_utf8(&certain.bytes) {
                Ok(certain) => tokenizer.encode(certain)?,
                Err(_) => Vec::new(),
            };
            for token in &tokens[..tokens.len().saturating_sub(1)] {
                let bytes = vocabulary.written(*token);
                let behind = constraint.after(&states, bytes);
                // A tokenizer may change the text that it encodes.
                if bytes.is_empty() || behind.is_empty() {
                    break;
                }
                text.extend_from_slice(bytes);
                states = behind;
                all.push(*token);
                guess.follow(*token);
            }
            decoder.prefill_guessing(&all, guess.next(), &|| stop.reached())?;
            let Some(logits) = decoder.logits()? else { return Ok(None) };
            let may_end = constraint.may_end(&states) && !text.is_empty();
            let end = may_end.then(|| logits[tokenizer.end() as usize]);
            let Some(token) = vocabulary.choose(&constraint, &states, logits, end) else {
                match may_end {
                    true => break,
                    false => return Ok(None),
                }
            };
            let bytes = vocabulary.written(token);
            states = constraint.after(&states, bytes);
            text.extend_from_slice(bytes);
            all.push(token);
            guess.follow(token);
            chosen += 1;
        }
        // The bytes are those of whole readings, so they are valid UTF-8.
        let Ok(text) = String::from_utf8(text) else { return Ok(None) };
        let cost = |id| Some(arc_cost(lattice.reading(id)));
        let path = cheapest_path(lattice, &text, Compare::Masked, cost);
        Ok(path.map(|steps| Written { steps, chosen }))
    }

    /// Writes freely, always the likeliest token, as the models of the series did. The answer need
    /// not be in any lattice, and the model chooses the digits. Writing ends where the model ends
    /// it, where it begins to repeat itself, and at the latest at twice the length of the dictation
    /// plus a constant.
    ///
    /// # Errors
    /// As for [`Language::rescore`].
    pub fn write_freely(&mut self, dictation: &str, stop: &Stop) -> Result<String, LanguageError> {
        /// Tokens that an answer may have in addition to twice the dictation.
        /// Hand-chosen, 2026-11-23.
        const SOME: usize = 16;
        let prompt = self.chat.prompt(&self.tokenizer, dictation)?;
        let limit = 2 * self.tokenizer.encode(dictation)?.len() + SOME;
        let limit = limit.min(self.decoder.positions().saturating_sub(prompt.len()));
        let stop = || stop.reached();
        self.decoder.prepare(&prompt[..prompt.len().saturating_sub(1)], &stop)?;
        self.decoder.prefill(&prompt, &stop)?;
        let mut written: Vec<u32> = Vec::new();
        while written.len() < limit {
            let Some(logits) = self.decoder.logits()? else { break };
            let best = (0..logits.len()).rev().max_by(|a, b| logits[*a].total_cmp(&logits[*b]));
            let Some(token) = best.map(|token| token as u32) else { break };
            if self.tokenizer.is_end(token) {
                break;
            }
            written.push(token);
            if let Some(once) = repeated(&written) {
                written.truncate(once);
                break;
            }
            self.decoder.extend(&[token], &stop)?;
        }
        if stop() {
            return Err(DecoderError::Stopped.into());
        }
        Ok(self.tokenizer.decode(&written)?)
    }
}

/// Where to cut a text that repeats its end over and over, so that the end is there once.
fn repeated(tokens: &[u32]) -> Option<usize> {
    /// Longest period that is searched for, in tokens. Hand-chosen, 2026-11-23.
    const LONGEST: usize = 12;
    /// Minimum number of tokens and of periods that a repetition has: `- - - -` may well be
    /// intended. Hand-chosen, 2026-11-23.
    const TOKENS: usize = 16;
    const TIMES: usize = 4;
    (1..=LONGEST).find_map(|period| {
        let tail = (period * TIMES).max(TOKENS);
        let begin = tokens.len().checked_sub(tail)?;
        let tail = &tokens[begin..];
        (tail[period..] == tail[..tail.len() - period]).then_some(begin + period)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_cut_to_one() {
        let check =
            |tokens: &[u32], expected: Option<usize>| assert_eq!(repeated(tokens), expected, "{tokens:?}");
        check(&[7; 15], None);
        check(&[7; 16], Some(1));
        check(&[&[1, 2][..], &[7; 16]].concat(), Some(3));
        check(&[&[1][..], &[5, 6, 7, 8, 9].repeat(4)].concat(), Some(6));
        check(&[5, 6, 7, 8, 9].repeat(3), None);
        check(&(0..100).collect::<Vec<_>>(), None);
    }
}
