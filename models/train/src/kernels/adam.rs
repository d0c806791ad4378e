//! AdamW in one pass over memory.

use super::rows::{BLOCK, sum2, vectorized};
use rayon::prelude::*;

/// Added to the denominator, as in `mlx.optimizers`.
const EPSILON: f32 = 1e-8;

/// The factors of one step.
#[derive(Debug, Clone, Copy)]
pub struct Adam {
    /// Decay of the means of gradients and of their squares.
    pub betas: [f32; 2],
    /// The learning rate, corrected for the start of the first mean at zero if wanted.
    pub rate: f32,
    /// Factor of the root of the second mean: its correction.
    pub root: f32,
    /// What the weight is multiplied by before the step.
    pub keep: f32,
    /// What the gradient is multiplied by: below 1 where all gradients are too long.
    pub shorten: f32,
}

impl Adam {
    /// One step of a weight (Kingma and Ba, 2015; Loshchilov and Hutter, 2019), of its mean gradient
    /// and of its mean square.
    pub fn step(&self, weight: &mut [f32], gradient: &[f32], mean: &mut [f32], square: &mut [f32]) {
        let Adam { betas: [first, second], rate, root, keep, shorten } = *self;
        weight
            .par_chunks_mut(BLOCK)
            .zip(gradient.par_chunks(BLOCK))
            .zip(mean.par_chunks_mut(BLOCK))
            .zip(square.par_chunks_mut(BLOCK))
            .for_each(|(((weight, gradient), mean), square)| {
                vectorized(
                    #[inline(always)]
                    || {
                        let rows = weight.iter_mut().zip(gradient).zip(mean.iter_mut()).zip(square);
                        for (((weight, gradient), mean), square) in rows {
                            let gradient = gradient * shorten;
                            *mean = first * *mean + (1.0 - first) * gradient;
                            *square = second * *square + (1.0 - second) * gradient * gradient;
                            *weight = keep * *weight - rate * *mean / (square.sqrt() * root + EPSILON);
                        }
                    },
                );
            });
    }
}

/// What all gradients are to be multiplied by so that together they are at most `most` long.
pub fn clip<'a>(gradients: impl Iterator<Item = &'a [f32]>, most: f32) -> f32 {
    let squares = |gradient: &[f32]| -> f64 {
        let parts: Vec<f64> = gradient
            .par_chunks(BLOCK)
            .map(|part| {
                f64::from(vectorized(
                    #[inline(always)]
                    || sum2(part, part, |a, b| a * b),
                ))
            })
            .collect();
        parts.into_iter().sum()
    };
    let length = gradients.map(squares).sum::<f64>().sqrt() as f32;
    // As `mlx.optimizers.clip_grad_norm` has it.
    (most / (length + 1e-6)).min(1.0)
}
