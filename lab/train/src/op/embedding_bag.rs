//! Embedding bags: sums of weighted table rows, with their gradient.
//!
//! A training step touches few rows of a large table, so their gradients are accumulated in place
//! and not in a tensor of candle's.

use super::{read, result, values};
use crate::example::CsrBags;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The gradient of a table, summed over all bags that use it.
#[derive(Debug, Clone)]
pub(crate) struct TableGradient(Arc<Mutex<Vec<f32>>>);

impl TableGradient {
    /// A gradient of zero for a table of this many values.
    pub(crate) fn new(values: usize) -> TableGradient {
        TableGradient(Arc::new(Mutex::new(vec![0.0; values])))
    }

    /// Locks the gradient for reading or adding.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Vec<f32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Bag {
    bags: Arc<CsrBags>,
    gradient_sum: TableGradient,
}

/// Sums the rows of `table` (rows × width) in each bag (bags × width). The gradient is added to
/// `gradient_sum`.
pub(crate) fn bag(table: &Tensor, bags: &Arc<CsrBags>, gradient_sum: &TableGradient) -> Result<Tensor> {
    table.apply_op1(Bag { bags: bags.clone(), gradient_sum: gradient_sum.clone() })
}

impl CustomOp1 for Bag {
    fn name(&self) -> &'static str {
        "bag"
    }

    fn cpu_fwd(&self, table: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, width) = layout.shape().dims2()?;
        let table = values(table, layout)?;
        let mut sums = vec![0f32; self.bags.len() * width];
        let mut first = 0;
        for (sum, &end) in sums.chunks_exact_mut(width).zip(&self.bags.offsets) {
            for &(row, weight) in &self.bags.indices[first..end as usize] {
                let row = &table[row as usize * width..][..width];
                for (sum, value) in sum.iter_mut().zip(row) {
                    *sum += weight * value;
                }
            }
            first = end as usize;
        }
        Ok(result(sums, self.bags.len()))
    }

    fn bwd(&self, _: &Tensor, sums: &Tensor, slope: &Tensor) -> Result<Option<Tensor>> {
        let width = sums.dim(1)?;
        read([slope], |[slope]| {
            let mut gradient_sum = self.gradient_sum.lock();
            let mut first = 0;
            for (slope, &end) in slope.chunks_exact(width).zip(&self.bags.offsets) {
                for &(row, weight) in &self.bags.indices[first..end as usize] {
                    let sum = &mut gradient_sum[row as usize * width..][..width];
                    for (sum, slope) in sum.iter_mut().zip(slope) {
                        *sum += weight * slope;
                    }
                }
                first = end as usize;
            }
        })?;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Var};

    #[test]
    fn sums_and_their_gradient() {
        let table = Var::new(&[[1f32, 2.], [3., 4.], [5., 6.]], &Device::Cpu).unwrap();
        let mut bags = CsrBags::default();
        bags.push([0, 2]);
        bags.push_weighted([(2, 0.5)]);
        bags.push([]);
        let gradient_sum = TableGradient::new(6);
        let sums = bag(&table, &Arc::new(bags), &gradient_sum).unwrap();
        assert_eq!(sums.to_vec2::<f32>().unwrap(), [[6., 8.], [2.5, 3.], [0., 0.]]);
        sums.sum_all().unwrap().backward().unwrap();
        assert_eq!(*gradient_sum.lock(), [1., 1., 0., 0., 1.5, 1.5]);
    }
}
