//! A sum of weighted rows of a table, and its gradient, as one operation: what candle would do in three with a
//! tensor as long as all the rows in between.

use super::example::Bags;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

struct Bag {
    bags: Bags,
    rows: usize,
}

/// Sums rows of `table` (rows × width): bags × width.
pub(super) fn bag(table: &Tensor, bags: Bags) -> Result<Tensor> {
    let rows = table.dim(0)?;
    table.apply_op1(Bag { bags, rows })
}

impl CustomOp1 for Bag {
    fn name(&self) -> &'static str {
        "bag"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, width) = layout.shape().dims2()?;
        let start = layout.start_offset();
        let table = &storage.as_slice::<f32>()?[start..];
        let mut sums = vec![0f32; self.bags.len() * width];
        let mut first = 0;
        for (sum, &end) in sums.chunks_exact_mut(width).zip(&self.bags.ends) {
            for &(row, weight) in &self.bags.rows[first..end as usize] {
                let row = &table[row as usize * width..][..width];
                for (sum, value) in sum.iter_mut().zip(row) {
                    *sum += weight * value;
                }
            }
            first = end as usize;
        }
        Ok((CpuStorage::F32(sums), Shape::from((self.bags.len(), width))))
    }

    fn bwd(&self, table: &Tensor, _sums: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let width = gradient.dim(1)?;
        let gradient = gradient.flatten_all()?.to_vec1::<f32>()?;
        let mut sums = vec![0f32; self.rows * width];
        let mut first = 0;
        for (gradient, &end) in gradient.chunks_exact(width).zip(&self.bags.ends) {
            for &(row, weight) in &self.bags.rows[first..end as usize] {
                let sum = &mut sums[row as usize * width..][..width];
                for (sum, value) in sum.iter_mut().zip(gradient) {
                    *sum += weight * value;
                }
            }
            first = end as usize;
        }
        Ok(Some(Tensor::from_vec(sums, (self.rows, width), table.device())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Var};

    #[test]
    fn sums_and_their_gradient() {
        let table = Var::new(&[[1f32, 2.], [3., 4.], [5., 6.]], &Device::Cpu).unwrap();
        let mut bags = Bags::default();
        bags.push([0, 2]);
        bags.push_weighted([(2, 0.5)]);
        bags.push([]);
        let sums = bag(&table, bags).unwrap();
        assert_eq!(sums.to_vec2::<f32>().unwrap(), [[6., 8.], [2.5, 3.], [0., 0.]]);
        let gradients = sums.sum_all().unwrap().backward().unwrap();
        let gradient = gradients.get(&table).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(gradient, [[1., 1.], [0., 0.], [1.5, 1.5]]);
    }
}
