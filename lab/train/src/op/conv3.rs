//! Puts each unit between its neighbours, as the input of a convolution over three units.

use super::{gradient, read, result, values};
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use std::sync::Arc;

struct Neighbours {
    ends: Arc<[u32]>,
}

/// Returns for each unit of `x` (units × width) the previous unit, the unit itself and the next
/// unit side by side (units × 3·width). `ends` holds the end of each line, in units; the first unit
/// of a line has zeros before it, the last one has zeros after it.
pub(crate) fn neighbours(x: &Tensor, ends: &Arc<[u32]>) -> Result<Tensor> {
    x.apply_op1(Neighbours { ends: ends.clone() })
}

impl Neighbours {
    /// Calls `pair(unit, place, other)` for each unit and its neighbours. The place is 0 for the
    /// previous unit, 1 for the unit itself and 2 for the next unit.
    fn pairs(&self, mut pair: impl FnMut(usize, usize, usize)) {
        let mut start = 0;
        for &end in self.ends.iter() {
            let end = end as usize;
            for unit in start..end {
                if unit > start {
                    pair(unit, 0, unit - 1);
                }
                pair(unit, 1, unit);
                if unit + 1 < end {
                    pair(unit, 2, unit + 1);
                }
            }
            start = end;
        }
    }
}

impl CustomOp1 for Neighbours {
    fn name(&self) -> &'static str {
        "neighbours"
    }

    fn cpu_fwd(&self, x: &CpuStorage, at: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(x, at)?;
        let (units, width) = at.shape().dims2()?;
        let mut three = vec![0f32; 3 * x.len()];
        self.pairs(|unit, place, beside| {
            three[(unit * 3 + place) * width..][..width].copy_from_slice(&x[beside * width..][..width]);
        });
        Ok(result(three, units))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, slope: &Tensor) -> Result<Option<Tensor>> {
        let width = x.dim(1)?;
        let of_x = read([slope], |[slope]| {
            let mut of_x = vec![0f32; x.elem_count()];
            self.pairs(|unit, place, beside| {
                let slope = &slope[(unit * 3 + place) * width..][..width];
                for (of_x, slope) in of_x[beside * width..][..width].iter_mut().zip(slope) {
                    *of_x += slope;
                }
            });
            of_x
        })?;
        gradient(of_x, x)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{equal, some};
    use super::*;
    use candle_core::Device;

    #[test]
    fn like_candle() {
        let x = some(5, 4, 1);
        let none = Tensor::zeros((1, 4), candle_core::DType::F32, &Device::Cpu).unwrap();
        // A line of three units and a line of two.
        let theirs = || {
            let line = |start: usize, units: usize| {
                let x = x.narrow(0, start, units).unwrap();
                let before = Tensor::cat(&[&none, &x.narrow(0, 0, units - 1).unwrap()], 0).unwrap();
                let after = Tensor::cat(&[&x.narrow(0, 1, units - 1).unwrap(), &none], 0).unwrap();
                Tensor::cat(&[&before, &x, &after], 1).unwrap()
            };
            Tensor::cat(&[line(0, 3), line(3, 2)], 0).unwrap()
        };
        equal(&[&x], || neighbours(&x, &[3, 5].into()).unwrap(), theirs);
    }
}
