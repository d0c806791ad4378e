//! Concatenates examples into a batch: lines follow one another without padding.

use crate::example::{CsrBags, Example};
use crate::op::{Candidates, Groups, NO_ROW};
use fastrand::Rng;
use sayso_corpus::sample::LineClass;
use sayso_tagger::shape::CLASSES;
use std::sync::Arc;

/// Several lines. Units, readings, steps and candidates are numbered over the whole batch.
pub(super) struct Batch {
    /// The unit after the last one of each line.
    pub line_ends: Arc<[u32]>,
    /// One bag for each unit.
    pub units: Arc<CsrBags>,
    /// The row of each unit's word vector, or [`NO_ROW`].
    pub vectors: Arc<[u32]>,
    /// One bag a reading.
    pub readings: Arc<CsrBags>,
    /// The last unit of each reading.
    pub reading_last: Arc<[u32]>,
    /// The unit after each reading, or [`NO_ROW`] at the end of a line.
    pub reading_next: Arc<[u32]>,
    /// One bag for each step.
    pub history: Arc<CsrBags>,
    /// The unit at which each step starts.
    pub step_units: Arc<[u32]>,
    /// The candidates to score.
    pub candidates: Candidates,
    /// The candidates of each step.
    pub steps: Groups,
    /// The classes of each line.
    pub classes: Groups,
}

impl Batch {
    /// Concatenates examples. With `dropout`, that share of the features is left out at random.
    pub(super) fn new(examples: &[&Example], dropout: Option<(f32, &mut Rng)>) -> Batch {
        let (mut units, mut readings) = (CsrBags::default(), CsrBags::default());
        let (mut history, mut cross) = (CsrBags::default(), CsrBags::default());
        let mut vectors = Vec::new();
        let (mut last, mut next, mut step_units) = (Vec::new(), Vec::new(), Vec::new());
        let (mut steps, mut of_reading, mut gold) = (Vec::new(), Vec::new(), Vec::new());
        let (mut line_ends, mut candidate_ends) = (Vec::new(), Vec::new());
        let (mut offsets, mut class_ends, mut classes) = (Vec::new(), Vec::new(), Vec::new());
        for (line, example) in examples.iter().enumerate() {
            let first_unit = units.len() as u32;
            let length = example.units.len() as u32;
            let (first_step, first_reading) = (step_units.len() as u32, readings.len() as u32);
            let first_candidate = steps.len() as u32;
            units.append(&example.units);
            vectors.extend_from_slice(&example.vectors);
            line_ends.push(units.len() as u32);
            readings.append(&example.readings);
            for span in &example.spans {
                last.push(first_unit + span.end - 1);
                next.push(if span.end == length { NO_ROW } else { first_unit + span.end });
            }
            history.append(&example.history);
            step_units.extend(example.step_tokens.iter().map(|token| first_unit + token));
            cross.append(&example.cross);
            for (at, &(step, reading)) in example.candidates.iter().enumerate() {
                steps.push(first_step + step);
                of_reading.push(first_reading + reading);
                if example.candidates.get(at + 1).is_none_or(|(next, _)| *next != step) {
                    candidate_ends.push(steps.len() as u32);
                }
            }
            offsets.extend(example.counts_for.iter().map(|&count| f32::from(count).ln()));
            gold.extend(example.gold.iter().map(|candidate| first_candidate + candidate));
            classes.push((line * CLASSES) as u32 + class_row(example.class));
            class_ends.push(((line + 1) * CLASSES) as u32);
        }
        if let Some((share, random)) = dropout {
            leave_out(share, &mut vectors, [&mut units, &mut history, &mut cross], random);
        }
        Batch {
            line_ends: line_ends.into(),
            units: Arc::new(units),
            vectors: vectors.into(),
            readings: Arc::new(readings),
            reading_last: last.into(),
            reading_next: next.into(),
            history: Arc::new(history),
            step_units: step_units.into(),
            candidates: Candidates {
                cross: Arc::new(cross),
                steps: steps.into(),
                readings: of_reading.into(),
            },
            steps: Groups { ends: candidate_ends.into(), gold: gold.into(), offsets: offsets.into() },
            classes: Groups { ends: class_ends.into(), gold: classes.into(), offsets: Arc::default() },
        }
    }
}

/// The network's output for a class, in the order of `sayso_tagger::LineClass`. The order is part
/// of the weights file, so it must never change.
const fn class_row(class: LineClass) -> u32 {
    match class {
        LineClass::Command => 0,
        LineClass::Strict => 1,
        LineClass::Dictation => 2,
        LineClass::Prose => 3,
    }
}

/// Drops a share of all rows and word vectors, and all features of a third as many units: the network must infer such a
/// unit from its surroundings.
fn leave_out(share: f32, vectors: &mut [u32], [units, history, cross]: [&mut CsrBags; 3], random: &mut Rng) {
    let limit = (share * 256.0) as u8;
    let mut first = 0;
    for (&end, vector) in units.offsets.iter().zip(vectors) {
        let end = end as usize;
        let drawn = random.u8(..);
        if drawn < limit {
            *vector = NO_ROW;
        }
        if drawn < limit / 3 {
            units.indices[first..end].iter_mut().for_each(|(_, weight)| *weight = 0.0);
        }
        first = end;
    }
    for bags in [units, history, cross] {
        for weights in bags.indices.chunks_mut(8) {
            let bytes = random.u64(..).to_le_bytes();
            for ((_, weight), byte) in weights.iter_mut().zip(bytes) {
                if byte < limit {
                    *weight = 0.0;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_is_left_out_has_no_vector() {
        let mut example = Example { vectors: (0..4000).collect(), ..Example::default() };
        (0..4000).for_each(|row| example.units.push([row]));
        let whole = Batch::new(&[&example, &example], None);
        assert_eq!(whole.vectors.len(), 8000);
        assert!(!whole.vectors.contains(&NO_ROW));
        let batch = Batch::new(&[&example], Some((0.25, &mut Rng::with_seed(1))));
        let without = batch.vectors.iter().filter(|row| **row == NO_ROW).count();
        assert!((800..1200).contains(&without), "{without} of 4000");
    }
}
