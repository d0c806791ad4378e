//! Writing: by the paths of a lattice and nothing else, or, for comparison, freely.
//!
//! By the paths: only tokens are looked at that write on along some path, the likeliest of them is taken, and the end
//! only where a path ends (constrained decoding as in PICARD, Scholak et al. 2021, over an automaton as in Willard and
//! Louf 2023, but walked as it is needed: each line has another). What is certain is not asked for: a stretch along
//! which all paths agree is read in one pass with what was chosen before it.

use super::{Language, LanguageError, Stop, masked};
use crate::error::DecoderError;
use sayso_speech::lattice::constraint::Constraint;
use sayso_speech::lattice::spell::{Compare, arc_cost, cheapest_path};
use sayso_speech::lattice::{Lattice, Step};

/// What was written along a lattice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// A path of the lattice.
    pub steps: Vec<Step>,
    /// How many tokens were chosen; the others were certain.
    pub chosen: usize,
}

impl Language {
    /// Writes the answer to a dictation along the paths of its lattice. Nothing where the vocabulary cannot write any.
    ///
    /// Digits are not for the model to choose: each is a 0 in what it reads, it chooses how many there are, and which
    /// they are follows from what was said.
    ///
    /// # Errors
    /// As [`Language::judge`].
    pub fn write(
        &mut self,
        dictation: &str,
        lattice: &Lattice,
        stop: &Stop,
    ) -> Result<Option<Written>, LanguageError> {
        let mut next = self.chat.prompt(&self.tokenizer, &masked(dictation))?;
        let Language { decoder, tokenizer, vocabulary, .. } = self;
        let constraint = Constraint::new(lattice, true);
        let (mut states, mut text, mut chosen) = (constraint.start(), Vec::new(), 0);
        let mut allowed = Vec::new();
        let mut begun = false;
        loop {
            let certain = constraint.certain(&states);
            if certain.is_all {
                text.extend(certain.bytes);
                break;
            }
            // The last token of a stretch might have been a longer one: it is left to the choice that follows.
            let tokens = match std::str::from_utf8(&certain.bytes) {
                Ok(certain) => tokenizer.encode(certain)?,
                Err(_) => Vec::new(),
            };
            for token in &tokens[..tokens.len().saturating_sub(1)] {
                let bytes = vocabulary.written(*token);
                let behind = constraint.after(&states, bytes);
                // A tokenizer may write a text in another way than it was.
                if bytes.is_empty() || behind.is_empty() {
                    break;
                }
                text.extend_from_slice(bytes);
                states = behind;
                next.push(*token);
            }
            // Of the prompt, what others have in common is read already.
            match begun {
                true => decoder.extend(&next, &|| stop.reached())?,
                false => decoder.prefill(&next, &|| stop.reached())?,
            }
            begun = true;
            vocabulary.allowed(&constraint, &states, &mut allowed);
            let Some(logits) = decoder.logits()? else { return Ok(None) };
            let logit = |token: &u32| {
                let meant = vocabulary.meant(token).iter().map(|meant| logits[*meant as usize]);
                meant.fold(f32::MIN, f32::max)
            };
            // Of equals, the first in the order of what they write.
            let best = allowed.iter().rev().max_by(|a, b| logit(a).total_cmp(&logit(b))).copied();
            let may_end = constraint.may_end(&states) && !text.is_empty();
            let Some(token) = best.filter(|best| !may_end || logit(best) >= logits[tokenizer.end() as usize])
            else {
                match may_end {
                    true => break,
                    false => return Ok(None),
                }
            };
            let bytes = vocabulary.written(token);
            states = constraint.after(&states, bytes);
            text.extend_from_slice(bytes);
            next = vec![token];
            chosen += 1;
        }
        // The bytes are those of whole readings.
        let Ok(text) = String::from_utf8(text) else { return Ok(None) };
        let cost = |id| Some(arc_cost(lattice.reading(id)));
        let path = cheapest_path(lattice, &text, Compare::Masked, cost);
        Ok(path.map(|steps| Written { steps, chosen }))
    }

    /// Writes freely, always the likeliest token, as the models of the series did: what comes of it need not be in any
    /// lattice, and digits are the model's. It ends where the model ends it, where it begins to repeat itself, and at
    /// the latest when it is twice as long as the dictation and some more.
    ///
    /// # Errors
    /// As [`Language::judge`].
    pub fn write_freely(&mut self, dictation: &str, stop: &Stop) -> Result<String, LanguageError> {
        /// Tokens that an answer may have whatever its dictation.
        const SOME: usize = 16;
        let prompt = self.chat.prompt(&self.tokenizer, dictation)?;
        let limit = 2 * self.tokenizer.encode(dictation)?.len() + SOME;
        let limit = limit.min(self.decoder.positions().saturating_sub(prompt.len()));
        let stop = || stop.reached();
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

/// Where a text that repeats its end over and over is to be cut, so that it is there once.
fn repeated(tokens: &[u32]) -> Option<usize> {
    /// Longest period that is looked for, in tokens.
    const LONGEST: usize = 12;
    /// So many tokens at least are the same again, and so many times a period is there: `- - - -` may well be meant.
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
