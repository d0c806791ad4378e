//! A small model folder that tests write, spoil and open.
#![allow(dead_code, reason = "each test binary uses another part")]

use safetensors::{Dtype, tensor::TensorView};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// A tensor to be written: type, shape and bytes.
pub(crate) type Tensor = (Dtype, Vec<usize>, Vec<u8>);

/// What is to be written.
#[derive(Clone)]
pub(crate) struct Folder {
    pub(crate) config: Value,
    pub(crate) tensors: BTreeMap<String, Tensor>,
}

/// A tensor of ones.
pub(crate) fn ones(dtype: Dtype, shape: &[usize]) -> Tensor {
    let one: &[u8] = match dtype {
        Dtype::F32 => &[0, 0, 0x80, 0x3f],
        Dtype::BF16 => &[0x80, 0x3f],
        Dtype::F16 => &[0, 0x3c],
        Dtype::U32 => &[1, 0, 0, 0],
        other => panic!("{other} is not used here"),
    };
    (dtype, shape.to_vec(), one.repeat(shape.iter().product()))
}

impl Folder {
    /// A Qwen3 model of one layer: 4 bits in groups of 32, but `down_proj` in 8 bits and `o_proj` not quantized.
    pub(crate) fn qwen3() -> Folder {
        let config = json!({
            "model_type": "qwen3", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 1,
            "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32, "vocab_size": 260,
            "max_position_embeddings": 128, "rms_norm_eps": 1e-6, "rope_theta": 1e6, "tie_word_embeddings": true,
            "quantization": {"bits": 4, "group_size": 32, "model.layers.0.mlp.down_proj": {"bits": 8, "group_size": 32}},
        });
        let mut folder = Folder { config, tensors: BTreeMap::new() };
        folder.quantized("model.embed_tokens", 260, 64, 4);
        folder.add("model.norm.weight", Dtype::BF16, &[64]);
        let layer = |part: &str| format!("model.layers.0.{part}");
        for (part, width) in [
            ("input_layernorm", 64),
            ("post_attention_layernorm", 64),
            ("self_attn.q_norm", 32),
            ("self_attn.k_norm", 32),
        ] {
            folder.add(&layer(&format!("{part}.weight")), Dtype::BF16, &[width]);
        }
        folder.quantized(&layer("self_attn.q_proj"), 128, 64, 4);
        folder.quantized(&layer("self_attn.k_proj"), 64, 64, 4);
        folder.quantized(&layer("self_attn.v_proj"), 64, 64, 4);
        folder.add(&layer("self_attn.o_proj.weight"), Dtype::F16, &[64, 128]);
        folder.quantized(&layer("mlp.gate_proj"), 96, 64, 4);
        folder.quantized(&layer("mlp.up_proj"), 96, 64, 4);
        folder.quantized(&layer("mlp.down_proj"), 64, 96, 8);
        folder
    }

    /// Adds a tensor of ones.
    pub(crate) fn add(&mut self, name: &str, dtype: Dtype, shape: &[usize]) {
        self.tensors.insert(name.to_owned(), ones(dtype, shape));
    }

    /// Adds the three tensors of a layer in groups of 32.
    pub(crate) fn quantized(&mut self, name: &str, outputs: usize, inputs: usize, bits: usize) {
        self.add(&format!("{name}.weight"), Dtype::U32, &[outputs, inputs * bits / 32]);
        self.add(&format!("{name}.scales"), Dtype::BF16, &[outputs, inputs / 32]);
        self.add(&format!("{name}.biases"), Dtype::BF16, &[outputs, inputs / 32]);
    }

    /// Writes `config.json` and one file of weights.
    pub(crate) fn write(&self, folder: &Path) {
        self.write_config(folder);
        std::fs::write(folder.join("model.safetensors"), safetensors(&self.tensors)).unwrap();
    }

    /// Writes `config.json`.
    pub(crate) fn write_config(&self, folder: &Path) {
        std::fs::write(folder.join("config.json"), self.config.to_string()).unwrap();
    }
}

/// The bytes of a weights file.
pub(crate) fn safetensors<'t>(tensors: impl IntoIterator<Item = (&'t String, &'t Tensor)>) -> Vec<u8> {
    let views = tensors
        .into_iter()
        .map(|(name, (dtype, shape, bytes))| (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap()));
    safetensors::serialize(views, None).unwrap()
}
