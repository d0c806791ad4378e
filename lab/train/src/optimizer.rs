//! AdamW (Loshchilov and Hutter 2019) with a running average of the weights, in one pass over each
//! parameter.

use crate::network::{TABLES, Tables};
use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Var};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Threads that share a training step. Hand-chosen, 2026-11-23.
pub(super) const WORKERS: usize = 2;

/// The state that AdamW keeps for a parameter, with one value for each of its values.
#[derive(Debug, Clone, Default)]
pub(super) struct Moments {
    /// Running mean of the gradient.
    pub mean: Vec<f32>,
    /// Running mean of the squared gradient.
    pub square: Vec<f32>,
    /// Running average of the parameter.
    pub average: Vec<f32>,
}

/// Settings of one step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    /// Learning rate.
    pub learning: f32,
    /// Weight decay, as a share of the learning rate.
    pub decay: f32,
    /// Share of the old average that is kept.
    pub averaging: f32,
    /// Largest norm of the gradient over all parameters; a larger gradient is scaled down to it.
    pub clip: f32,
    /// Number of steps before this one.
    pub step: u64,
}

const BETA: (f32, f32) = (0.9, 0.98);
const EPSILON: f32 = 1e-8;

/// The state of all parameters.
#[derive(Debug, Default)]
pub(super) struct Optimizer {
    /// The state of each parameter, by name.
    pub moments: BTreeMap<String, Mutex<Moments>>,
}

struct Update<'a> {
    moments: &'a Mutex<Moments>,
    gradients: &'a [&'a [f32]],
    rate: Rate,
    scale: f32,
    decays: bool,
}

impl InplaceOp1 for Update<'_> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(&self, weights: &mut CpuStorage, _: &Layout) -> Result<()> {
        let CpuStorage::F32(weights) = weights else { candle_core::bail!("a parameter is not of f32") };
        let mut moments = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        if moments.mean.is_empty() {
            moments.mean = vec![0.0; weights.len()];
            moments.square = vec![0.0; weights.len()];
            moments.average = weights.clone();
        }
        let Moments { mean, square, average } = &mut *moments;
        let size = weights.len().div_ceil(WORKERS).max(SMALLEST);
        std::thread::scope(|scope| {
            let mut parts = weights
                .chunks_mut(size)
                .zip(mean.chunks_mut(size))
                .zip(square.chunks_mut(size))
                .zip(average.chunks_mut(size))
                .enumerate()
                .map(|(at, (((weights, mean), square), average))| (at * size, weights, mean, square, average))
                .peekable();
            while let Some((start, weights, mean, square, average)) = parts.next() {
                let mut update = move || self.part(start, weights, mean, square, average);
                // The last part runs on this thread.
                if parts.peek().is_some() {
                    scope.spawn(update);
                } else {
                    update();
                }
            }
        });
        Ok(())
    }
}

impl Update<'_> {
    /// Updates the part of a parameter that begins at its value `start`.
    fn part(
        &self,
        start: usize,
        weights: &mut [f32],
        mean: &mut [f32],
        square: &mut [f32],
        average: &mut [f32],
    ) {
        let rate = self.rate;
        let steps = rate.step.min(1 << 20) as i32 + 1;
        let correction = (1.0 - BETA.0.powi(steps), 1.0 - BETA.1.powi(steps));
        let decay = if self.decays { rate.learning * rate.decay } else { 0.0 };
        let gradients: Vec<&[f32]> =
            self.gradients.iter().map(|gradient| &gradient[start..start + weights.len()]).collect();
        let mut slopes = [0f32; 256];
        for first in (0..weights.len()).step_by(slopes.len()) {
            let count = slopes.len().min(weights.len() - first);
            let slopes = &mut slopes[..count];
            slopes.fill(0.0);
            for gradient in &gradients {
                for (slope, value) in slopes.iter_mut().zip(&gradient[first..first + count]) {
                    *slope += self.scale * value;
                }
            }
            let (weights, average) = (&mut weights[first..first + count], &mut average[first..first + count]);
            let (mean, square) = (&mut mean[first..first + count], &mut square[first..first + count]);
            for at in 0..count {
                mean[at] = BETA.0 * mean[at] + (1.0 - BETA.0) * slopes[at];
                square[at] = BETA.1 * square[at] + (1.0 - BETA.1) * slopes[at] * slopes[at];
                let step = (mean[at] / correction.0) / ((square[at] / correction.1).sqrt() + EPSILON);
                weights[at] -= rate.learning * step + decay * weights[at];
                average[at] = rate.averaging * average[at] + (1.0 - rate.averaging) * weights[at];
            }
        }
    }
}

/// Least number of values that are worth a thread. Hand-chosen, 2026-11-23.
const SMALLEST: usize = 1 << 16;

impl Optimizer {
    /// Updates all parameters by one step, with the sum of the workers' gradients, and sets the
    /// gradients of the tables to zero. Returns the norm of the gradient before clipping. If it is
    /// not finite, nothing is changed.
    pub(super) fn step(
        &mut self,
        parameters: &BTreeMap<String, Var>,
        workers: &[(GradStore, Tables)],
        rate: Rate,
    ) -> Result<f32> {
        let mut rows: Vec<_> = workers.iter().map(|(_, tables)| tables.rows.lock()).collect();
        let mut cross: Vec<_> = workers.iter().map(|(_, tables)| tables.cross.lock()).collect();
        let mut dense: BTreeMap<&str, Vec<Vec<f32>>> = BTreeMap::new();
        for (name, var) in parameters.iter().filter(|(name, _)| !TABLES.contains(&name.as_str())) {
            let found = workers.iter().filter_map(|(gradients, _)| gradients.get(var));
            let values = found.map(|gradient| gradient.flatten_all()?.to_vec1::<f32>());
            dense.insert(name, values.collect::<Result<_>>()?);
        }
        let slices = |name: &str| -> Vec<&[f32]> {
            match name {
                "rows" => rows.iter().map(|rows| rows.as_slice()).collect(),
                "cross" => cross.iter().map(|cross| cross.as_slice()).collect(),
                name => dense[name].iter().map(Vec::as_slice).collect(),
            }
        };
        let squares: f32 = parameters.keys().map(|name| squares(&slices(name))).sum();
        let length = squares.sqrt();
        if !length.is_finite() {
            return Ok(length);
        }
        let scale = if length > rate.clip { rate.clip / length } else { 1.0 };
        for (name, var) in parameters {
            let moments = self.moments.entry(name.clone()).or_default();
            let update =
                Update { moments, gradients: &slices(name), rate, scale, decays: name.ends_with(".weight") };
            var.as_tensor().inplace_op1(&update)?;
        }
        for gradient_sum in rows.iter_mut().chain(&mut cross) {
            gradient_sum.fill(0.0);
        }
        Ok(length)
    }
}

/// The squared norm of the sum of gradients.
fn squares(gradients: &[&[f32]]) -> f32 {
    let Some((first, rest)) = gradients.split_first() else { return 0.0 };
    let mut sums = [0f32; 16];
    for (at, chunk) in first.chunks(16).enumerate() {
        let mut sum = [0f32; 16];
        sum[..chunk.len()].copy_from_slice(chunk);
        for gradient in rest {
            for (sum, value) in sum.iter_mut().zip(&gradient[at * 16..at * 16 + chunk.len()]) {
                *sum += value;
            }
        }
        for (sums, sum) in sums.iter_mut().zip(sum) {
            *sums += sum * sum;
        }
    }
    sums.iter().sum()
}
