//! Training with MLX: a model that can be differentiated, adapters, optimizers and the loop.
//!
//! MLX is lazy: operations only add to a graph, which is computed when a result is needed. Weights
//! that are trained stand in one list ([`Trained`]), in the order of their names; a model refers to
//! them by their place, so that the same code computes a loss and its gradients. An array belongs
//! to the thread that made it.

pub mod adapter;
pub mod estimate;
pub mod evaluation;
pub mod fuse;
pub mod gradient;
mod linear;
pub mod model;
pub mod optimizer;
pub mod pass;
pub mod processor;
pub mod quantize;
pub mod state;
pub mod tensors;
pub mod trainer;

use crate::TrainError;
use mlx_rs::Array;
use mlx_rs::error::{AsSliceError, ConversionError, Exception};

/// Whether MLX computes on a graphics processor.
const HAS_GRAPHICS: bool = cfg!(all(target_os = "macos", target_arch = "aarch64"));

/// The weights that are trained.
#[derive(Debug, Clone, Default)]
pub struct Trained {
    /// Their names, as `mlx_lm` has them.
    pub names: Vec<String>,
    /// The weights, in the same order.
    pub arrays: Vec<Array>,
}

impl Trained {
    /// Adds a weight and returns its place.
    fn push(&mut self, name: String, array: Array) -> usize {
        self.names.push(name);
        self.arrays.push(array);
        self.arrays.len() - 1
    }

    /// How many numbers they have.
    pub fn parameters(&self) -> usize {
        self.arrays.iter().map(Array::size).sum()
    }
}

impl From<Exception> for TrainError {
    fn from(exception: Exception) -> TrainError {
        TrainError::Mlx(exception.what().to_owned())
    }
}

impl From<AsSliceError> for TrainError {
    fn from(error: AsSliceError) -> TrainError {
        TrainError::Mlx(error.to_string())
    }
}

impl From<ConversionError> for TrainError {
    fn from(error: ConversionError) -> TrainError {
        TrainError::Mlx(error.to_string())
    }
}
