//! The way of a checkpoint's tensors into MLX's memory.

use super::linear::{Linear, Packed};
use crate::checkpoint::{self, Checkpoint, CheckpointError, TensorView};
use crate::error::DecoderError;
use mlx_rs::{Array, Dtype};

/// Takes tensors over, by their names. The checkpoint has been checked: what a model needs is there, of the right
/// shape and of a known type, and nothing else is.
pub(super) struct Tensors<'c> {
    checkpoint: &'c Checkpoint,
    /// The type that all floating-point numbers get.
    dtype: Dtype,
    /// Bytes taken over so far.
    bytes: usize,
}

impl<'c> Tensors<'c> {
    /// For a model that computes with 32-bit numbers, if `exact`, or else with the kind that its embedding has. One
    /// tensor of another kind would turn everything behind it into 32-bit numbers.
    ///
    /// # Errors
    /// A checkpoint without an embedding.
    pub(super) fn new(checkpoint: &'c Checkpoint, exact: bool) -> Result<Tensors<'c>, CheckpointError> {
        let embedding = match checkpoint.quantization("model.embed_tokens") {
            Some(_) => checkpoint.tensor("model.embed_tokens.scales")?,
            None => checkpoint.tensor("model.embed_tokens.weight")?,
        };
        let dtype = if exact { Dtype::Float32 } else { dtype(embedding.dtype) };
        Ok(Tensors { checkpoint, dtype, bytes: 0 })
    }

    /// The type that all floating-point numbers get.
    pub(super) fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Bytes taken over so far.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A matrix with what belongs to it; `name` without the last part.
    ///
    /// # Errors
    /// [`Tensors::array`]'s.
    pub(super) fn linear(&mut self, name: &str) -> Result<Linear, DecoderError> {
        let weight = self.array(&format!("{name}.weight"))?;
        let packed = match self.checkpoint.quantization(name) {
            Some(quantization) => Some(Packed {
                scales: self.array(&format!("{name}.scales"))?,
                biases: self.array(&format!("{name}.biases"))?,
                // At most 128 and 8.
                group_size: quantization.group_size as i32,
                bits: quantization.bits as i32,
            }),
            None => None,
        };
        let bias = format!("{name}.bias");
        let bias = if self.checkpoint.has(&bias) { Some(self.array(&bias)?) } else { None };
        Ok(Linear { weight, packed, bias })
    }

    /// A tensor: its shape as it is, floating-point numbers of the model's type. It is copied out of the mapped file,
    /// whose pages the system may then forget.
    ///
    /// # Errors
    /// A name that is not there, or a tensor that MLX does not take.
    pub(super) fn array(&mut self, name: &str) -> Result<Array, DecoderError> {
        let TensorView { dtype: found, shape, bytes } = self.checkpoint.tensor(name)?;
        let too_large = || DecoderError::TooLarge { name: name.to_owned(), bytes: bytes.len() };
        i32::try_from(bytes.len()).map_err(|_| too_large())?;
        // A tensor in the file need not lie where its numbers could be read, bytes can be anywhere: they are taken
        // over as such, and MLX reads them as the numbers that they are.
        let mut shape = shape.iter().map(|size| *size as i32).collect::<Vec<i32>>();
        let width = bytes.len() as i32 / shape.iter().product::<i32>().max(1);
        if let Some(last) = shape.last_mut() {
            *last *= width;
        }
        let mut array = Array::from_slice(bytes, &shape).view_dtype(dtype(found))?;
        if found != checkpoint::Dtype::U32 {
            array = array.as_dtype(self.dtype)?;
        }
        array.eval()?;
        self.bytes += array.nbytes();
        Ok(array)
    }
}

/// MLX's name of a type that a checked checkpoint may have.
fn dtype(found: checkpoint::Dtype) -> Dtype {
    match found {
        checkpoint::Dtype::F16 => Dtype::Float16,
        checkpoint::Dtype::BF16 => Dtype::Bfloat16,
        checkpoint::Dtype::U32 => Dtype::Uint32,
        _ => Dtype::Float32,
    }
}
