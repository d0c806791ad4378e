//! Matrix products.

#![allow(unsafe_code)]

use super::view::{Into, View, needed};
use gemm::Parallelism;
use serde::{Deserialize, Serialize};

/// How exactly matrices of weights are multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// In f32.
    #[default]
    F32,
    /// Factors are rounded to bf16 and sums kept in f32, where the processor multiplies that faster; in f32
    /// elsewhere.
    Bf16,
}

/// `a` · `b` with all threads, into a matrix whose rows are `stride` apart.
pub(super) fn matmul(
    result: &mut [f32],
    stride: usize,
    a: View<'_>,
    b: View<'_>,
    into: Into,
    precision: Precision,
) {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    if precision == Precision::Bf16 && super::tiles::are_there() {
        check(result, stride, a, b);
        return super::tiles::product(result, stride, a, b, into);
    }
    let _ = precision;
    product(result, stride, 1.0, a, b, into, Parallelism::Rayon(0));
}

/// `factor` · `a` · `b` with this thread alone, in f32.
pub(super) fn matmul_here(
    result: &mut [f32],
    stride: usize,
    factor: f32,
    a: View<'_>,
    b: View<'_>,
    into: Into,
) {
    product(result, stride, factor, a, b, into, Parallelism::None);
}

fn check(result: &[f32], stride: usize, a: View<'_>, b: View<'_>) {
    assert_eq!(a.columns, b.rows, "matrices do not fit each other");
    assert!(
        b.columns <= stride && result.len() >= needed(a.rows, b.columns, stride),
        "a result is too short"
    );
}

fn product(
    result: &mut [f32],
    stride: usize,
    factor: f32,
    a: View<'_>,
    b: View<'_>,
    into: Into,
    threads: Parallelism,
) {
    check(result, stride, a, b);
    let add = into == Into::Add;
    // SAFETY: all three matrices lie within their slices, which was checked here and when the views were
    // made, and the result overlaps with no operand, because it is borrowed mutably. Strides are
    // far below the largest isize.
    unsafe {
        gemm::gemm(
            a.rows,
            b.columns,
            a.columns,
            result.as_mut_ptr(),
            1,
            stride as isize,
            add,
            a.data.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            1.0,
            factor,
            false,
            false,
            false,
            threads,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_transposed_matrices() {
        let a = [1.0, 2.0, 9.0, 3.0, 4.0, 9.0];
        let b = [5.0, 6.0, 7.0, 8.0];
        let mut result = [1.0; 4];
        let (a, b) = (View::part(&a, 2, 2, 3), View::new(&b, 2, 2));
        matmul(&mut result, 2, a, b, Into::Replace, Precision::F32);
        assert_eq!(result, [19.0, 22.0, 43.0, 50.0]);
        matmul_here(&mut result, 2, 2.0, a.t(), b, Into::Add);
        assert_eq!(result, [19.0 + 52.0, 22.0 + 60.0, 43.0 + 76.0, 50.0 + 88.0]);
        let mut wide = [0.0; 5];
        matmul(&mut wide, 3, a, b.t(), Into::Replace, Precision::F32);
        assert_eq!(wide, [17.0, 23.0, 0.0, 39.0, 53.0]);
    }
}
