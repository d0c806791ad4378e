//! The operations of the network apart from matrix products. Each computes its result and its
//! gradient in one pass.
//!
//! Candle would need several passes over tensors that are padded to the longest line. Here lines
//! follow one another without padding, and no intermediate tensors are written.

mod add;
mod attention;
mod bias_relu;
mod conv3;
mod embedding_bag;
mod grouped_cross_entropy;
mod mean;
mod norm;
mod score;

pub(super) use add::{DropoutMask, NO_ROW, add_rows, add_with_dropout, with_dropout};
pub(super) use attention::attention;
pub(super) use bias_relu::rectify;
pub(super) use conv3::neighbours;
pub(super) use embedding_bag::{TableGradient, bag};
pub(super) use grouped_cross_entropy::{Groups, choice, log_shares};
pub(super) use mean::mean;
pub(super) use norm::norm;
pub(super) use score::{Candidates, score};

use candle_core::{CpuStorage, Device, Layout, Result, Shape, Storage, Tensor};

/// The values of an operand.
fn values<'s>(storage: &'s CpuStorage, layout: &Layout) -> Result<&'s [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => candle_core::bail!("an operand is not contiguous"),
    }
}

/// Calls `read` with the values of tensors.
fn read<const N: usize, R>(tensors: [&Tensor; N], read: impl FnOnce([&[f32]; N]) -> R) -> Result<R> {
    let tensors: Vec<Tensor> = tensors.iter().map(|tensor| tensor.contiguous()).collect::<Result<_>>()?;
    let storages: Vec<_> = tensors.iter().map(Tensor::storage_and_layout).collect();
    let mut all = [&[][..]; N];
    for (all, (storage, layout)) in all.iter_mut().zip(&storages) {
        let Storage::Cpu(storage) = &**storage else { candle_core::bail!("an operand is not on the CPU") };
        *all = values(storage, layout)?;
    }
    Ok(read(all))
}

/// A result with `rows` rows (rows × width).
fn result(values: Vec<f32>, rows: usize) -> (CpuStorage, Shape) {
    let width = values.len() / rows.max(1);
    (CpuStorage::F32(values), Shape::from((rows, width)))
}

/// The gradient of the tensor `of`, in its shape.
fn gradient(values: Vec<f32>, of: &Tensor) -> Result<Option<Tensor>> {
    Tensor::from_vec(values, of.shape(), &Device::Cpu).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Var;

    /// Random values between -1 and 1.
    pub(super) fn some(rows: usize, width: usize, seed: u64) -> Var {
        let mut random = fastrand::Rng::with_seed(seed);
        let values: Vec<f32> = (0..rows * width).map(|_| random.f32() * 2.0 - 1.0).collect();
        Var::from_tensor(&Tensor::from_vec(values, (rows, width), &Device::Cpu).unwrap()).unwrap()
    }

    /// Compares an operation with the same one in candle: its result, and the gradients of
    /// `inputs`.
    pub(super) fn equal(inputs: &[&Var], ours: impl Fn() -> Tensor, theirs: impl Fn() -> Tensor) {
        let flat = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let close = |a: &Tensor, b: &Tensor, what: &str| {
            assert_eq!(a.shape(), b.shape(), "{what}");
            for (at, (a, b)) in flat(a).iter().zip(&flat(b)).enumerate() {
                assert!((a - b).abs() < 2e-4 * (1.0 + b.abs()), "{what} {at}: {a} and {b}");
            }
        };
        let (ours, theirs) = (ours(), theirs());
        close(&ours, &theirs, "result");
        // The weights keep errors of different signs from cancelling out.
        let weight = some(ours.elem_count(), 1, 99).reshape(ours.shape()).unwrap();
        let gradients =
            |result: &Tensor| result.broadcast_mul(&weight).unwrap().sum_all().unwrap().backward().unwrap();
        let (ours, theirs) = (gradients(&ours), gradients(&theirs));
        for (at, input) in inputs.iter().enumerate() {
            let of = |gradients: &candle_core::backprop::GradStore| gradients.get(input).unwrap().clone();
            close(&of(&ours), &of(&theirs), &format!("gradient of input {at}"));
        }
    }
}
