//! Low-rank adapters, in the files of `mlx_lm`: `adapters.safetensors` and `adapter_config.json`.
//! `trained_on.json` beside them says what they were trained on, so that they are not used with
//! another base, tokenizer or prompt.

mod config;
mod origin;

pub use config::AdapterConfig;
pub use origin::Origin;

use super::linear::{Adapter, mixed, row_norms};
use super::model::{Model, first_layer};
use super::{Trained, tensors};
use crate::TrainError;
use crate::recipe;
use mlx_rs::{Array, Dtype, random};
use std::path::Path;

/// The file of the weights in an adapter's folder.
pub const WEIGHTS: &str = "adapters.safetensors";

impl Model {
    /// Gives matrices adapters that change nothing yet: `lora_a` is uniform within ±1/√inputs and
    /// `lora_b` is zero, as in `mlx_lm`.
    ///
    /// # Errors
    /// More layers than the model has, or too little memory.
    pub fn adapt(&mut self, adapter: &recipe::Adapter, seed: u64) -> Result<Trained, TrainError> {
        let mut trained = Trained::default();
        let first = first_layer(self.config(), adapter.layers)?;
        // A rank has far fewer than 2³¹ columns.
        let rank = adapter.rank as i32;
        for (_, linear) in self.linears_mut().filter(|(layer, _)| *layer >= first) {
            if !adapter.projections.iter().any(|wanted| linear.name.ends_with(wanted)) {
                continue;
            }
            let (outputs, inputs) = linear.shape(&[]);
            let bound = (inputs as f32).sqrt().recip();
            let key = random::key(mixed(seed, trained.arrays.len() as u64))?;
            let a = random::uniform::<_, f32>(-bound, bound, &[inputs, rank], &key)?;
            let b = Array::zeros::<f32>(&[rank, outputs])?;
            let magnitude = match adapter.magnitude {
                true => Some(row_norms(&linear.plain(&[])?.as_dtype(Dtype::Float32)?)?),
                false => None,
            };
            let mut push = |part: &str, array: Array| -> Result<usize, TrainError> {
                array.eval()?;
                Ok(trained.push(format!("{}.{part}", linear.name), array))
            };
            linear.adapter = Some(Adapter {
                a: push("lora_a", a)?,
                b: push("lora_b", b)?,
                magnitude: magnitude.map(|magnitude| push("m", magnitude)).transpose()?,
                scale: adapter.scale,
                dropout: adapter.dropout,
            });
        }
        Ok(trained)
    }

    /// Gives the model the adapters of a folder, or its weights if it was trained in full. They may
    /// come from `mlx_lm`.
    ///
    /// # Errors
    /// The folder is damaged, or the adapters do not fit this model.
    pub fn with_adapters(&mut self, folder: &Path) -> Result<Trained, TrainError> {
        let config = AdapterConfig::open(folder)?;
        let mut trained = match config.adapter()? {
            Some(adapter) => self.adapt(&adapter, 0)?,
            None => {
                let layers = config.layers();
                self.unfreeze(&recipe::Full { layers, embeddings: true })?
            }
        };
        let is_partial = config.adapter()?.is_none();
        load_into(&mut trained, folder, is_partial)?;
        Ok(trained)
    }
}

/// Replaces the trained weights by those of a folder. `is_partial` keeps those that the folder does
/// not have: `mlx_lm` trains no embeddings.
///
/// # Errors
/// [`TrainError::Foreign`] if names or shapes differ.
pub fn load_into(trained: &mut Trained, folder: &Path, is_partial: bool) -> Result<(), TrainError> {
    let mut found = tensors::read(&folder.join(WEIGHTS))?;
    let foreign = |problem| TrainError::Foreign { folder: folder.to_owned(), what: "base", problem };
    for (name, array) in trained.names.iter().zip(&mut trained.arrays) {
        let Some(new) = found.remove(name) else {
            if is_partial {
                continue;
            }
            return Err(foreign(format!("{WEIGHTS} lacks {name}")));
        };
        if new.shape() != array.shape() {
            return Err(foreign(format!(
                "{name} has shape {:?}, but this model takes {:?}",
                new.shape(),
                array.shape()
            )));
        }
        if !all_finite(&new)? {
            return Err(TrainError::Unfit(format!(
                "{name} in {} has numbers that are not finite",
                folder.display()
            )));
        }
        *array = new.as_dtype(array.dtype())?;
        array.eval()?;
    }
    match found.keys().next() {
        Some(name) => Err(foreign(format!("{WEIGHTS} has {name}, which this model has not"))),
        None => Ok(()),
    }
}

/// Writes the trained weights into a folder.
///
/// # Errors
/// The disk is full, or a weight is not finite.
pub fn save(trained: &Trained, folder: &Path) -> Result<(), TrainError> {
    let weights = trained.names.iter().map(String::as_str).zip(&trained.arrays);
    tensors::write(&folder.join(WEIGHTS), weights)
}

/// Whether all numbers of an array are finite.
///
/// # Errors
/// Whatever MLX refuses.
pub fn all_finite(array: &Array) -> Result<bool, TrainError> {
    // 0 · x is 0 for finite x and not a number for all others.
    let zero = array.as_dtype(Dtype::Float32)?.multiply(Array::from_f32(0.0))?.sum(false)?;
    Ok(zero.try_item_exact::<f32>()? == 0.0)
}
