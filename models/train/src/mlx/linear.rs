//! A matrix of a layer: packed or not, trained or not, with an adapter or without.

use super::Trained;
use super::pass::Pass;
use super::tensors;
use crate::TrainError;
use mlx_rs::error::Exception;
use mlx_rs::{Array, Dtype, ops, random, stop_gradient};
use sayso_language::checkpoint::{Checkpoint, Quantization};

/// A weight: fixed, or at a place in the list of those that are trained.
#[derive(Debug, Clone)]
pub(super) enum Weight {
    Frozen(Array),
    Trained(usize),
}

impl Weight {
    pub(super) fn of<'a>(&'a self, trained: &'a [Array]) -> &'a Array {
        match self {
            Weight::Frozen(array) => array,
            Weight::Trained(at) => &trained[*at],
        }
    }

    /// Moves a fixed weight to the list.
    pub(super) fn train(&mut self, name: String, trained: &mut Trained) {
        if let Weight::Frozen(array) = self {
            *self = Weight::Trained(trained.push(name, array.clone()));
        }
    }
}

/// How a matrix is packed: weight = scale · q + bias for each group of inputs.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    /// (outputs, inputs / group_size)
    pub(super) scales: Array,
    /// (outputs, inputs / group_size)
    pub(super) biases: Array,
    pub(super) quantization: Quantization,
}

/// A low-rank change of a matrix; the places of its weights.
#[derive(Debug, Clone, Copy)]
pub(super) struct Adapter {
    /// `lora_a`: (inputs, rank)
    pub(super) a: usize,
    /// `lora_b`: (rank, outputs)
    pub(super) b: usize,
    /// `m` of DoRA: (outputs)
    pub(super) magnitude: Option<usize>,
    pub(super) scale: f32,
    pub(super) dropout: f32,
}

/// A matrix (outputs, inputs).
#[derive(Debug, Clone)]
pub(super) struct Linear {
    /// Its name, such as `model.layers.0.self_attn.q_proj`.
    pub(super) name: String,
    /// (outputs, inputs); if packed, (outputs, inputs · bits / 32) of U32.
    pub(super) weight: Weight,
    pub(super) packed: Option<Packed>,
    /// (outputs)
    pub(super) bias: Option<Weight>,
    pub(super) adapter: Option<Adapter>,
}

impl Linear {
    pub(super) fn load(
        checkpoint: &Checkpoint,
        name: &str,
        dtype: Dtype,
        dequantize: bool,
    ) -> Result<Linear, TrainError> {
        let float = |part: &str| -> Result<Array, TrainError> {
            let array = tensors::load(checkpoint, &format!("{name}.{part}"))?.as_dtype(dtype)?;
            array.eval()?;
            Ok(array)
        };
        let bias = match checkpoint.has(&format!("{name}.bias")) {
            true => Some(Weight::Frozen(float("bias")?)),
            false => None,
        };
        let (weight, packed) = match checkpoint.quantization(name) {
            None => (float("weight")?, None),
            Some(quantization) => {
                let weight = tensors::load(checkpoint, &format!("{name}.weight"))?;
                let packed = Packed { scales: float("scales")?, biases: float("biases")?, quantization };
                match dequantize {
                    true => (packed.unpack(&weight)?, None),
                    false => (weight, Some(packed)),
                }
            }
        };
        weight.eval()?;
        Ok(Linear { name: name.to_owned(), weight: Weight::Frozen(weight), packed, bias, adapter: None })
    }

    /// (outputs, inputs) of the matrix, however it is packed.
    pub(super) fn shape(&self, trained: &[Array]) -> (i32, i32) {
        let weight = self.weight.of(trained);
        let inputs = match &self.packed {
            // At most 8 bits, and widths below 2¹⁸.
            Some(packed) => weight.dim(1) * 32 / packed.quantization.bits as i32,
            None => weight.dim(1),
        };
        (weight.dim(0), inputs)
    }

    /// (outputs, inputs) of floats.
    pub(super) fn plain(&self, trained: &[Array]) -> Result<Array, Exception> {
        let weight = self.weight.of(trained);
        match &self.packed {
            Some(packed) => packed.unpack(weight),
            None => Ok(weight.clone()),
        }
    }

    /// `x` (…, inputs) → (…, outputs)
    pub(super) fn forward(&self, pass: &Pass<'_>, x: &Array) -> Result<Array, Exception> {
        let y = match (pass.training.rounding, self.adapter) {
            (Some(few), _) if !self.trained().is_empty() => {
                x.matmul(self.rounded(pass.trained, few)?.transpose()?)?
            }
            (_, Some(adapter)) => self.adapted(pass, x, adapter)?,
            (_, None) => self.product(pass.trained, x)?,
        };
        match &self.bias {
            Some(bias) => y.add(bias.of(pass.trained)),
            None => Ok(y),
        }
    }

    /// The matrix with its adapter, rounded to few bits: (outputs, inputs). Gradients pass the rounding as if it were not
    /// there (the straight-through estimator of Bengio and others, 2013; quantization-aware training as Jacob and
    /// others, 2018).
    pub(super) fn rounded(&self, trained: &[Array], few: Quantization) -> Result<Array, Exception> {
        let plain = self.with_adapter(trained)?;
        let (weight, packed) = Packed::pack(&stop_gradient(&plain)?, few)?;
        let error = packed.unpack(&weight)?.subtract(&plain)?;
        plain.add(stop_gradient(error)?)
    }

