//! A tiny random model with a tokenizer of bytes, and examples with a rule that it can learn.
#![allow(dead_code, reason = "each test binary uses another part")]

use safetensors::{Dtype, tensor::TensorView};
use sayso_model_train::recipe::Recipe;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use tempfile::TempDir;

/// Rows of the embedding: 256 bytes and four special tokens.
const ROWS: usize = 260;
const HIDDEN: usize = 64;
const BETWEEN: usize = 128;
const TEMPLATE: &str = "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

/// The place of a test: a base in `base`, data in `data`.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
}

/// A generator of numbers from -1 to 1 (Marsaglia's xorshift, 2003).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}

impl Place {
    /// A base whose weights come from this seed, and a training set and a held-out set.
    pub(crate) fn new(seed: u64) -> Place {
        let place = Place { folder: TempDir::new().unwrap() };
        write_base(&place.base(), seed);
        place.write_data();
        place
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn base(&self) -> std::path::PathBuf {
        self.path("base")
    }

    fn write_data(&self) {
        let words = ["ls", "cat", "pwd", "top", "man", "who"];
        let mut train = String::new();
        for (number, word) in words.iter().cycle().take(48).enumerate() {
            let line = json!({"dictated": format!("say {word} {}", number % 9), "expected": format!("{word} -{}", number % 9)});
            writeln!(train, "{line}").unwrap();
        }
        let mut valid = String::new();
        for word in words {
            let line =
                json!({"dictated": format!("do {word} 4"), "expected": format!("{word} -4"), "kind": word});
            writeln!(valid, "{line}").unwrap();
        }
        std::fs::create_dir_all(self.path("data")).unwrap();
        std::fs::write(self.path("data/train.jsonl"), train).unwrap();
        std::fs::write(self.path("data/valid.jsonl"), valid).unwrap();
    }

    /// A recipe with these lines behind it, which must begin within `[run]`.
    pub(crate) fn recipe(&self, output: &str, iterations: usize, more: &str) -> Recipe {
        let text = format!(
            "base = 'base'\noutput = '{output}'\nseed = 4\n[data]\ntrain = ['data']\nsystem_prompt = 'Do.'\n[optimizer]\nlearning_rate = 0.003\n[run]\niterations = {iterations}\nreport_every = 5\nvalidate_every = 10\nsave_every = 5\n{more}"
        );
        let path = self.path("recipe.toml");
        std::fs::write(&path, text).unwrap();
        Recipe::open(&path).unwrap()
    }
}

fn write_base(folder: &Path, seed: u64) {
    std::fs::create_dir_all(folder).unwrap();
    let config = json!({
        "model_type": "llama", "hidden_size": HIDDEN, "intermediate_size": BETWEEN, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "vocab_size": ROWS,
        "max_position_embeddings": 512, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": true,
        "eos_token_id": 257,
    });
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let mut shapes =
        vec![("model.embed_tokens".to_owned(), vec![ROWS, HIDDEN]), ("model.norm".to_owned(), vec![HIDDEN])];
    for layer in 0..2 {
        for (part, shape) in [
            ("input_layernorm", vec![HIDDEN]),
            ("post_attention_layernorm", vec![HIDDEN]),
            ("self_attn.q_proj", vec![64, HIDDEN]),
            ("self_attn.k_proj", vec![32, HIDDEN]),
            ("self_attn.v_proj", vec![32, HIDDEN]),
            ("self_attn.o_proj", vec![HIDDEN, 64]),
            ("mlp.gate_proj", vec![BETWEEN, HIDDEN]),
            ("mlp.up_proj", vec![BETWEEN, HIDDEN]),
            ("mlp.down_proj", vec![HIDDEN, BETWEEN]),
        ] {
            shapes.push((format!("model.layers.{layer}.{part}"), shape));
        }
    }
    let mut random = Random(seed);
    let mut tensors: BTreeMap<String, (Vec<usize>, Vec<u8>)> = BTreeMap::new();
    for (name, shape) in shapes {
        let number = |_| match shape.len() {
            1 => 1.0,
            _ => random.next() * 0.2,
        };
        let numbers: Vec<f32> = (0..shape.iter().product()).map(number).collect();
        // The upper half of a 32-bit float is a bfloat16.
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()[2..].to_vec()).collect();
        tensors.insert(format!("{name}.weight"), (shape, bytes));
    }
    let views = tensors.iter().map(|(name, (shape, bytes))| {
        (name.as_str(), TensorView::new(Dtype::BF16, shape.clone(), bytes).unwrap())
    });
    std::fs::write(folder.join("model.safetensors"), safetensors::serialize(views, None).unwrap()).unwrap();
    write_tokenizer(folder);
}

/// Byte-level BPE without merges: each byte is a token.
fn write_tokenizer(folder: &Path) {
    let mut vocabulary = Map::new();
    let mut above = 0;
    for byte in 0..=255_u32 {
        let is_itself = matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
        let code = if is_itself {
            byte
        } else {
            above += 1;
            0x100 + above - 1
        };
        vocabulary.insert(char::from_u32(code).unwrap().to_string(), byte.into());
    }
    let special = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|pad|>"];
    let added: Vec<Value> = special
        .iter()
        .zip(256..)
        .map(|(text, id)| {
            json!({"id": id, "content": text, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true})
        })
        .collect();
    let bytes =
        json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added, "normalizer": null,
        "pre_tokenizer": bytes, "post_processor": null, "decoder": bytes,
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "vocab": vocabulary, "merges": []},
    });
    std::fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
    let config = json!({"eos_token": "<|im_end|>", "pad_token": "<|pad|>", "chat_template": TEMPLATE});
    std::fs::write(folder.join("tokenizer_config.json"), config.to_string()).unwrap();
}
