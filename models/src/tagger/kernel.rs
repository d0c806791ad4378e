//! The arithmetic: plain loops that the compiler turns into vector instructions, once for each kind of processor.
//!
//! `pulp` picks the kind when the program runs, so that one binary is fast on AVX2, AVX-512 and NEON.

use super::weights::Matrix;

/// Rows of `x` that share one reading of the matrix.
const BLOCK: usize = 4;

/// `y` += `x` · `matrix`, where `x` has rows of the matrix' inputs and `y` rows of its outputs.
#[inline(always)]
pub(super) fn multiply(x: &[f32], matrix: &Matrix, y: &mut [f32]) {
    let outputs = matrix.outputs;
    let inputs = matrix.values.len() / outputs;
    let mut xs = x.chunks_exact(inputs * BLOCK);
    let mut ys = y.chunks_exact_mut(outputs * BLOCK);
    for (x, y) in xs.by_ref().zip(ys.by_ref()) {
        let (y0, y) = y.split_at_mut(outputs);
        let (y1, y) = y.split_at_mut(outputs);
        let (y2, y3) = y.split_at_mut(outputs);
        for (at, row) in matrix.values.chunks_exact(outputs).enumerate() {
            let (a, b, c, d) = (x[at], x[inputs + at], x[2 * inputs + at], x[3 * inputs + at]);
            for ((((row, y0), y1), y2), y3) in
                row.iter().zip(&mut *y0).zip(&mut *y1).zip(&mut *y2).zip(&mut *y3)
            {
                *y0 += a * row;
                *y1 += b * row;
                *y2 += c * row;
                *y3 += d * row;
            }
        }
    }
    let rest = xs.remainder().chunks_exact(inputs).zip(ys.into_remainder().chunks_exact_mut(outputs));
    for (x, y) in rest {
        for (x, row) in x.iter().zip(matrix.values.chunks_exact(outputs)) {
            for (y, row) in y.iter_mut().zip(row) {
                *y += x * row;
            }
        }
    }
}

/// Root mean square normalisation of each row of `x` into `y`.
#[inline(always)]
pub(super) fn norm(x: &[f32], gain: &[f32], y: &mut [f32]) {
    for (x, y) in x.chunks_exact(gain.len()).zip(y.chunks_exact_mut(gain.len())) {
        let mean = dot(x, x) / gain.len() as f32;
        let scale = 1.0 / (mean + 1e-5).sqrt();
        for ((y, x), gain) in y.iter_mut().zip(x).zip(gain) {
            *y = x * scale * gain;
        }
    }
}

/// The sum of products. Eight sums side by side, or no vector instruction could be used.
#[inline(always)]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0f32; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for at in 0..8 {
            sums[at] += a[at] * b[at];
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// Adds `bias` to each row and cuts what is below zero.
#[inline(always)]
pub(super) fn rectify(x: &mut [f32], bias: &[f32]) {
    for x in x.chunks_exact_mut(bias.len()) {
        for (x, bias) in x.iter_mut().zip(bias) {
            *x = (*x + bias).max(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products() {
        for rows in [1, 3, 4, 5, 9] {
            let matrix = Matrix { values: (0..6).map(|n| n as f32).collect(), outputs: 3 };
            let x: Vec<f32> = (0..rows * 2).map(|n| n as f32).collect();
            let mut y = vec![1.0; rows * 3];
            multiply(&x, &matrix, &mut y);
            for row in 0..rows {
                for column in 0..3 {
                    let expected = 1.0 + x[row * 2] * column as f32 + x[row * 2 + 1] * (3 + column) as f32;
                    assert_eq!(y[row * 3 + column], expected);
                }
            }
        }
        assert_eq!(dot(&[1.0; 11], &[2.0; 11]), 22.0);
    }
}
