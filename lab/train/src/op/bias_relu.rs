//! Addition of a bias, then a rectifier.

use super::{gradient, read, result, values};
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};

struct Rectify;

/// Returns max(0, `x` + `bias`) (rows × width), for `x` (rows × width) and `bias` (width).
pub(crate) fn rectify(x: &Tensor, bias: &Tensor) -> Result<Tensor> {
    x.apply_op2(bias, Rectify)
}

impl CustomOp2 for Rectify {
    fn name(&self) -> &'static str {
        "rectify"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        at_x: &Layout,
        bias: &CpuStorage,
        at_bias: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, bias) = (values(x, at_x)?, values(bias, at_bias)?);
        let mut y = Vec::with_capacity(x.len());
        for x in x.chunks_exact(bias.len()) {
            y.extend(x.iter().zip(bias).map(|(x, bias)| (x + bias).max(0.0)));
        }
        Ok(result(y, x.len() / bias.len()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        bias: &Tensor,
        y: &Tensor,
        slope: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let width = bias.elem_count();
        let (of_x, of_bias) = read([y, slope], |[y, slope]| {
            let of_x: Vec<f32> =
                y.iter().zip(slope).map(|(y, slope)| if *y > 0.0 { *slope } else { 0.0 }).collect();
            let mut of_bias = vec![0f32; width];
            for row in of_x.chunks_exact(width) {
                for (sum, of_x) in of_bias.iter_mut().zip(row) {
                    *sum += of_x;
                }
            }
            (of_x, of_bias)
        })?;
        Ok((gradient(of_x, x)?, gradient(of_bias, bias)?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{equal, some};
    use super::*;

    #[test]
    fn like_candle() {
        let (x, bias) = (some(5, 8, 1), some(1, 8, 2));
        let flat = || bias.reshape(8).unwrap();
        let theirs = || x.broadcast_add(&flat()).unwrap().relu().unwrap();
        equal(&[&x, &bias], || rectify(&x, &flat()).unwrap(), theirs);
    }
}
