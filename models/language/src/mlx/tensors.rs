//! Copies the tensors of a checkpoint into MLX's memory.

use super::linear::{Linear, Packed};
use crate::checkpoint::{self, Checkpoint, CheckpointError, TensorView};
use crate::error::DecoderError;
use mlx_rs::{Array, Dtype};

/// Loads tensors by name. The checkpoint has been checked: everything that a model needs is there,
/// with the right shape and a supported type, and nothing else.
pub(super) struct Tensors<'c> {
    checkpoint: &'c Checkpoint,
    /// The type of all floating-point numbers.
    dtype: Dtype,
    /// Bytes loaded so far.
    bytes: usize,
}

impl<'c> Tensors<'c> {
    /// For a model that computes with 32-bit floats if `exact`, otherwise with the type of its
    /// embedding. A single tensor of another type would turn everything after it into 32-bit
    /// floats.
    ///
    /// # Errors
    /// A checkpoint without an embedding.
    pub(super) fn new(checkpoint: &'c Checkpoint, exact: bool) -> Result<Tensors<'c>, CheckpointError> {
        let name = checkpoint.config().name("model.embed_tokens");
        let embedding = match checkpoint.quantization(&name) {
            Some(_) => checkpoint.tensor(&format!("{name}.scales"))?,
            None => checkpoint.tensor(&format!("{name}.weight"))?,
        };
        let dtype = if exact { Dtype::Float32 } else { dtype(embedding.dtype) };
        Ok(Tensors { checkpoint, dtype, bytes: 0 })
    }

    /// The type of all floating-point numbers.
    pub(super) fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Bytes loaded so far.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A matrix with its scales and its bias; `name` is the tensor's name without the last part.
    ///
    /// # Errors
    /// As for [`Tensors::array`].
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

    /// Loads a tensor in its own shape, with floats converted to the model's type. It is copied out
    /// of the mapped file, so that the system may evict the file's pages.
    ///
    /// # Errors
    /// The tensor is missing, or MLX does not accept it.
    pub(super) fn array(&mut self, name: &str) -> Result<Array, DecoderError> {
        self.array_of(name, self.dtype)
    }

    /// As [`Tensors::array`], with floats converted to another type than the model's.
    ///
    /// # Errors
    /// As for [`Tensors::array`].
    pub(super) fn array_of(&mut self, name: &str, float: Dtype) -> Result<Array, DecoderError> {
        let TensorView { dtype: found, shape, bytes } = self.checkpoint.tensor(name)?;
        let too_large = || DecoderError::TooLarge { name: name.to_owned(), bytes: bytes.len() };
        i32::try_from(bytes.len()).map_err(|_| too_large())?;
        // A tensor in the file may be unaligned for its type, but bytes never are. So MLX gets
        // bytes, and then views them as numbers of that type.
        let mut shape = shape.iter().map(|size| *size as i32).collect::<Vec<i32>>();
        let width = bytes.len() as i32 / shape.iter().product::<i32>().max(1);
        if let Some(last) = shape.last_mut() {
            *last *= width;
        }
        let mut array = Array::from_slice(bytes, &shape).view_dtype(dtype(found))?;
        if found != checkpoint::Dtype::U32 {
            array = array.as_dtype(float)?;
        }
        array.eval()?;
        self.bytes += array.nbytes();
        Ok(array)
    }
}

/// MLX's name for a type that a checked checkpoint may have.
fn dtype(found: checkpoint::Dtype) -> Dtype {
    match found {
        checkpoint::Dtype::F16 => Dtype::Float16,
        checkpoint::Dtype::BF16 => Dtype::Bfloat16,
        checkpoint::Dtype::U32 => Dtype::Uint32,
        _ => Dtype::Float32,
    }
}
