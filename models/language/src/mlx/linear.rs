//! A matrix of a layer, packed or not.

use mlx_rs::error::Exception;
use mlx_rs::{Array, ops};

/// A matrix (outputs, inputs).
pub(super) struct Linear {
    /// (outputs, inputs); if packed, (outputs, inputs · bits / 32) of U32.
    pub(super) weight: Array,
    pub(super) packed: Option<Packed>,
    /// (outputs)
    pub(super) bias: Option<Array>,
}

/// How a matrix is packed: weight = scale · q + bias for each group of inputs.
pub(super) struct Packed {
    /// (outputs, inputs / group_size)
    pub(super) scales: Array,
    /// (outputs, inputs / group_size)
    pub(super) biases: Array,
    pub(super) group_size: i32,
    pub(super) bits: i32,
}

impl Linear {
    /// `x` (tokens, inputs) → (tokens, outputs)
    pub(super) fn forward(&self, x: &Array) -> Result<Array, Exception> {
        let y = match &self.packed {
            Some(Packed { scales, biases, group_size, bits }) => {
                ops::quantized_matmul(x, &self.weight, scales, biases, true, *group_size, *bits)?
            }
            None => x.matmul(self.weight.transpose()?)?,
        };
        match &self.bias {
            Some(bias) => y.add(bias),
            None => Ok(y),
        }
    }

    /// Looks up rows of an embedding: `tokens` (tokens) → (tokens, inputs)
    pub(super) fn rows(&self, tokens: &Array) -> Result<Array, Exception> {
        let weight = self.weight.take_axis(tokens, 0)?;
        match &self.packed {
            Some(Packed { scales, biases, group_size, bits }) => {
                let (scales, biases) = (scales.take_axis(tokens, 0)?, biases.take_axis(tokens, 0)?);
                ops::dequantize(weight, scales, &biases, *group_size, *bits)
            }
            None => Ok(weight),
        }
    }
}
