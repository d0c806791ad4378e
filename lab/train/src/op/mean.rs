//! The mean of each line's units.

use super::{gradient, read, result, values};
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use std::sync::Arc;

struct Mean {
    ends: Arc<[u32]>,
}

/// Returns the mean over the units of each line (lines × width), for `x` (units × width). `ends`
/// holds the end of each line, in units.
pub(crate) fn mean(x: &Tensor, ends: &Arc<[u32]>) -> Result<Tensor> {
    x.apply_op1(Mean { ends: ends.clone() })
}

impl CustomOp1 for Mean {
    fn name(&self) -> &'static str {
        "mean"
    }

    fn cpu_fwd(&self, x: &CpuStorage, at: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(x, at)?;
        let (_, width) = at.shape().dims2()?;
        let mut means = vec![0f32; self.ends.len() * width];
        let mut start = 0;
        for (mean, &end) in means.chunks_exact_mut(width).zip(self.ends.iter()) {
            let end = end as usize;
            let share = 1.0 / (end - start).max(1) as f32;
            for x in x[start * width..end * width].chunks_exact(width) {
                for (mean, x) in mean.iter_mut().zip(x) {
                    *mean += share * x;
                }
            }
            start = end;
        }
        Ok(result(means, self.ends.len()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, slope: &Tensor) -> Result<Option<Tensor>> {
        let width = x.dim(1)?;
        let of_x = read([slope], |[slope]| {
            let mut of_x = vec![0f32; x.elem_count()];
            let mut start = 0;
            for (slope, &end) in slope.chunks_exact(width).zip(self.ends.iter()) {
                let end = end as usize;
                let share = 1.0 / (end - start).max(1) as f32;
                for of_x in of_x[start * width..end * width].chunks_exact_mut(width) {
                    for (of_x, slope) in of_x.iter_mut().zip(slope) {
                        *of_x = share * slope;
                    }
                }
                start = end;
            }
            of_x
        })?;
        gradient(of_x, x)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{equal, some};
    use super::*;

    #[test]
    fn like_candle() {
        let x = some(5, 4, 1);
        let theirs = || {
            let line =
                |start: usize, units: usize| x.narrow(0, start, units).unwrap().mean_keepdim(0).unwrap();
            Tensor::cat(&[line(0, 3), line(3, 2)], 0).unwrap()
        };
        equal(&[&x], || mean(&x, &[3, 5].into()).unwrap(), theirs);
    }
}
