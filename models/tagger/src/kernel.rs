//! The arithmetic, compiled once for each kind of processor: explicit vectors where products are summed, elsewhere plain
//! loops that the compiler vectorises.
//!
//! `pulp` picks the version when the program runs, so one binary is fast on AVX2, AVX-512 and NEON.

use super::weights::Matrix;

/// Rows of `x` for which the matrix is read once. With [`SUMMED_VECTORS`] vectors each, their sums fit sixteen
/// registers. Hand-chosen, 2026-11-23.
const BLOCK: usize = 6;
/// Vectors of a row of `y` that are summed at a time. All widths of the network are multiples of this many vectors.
/// Hand-chosen, 2026-11-23.
const SUMMED_VECTORS: usize = 2;

/// `y` (rows × outputs) += `x` (rows × inputs) · `matrix` (inputs × outputs).
#[inline(always)]
pub(super) fn matmul_add<S: pulp::Simd>(simd: S, x: &[f32], matrix: &Matrix, y: &mut [f32]) {
    let outputs = matrix.outputs;
    let inputs = matrix.values.len() / outputs;
    let mut xs = x.chunks_exact(inputs * BLOCK);
    let mut ys = y.chunks_exact_mut(outputs * BLOCK);
    for (x, y) in xs.by_ref().zip(ys.by_ref()) {
        rows::<S, BLOCK>(simd, x, matrix, y);
    }
    let (x, y) = (xs.remainder(), ys.into_remainder());
    match y.len() / outputs {
        1 => rows::<S, 1>(simd, x, matrix, y),
        2 => rows::<S, 2>(simd, x, matrix, y),
        3 => rows::<S, 3>(simd, x, matrix, y),
        4 => rows::<S, 4>(simd, x, matrix, y),
        5 => rows::<S, 5>(simd, x, matrix, y),
        _ => {}
    }
}

/// [`matmul_add`] of `R` rows. The sums stay in registers throughout.
#[inline(always)]
fn rows<S: pulp::Simd, const R: usize>(simd: S, x: &[f32], matrix: &Matrix, y: &mut [f32]) {
    let outputs = matrix.outputs;
    let inputs = x.len() / R;
    let (panels, rest) = S::as_simd_f32s(&matrix.values[..outputs]);
    debug_assert!(rest.is_empty() && panels.len().is_multiple_of(SUMMED_VECTORS), "{outputs} outputs");
    let x: [&[f32]; R] = std::array::from_fn(|row| &x[row * inputs..][..inputs]);
    for panel in (0..panels.len()).step_by(SUMMED_VECTORS) {
        let mut sums = [[simd.splat_f32s(0.0); SUMMED_VECTORS]; R];
        for (at, row) in matrix.values.chunks_exact(outputs).enumerate() {
            let (row, _) = S::as_simd_f32s(row);
            let row = &row[panel..panel + SUMMED_VECTORS];
            for (sums, x) in sums.iter_mut().zip(&x) {
                let x = simd.splat_f32s(x[at]);
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum = simd.mul_add_e_f32s(x, *value, *sum);
                }
            }
        }
        for (sums, y) in sums.iter().zip(y.chunks_exact_mut(outputs)) {
            let (y, _) = S::as_mut_simd_f32s(y);
            for (sum, y) in sums.iter().zip(&mut y[panel..panel + SUMMED_VECTORS]) {
                *y = simd.add_f32s(*y, *sum);
            }
        }
    }
}

/// Keeps the root mean square of a row of zeros from dividing by zero; training uses the same value.
/// Hand-chosen, 2026-11-28.
const EPSILON: f32 = 1e-5;

/// Writes each row of `x` into `y`, divided by its root mean square and multiplied by `gain` (Zhang and Sennrich 2019).
#[inline(always)]
pub(super) fn rms_norm(x: &[f32], gain: &[f32], y: &mut [f32]) {
    for (x, y) in x.chunks_exact(gain.len()).zip(y.chunks_exact_mut(gain.len())) {
        let mean = dot(x, x) / gain.len() as f32;
        let scale = 1.0 / (mean + EPSILON).sqrt();
        for ((y, x), gain) in y.iter_mut().zip(x).zip(gain) {
            *y = x * scale * gain;
        }
    }
}

/// The sum of products. It keeps eight sums side by side, because a single one cannot be computed with vectors.
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

/// Adds `bias` to each row of `x`, then replaces negative values by zero.
#[inline(always)]
pub(super) fn bias_relu(x: &mut [f32], bias: &[f32]) {
    for x in x.chunks_exact_mut(bias.len()) {
        for (x, bias) in x.iter_mut().zip(bias) {
            *x = (*x + bias).max(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Product<'a>(&'a [f32], &'a Matrix, &'a mut [f32]);

    impl pulp::WithSimd for Product<'_> {
        type Output = ();
        fn with_simd<S: pulp::Simd>(self, simd: S) {
            matmul_add(simd, self.0, self.1, self.2);
        }
    }

    #[test]
    fn products() {
        let (inputs, outputs) = (5, 64);
        let value = |n: usize| ((n * 37) % 19) as f32 - 9.0;
        let matrix = Matrix { values: (0..inputs * outputs).map(value).collect(), outputs };
        for rows in 1..15 {
            let x: Vec<f32> = (0..rows * inputs).map(|n| (n % 7) as f32).collect();
            let mut y = vec![1.0; rows * outputs];
            pulp::Arch::new().dispatch(Product(&x, &matrix, &mut y));
            for (row, y) in y.chunks_exact(outputs).enumerate() {
                for (column, y) in y.iter().enumerate() {
                    let products = (0..inputs).map(|n| x[row * inputs + n] * value(n * outputs + column));
                    assert_eq!(*y, 1.0 + products.sum::<f32>(), "{rows} rows, row {row}, column {column}");
                }
            }
        }
        assert_eq!(dot(&[1.0; 11], &[2.0; 11]), 22.0);
    }
}
