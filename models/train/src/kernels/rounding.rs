//! Matrices rounded to few bits, for quantization-aware training: each group of a row becomes scale · q + bias with
//! whole numbers q, as MLX packs it (`affine_quantize` of MLX 0.32).

use rayon::prelude::*;

/// The smallest scale, as in MLX.
const SMALLEST: f32 = 1e-7;

/// Rounds `matrix`, in groups that divide its rows, to `bits` bits, into `rounded`.
pub fn round(matrix: &[f32], bits: usize, group_size: usize, rounded: &mut [f32]) {
    // At most 8 bits.
    let most = ((1_u32 << bits) - 1) as f32;
    rounded.par_chunks_mut(group_size).zip(matrix.par_chunks(group_size)).with_min_len(64).for_each(
        |(rounded, group)| {
            let low = group.iter().copied().fold(f32::INFINITY, f32::min);
            let high = group.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            // The end that is further from 0 is met exactly, and so is 0.
            let from_low = low.abs() > high.abs();
            let size = ((high - low) / most).max(SMALLEST);
            let (edge, size) = if from_low { (low, size) } else { (high, -size) };
            let steps = (edge / size).round_ties_even();
            let (scale, bias) = if steps == 0.0 { (size, 0.0) } else { (edge / steps, edge) };
            for (rounded, x) in rounded.iter_mut().zip(group) {
                *rounded = ((x - bias) / scale).round_ties_even().clamp(0.0, most) * scale + bias;
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_and_zeros_stay_and_nothing_moves_by_more_than_a_step() {
        let matrix: Vec<f32> = (0..256).map(|at| ((at * 37 % 101) as f32 - 30.0) / 64.0).collect();
        let mut rounded = vec![9.0; 256];
        round(&matrix, 4, 32, &mut rounded);
        for (group, rounded) in matrix.chunks(32).zip(rounded.chunks(32)) {
            let low = group.iter().copied().fold(f32::INFINITY, f32::min);
            let high = group.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let step = (high - low) / 15.0;
            let edge = if low.abs() > high.abs() { low } else { high };
            for (x, near) in group.iter().zip(rounded) {
                // The step is changed a little so that 0 is met, which may cut off half a step at the other end.
                assert!((x - near).abs() <= 1.01 * step, "{x} became {near}, with steps of {step}");
                assert!(*x != edge || near == x);
            }
        }
        round(&[0.0; 64], 4, 64, &mut rounded[..64]);
        assert!(rounded[..64].iter().all(|x| *x == 0.0));
    }
}
