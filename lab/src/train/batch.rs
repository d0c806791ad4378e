//! Examples put together as tensors.

use super::example::{Bags, Example};
use candle_core::{Device, Result, Tensor};
use fastrand::Rng;
use sayso_models::tagger::shape::WINDOW;

/// What is far below any score: its e^x is zero.
const NEVER: f32 = -1e4;

/// Several lines, padded to the longest.
pub(super) struct Batch {
    /// Lines in it.
    pub lines: usize,
    /// Units of each, with padding.
    pub units_a_line: usize,
    /// One bag a unit, padding included.
    pub units: Bags,
    /// What is added to attention: lines × 1 × units × units.
    pub mask: Tensor,
    /// One bag a reading.
    pub readings: Bags,
    /// The last token of each reading, and the token behind it.
    pub reading_last: Tensor,
    /// See `reading_last`; the zero row of the encoder at the end of a line.
    pub reading_next: Tensor,
    /// One bag a step.
    pub history: Bags,
    /// The token of each step.
    pub step_tokens: Tensor,
    /// One bag a candidate.
    pub cross: Bags,
    /// The step of each candidate.
    pub candidate_steps: Tensor,
    /// The reading of each candidate.
    pub candidate_readings: Tensor,
    /// The right candidate of each step.
    pub gold: Tensor,
    /// The steps of each line: where they end.
    pub step_ends: Vec<usize>,
}

impl Batch {
    /// Steps in it.
    pub(super) fn gold_count(&self) -> usize {
        self.step_ends.last().copied().unwrap_or(0)
    }

    /// Puts examples together. With `blur`, that share of rows is left out at random.
    pub(super) fn new(examples: &[&Example], blur: Option<(f32, &mut Rng)>) -> Result<Batch> {
        let lines = examples.len();
        let units_a_line = examples.iter().map(|example| example.units.len()).max().unwrap_or(0);
        let nowhere = (lines * units_a_line) as u32;
        let mut units = Bags::default();
        let (mut readings, mut history, mut cross) = (Bags::default(), Bags::default(), Bags::default());
        let (mut last, mut next, mut step_tokens) = (Vec::new(), Vec::new(), Vec::new());
        let (mut steps, mut of_reading, mut gold) = (Vec::new(), Vec::new(), Vec::new());
        let mut step_ends = Vec::new();
        let mut mask = vec![NEVER; lines * units_a_line * units_a_line];
        for (line, example) in examples.iter().enumerate() {
            let first_unit = (line * units_a_line) as u32;
            let length = example.units.len();
            units.append(&example.units);
            for _ in length..units_a_line {
                units.push([]);
            }
            for from in 0..units_a_line {
                for to in from.saturating_sub(WINDOW)..(from + WINDOW + 1).min(length) {
                    mask[(line * units_a_line + from) * units_a_line + to] = 0.0;
                }
            }
            let (first_step, first_reading) = (step_tokens.len() as u32, readings.len() as u32);
            let first_candidate = steps.len() as u32;
            readings.append(&example.readings);
            for span in &example.spans {
                last.push(first_unit + span.end - 1);
                next.push(if span.end as usize == length { nowhere } else { first_unit + span.end });
            }
            history.append(&example.history);
            step_tokens.extend(example.step_tokens.iter().map(|token| first_unit + token));
            cross.append(&example.cross);
            for &(step, reading) in &example.candidates {
                steps.push(first_step + step);
                of_reading.push(first_reading + reading);
            }
            gold.extend(example.gold.iter().map(|candidate| first_candidate + candidate));
            step_ends.push(step_tokens.len());
        }
        if let Some((share, random)) = blur {
            let limit = (share * 256.0) as u8;
            // Some units are not seen at all: what they are must follow from what stands around them.
            let mut first = 0;
            for &end in &units.ends {
                let end = end as usize;
                if random.u8(..) < limit / 3 {
                    units.rows[first..end].iter_mut().for_each(|(_, weight)| *weight = 0.0);
                }
                first = end;
            }
            for (_, weight) in units.rows.iter_mut().chain(&mut history.rows).chain(&mut cross.rows) {
                if random.u8(..) < limit {
                    *weight = 0.0;
                }
            }
        }
        let tensor = |values: Vec<u32>| Tensor::new(values, &Device::Cpu);
        Ok(Batch {
            lines,
            units_a_line,
            units,
            mask: Tensor::from_vec(mask, (lines, 1, units_a_line, units_a_line), &Device::Cpu)?,
            readings,
            reading_last: tensor(last)?,
            reading_next: tensor(next)?,
            history,
            step_tokens: tensor(step_tokens)?,
            cross,
            candidate_steps: tensor(steps)?,
            candidate_readings: tensor(of_reading)?,
            gold: tensor(gold)?,
            step_ends,
        })
    }
}
