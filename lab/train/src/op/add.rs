//! Addition with dropout (Srivastava et al. 2014), and addition of table rows.

use super::{gradient, read, result, values};
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};
use fastrand::Rng;
use std::sync::Arc;

/// A dropout mask. It is drawn from a seed, so that the backward pass can repeat it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DropoutMask {
    /// Share of activations that are set to zero.
    pub dropout: f32,
    /// Seed of the mask.
    pub seed: u64,
}

impl DropoutMask {
    /// Another mask with the same share, for another place in the network.
    pub(crate) fn at(self, place: u64) -> DropoutMask {
        DropoutMask { seed: self.seed.wrapping_mul(97).wrapping_add(place), ..self }
    }

    /// Calls `each(index, factor)` for each of `count` values. The factor is zero for a dropped
    /// value and `1 / (1 - dropout)` otherwise, so that the mean stays the same.
    #[inline]
    pub(super) fn factors(self, count: usize, mut each: impl FnMut(usize, f32)) {
        let mut random = Rng::with_seed(self.seed);
        let (limit, kept) = ((self.dropout * 256.0) as u8, 1.0 / (1.0 - self.dropout));
        let mut at = 0;
        while at < count {
            for byte in random.u64(..).to_le_bytes().into_iter().take(count - at) {
                each(at, if byte < limit { 0.0 } else { kept });
                at += 1;
            }
        }
    }
}

/// Applies dropout to `y`. Without a mask, returns `y`.
pub(crate) fn with_dropout(y: &Tensor, mask: Option<DropoutMask>) -> Result<Tensor> {
    match mask {
        Some(mask) => y.apply_op1(WithDropout(mask)),
        None => Ok(y.clone()),
    }
}

/// Adds `y` with dropout to `x`, which has the same shape.
pub(crate) fn add_with_dropout(x: &Tensor, y: &Tensor, mask: Option<DropoutMask>) -> Result<Tensor> {
    match mask {
        Some(mask) => x.apply_op2(y, WithDropout(mask)),
        None => x + y,
    }
}

struct WithDropout(DropoutMask);

impl WithDropout {
    fn slope(&self, slope: &Tensor, of: &Tensor) -> Result<Option<Tensor>> {
        let of_y = read([slope], |[slope]| {
            let mut of_y = vec![0f32; slope.len()];
            self.0.factors(slope.len(), |at, factor| of_y[at] = factor * slope[at]);
            of_y
        })?;
        gradient(of_y, of)
    }
}

impl CustomOp1 for WithDropout {
    fn name(&self) -> &'static str {
        "with_dropout"
    }

    fn cpu_fwd(&self, y: &CpuStorage, at: &Layout) -> Result<(CpuStorage, Shape)> {
        let y = values(y, at)?;
        let mut all = vec![0f32; y.len()];
        self.0.factors(y.len(), |at, factor| all[at] = factor * y[at]);
        Ok((CpuStorage::F32(all), at.shape().clone()))
    }

    fn bwd(&self, y: &Tensor, _: &Tensor, slope: &Tensor) -> Result<Option<Tensor>> {
        self.slope(slope, y)
    }
}

impl CustomOp2 for WithDropout {
    fn name(&self) -> &'static str {
        "add_with_dropout"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        at: &Layout,
        y: &CpuStorage,
        at_y: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (mut sum, y) = (values(x, at)?.to_vec(), values(y, at_y)?);
        self.0.factors(y.len(), |at, factor| sum[at] += factor * y[at]);
        Ok((CpuStorage::F32(sum), at.shape().clone()))
    }

    fn bwd(
        &self,
        _: &Tensor,
        y: &Tensor,
        _: &Tensor,
        slope: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        Ok((Some(slope.clone()), self.slope(slope, y)?))
    }
}

/// An index that stands for no row.
pub(crate) const NO_ROW: u32 = u32::MAX;

struct AddRows {
    rows: Arc<[u32]>,
}

/// Adds to each row of `x` (count × width) the row of `table` (rows × width) that `rows` (count)
/// names. [`NO_ROW`] adds nothing.
pub(crate) fn add_rows(x: &Tensor, table: &Tensor, rows: &Arc<[u32]>) -> Result<Tensor> {
    x.apply_op2(table, AddRows { rows: rows.clone() })
}

impl CustomOp2 for AddRows {
    fn name(&self) -> &'static str {
        "add_rows"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        at_x: &Layout,
        table: &CpuStorage,
        at_table: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (mut sum, table) = (values(x, at_x)?.to_vec(), values(table, at_table)?);
        let width = at_x.shape().dims2()?.1;
        for (sum, &row) in sum.chunks_exact_mut(width).zip(self.rows.iter()) {
            if row != NO_ROW {
                for (sum, value) in sum.iter_mut().zip(&table[row as usize * width..][..width]) {
                    *sum += value;
                }
            }
        }
        Ok(result(sum, self.rows.len()))
    }

    fn bwd(
        &self,
        _: &Tensor,
        table: &Tensor,
        _: &Tensor,
        slope: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let width = table.dim(1)?;
        let of_table = read([slope], |[slope]| {
            let mut of_table = vec![0f32; table.elem_count()];
            for (slope, &row) in slope.chunks_exact(width).zip(self.rows.iter()) {
                if row != NO_ROW {
                    let of_row = &mut of_table[row as usize * width..][..width];
                    for (of_row, slope) in of_row.iter_mut().zip(slope) {
                        *of_row += slope;
                    }
                }
            }
            of_table
        })?;
        Ok((Some(slope.clone()), gradient(of_table, table)?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{equal, some};
    use super::*;
    use candle_core::Device;

    #[test]
    fn rows_like_candle() {
        let (x, table) = (some(4, 8, 1), some(3, 8, 2));
        let rows: Arc<[u32]> = [2, NO_ROW, 0, 2].into();
        let theirs = || {
            let none = Tensor::zeros((1, 8), candle_core::DType::F32, &Device::Cpu).unwrap();
            let table = Tensor::cat(&[table.as_tensor(), &none], 0).unwrap();
            let rows = Tensor::new(&[2u32, 3, 0, 2], &Device::Cpu).unwrap();
            x.add(&table.index_select(&rows, 0).unwrap()).unwrap()
        };
        equal(&[&x, &table], || add_rows(&x, &table, &rows).unwrap(), theirs);
    }

    #[test]
    fn drops_out_like_candle() {
        let (x, y) = (some(5, 64, 1), some(5, 64, 2));
        let mask = DropoutMask { dropout: 0.25, seed: 7 };
        let mut factors = vec![0f32; 320];
        mask.factors(320, |at, factor| factors[at] = factor);
        let zeros = factors.iter().filter(|factor| **factor == 0.0).count();
        assert!((50..110).contains(&zeros), "{zeros} of 320");
        let factors = Tensor::from_vec(factors, (5, 64), &Device::Cpu).unwrap();
        let theirs = || (x.as_tensor() + y.mul(&factors).unwrap()).unwrap();
        equal(&[&x, &y], || add_with_dropout(&x, &y, Some(mask)).unwrap(), theirs);
        equal(&[&y], || with_dropout(&y, Some(mask)).unwrap(), || y.mul(&factors).unwrap());
    }
}