    /// The matrix with its adapter: (outputs, inputs) of the model's numbers. The order of operations and roundings is
    /// that of `mlx_lm`.
    pub(super) fn with_adapter(&self, trained: &[Array]) -> Result<Array, Exception> {
        let plain = self.plain(trained)?;
        let Some(adapter) = self.adapter else { return Ok(plain) };
        let scale = Array::from_f32(adapter.scale);
        let b = trained[adapter.b].transpose()?.multiply(scale)?;
        let change = b.matmul(trained[adapter.a].transpose()?)?.as_dtype(plain.dtype())?;
        let sum = plain.add(change)?;
        match adapter.magnitude {
            None => Ok(sum),
            Some(magnitude) => {
                let factor = trained[magnitude].divide(stop_gradient(row_norms(&sum)?)?)?;
                factor.expand_dims(-1)?.multiply(sum)
            }
        }
    }

    fn product(&self, trained: &[Array], x: &Array) -> Result<Array, Exception> {
        let weight = self.weight.of(trained);
        match &self.packed {
            Some(Packed { scales, biases, quantization }) => {
                let (group_size, bits) = (quantization.group_size as i32, quantization.bits as i32);
                ops::quantized_matmul(x, weight, scales, biases, true, group_size, bits)
            }
            None => x.matmul(weight.transpose()?),
        }
    }

    fn adapted(&self, pass: &Pass<'_>, x: &Array, adapter: Adapter) -> Result<Array, Exception> {
        let (a, b) = (&pass.trained[adapter.a], &pass.trained[adapter.b]);
        let scale = Array::from_f32(adapter.scale);
        // (…, outputs)
        let change = dropped(pass, x, adapter)?.matmul(a)?.matmul(b)?.multiply(&scale)?;
        let Some(magnitude) = adapter.magnitude else {
            return self.product(pass.trained, x)?.add(change.as_dtype(x.dtype())?);
        };
        // DoRA: the adapted matrix, each row with the learnt magnitude. Its own norm is taken as a
        // constant, which section 4.3 of the paper found to cost nothing.
        let weight = self.plain(pass.trained)?;
        let y = x.matmul(weight.transpose()?)?.add(change.as_dtype(x.dtype())?)?;
        let adapted = weight.add(b.transpose()?.multiply(&scale)?.matmul(a.transpose()?)?)?;
        let norm = stop_gradient(row_norms(&adapted)?)?;
        pass.trained[magnitude].divide(norm)?.as_dtype(x.dtype())?.multiply(y)
    }
}

impl Weight {
    /// The place in the list of those that are trained.
    pub(super) fn place(&self) -> Option<usize> {
        match self {
            Weight::Frozen(_) => None,
            Weight::Trained(at) => Some(*at),
        }
    }
}

impl Linear {
    /// The places of the trained weights of this matrix.
    pub(super) fn trained(&self) -> Vec<usize> {
        let own = self.weight.place().into_iter().chain(self.bias.as_ref().and_then(Weight::place));
        let adapter = self
            .adapter
            .into_iter()
            .flat_map(|adapter| [Some(adapter.a), Some(adapter.b), adapter.magnitude].into_iter().flatten());
        own.chain(adapter).collect()
    }
}

impl Packed {
    /// `weight` (outputs, inputs · bits / 32) of U32 → (outputs, inputs)
    pub(super) fn unpack(&self, weight: &Array) -> Result<Array, Exception> {
        let Quantization { group_size, bits } = self.quantization;
        ops::dequantize(weight, &self.scales, &self.biases, group_size as i32, bits as i32)
    }

    /// The rows of some tokens: `tokens` (…) → (…, inputs)
    pub(super) fn rows(&self, weight: &Array, tokens: &Array) -> Result<Array, Exception> {
        let Quantization { group_size, bits } = self.quantization;
        let (scales, biases) = (self.scales.take_axis(tokens, 0)?, self.biases.take_axis(tokens, 0)?);
        ops::dequantize(weight.take_axis(tokens, 0)?, scales, &biases, group_size as i32, bits as i32)
    }
}

/// The Euclidean norm of each row: (outputs, inputs) → (outputs)
pub(super) fn row_norms(weight: &Array) -> Result<Array, Exception> {
    weight.square()?.sum_axis(-1, false)?.sqrt()
}

/// Leaves out a share of the inputs of an adapter and scales up the rest. What is left out follows
/// from the key of the pass and the adapter alone, so a run that is continued leaves out the same.
fn dropped(pass: &Pass<'_>, x: &Array, adapter: Adapter) -> Result<Array, Exception> {
    let Some(key) = pass.training.dropout.filter(|_| adapter.dropout > 0.0) else { return Ok(x.clone()) };
    let key = random::key(mixed(key, adapter.a as u64))?;
    let kept = 1.0 - adapter.dropout;
    let mask = random::bernoulli(&Array::from_f32(kept), x.shape(), &key)?;
    x.multiply(mask.as_dtype(x.dtype())?)?.multiply(Array::from_f32(1.0 / kept).as_dtype(x.dtype())?)
}

/// One seed of two (the finalizer of SplitMix64; Steele and others, 2014).
pub(super) fn mixed(seed: u64, other: u64) -> u64 {
    let mut word = seed.wrapping_add(other.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
