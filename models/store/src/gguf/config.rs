//! Makes `config.json` and `generation_config.json` from the metadata of a GGUF file.

use super::format::Format;
use super::reader::Gguf;
use super::tensors;
use sayso_language::checkpoint::Dtype;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Makes `config.json`.
///
/// # Errors
/// Names the metadata that is missing or not supported.
pub(super) fn config(gguf: &Gguf<'_>) -> Result<Value, String> {
    let model = gguf.text("general.architecture")?.ok_or("general.architecture is missing")?;
    let architecture = match model {
        "llama" => "LlamaForCausalLM",
        "qwen2" => "Qwen2ForCausalLM",
        "qwen3" => "Qwen3ForCausalLM",
        other => {
            return Err(format!("general.architecture is {other}; llama, qwen2 and qwen3 are supported"));
        }
    };
    let key = |name: &str| format!("{model}.{name}");
    let number = |name: &str| gguf.number(&key(name));
    let needed = |name: &str| number(name)?.ok_or_else(|| format!("{} is missing", key(name)));

    if number("expert_count")?.unwrap_or(0) > 0 {
        return Err(format!("{} is set; mixtures of experts are not supported", key("expert_count")));
    }
    // Llama 3.1 and later have a factor for each pair here, from which the entry `rope_scaling`
    // cannot be derived.
    if gguf.tensors.contains_key("rope_freqs.weight") {
        return Err("it scales the rotary embedding by rope_freqs.weight, which is not supported".to_owned());
    }
    let hidden = needed("embedding_length")?;
    let heads = needed("attention.head_count")?;
    let head_dim = match number("attention.key_length")? {
        Some(width) => width,
        None => hidden.checked_div(heads).ok_or_else(|| format!("{} is 0", key("attention.head_count")))?,
    };
    for name in ["attention.value_length", "rope.dimension_count"] {
        if number(name)?.is_some_and(|width| width != head_dim) {
            return Err(format!("{} differs from the width of a head, {head_dim}", key(name)));
        }
    }
    let embedding = gguf.tensors.get("token_embd.weight").ok_or("tensor token_embd.weight is missing")?;
    let epsilon = gguf.float(&key("attention.layer_norm_rms_epsilon"))?;
    let mut config = json!({
        "architectures": [architecture],
        "model_type": model,
        "hidden_act": "silu",
        "hidden_size": hidden,
        "intermediate_size": needed("feed_forward_length")?,
        "num_hidden_layers": needed("block_count")?,
        "num_attention_heads": heads,
        "num_key_value_heads": number("attention.head_count_kv")?.unwrap_or(heads),
        "head_dim": head_dim,
        "vocab_size": embedding.shape[0],
        "max_position_embeddings": needed("context_length")?,
        "rms_norm_eps": short(epsilon.ok_or_else(|| format!("{} is missing", key("attention.layer_norm_rms_epsilon")))?),
        "rope_theta": short(gguf.float(&key("rope.freq_base"))?.unwrap_or(10_000.0)),
        "rope_scaling": rope_scaling(gguf, &key("rope.scaling"))?,
        "attention_bias": model == "llama" && gguf.tensors.contains_key("blk.0.attn_q.bias"),
        "tie_word_embeddings": !gguf.tensors.contains_key("output.weight"),
        "torch_dtype": match tensors::float_type(&gguf.tensors) {
            Dtype::F32 => "float32",
            Dtype::BF16 => "bfloat16",
            _ => "float16",
        },
    });
    let quantization = quantization(gguf)?;
    if !quantization.is_empty() {
        config["quantization"] = quantization.into();
        // `mlx_lm` writes the entry twice, once for `transformers`.
        config["quantization_config"] = config["quantization"].clone();
    }
    Ok(config)
}

/// Makes `generation_config.json`: the tokens that begin and end a text.
///
/// # Errors
/// The metadata holds something other than token numbers.
pub(super) fn generation(gguf: &Gguf<'_>) -> Result<Value, String> {
    let token = |name: &str| gguf.number(&format!("tokenizer.ggml.{name}_token_id"));
    let mut ends = Vec::new();
    for end in [token("eos")?, token("eot")?].into_iter().flatten() {
        if !ends.contains(&end) {
            ends.push(end);
        }
    }
    let mut config = Map::new();
    config.insert("eos_token_id".to_owned(), ends.into());
    for (name, id) in [("bos_token_id", token("bos")?), ("pad_token_id", token("padding")?)] {
        config.extend(id.map(|id| (name.to_owned(), id.into())));
    }
    Ok(config.into())
}

/// The metadata holds an F32. The shortest decimal that rounds to it is what was meant: 1e-5 and
/// not 9.99999974e-6.
fn short(value: f64) -> Value {
    (value as f32).to_string().parse::<f64>().unwrap_or(value).into()
}

fn rope_scaling(gguf: &Gguf<'_>, key: &str) -> Result<Value, String> {
    match gguf.text(&format!("{key}.type"))? {
        None | Some("none") => Ok(Value::Null),
        Some("linear") => {
            let name = format!("{key}.factor");
            let factor = gguf.float(&name)?.ok_or_else(|| format!("{name} is missing"))?;
            Ok(json!({"rope_type": "linear", "factor": short(factor)}))
        }
        Some(other) => Err(format!("{key}.type is {other}; none and linear are supported")),
    }
}

/// Makes the entry `quantization`: the kind that most quantized layers have, and the exceptions.
fn quantization(gguf: &Gguf<'_>) -> Result<Map<String, Value>, String> {
    let mut layers = BTreeMap::new();
    for (name, tensor) in &gguf.tensors {
        if let Format::Grouped(group) = tensor.format {
            let quantization = group.quantization();
            layers.insert(tensors::name(name)?.0, (quantization.bits, quantization.group_size));
        }
    }
    let entry = |(bits, group_size): (usize, usize)| {
        json!({"bits": bits, "group_size": group_size, "mode": "affine"})
            .as_object()
            .cloned()
            .unwrap_or_default()
    };
    let count = |kind: &(usize, usize)| layers.values().filter(|other| *other == kind).count();
    let Some(most) = layers.values().copied().max_by_key(count) else { return Ok(Map::new()) };
    let mut quantization = entry(most);
    for (name, kind) in layers.iter().filter(|(_, kind)| **kind != most) {
        quantization.insert(name.clone(), entry(*kind).into());
    }
    Ok(quantization)
}
