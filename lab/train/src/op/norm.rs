//! Root mean square normalisation (Zhang and Sennrich 2019).

use super::{gradient, read, result, values};
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};

struct Norm;

/// Divides each row of `x` (rows × width) by its root mean square and multiplies it by `gain`
/// (width).
pub(crate) fn norm(x: &Tensor, gain: &Tensor) -> Result<Tensor> {
    x.apply_op2(gain, Norm)
}

fn scale(x: &[f32]) -> f32 {
    let squares: f32 = x.iter().map(|x| x * x).sum();
    1.0 / (squares / x.len() as f32 + 1e-5).sqrt()
}

impl CustomOp2 for Norm {
    fn name(&self) -> &'static str {
        "norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        at_x: &Layout,
        gain: &CpuStorage,
        at_gain: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, gain) = (values(x, at_x)?, values(gain, at_gain)?);
        let mut y = Vec::with_capacity(x.len());
        for x in x.chunks_exact(gain.len()) {
            let scale = scale(x);
            y.extend(x.iter().zip(gain).map(|(x, gain)| x * scale * gain));
        }
        Ok(result(y, x.len() / gain.len()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        gain: &Tensor,
        _: &Tensor,
        slope: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (of_x, of_gain) = read([x, gain, slope], |[x, gain, slope]| {
            let width = gain.len();
            let (mut of_x, mut of_gain) = (vec![0f32; x.len()], vec![0f32; width]);
            let rows = x.chunks_exact(width).zip(slope.chunks_exact(width));
            for ((x, slope), of_x) in rows.zip(of_x.chunks_exact_mut(width)) {
                let scale = scale(x);
                let mut along = 0f32;
                for at in 0..width {
                    of_gain[at] += slope[at] * x[at] * scale;
                    of_x[at] = slope[at] * gain[at];
                    along += of_x[at] * x[at];
                }
                let along = along * scale * scale / width as f32;
                for (of_x, x) in of_x.iter_mut().zip(x) {
                    *of_x = scale * (*of_x - along * x);
                }
            }
            (of_x, of_gain)
        })?;
        Ok((gradient(of_x, x)?, gradient(of_gain, gain)?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{equal, some};
    use super::*;
    use candle_core::D;

    #[test]
    fn like_candle() {
        let (x, gain) = (some(5, 8, 1), some(1, 8, 2));
        let flat = || gain.reshape(8).unwrap();
        let theirs = || {
            let mean = x.sqr().unwrap().mean_keepdim(D::Minus1).unwrap();
            let size = (mean + 1e-5).unwrap().sqrt().unwrap();
            x.broadcast_div(&size).unwrap().broadcast_mul(&flat()).unwrap()
        };
        equal(&[&x, &gain], || norm(&x, &flat()).unwrap(), theirs);
    }
}
