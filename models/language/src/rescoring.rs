//! The plan for rescoring candidates, which is the same for every backend.
//!
//! The dictation and all candidates go through the model as one tree. Beginnings that candidates
//! share are read once, and each token attends to its own candidate only (tree attention, as
//! SpecInfer verifies guesses, Miao et al., 2023).

use crate::context::Context;
use crate::error::DecoderError;
use crate::trie::Trie;
use std::ops::Range;

/// A token of a candidate whose probability is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scored {
    /// The node whose logits give the probability of the token.
    pub(crate) parent: usize,
    pub(crate) token: u32,
}

/// The plan of one rescoring.
#[derive(Debug)]
pub(crate) struct Rescoring<'c> {
    candidates: &'c [&'c [u32]],
    trie: Trie,
    /// The tokens of all candidates, one candidate after the other.
    scored: Vec<Scored>,
}

impl<'c> Rescoring<'c> {
    /// Plans the rescoring of `candidates` after `prefix` and `text`, within the capacity of
    /// `context`.
    ///
    /// # Errors
    /// An empty text, a token outside the vocabulary, or texts that do not fit.
    pub(crate) fn plan(
        context: &Context,
        prefix: &[u32],
        text: &[u32],
        candidates: &'c [&'c [u32]],
    ) -> Result<Rescoring<'c>, DecoderError> {
        candidates.iter().chain([&text]).try_for_each(|tokens| context.check(tokens))?;
        let Some(end) = text.len().checked_sub(1) else { return Err(DecoderError::Empty) };
        let mut trie = Trie::default();
        trie.add_line(text.iter().copied());
        let mut scored = Vec::with_capacity(candidates.iter().map(|candidate| candidate.len()).sum());
        for candidate in candidates {
            let mut parent = end;
            for (at, &token) in candidate.iter().enumerate() {
                scored.push(Scored { parent, token });
                // The last token is not read, because nothing after it is scored.
                if at + 1 < candidate.len() {
                    parent = trie.add(Some(parent), token);
                }
            }
        }
        context.fits(prefix.len() + trie.nodes().len())?;
        Ok(Rescoring { candidates, trie, scored })
    }

    /// The tokens that go through the model.
    pub(crate) fn trie(&self) -> &Trie {
        &self.trie
    }

    /// The nodes of each pass through the model, at most `most` per pass.
    pub(crate) fn passes(&self, most: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let count = self.trie.nodes().len();
        (0..count).step_by(most).map(move |first| first..count.min(first + most))
    }

    /// How many tokens are scored.
    pub(crate) fn len(&self) -> usize {
        self.scored.len()
    }

    /// The tokens that the nodes of one pass score, each with its index among all scored tokens.
    pub(crate) fn scored_by(&self, pass: Range<usize>) -> impl Iterator<Item = (usize, Scored)> {
        self.scored.iter().copied().enumerate().filter(move |(_, scored)| pass.contains(&scored.parent))
    }

    /// Splits the scores of all tokens by candidate.
    pub(crate) fn by_candidate(&self, scores: &[f32]) -> Vec<Vec<f32>> {
        let mut rest = scores;
        let of_candidate = |candidate: &&[u32]| {
            let (scores, others) = rest.split_at(candidate.len());
            rest = others;
            scores.to_vec()
        };
        self.candidates.iter().map(of_candidate).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_beginnings_are_read_once_and_last_tokens_not_at_all() {
        let context = Context::new(20, 10);
        let candidates: [&[u32]; 4] = [&[3, 4, 5], &[3, 4, 6], &[3], &[]];
        let plan = Rescoring::plan(&context, &[9, 9], &[1, 2], &candidates).unwrap();
        let tokens: Vec<u32> = plan.trie().nodes().iter().map(|node| node.token).collect();
        assert_eq!(tokens, [1, 2, 3, 4]);
        let scored =
            |pass| plan.scored_by(pass).map(|(at, one)| (at, one.parent, one.token)).collect::<Vec<_>>();
        assert_eq!(scored(0..2), [(0, 1, 3), (3, 1, 3), (6, 1, 3)]);
        assert_eq!(scored(2..4), [(1, 2, 4), (2, 3, 5), (4, 2, 4), (5, 3, 6)]);
        assert_eq!(plan.passes(3).collect::<Vec<_>>(), [0..3, 3..4]);
        let scores = plan.by_candidate(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(scores, [vec![0.0, 1.0, 2.0], vec![3.0, 4.0, 5.0], vec![6.0], vec![]]);
    }

    #[test]
    fn what_cannot_be_scored_is_refused() {
        let context = Context::new(5, 10);
        let plan = |text: &[u32], candidate: &[u32]| {
            Rescoring::plan(&context, &[1, 2], text, &[candidate])
                .map(drop)
                .map_err(|error| error.to_string())
        };
        assert_eq!(plan(&[1], &[1, 2, 3]), Ok(()));
        assert!(plan(&[], &[1]).unwrap_err().contains("empty"));
        assert!(plan(&[1], &[10]).unwrap_err().contains("token 10"));
        assert!(
            plan(&[1], &[1, 2, 3, 4]).unwrap_err().contains("6 tokens do not fit into the capacity of 5")
        );
    }
}
