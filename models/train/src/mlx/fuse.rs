//! Writes a trained model into a folder of its own, which sayso serves like any other.

use super::adapter::{self, Origin};
use super::linear::Packed;
use super::model::Model;
use super::{Trained, tensors};
use crate::{TrainError, file, folder};
use mlx_rs::{Array, Dtype, ops};
use sayso_language::chat::{SYSTEM_PROMPT_FILE, TRAINED_PROMPT_FILE};
use sayso_language::checkpoint::{Checkpoint, Quantization, WEIGHTS};
use sayso_language::tokenizer::CHAT_TEMPLATE;
use std::fs;
use std::path::Path;

/// How the matrices of the written model are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As those of the base are.
    AsBase,
    /// Not at all: 16 bits.
    Plain,
}

/// A model and the folder that it was loaded from.
#[derive(Debug)]
pub struct Fused<'a> {
    /// The model.
    pub model: &'a Model,
    /// Its trained weights.
    pub trained: &'a Trained,
    /// The folder of its base.
    pub base: &'a Path,
    /// The base, which says how its matrices are packed.
    pub checkpoint: &'a Checkpoint,
    /// What it was trained on; `None` for adapters of `mlx_lm`, which do not say.
    pub origin: Option<&'a Origin>,
}

impl Fused<'_> {
    /// Writes the model into a folder that does not exist yet. The numbers have the type of the
    /// base, or the given one.
    ///
    /// # Errors
    /// The folder exists, the disk is full, or MLX refuses something.
    pub fn write(&self, target: &Path, packing: Packing, dtype: Dtype) -> Result<(), TrainError> {
        folder::create(target)?;
        let done = self.write_into(target, packing, dtype);
        if done.is_err() {
            // Half a model is of no use, and the disk may be full.
            let _ = fs::remove_dir_all(target);
        }
        done
    }

    fn write_into(&self, target: &Path, packing: Packing, dtype: Dtype) -> Result<(), TrainError> {
        let mut weights: Vec<(String, Array)> = Vec::new();
        for linear in self.model.linears() {
            let name = |part: &str| format!("{}.{part}", linear.name);
            if let Some(bias) = &linear.bias {
                weights.push((name("bias"), bias.of(&self.trained.arrays).as_dtype(dtype)?));
            }
            let quantization = self.checkpoint.quantization(&linear.name);
            match (quantization.filter(|_| packing == Packing::AsBase), &linear.packed) {
                // What was not changed is not rounded again.
                (Some(_), Some(packed)) if linear.adapter.is_none() => {
                    weights.push((name("weight"), linear.weight.of(&self.trained.arrays).clone()));
                    weights.push((name("scales"), packed.scales.as_dtype(dtype)?));
                    weights.push((name("biases"), packed.biases.as_dtype(dtype)?));
                }
                (Some(quantization), _) => {
                    let plain = linear.with_adapter(&self.trained.arrays)?.as_dtype(dtype)?;
                    let again = Packed::pack(&plain, quantization)?;
                    weights.push((name("weight"), again.0));
                    weights.push((name("scales"), again.1.scales));
                    weights.push((name("biases"), again.1.biases));
                }
                (None, _) => {
                    weights
                        .push((name("weight"), linear.with_adapter(&self.trained.arrays)?.as_dtype(dtype)?));
                }
            }
        }
        for (name, norm) in self.model.norms() {
            // As `cast_predicate` of `qwen3_5.py` in `mlx_lm`.
            let dtype = if name.ends_with("A_log") { Dtype::Float32 } else { dtype };
            weights.push((name, norm.of(&self.trained.arrays).as_dtype(dtype)?));
        }
        for (name, array) in &weights {
            if array.dtype() != Dtype::Uint32 && !adapter::all_finite(array)? {
                return Err(TrainError::Unfit(format!(
                    "{name} has numbers that are not finite once it is fused"
                )));
            }
        }
        let weights = weights.iter().map(|(name, array)| (name.as_str(), array));
        tensors::write(&target.join(WEIGHTS), weights)?;
        folder::copy_files(self.base, target, |config| {
            if packing == Packing::Plain {
                config.remove("quantization");
                config.remove("quantization_config");
            }
        })?;
        let Some(origin) = self.origin else { return Ok(()) };
        file::replace(&target.join(SYSTEM_PROMPT_FILE), format!("{}\n", origin.system_prompt).as_bytes())?;
        let prompt = serde_json::to_string_pretty(&origin.prompt)
            .map_err(|error| TrainError::Unfit(format!("{TRAINED_PROMPT_FILE}: {error}")))?;
        file::replace(&target.join(TRAINED_PROMPT_FILE), prompt.as_bytes())?;
        match &origin.template {
            Some(template) => file::replace(&target.join(CHAT_TEMPLATE), template.as_bytes()),
            None => Ok(()),
        }
    }
}

impl Packed {
    /// Packs a matrix (outputs, inputs).
    pub(super) fn pack(
        plain: &Array,
        quantization: Quantization,
    ) -> Result<(Array, Packed), mlx_rs::error::Exception> {
        let Quantization { group_size, bits } = quantization;
        let (weight, scales, biases) = ops::quantize(plain, group_size as i32, bits as i32)?;
        Ok((weight, Packed { scales, biases, quantization }))
    }
}

/// The type of the base's floating-point numbers.
///
/// # Errors
/// There is no embedding.
pub fn dtype_of(checkpoint: &Checkpoint) -> Result<Dtype, TrainError> {
    let embedding = checkpoint.config().name("model.embed_tokens");
    let name = match checkpoint.quantization(&embedding) {
        Some(_) => format!("{embedding}.scales"),
        None => format!("{embedding}.weight"),
    };
    Ok(match checkpoint.tensor(&name)?.dtype {
        sayso_language::checkpoint::Dtype::F16 => Dtype::Float16,
        sayso_language::checkpoint::Dtype::BF16 => Dtype::Bfloat16,
        _ => Dtype::Float32,
    })
}
