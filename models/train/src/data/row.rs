//! Rows of tokens, batches of rows, and the order of the batches.

use super::Example;
use crate::mersenne::Mersenne;
use std::collections::BTreeSet;
use std::ops::Range;

/// Rows are padded to a multiple of this on a graphics processor, as in `mlx_lm`: fewer shapes, so
/// that its memory is reused.
pub const PAD: usize = 32;

/// A row of a batch: one example, or several that do not see each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    tokens: Vec<u32>,
    /// Where the examples begin, ascending from 0.
    starts: Vec<usize>,
    /// Positions whose next token is learnt, and that token.
    targets: Vec<(usize, u32)>,
}

impl Row {
    fn of(example: &Example, as_mlx_lm: Option<usize>) -> Row {
        let mut row = Row { tokens: Vec::new(), starts: Vec::new(), targets: Vec::new() };
        row.push(example);
        if as_mlx_lm.is_some_and(|most| example.tokens.len() < most) {
            // Its mask ends one token late, at the first one of the padding.
            row.targets.push((example.tokens.len() - 1, 0));
        }
        row
    }

    fn push(&mut self, example: &Example) {
        let base = self.tokens.len();
        self.starts.push(base);
        self.tokens.extend(&example.tokens);
        let learnt = example.answer.max(1)..example.tokens.len();
        self.targets.extend(learnt.map(|at| (base + at - 1, example.tokens[at])));
    }
}

/// A batch as a model takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Number of rows.
    pub rows: usize,
    /// Tokens of a row, padding included.
    pub width: usize,
    /// (rows, width), padded with 0.
    pub tokens: Vec<u32>,
    /// (rows, width): the example that each token belongs to, counted within its row. `None` if
    /// each row is one example.
    pub examples: Option<Vec<u32>>,
    /// Where tokens are learnt: indices into `tokens` of the positions before them.
    pub positions: Vec<u32>,
    /// The tokens that are learnt, as many as `positions`.
    pub targets: Vec<u32>,
}

impl Batch {
    fn of(rows: &[&Row], pad: usize) -> Batch {
        let longest = rows.iter().map(|row| row.tokens.len()).max().unwrap_or(1);
        // The last token of a row is only a target, but one more column keeps the widths of
        // `mlx_lm`, whose rows have one above a multiple.
        let width = longest.div_ceil(pad) * pad;
        let mut batch = Batch {
            rows: rows.len(),
            width,
            tokens: vec![0; rows.len() * width],
            examples: None,
            positions: Vec::new(),
            targets: Vec::new(),
        };
        if rows.iter().any(|row| row.starts.len() > 1) {
            batch.examples = Some(vec![0; rows.len() * width]);
        }
        for (number, row) in rows.iter().enumerate() {
            let base = number * width;
            batch.tokens[base..base + row.tokens.len()].copy_from_slice(&row.tokens);
            for (position, token) in &row.targets {
                // Every index is far below 2³².
                batch.positions.push((base + position) as u32);
                batch.targets.push(*token);
            }
            if let Some(examples) = &mut batch.examples {
                for (example, start) in row.starts.iter().enumerate() {
                    examples[base + start..base + width].fill(example as u32);
                }
                // The padding sees only itself.
                examples[base + row.tokens.len()..base + width].fill(row.starts.len() as u32);
            }
        }
        batch
    }
}

/// The batches of a set, and their order.
#[derive(Debug, Clone)]
pub struct Batches {
    rows: Vec<Row>,
    /// Indices of the rows of each batch.
    batches: Vec<Vec<usize>>,
    pad: usize,
    seed: u32,
    /// The generator after the last epoch in `order`, and that epoch.
    random: Mersenne,
    order: Vec<usize>,
    epoch: usize,
}

