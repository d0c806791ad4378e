//! Tensors between files and MLX.

use crate::{TrainError, file};
use mlx_rs::{Array, Dtype};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use sayso_language::checkpoint::Checkpoint;
use std::collections::BTreeMap;
use std::path::Path;

/// Copies a tensor of a checkpoint into MLX's memory, with its own type.
///
/// # Errors
/// The tensor is missing, or MLX does not accept it.
pub fn load(checkpoint: &Checkpoint, name: &str) -> Result<Array, TrainError> {
    let view = checkpoint.tensor(name)?;
    array(name, view.dtype, view.shape, view.bytes)
}

/// Reads all tensors of a file.
///
/// # Errors
/// The file is missing or damaged.
pub fn read(path: &Path) -> Result<BTreeMap<String, Array>, TrainError> {
    let bytes = std::fs::read(path).map_err(TrainError::read(path))?;
    let damaged = |error: safetensors::SafeTensorError| {
        TrainError::read(path)(std::io::Error::other(format!("it is damaged: {error:?}")))
    };
    let tensors = SafeTensors::deserialize(&bytes).map_err(damaged)?;
    let entry = |(name, view): (String, TensorView<'_>)| {
        let array = array(&name, view.dtype(), view.shape(), view.data())?;
        Ok((name, array))
    };
    tensors.tensors().into_iter().map(entry).collect()
}

fn array(name: &str, found: safetensors::Dtype, shape: &[usize], bytes: &[u8]) -> Result<Array, TrainError> {
    let too_large =
        || TrainError::Unfit(format!("tensor {name} has {} bytes, too many for MLX", bytes.len()));
    let length = i32::try_from(bytes.len()).map_err(|_| too_large())?;
    let dtype = match found {
        safetensors::Dtype::F16 => Dtype::Float16,
        safetensors::Dtype::BF16 => Dtype::Bfloat16,
        safetensors::Dtype::F32 => Dtype::Float32,
        safetensors::Dtype::U32 => Dtype::Uint32,
        other => return Err(TrainError::Unfit(format!("tensor {name} has numbers of type {other}"))),
    };
    // A tensor in a file may be unaligned for its type, but bytes never are.
    let shape: Vec<i32> = shape.iter().map(|size| *size as i32).collect();
    let array = Array::from_slice(bytes, &[length]).view_dtype(dtype)?.reshape(&shape)?;
    array.eval()?;
    Ok(array)
}

/// The bytes of an array, as a file has them.
fn bytes(array: &Array) -> Result<Vec<u8>, TrainError> {
    let flat = array.reshape(&[-1])?.contiguous()?;
    Ok(flat.view_dtype(Dtype::Uint8)?.to_vec_exact::<u8>()?)
}

/// Writes tensors into a file, which replaces an earlier one only when it is complete.
///
/// # Errors
/// The disk is full, or the folder may not be written to.
pub fn write<'a>(
    path: &Path,
    arrays: impl IntoIterator<Item = (&'a str, &'a Array)>,
) -> Result<(), TrainError> {
    let mut data: Vec<file::Tensor> = Vec::new();
    for (name, array) in arrays {
        let dtype = match array.dtype() {
            Dtype::Float16 => safetensors::Dtype::F16,
            Dtype::Bfloat16 => safetensors::Dtype::BF16,
            Dtype::Uint32 => safetensors::Dtype::U32,
            Dtype::Float32 => safetensors::Dtype::F32,
            other => return Err(TrainError::Unfit(format!("tensor {name} has numbers of type {other:?}"))),
        };
        let shape = array.shape().iter().map(|size| *size as usize).collect();
        data.push((name.to_owned(), dtype, shape, bytes(array)?));
    }
    file::write_tensors(path, &data)
}
