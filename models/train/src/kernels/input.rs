//! A batch without its padding.

use crate::data::Batch;

/// The tokens of a batch that the loss depends on, one example after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// (tokens)
    pub(super) tokens: Vec<u32>,
    /// (tokens): the place of each in its example.
    pub(super) positions: Vec<u32>,
    /// Length of each example.
    pub(super) lengths: Vec<usize>,
    /// Indices into `tokens` whose next token is learnt.
    pub(super) learnt: Vec<usize>,
    /// The tokens that are learnt.
    pub(super) targets: Vec<u32>,
}

impl Input {
    /// What stands behind the last learnt token of an example changes nothing, because each token
    /// sees only those before it.
    pub fn new(batch: &Batch) -> Input {
        let mut input = Input {
            tokens: Vec::new(),
            positions: Vec::new(),
            lengths: Vec::new(),
            learnt: Vec::new(),
            targets: Vec::new(),
        };
        let example = |at: usize| batch.examples.as_ref().map_or(0, |examples| examples[at]);
        // Positions come in ascending order within each row, but for the one that `as_mlx_lm` adds.
        let mut learnt: Vec<(usize, u32)> =
            batch.positions.iter().map(|at| *at as usize).zip(batch.targets.iter().copied()).collect();
        learnt.sort_unstable_by_key(|(at, _)| *at);
        let is_same = |a: &(usize, u32), b: &(usize, u32)| {
            a.0 / batch.width == b.0 / batch.width && example(a.0) == example(b.0)
        };
        for same in learnt.chunk_by(is_same) {
            let (first, last) = (same[0].0, same[same.len() - 1].0);
            let row = first / batch.width * batch.width;
            let start =
                (row..=first).rev().take_while(|at| example(*at) == example(first)).last().unwrap_or(first);
            let base = input.tokens.len();
            input.tokens.extend(&batch.tokens[start..=last]);
            input.positions.extend((0..=last - start).map(|at| at as u32));
            input.lengths.push(last + 1 - start);
            for (at, token) in same {
                input.learnt.push(base + at - start);
                input.targets.push(*token);
            }
        }
        input
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_and_last_tokens_are_left_out() {
        let batch = Batch {
            rows: 2,
            width: 6,
            tokens: vec![1, 2, 3, 0, 0, 0, 4, 5, 6, 7, 8, 0],
            examples: None,
            positions: vec![0, 1, 7, 9],
            targets: vec![2, 3, 6, 8],
        };
        let input = Input::new(&batch);
        assert_eq!((input.tokens, input.lengths), (vec![1, 2, 4, 5, 6, 7], vec![2, 4]));
        assert_eq!((input.positions, input.learnt), (vec![0, 1, 0, 1, 2, 3], vec![0, 1, 3, 5]));
        let packed = Batch { examples: Some(vec![0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 2]), ..batch };
        let input = Input::new(&packed);
        assert_eq!((input.tokens, input.lengths), (vec![1, 2, 4, 5, 6, 7], vec![2, 2, 2]));
        assert_eq!((input.positions, input.learnt), (vec![0, 1, 0, 1, 0, 1], vec![0, 1, 3, 5]));
    }
}