/// How rows and batches are made.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Rows of a batch.
    pub batch: usize,
    /// Exactly as `mlx_lm`, which cuts examples at so many tokens.
    pub as_mlx_lm: Option<usize>,
    /// Put examples together into rows of at most this many tokens.
    pub packed: Option<usize>,
    /// Rows are padded to a multiple of this: [`PAD`], or 1 where shapes cost nothing.
    pub pad: usize,
    /// Seed of the order.
    pub seed: u64,
}

impl Batches {
    /// Sorts rows by length, so that batches have little padding, and cuts them into batches; as
    /// `mlx_lm` they stay in the order of their file.
    /// `None` if there are too few for one batch, which only `as_mlx_lm` asks for.
    pub fn new(examples: &[Example], layout: Layout) -> Option<Batches> {
        let rows = match layout.packed {
            Some(most) => pack(examples, most),
            None => examples.iter().map(|example| Row::of(example, layout.as_mlx_lm)).collect(),
        };
        // An example of which nothing is learnt would make a loss of 0 / 0.
        let rows: Vec<Row> = rows.into_iter().filter(|row: &Row| !row.targets.is_empty()).collect();
        let mut sorted: Vec<usize> = (0..rows.len()).collect();
        // `mlx_lm.lora` means to sort too, but by the entries of a line, so it keeps the order.
        if layout.as_mlx_lm.is_none() {
            sorted.sort_by_key(|row| rows[*row].tokens.len());
        }
        let mut batches: Vec<Vec<usize>> = sorted.chunks(layout.batch).map(<[usize]>::to_vec).collect();
        if layout.as_mlx_lm.is_some() {
            batches.retain(|batch| batch.len() == layout.batch);
        }
        let seed = (layout.seed ^ (layout.seed >> 32)) as u32;
        let random = Mersenne::new(seed);
        let mut made = Batches { rows, batches, pad: layout.pad, seed, random, order: Vec::new(), epoch: 0 };
        if made.batches.is_empty() {
            return None;
        }
        made.restart();
        Some(made)
    }

    fn restart(&mut self) {
        self.random = Mersenne::new(self.seed);
        self.order = self.random.permutation(self.batches.len());
        self.epoch = 0;
    }

    /// Batches of an epoch.
    pub fn len(&self) -> usize {
        self.batches.len()
    }

    /// Whether there is none, which cannot be.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// The batch of an iteration, from 0. It depends on nothing but the seed and the number, so a
    /// run that is continued meets the same ones.
    pub fn get(&mut self, iteration: usize) -> Batch {
        let place = self.place(iteration);
        self.at(place)
    }

    /// The places of the batches of some iterations, each once.
    pub fn places(&mut self, iterations: Range<usize>) -> Vec<usize> {
        let met = iterations.start..iterations.end.min(iterations.start + self.len());
        let places: BTreeSet<usize> = match met.len() == self.len() {
            true => (0..self.len()).collect(),
            false => met.map(|iteration| self.place(iteration)).collect(),
        };
        places.into_iter().collect()
    }

    fn place(&mut self, iteration: usize) -> usize {
        let (epoch, at) = (iteration / self.len(), iteration % self.len());
        if epoch < self.epoch {
            self.restart();
        }
        while self.epoch < epoch {
            self.order = self.random.permutation(self.batches.len());
            self.epoch += 1;
        }
        self.order[at]
    }

    /// A batch by its place in the order of rows.
    pub fn at(&self, place: usize) -> Batch {
        Batch::of(&self.batches[place].iter().map(|row| &self.rows[*row]).collect::<Vec<_>>(), self.pad)
    }

    /// (rows, width) of a batch by its place, and how many tokens it learns.
    pub fn shape(&self, place: usize) -> (usize, usize, usize) {
        let batch = self.at(place);
        (batch.rows, batch.width, batch.targets.len())
    }
}

