//! What is computed row by row between the matrix products. All threads share the rows.

use rayon::prelude::*;
use sayso_language::cpu::{combine, exp};

/// Rows that a thread takes at once. Hand-chosen, 2026-11-29.
const ROWS: usize = 16;
/// Numbers that a thread takes at once where rows do not matter. Hand-chosen, 2026-11-29.
pub(super) const BLOCK: usize = 1 << 14;

/// Runs a loop with the vector instructions of this processor.
pub(super) fn vectorized<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// The sum of `value` over two slices, in lanes side by side.
#[inline(always)]
pub(super) fn sum2(a: &[f32], b: &[f32], value: impl Fn(f32, f32) -> f32) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    let mut lanes = [0.0; 16];
    for (a, b) in a.iter().zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += value(*a, *b);
        }
    }
    for ((lane, a), b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane += value(*a, *b);
    }
    lanes.into_iter().sum()
}

/// Turns scores into weights of sum 1 and returns the logarithm of the sum of their exponentials.
#[inline(always)]
pub(super) fn softmax(scores: &mut [f32]) -> f32 {
    let largest = combine(scores, f32::MIN, |score| score, f32::max);
    scores.iter_mut().for_each(|score| *score = exp(*score - largest));
    let sum = combine(scores, 0.0, |score| score, |sum, score| sum + score);
    let inverse = 1.0 / sum;
    scores.iter_mut().for_each(|score| *score *= inverse);
    largest + sum.ln()
}

/// Root mean square normalisation of the rows of `x` (rows, width) by `weight` (width), into
/// `normed`.
pub(super) fn rms_norm(x: &[f32], weight: &[f32], eps: f32, normed: &mut [f32]) {
    let width = weight.len();
    normed.par_chunks_mut(ROWS * width).zip(x.par_chunks(ROWS * width)).for_each(|(normed, x)| {
        vectorized(
            #[inline(always)]
            || {
                for (normed, x) in normed.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                    let inverse = inverse_rms(x, eps);
                    for ((normed, x), weight) in normed.iter_mut().zip(x).zip(weight) {
                        *normed = x * inverse * weight;
                    }
                }
            },
        );
    });
}

#[inline(always)]
fn inverse_rms(x: &[f32], eps: f32) -> f32 {
    1.0 / (sum2(x, x, |a, b| a * b) / x.len() as f32 + eps).sqrt()
}

/// The gradients of [`rms_norm`] from that of its result, `dy`: that of `x` is added to `dx`, or
/// replaces it, and that of the weight is returned.
pub(super) fn rms_norm_back(
    x: &[f32],
    weight: &[f32],
    eps: f32,
    dy: &[f32],
    dx: &mut [f32],
    add: bool,
) -> Vec<f32> {
    let width = weight.len();
    let chunks = dx
        .par_chunks_mut(ROWS * width)
        .zip(x.par_chunks(ROWS * width))
        .zip(dy.par_chunks(ROWS * width))
        .map(|((dx, x), dy)| {
            vectorized(
                #[inline(always)]
                || {
                    let mut dweight = vec![0.0; width];
                    let rows = dx.chunks_exact_mut(width).zip(x.chunks_exact(width));
                    for ((dx, x), dy) in rows.zip(dy.chunks_exact(width)) {
                        let inverse = inverse_rms(x, eps);
                        let mut dot = [0.0; 16];
                        for at in 0..width {
                            dweight[at] += dy[at] * x[at] * inverse;
                            dot[at % 16] += dy[at] * weight[at] * x[at];
                        }
                        let along = dot.into_iter().sum::<f32>() * inverse * inverse / width as f32;
                        for at in 0..width {
                            let change = inverse * (dy[at] * weight[at] - x[at] * along);
                            dx[at] = if add { dx[at] + change } else { change };
                        }
                    }
                    dweight
                },
            )
        })
        .collect::<Vec<_>>();
    // In the order of the rows, so that the sum does not depend on the threads.
    let mut dweight = vec![0.0; width];
    for chunk in chunks {
        add_to(&mut dweight, &chunk);
    }
    dweight
}

/// Adds the numbers of `x` to those of `sum`.
pub(super) fn add_to(sum: &mut [f32], x: &[f32]) {
    sum.par_chunks_mut(BLOCK).zip(x.par_chunks(BLOCK)).for_each(|(sum, x)| {
        sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
    });
}

/// The sum of the rows of `x` (rows, width).
pub(super) fn sum_rows(x: &[f32], width: usize) -> Vec<f32> {
    let mut sum = vec![0.0; width];
    for row in x.chunks_exact(width) {
        sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    sum
}

/// Adds `bias` (width) to every row of `x`.
pub(super) fn add_bias(x: &mut [f32], bias: &[f32]) {
    x.par_chunks_mut(bias.len()).for_each(|row| row.iter_mut().zip(bias).for_each(|(x, bias)| *x += bias));
}

/// silu(gate) · up, into `product`.
pub(super) fn swiglu(gate: &[f32], up: &[f32], product: &mut [f32]) {
    product.par_chunks_mut(BLOCK).zip(gate.par_chunks(BLOCK)).zip(up.par_chunks(BLOCK)).for_each(
        |((product, gate), up)| {
            vectorized(
                #[inline(always)]
                || {
                    for ((product, gate), up) in product.iter_mut().zip(gate).zip(up) {
                        *product = gate / (1.0 + exp(-gate)) * up;
                    }
                },
            );
        },
    );
}

/// The gradients of [`swiglu`] from that of its result, in place of `gate` and `up`.
pub(super) fn swiglu_back(gate: &mut [f32], up: &mut [f32], dy: &[f32]) {
    gate.par_chunks_mut(BLOCK).zip(up.par_chunks_mut(BLOCK)).zip(dy.par_chunks(BLOCK)).for_each(
        |((gate, up), dy)| {
            vectorized(
                #[inline(always)]
                || {
                    for ((gate, up), dy) in gate.iter_mut().zip(up).zip(dy) {
                        let share = 1.0 / (1.0 + exp(-*gate));
                        let silu = *gate * share;
                        *gate = dy * *up * (share + silu * (1.0 - share));
                        *up = dy * silu;
                    }
                },
            );
        },
    );
}

/// Turns the pairs of each head of every row by the angle of its position, or back. `turns` has
/// cosine and sine of each pair of each position.
pub(super) fn rotate(
    x: &mut [f32],
    width: usize,
    positions: &[u32],
    turns: &[[f32; 2]],
    half: usize,
    back: bool,
) {
    x.par_chunks_mut(width).zip(positions).for_each(|(row, position)| {
        let turns = &turns[*position as usize * half..][..half];
        for head in row.chunks_exact_mut(2 * half) {
            let (first, second) = head.split_at_mut(half);
            for ((first, second), [cos, sin]) in first.iter_mut().zip(second).zip(turns) {
                let sin = if back { -sin } else { *sin };
                (*first, *second) = (*first * cos - *second * sin, *second * cos + *first * sin);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_have_the_sum_one() {
        let mut scores: Vec<f32> = (0..37).map(|at| (at % 5) as f32).collect();
        let exact = scores.iter().map(|score| f64::from(*score).exp()).sum::<f64>().ln();
        let found = softmax(&mut scores);
        assert!((f64::from(found) - exact).abs() < 1e-5);
        assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
