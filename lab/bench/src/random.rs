//! A language model with 0.6 billion random weights, and random text for it.

use safetensors::tensor::{Dtype, View};
use sayso_language::checkpoint::Checkpoint;
use sayso_language::cpu::{Decoder, Options};
use serde_json::json;
use std::borrow::Cow;
use std::path::Path;

/// The shape of Qwen3-0.6B.
const LAYERS: usize = 28;
const HIDDEN: usize = 1024;
const HEADS: usize = 16;
const KEY_VALUE_HEADS: usize = 8;
const HEAD_DIM: usize = 128;
const INTERMEDIATE: usize = 3072;
const VOCABULARY: usize = 151_936;
pub(super) const BITS: usize = 4;
pub(super) const GROUP: usize = 64;

/// A decoder with random weights and the default number of threads.
pub(super) fn model() -> anyhow::Result<Decoder> {
    let folder = tempfile::tempdir()?;
    write_model(folder.path())?;
    Ok(Decoder::new(&Checkpoint::open(folder.path())?, Options::default())?)
}

/// A source of random tokens.
pub(super) struct Words(fastrand::Rng);

impl Words {
    /// Starts from a fixed seed, so that all runs use the same tokens.
    pub(super) fn new() -> Words {
        Words(fastrand::Rng::with_seed(1))
    }

    pub(super) fn take(&mut self, count: usize) -> Vec<u32> {
        (0..count).map(|_| self.0.u32(0..VOCABULARY as u32)).collect()
    }
}

/// Writes a model folder with random weights, without a tokenizer.
pub(super) fn write_model(folder: &Path) -> anyhow::Result<()> {
    let config = json!({
        "model_type": "qwen3",
        "hidden_size": HIDDEN,
        "intermediate_size": INTERMEDIATE,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KEY_VALUE_HEADS,
        "head_dim": HEAD_DIM,
        "vocab_size": VOCABULARY,
        "max_position_embeddings": 40_960,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1e6,
        "tie_word_embeddings": true,
        "quantization": {"bits": BITS, "group_size": GROUP},
    });
    std::fs::write(folder.join("config.json"), config.to_string())?;
    let mut tensors = vec![Tensor::norm("model.norm".into(), HIDDEN)];
    tensors.extend(Tensor::layer("model.embed_tokens".into(), VOCABULARY, HIDDEN));
    for layer in 0..LAYERS {
        let name = |part: &str| format!("model.layers.{layer}.{part}");
        let (queries, keys) = (HEADS * HEAD_DIM, KEY_VALUE_HEADS * HEAD_DIM);
        for (part, width) in [
            ("input_layernorm", HIDDEN),
            ("post_attention_layernorm", HIDDEN),
            ("self_attn.q_norm", HEAD_DIM),
            ("self_attn.k_norm", HEAD_DIM),
        ] {
            tensors.push(Tensor::norm(name(part), width));
        }
        for (part, outputs, inputs) in [
            ("self_attn.q_proj", queries, HIDDEN),
            ("self_attn.k_proj", keys, HIDDEN),
            ("self_attn.v_proj", keys, HIDDEN),
            ("self_attn.o_proj", HIDDEN, queries),
            ("mlp.gate_proj", INTERMEDIATE, HIDDEN),
            ("mlp.up_proj", INTERMEDIATE, HIDDEN),
            ("mlp.down_proj", HIDDEN, INTERMEDIATE),
        ] {
            tensors.extend(Tensor::layer(name(part), outputs, inputs));
        }
    }
    let tensors = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor));
    safetensors::serialize_to_file(tensors, None, &folder.join("model.safetensors"))?;
    Ok(())
}

/// A tensor that is generated when it is written, because all tensors at once may not fit into
/// memory.
struct Tensor {
    name: String,
    shape: Vec<usize>,
    fill: Fill,
}

#[derive(Clone, Copy)]
enum Fill {
    /// Random quantized weights.
    Codes,
    /// This number, as bfloat16.
    Number(f32),
}

impl Tensor {
    fn norm(name: String, width: usize) -> Tensor {
        Tensor { name: name + ".weight", shape: vec![width], fill: Fill::Number(1.0) }
    }

    /// A linear layer: weights, scales and biases. The weights are uniform around zero and so small
    /// that the layer hardly changes the size of the residual stream.
    fn layer(name: String, outputs: usize, inputs: usize) -> [Tensor; 3] {
        let scale = 0.2 / (inputs as f32).sqrt();
        let groups = vec![outputs, inputs / GROUP];
        [
            Tensor {
                name: format!("{name}.weight"),
                shape: vec![outputs, inputs * BITS / 32],
                fill: Fill::Codes,
            },
            Tensor { name: format!("{name}.scales"), shape: groups.clone(), fill: Fill::Number(scale) },
            Tensor { name: format!("{name}.biases"), shape: groups, fill: Fill::Number(-7.5 * scale) },
        ]
    }
}

impl View for &Tensor {
    fn dtype(&self) -> Dtype {
        match self.fill {
            Fill::Codes => Dtype::U32,
            Fill::Number(_) => Dtype::BF16,
        }
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        match self.fill {
            Fill::Codes => {
                let mut bytes = vec![0; self.data_len()];
                fastrand::Rng::with_seed(self.name.len() as u64).fill(&mut bytes);
                bytes.into()
            }
            Fill::Number(number) => {
                let [_, _, low, high] = number.to_le_bytes();
                [low, high].repeat(self.data_len() / 2).into()
            }
        }
    }

    fn data_len(&self) -> usize {
        let size = if matches!(self.fill, Fill::Codes) { 4 } else { 2 };
        self.shape.iter().product::<usize>() * size
    }
}