/// First-fit decreasing: the longest examples first, each into the first row with room.
fn pack(examples: &[Example], most: usize) -> Vec<Row> {
    let mut sorted: Vec<&Example> = examples.iter().collect();
    sorted.sort_by_key(|example| std::cmp::Reverse(example.tokens.len()));
    let mut rows: Vec<Row> = Vec::new();
    for example in sorted {
        let fits = |row: &&mut Row| row.tokens.len() + example.tokens.len() <= most;
        match rows.iter_mut().find(fits) {
            Some(row) => row.push(example),
            None => rows.push(Row::of(example, None)),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(tokens: std::ops::Range<u32>, answer: usize) -> Example {
        Example { tokens: tokens.collect(), answer }
    }

    fn layout(batch: usize) -> Layout {
        Layout { batch, as_mlx_lm: None, packed: None, pad: PAD, seed: 3 }
    }

    #[test]
    fn only_answers_are_learnt() {
        let examples = [example(10..15, 3), example(20..22, 0)];
        let batch = Batches::new(&examples, layout(2)).unwrap().get(0);
        assert_eq!((batch.rows, batch.width, batch.examples.is_none()), (2, 32, true));
        // The shorter row comes first.
        assert_eq!((batch.positions, batch.targets), (vec![0, 34, 35], vec![21, 13, 14]));
        assert_eq!(batch.tokens[32..38], [10, 11, 12, 13, 14, 0]);
        let mut as_python = Batches::new(&examples, Layout { as_mlx_lm: Some(99), ..layout(2) }).unwrap();
        let batch = as_python.get(0);
        assert_eq!((batch.positions, batch.targets), (vec![2, 3, 4, 32, 33], vec![13, 14, 0, 21, 0]));
    }

    #[test]
    fn packed_examples_are_told_apart() {
        let examples = [example(1..6, 2), example(11..15, 1), example(21..24, 1), example(31..34, 2)];
        let packed = Layout { packed: Some(9), ..layout(4) };
        let batches = Batches::new(&examples, packed).unwrap();
        assert_eq!(batches.len(), 1);
        let batch = batches.at(0);
        assert_eq!(batch.rows, 2);
        let examples = batch.examples.unwrap();
        assert_eq!(examples[..8], [0, 0, 0, 1, 1, 1, 2, 2]);
        assert_eq!(examples[32..43], [0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2]);
        let learnt = [(1, 22), (2, 23)].len() + 1 + 3 + 3;
        assert_eq!(batch.targets.len(), learnt);
    }

    #[test]
    fn every_epoch_has_every_batch_once_and_any_can_be_asked_for() {
        let examples: Vec<Example> = (0..23).map(|at| example(at..at + 5, 2)).collect();
        let mut batches = Batches::new(&examples, layout(4)).unwrap();
        assert_eq!(batches.len(), 6);
        let run: Vec<Batch> = (0..18).map(|iteration| batches.get(iteration)).collect();
        for epoch in run.chunks(6) {
            let mut seen: Vec<u32> = epoch.iter().flat_map(|batch| batch.targets.clone()).collect();
            seen.sort_unstable();
            assert_eq!(seen.len(), 23 * 3);
            assert_eq!(epoch.iter().map(|batch| batch.rows).min(), Some(3));
        }
        assert_ne!(run[..6], run[6..12]);
        let mut later = Batches::new(&examples, layout(4)).unwrap();
        assert_eq!(later.get(14), run[14]);
        assert_eq!(later.get(2), run[2]);
        assert_eq!(later.places(0..18), [0, 1, 2, 3, 4, 5]);
        assert_eq!(later.places(3..3), [0_usize; 0]);
        let two = later.places(7..9);
        assert_eq!(two.len(), 2);
        assert!(run[7..9].iter().all(|batch| two.iter().any(|place| later.at(*place) == *batch)));
        let python = Layout { as_mlx_lm: Some(99), ..layout(4) };
        assert_eq!(Batches::new(&examples, python).unwrap().len(), 5);
        assert!(Batches::new(&examples[..3], python).is_none());
    }
}
