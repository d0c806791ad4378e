//! Packs the matrices of a model folder into few bits, as `mlx_lm.convert -q` does.

use super::linear::Packed;
use super::tensors;
use crate::{TrainError, folder};
use mlx_rs::Array;
use sayso_language::checkpoint::{Checkpoint, Quantization, WEIGHTS};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// What was done.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantized {
    /// Matrices that were packed.
    pub packed: usize,
    /// Matrices that stayed as they were, because the group size does not divide their width.
    pub plain: Vec<String>,
    /// Bits per weight in the end, scales included.
    pub bits: f64,
}

/// The bits that MLX can pack into.
pub const BITS: [usize; 6] = [2, 3, 4, 5, 6, 8];

/// Packs a model folder into another one.
///
/// # Errors
/// The folder is invalid or packed already, the bits are none that MLX knows, or the disk is full.
pub fn quantize(source: &Path, target: &Path, quantization: Quantization) -> Result<Quantized, TrainError> {
    let Quantization { bits, group_size } = quantization;
    if !BITS.contains(&bits) || ![32, 64, 128].contains(&group_size) {
        return Err(TrainError::Unfit(format!(
            "MLX packs into {BITS:?} bits in groups of 32, 64 or 128, not into {bits} in groups of {group_size}"
        )));
    }
    let checkpoint = Checkpoint::open(source)?;
    if let Some(name) = checkpoint.names().find(|name| name.ends_with(".scales")) {
        return Err(TrainError::Unfit(format!(
            "{} is packed already ({name}); take the folder that it was packed from, or fuse with --dequantize",
            source.display()
        )));
    }
    folder::create(target)?;
    let done = write(&checkpoint, source, target, quantization);
    if done.is_err() {
        let _ = fs::remove_dir_all(target);
    }
    done
}

fn write(
    checkpoint: &Checkpoint,
    source: &Path,
    target: &Path,
    quantization: Quantization,
) -> Result<Quantized, TrainError> {
    let mut weights: Vec<(String, Array)> = Vec::new();
    let mut done = Quantized { packed: 0, plain: Vec::new(), bits: 0.0 };
    let (mut numbers, mut bytes) = (0, 0);
    for name in checkpoint.names() {
        let array = tensors::load(checkpoint, name)?;
        numbers += array.size();
        match name.strip_suffix(".weight") {
            // A norm has one dimension, a matrix two.
            Some(layer) if array.ndim() == 2 => {
                // At most 128.
                if array.dim(1) % quantization.group_size as i32 != 0 {
                    done.plain.push(layer.to_owned());
                    weights.push((name.to_owned(), array));
                    continue;
                }
                let (weight, packed) = Packed::pack(&array, quantization)?;
                done.packed += 1;
                weights.push((name.to_owned(), weight));
                weights.push((format!("{layer}.scales"), packed.scales));
                weights.push((format!("{layer}.biases"), packed.biases));
            }
            _ => weights.push((name.to_owned(), array)),
        }
    }
    for (_, array) in &weights {
        array.eval()?;
        bytes += array.nbytes();
    }
    done.bits = bytes as f64 * 8.0 / numbers as f64;
    tensors::write(&target.join(WEIGHTS), weights.iter().map(|(name, array)| (name.as_str(), array)))?;
    folder::copy_files(source, target, |config| {
        let entry = entry(quantization);
        config.insert("quantization".to_owned(), entry.clone());
        config.insert("quantization_config".to_owned(), entry);
    })?;
    Ok(done)
}

/// What `quantization` says in a configuration.
fn entry(quantization: Quantization) -> Value {
    json!({"group_size": quantization.group_size, "bits": quantization.bits, "mode": "affine"})
}
