//! Which layers are quantized and how: the `quantization` entry of `config.json`.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How the weights of a layer are packed. Each group of weights in a row shares a scale and a bias:
/// weight = scale · q + bias. `q` is an unsigned integer of `bits` bits, packed into `u32` words
/// from the lowest bit upwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantization {
    /// Bits per weight: 2, 3, 4, 6 or 8.
    pub bits: usize,
    /// Weights that share a scale and a bias: 32, 64 or 128.
    pub group_size: usize,
}

/// What a single layer has instead of the model's quantization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Override {
    /// The layer is not quantized.
    Plain,
    /// The layer is quantized in this way.
    Quantized(Quantization),
}

/// The whole entry: the quantization of all layers that have scales, and the exceptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Quantizations {
    pub(super) all: Quantization,
    /// The exceptions, by the name of the layer, such as `model.layers.0.mlp.down_proj`.
    pub(super) layers: BTreeMap<String, Override>,
}

impl Quantizations {
    /// Reads the entry.
    ///
    /// # Errors
    /// Names the part of the entry that is wrong.
    pub(super) fn read(entry: &Map<String, Value>) -> Result<Quantizations, String> {
        let all = quantization("quantization", entry)?;
        let mut layers = BTreeMap::new();
        for (name, value) in entry {
            let layer = match value {
                // `quantization` reads the first three; newer writers add `quant_method`.
                _ if ["bits", "group_size", "mode", "quant_method"].contains(&name.as_str()) => continue,
                Value::Bool(true) => Override::Quantized(all),
                Value::Bool(false) => Override::Plain,
                Value::Object(entry) => {
                    Override::Quantized(quantization(&format!("quantization.{name}"), entry)?)
                }
                _ => {
                    return Err(format!(
                        "quantization.{name} must be true, false, or an object with bits and group_size"
                    ));
                }
            };
            layers.insert(name.clone(), layer);
        }
        Ok(Quantizations { all, layers })
    }
}

fn quantization(entry: &str, map: &Map<String, Value>) -> Result<Quantization, String> {
    let number = |part: &str, known: &[u64]| {
        let value = map.get(part).ok_or_else(|| format!("{entry} lacks {part}"))?;
        match value.as_u64() {
            Some(number) if known.contains(&number) => Ok(number as usize),
            _ => Err(format!("{entry}.{part} is {value}; it must be one of {known:?}")),
        }
    };
    match map.get("mode") {
        None => {}
        Some(mode) if mode == "affine" => {}
        Some(mode) => return Err(format!("{entry}.mode is {mode}; only \"affine\" is supported")),
    }
    Ok(Quantization {
        bits: number("bits", &[2, 3, 4, 6, 8])?,
        group_size: number("group_size", &[32, 64, 128])?,
    })
}
