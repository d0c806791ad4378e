//! What `config.json` says about a model, checked before anything is computed from it.

use super::quantization::{Override, Quantizations};
use super::rope::{Rope, RopeScaling};
use super::{CheckpointError, Files, Quantization};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The name of the file in a model folder.
pub const CONFIG: &str = "config.json";

/// The model families that the decoder supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelType {
    /// Llama and models with the same architecture, such as SmolLM2.
    Llama,
    /// Qwen2 and Qwen2.5: query, key and value have biases.
    Qwen2,
    /// Qwen3: queries and keys are normalised, head by head.
    Qwen3,
    /// Qwen3.5, the text half: most layers are gated delta-nets instead of attention, and what
    /// attention yields passes a gate. Its vision tower is ignored.
    Qwen35,
}

/// The dimensions of a gated delta-net (Yang et al., "Gated Delta Networks", 2024). Fields are named
/// as in `config.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeltaNet {
    /// Number of query heads, and of key heads.
    pub linear_num_key_heads: usize,
    /// Number of value heads; a multiple of the number of key heads. Each has a state of its own:
    /// (linear_key_head_dim, linear_value_head_dim).
    pub linear_num_value_heads: usize,
    /// Width of a query or key head.
    pub linear_key_head_dim: usize,
    /// Width of a value head.
    pub linear_value_head_dim: usize,
    /// How many tokens the convolution before the heads sees; at least 2.
    pub linear_conv_kernel_dim: usize,
    /// Of this many layers in a row, the last one has attention; at least 1.
    pub full_attention_interval: usize,
}

impl DeltaNet {
    /// Width of all key heads, and of all query heads.
    pub fn key_dim(&self) -> usize {
        self.linear_num_key_heads * self.linear_key_head_dim
    }

    /// Width of all value heads.
    pub fn value_dim(&self) -> usize {
        self.linear_num_value_heads * self.linear_value_head_dim
    }

    /// Channels of the convolution: queries, keys and values.
    pub fn conv_dim(&self) -> usize {
        2 * self.key_dim() + self.value_dim()
    }
}

/// The dimensions of a decoder and the options of its computation. The values have been checked:
/// products of dimensions do not overflow, heads divide evenly, and no option asks for a
/// computation that is not supported.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The family.
    pub model_type: ModelType,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width between the matrices of the feed-forward network.
    pub intermediate_size: usize,
    /// Number of layers.
    pub num_hidden_layers: usize,
    /// Number of query heads.
    pub num_attention_heads: usize,
    /// Number of key and value heads; divides the number of query heads.
    pub num_key_value_heads: usize,
    /// Width of one head; even.
    pub head_dim: usize,
    /// How many elements of a head the rotary embedding turns, from the first on; even.
    pub rotary_dim: usize,
    /// Rows of the embedding; at least the number of tokens.
    pub vocab_size: usize,
    /// The longest text that the model was made for, in tokens.
    pub max_position_embeddings: usize,
    /// Epsilon of the RMS norms: added to the mean square before the root is taken.
    pub rms_norm_eps: f32,
    /// The rotary embedding.
    pub rope: Rope,
    /// Whether `q_proj`, `k_proj` and `v_proj` have a `bias`.
    pub qkv_bias: bool,
    /// Whether `o_proj` has a `bias`.
    pub output_bias: bool,
    /// Whether `gate_proj`, `up_proj` and `down_proj` have a `bias`.
    pub mlp_bias: bool,
    /// Whether `q_norm` and `k_norm` normalise each head of width `head_dim` before the rotary
    /// embedding is applied.
    pub qk_norm: bool,
    /// Whether `q_proj` has, behind the query of each head, as many outputs whose sigmoids multiply
    /// what the head yields.
    pub output_gate: bool,
    /// The layers that have no attention; `None` if all have.
    pub delta_net: Option<DeltaNet>,
    /// Whether the embedding is also the output matrix; otherwise `lm_head` is.
    pub tie_word_embeddings: bool,
    /// What stands before `model.` and `lm_head` in the names of all tensors.
    prefix: &'static str,
    quantizations: Option<Quantizations>,
}

/// Limits of the dimensions, several times those of the largest models that fit on a laptop. They
/// keep every product of two dimensions far from overflow. Hand-chosen, 2026-11-23.
const WIDEST: usize = 1 << 18;
const LONGEST: usize = 1 << 24;

impl Config {
    /// Reads `config.json` of a model folder.
    ///
    /// # Errors
    /// [`CheckpointError`] names the entry that is missing, invalid or not supported.
    pub fn open<'a>(files: impl Into<Files<'a>>) -> Result<Config, CheckpointError> {
        let files = files.into();
        let path = files.path(CONFIG);
        let config: Map<String, Value> = files.json(CONFIG)?;
        let entries =
            Entries::read(config).map_err(|source| CheckpointError::Json { path: path.clone(), source })?;
        Config::check(entries).map_err(|problem| CheckpointError::entry(&path, problem))
    }

    /// The name of a part in the checkpoint: that of `mlx_lm`, of which `part` is the end, such as
    /// `model.norm` or `lm_head`.
    pub fn name(&self, part: &str) -> String {
        format!("{}{part}", self.prefix)
    }

    /// The name of a part of a layer, such as `self_attn.q_proj`.
    pub fn layer_name(&self, index: usize, part: &str) -> String {
        format!("{}model.layers.{index}.{part}", self.prefix)
    }

    /// The dimensions of a layer that has a gated delta-net; `None` if it has attention.
    pub fn delta_net_at(&self, index: usize) -> Option<&DeltaNet> {
        let net = self.delta_net.as_ref()?;
        if (index + 1).is_multiple_of(net.full_attention_interval) { None } else { Some(net) }
    }

    /// Outputs of `q_proj`.
    pub fn query_outputs(&self) -> usize {
        self.num_attention_heads * self.head_dim * if self.output_gate { 2 } else { 1 }
    }

    /// What a tensor of a file is called here. `None` if it is not a part of the language model: the
    /// vision tower of Qwen3.5, and its layers for guessing several tokens ahead. This is what
    /// `sanitize` in `qwen3_5.py` of `mlx_lm` 0.32 does with names.
    pub(super) fn canonical(&self, name: &str) -> Option<String> {
        if self.model_type != ModelType::Qwen35 {
            return Some(name.to_owned());
        }
        let is_other = name.starts_with("vision_tower") || name.starts_with("model.visual");
        if is_other || name.contains("mtp.") {
            return None;
        }
        let rest = match name.strip_prefix("model.language_model.") {
            Some(rest) => format!("model.{rest}"),
            None => name.strip_prefix(self.prefix).unwrap_or(name).to_owned(),
        };
        let is_surplus = self.tie_word_embeddings && rest == "lm_head.weight";
        (!is_surplus).then(|| self.name(&rest))
    }

    /// How a layer is packed if it has `.scales`. `None` if the configuration has no quantization
    /// or says that this layer is not quantized.
    /// [`Checkpoint::quantization`](super::Checkpoint::quantization) also checks that the layer has
    /// `.scales`.
    pub fn quantization(&self, layer: &str) -> Option<Quantization> {
        let quantizations = self.quantizations.as_ref()?;
        match quantizations.layers.get(layer) {
            None => Some(quantizations.all),
            Some(Override::Quantized(quantization)) => Some(*quantization),
            Some(Override::Plain) => None,
        }
    }

    /// The layers that have an entry of their own in `quantization`.
    pub(super) fn overrides(&self) -> impl Iterator<Item = &str> {
        self.quantizations.iter().flat_map(|quantizations| quantizations.layers.keys()).map(String::as_str)
    }

    fn check(entries: Entries) -> Result<Config, String> {
        let model_type = match entries.model_type.as_str() {
            "llama" => ModelType::Llama,
            "qwen2" => ModelType::Qwen2,
            "qwen3" => ModelType::Qwen3,
            "qwen3_5" | "qwen3_5_text" => ModelType::Qwen35,
            other => {
                return Err(format!(
                    "model_type is {other:?}; llama, qwen2, qwen3 and qwen3_5 are supported"
                ));
            }
        };
        entries.refuse_unknown_computation(model_type)?;
        let llama = model_type == ModelType::Llama;
        let needed = |value: Option<u64>, name: &str| value.ok_or_else(|| format!("{name} is missing"));

        let hidden_size = dimension("hidden_size", entries.hidden_size, WIDEST)?;
        let num_attention_heads = dimension("num_attention_heads", entries.num_attention_heads, WIDEST)?;
        let key_value_heads = match entries.num_key_value_heads {
            None if llama => entries.num_attention_heads,
            heads => needed(heads, "num_key_value_heads")?,
        };
        let num_key_value_heads = dimension("num_key_value_heads", key_value_heads, WIDEST)?;
        if !num_attention_heads.is_multiple_of(num_key_value_heads) {
            return Err(format!(
                "num_attention_heads {num_attention_heads} is not a multiple of num_key_value_heads {num_key_value_heads}"
            ));
        }
        let head_dim = match entries.head_dim {
            Some(width) => dimension("head_dim", width, WIDEST)?,
            None if matches!(model_type, ModelType::Qwen3 | ModelType::Qwen35) => {
                return Err("head_dim is missing".to_owned());
            }
            None if hidden_size.is_multiple_of(num_attention_heads) => hidden_size / num_attention_heads,
            None => {
                return Err(format!(
                    "hidden_size {hidden_size} is not a multiple of num_attention_heads {num_attention_heads}"
                ));
            }
        };
        if !head_dim.is_multiple_of(2) {
            return Err(format!("head_dim is {head_dim}; the rotary embedding needs an even number"));
        }
        if num_attention_heads * head_dim > WIDEST {
            return Err(format!(
                "{num_attention_heads} heads of width {head_dim} exceed the limit of {WIDEST}"
            ));
        }
        let attention_bias = entries.attention_bias.unwrap_or(false);
        let is_hybrid = model_type == ModelType::Qwen35;
        let rotary_dim = match entries.partial_rotary_factor() {
            Some(part) => {
                let part = positive("partial_rotary_factor", Some(part))?;
                (head_dim as f64 * part.min(1.0)) as usize
            }
            // As in `mlx_lm`.
            None if is_hybrid => head_dim / 4,
            None => head_dim,
        };
        if rotary_dim == 0 || !rotary_dim.is_multiple_of(2) {
            return Err(format!(
                "the rotary embedding turns {rotary_dim} elements of a head; it needs an even number"
            ));
        }
        Ok(Config {
            model_type,
            hidden_size,
            intermediate_size: dimension("intermediate_size", entries.intermediate_size, WIDEST)?,
            num_hidden_layers: dimension("num_hidden_layers", entries.num_hidden_layers, 1024)?,
            num_attention_heads,
            num_key_value_heads,
            head_dim,
            rotary_dim,
            vocab_size: dimension("vocab_size", entries.vocab_size, LONGEST)?,
            max_position_embeddings: dimension(
                "max_position_embeddings",
                entries.max_position_embeddings,
                LONGEST,
            )?,
            rms_norm_eps: positive("rms_norm_eps", Some(entries.rms_norm_eps))? as f32,
            rope: entries.rope(llama)?,
            qkv_bias: model_type == ModelType::Qwen2 || attention_bias,
            output_bias: llama && attention_bias,
            mlp_bias: llama && entries.mlp_bias.unwrap_or(false),
            qk_norm: matches!(model_type, ModelType::Qwen3 | ModelType::Qwen35),
            output_gate: is_hybrid,
            delta_net: if is_hybrid { Some(entries.delta_net()?) } else { None },
            prefix: if is_hybrid { "language_model." } else { "" },
            tie_word_embeddings: entries.tie_word_embeddings.unwrap_or(false),
            quantizations: entries.quantization.as_ref().map(Quantizations::read).transpose()?,
        })
    }
}

/// The entries that are read. The others do not affect the computation: names, dates, how the model
/// was trained.
#[derive(Deserialize)]
struct Entries {
    model_type: String,
    hidden_size: u64,
    intermediate_size: u64,
    num_hidden_layers: u64,
    num_attention_heads: u64,
    num_key_value_heads: Option<u64>,
    head_dim: Option<u64>,
    vocab_size: u64,
    max_position_embeddings: u64,
    rms_norm_eps: f64,
    rope_theta: Option<f64>,
    rope_scaling: Option<RopeEntries>,
    /// `transformers` 5 writes the two entries above in here.
    rope_parameters: Option<RopeEntries>,
    rope_traditional: Option<bool>,
    partial_rotary_factor: Option<f64>,
    attention_bias: Option<bool>,
    mlp_bias: Option<bool>,
    tie_word_embeddings: Option<bool>,
    hidden_act: Option<String>,
    use_sliding_window: Option<bool>,
    layer_types: Option<Vec<String>>,
    linear_num_key_heads: Option<u64>,
    linear_num_value_heads: Option<u64>,
    linear_key_head_dim: Option<u64>,
    linear_value_head_dim: Option<u64>,
    linear_conv_kernel_dim: Option<u64>,
    full_attention_interval: Option<u64>,
    attn_output_gate: Option<bool>,
    num_experts: Option<u64>,
    quantization: Option<Map<String, Value>>,
    quantization_config: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct RopeEntries {
    rope_type: Option<String>,
    /// The older name of `rope_type`.
    r#type: Option<String>,
    rope_theta: Option<f64>,
    factor: Option<f64>,
    low_freq_factor: Option<f64>,
    high_freq_factor: Option<f64>,
    original_max_position_embeddings: Option<f64>,
    partial_rotary_factor: Option<f64>,
}

impl Entries {
    /// Takes the entries out of a configuration. A model with a vision tower has those of its
    /// language model in `text_config`; the quantization stays outside.
    fn read(mut config: Map<String, Value>) -> Result<Entries, serde_json::Error> {
        if let Some(Value::Object(mut text)) = config.remove("text_config") {
            for name in ["model_type", "quantization", "quantization_config"] {
                if let Some(value) = config.remove(name) {
                    text.insert(name.to_owned(), value);
                }
            }
            config = text;
        }
        let mut entries: Entries = serde_json::from_value(Value::Object(config))?;
        if entries.model_type.starts_with("qwen3_5") && entries.rope_parameters.is_some() {
            // `qwen3_5.py` lets these win over older entries.
            (entries.rope_theta, entries.rope_scaling, entries.partial_rotary_factor) = (None, None, None);
        }
        Ok(entries)
    }

    fn partial_rotary_factor(&self) -> Option<f64> {
        let nested = self.rope_parameters.as_ref().and_then(|rope| rope.partial_rotary_factor);
        self.partial_rotary_factor.or(nested)
    }

    fn delta_net(&self) -> Result<DeltaNet, String> {
        let of = |name: &str, value: Option<u64>, most| {
            dimension(name, value.ok_or_else(|| format!("{name} is missing"))?, most)
        };
        let net = DeltaNet {
            linear_num_key_heads: of("linear_num_key_heads", self.linear_num_key_heads, WIDEST)?,
            linear_num_value_heads: of("linear_num_value_heads", self.linear_num_value_heads, WIDEST)?,
            linear_key_head_dim: of("linear_key_head_dim", self.linear_key_head_dim, 1024)?,
            linear_value_head_dim: of("linear_value_head_dim", self.linear_value_head_dim, 1024)?,
            linear_conv_kernel_dim: of(
                "linear_conv_kernel_dim",
                self.linear_conv_kernel_dim.or(Some(4)),
                64,
            )?,
            full_attention_interval: of(
                "full_attention_interval",
                self.full_attention_interval.or(Some(4)),
                1024,
            )?,
        };
        let (keys, values) = (net.linear_num_key_heads, net.linear_num_value_heads);
        if !values.is_multiple_of(keys) {
            return Err(format!(
                "linear_num_value_heads {values} is not a multiple of linear_num_key_heads {keys}"
            ));
        }
        if net.conv_dim() > WIDEST {
            return Err(format!("the heads of a gated delta-net exceed the limit of {WIDEST}"));
        }
        if net.linear_conv_kernel_dim < 2 {
            return Err("linear_conv_kernel_dim is 1; it must be at least 2".to_owned());
        }
        Ok(net)
    }

    /// Refuses settings that change the computation and are not supported. Ignoring them would give
    /// wrong output.
    fn refuse_unknown_computation(&self, model_type: ModelType) -> Result<(), String> {
        match self.hidden_act.as_deref() {
            None | Some("silu") => {}
            Some(other) => return Err(format!("hidden_act is {other:?}; only \"silu\" is supported")),
        }
        if self.use_sliding_window == Some(true) {
            return Err("use_sliding_window is true; only full attention is supported".to_owned());
        }
        if model_type == ModelType::Qwen35 {
            self.refuse_unknown_layers()?;
        } else if let Some(other) = self.layer_types.iter().flatten().find(|kind| *kind != "full_attention") {
            return Err(format!("layer_types has {other:?}; only \"full_attention\" is supported"));
        }
        if self.rope_traditional == Some(true) {
            return Err("rope_traditional is true; only rotation by halves of a head is supported".to_owned());
        }
        if let Some(part) = self.partial_rotary_factor()
            && part != 1.0
            && model_type != ModelType::Qwen35
        {
            return Err(format!("partial_rotary_factor is {part}; only 1 is supported"));
        }
        if matches!(model_type, ModelType::Qwen3 | ModelType::Qwen35) && self.attention_bias == Some(true) {
            return Err("attention_bias is true, which no Qwen3 model has".to_owned());
        }
        if model_type != ModelType::Llama && self.mlp_bias == Some(true) {
            return Err("mlp_bias is true, which no Qwen model has".to_owned());
        }
        match (&self.quantization, &self.quantization_config) {
            (None, Some(other)) => {
                let method = other.get("quant_method").unwrap_or(&Value::Null);
                Err(format!(
                    "quantization_config has quant_method {method}; only the quantization of mlx_lm is supported"
                ))
            }
            _ => Ok(()),
        }
    }

    /// As the other check, for a Qwen3.5.
    fn refuse_unknown_layers(&self) -> Result<(), String> {
        let interval = self.full_attention_interval.unwrap_or(4);
        let expected = |index: usize| match (index as u64 + 1).is_multiple_of(interval) {
            true => "full_attention",
            false => "linear_attention",
        };
        let kinds = self.layer_types.iter().flatten().enumerate();
        if let Some((index, other)) = kinds.into_iter().find(|(index, kind)| *kind != expected(*index)) {
            return Err(format!(
                "layer_types has {other:?} for layer {index}, but full_attention_interval is {interval}"
            ));
        }
        if self.attn_output_gate == Some(false) {
            return Err("attn_output_gate is false; only gated attention is supported".to_owned());
        }
        match self.num_experts {
            None | Some(0) => Ok(()),
            Some(experts) => {
                Err(format!("num_experts is {experts}; only models without experts are supported"))
            }
        }
    }

    fn rope(&self, llama: bool) -> Result<Rope, String> {
        let nested = self.rope_parameters.as_ref();
        let theta = self.rope_theta.or_else(|| nested?.rope_theta).or(llama.then_some(10_000.0));
        let theta = positive("rope_theta", theta)?;
        let scaling = match self.rope_scaling.as_ref().or(nested) {
            None => RopeScaling::None,
            Some(entries) => entries.scaling()?,
        };
        Ok(Rope { theta, scaling })
    }
}

impl RopeEntries {
    fn scaling(&self) -> Result<RopeScaling, String> {
        match self.rope_type.as_deref().or(self.r#type.as_deref()).unwrap_or("default") {
            "default" => Ok(RopeScaling::None),
            "linear" => Ok(RopeScaling::Linear { factor: positive("rope_scaling.factor", self.factor)? }),
            "llama3" => {
                let low_freq_factor = positive("rope_scaling.low_freq_factor", self.low_freq_factor)?;
                let high_freq_factor = positive("rope_scaling.high_freq_factor", self.high_freq_factor)?;
                if high_freq_factor <= low_freq_factor {
                    return Err(format!(
                        "rope_scaling.high_freq_factor {high_freq_factor} is not above low_freq_factor {low_freq_factor}"
                    ));
                }
                Ok(RopeScaling::Llama3 {
                    factor: positive("rope_scaling.factor", self.factor)?,
                    low_freq_factor,
                    high_freq_factor,
                    original_max_position_embeddings: positive(
                        "rope_scaling.original_max_position_embeddings",
                        self.original_max_position_embeddings,
                    )?,
                })
            }
            other => Err(format!("rope_type is {other:?}; default, linear and llama3 are supported")),
        }
    }
}

fn dimension(name: &str, value: u64, most: usize) -> Result<usize, String> {
    match usize::try_from(value) {
        Ok(value) if (1..=most).contains(&value) => Ok(value),
        _ => Err(format!("{name} is {value}; it must be from 1 to {most}")),
    }
}

fn positive(name: &str, value: Option<f64>) -> Result<f64, String> {
    match value {
        Some(value) if value.is_finite() && value > 0.0 && value <= 1e12 => Ok(value),
        Some(value) => Err(format!("{name} is {value}; it must be above 0 and at most 1e12")),
        None => Err(format!("{name} is missing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The configuration of the published Qwen3-0.6B in 4 bits.
    fn qwen3() -> Value {
        json!({
            "architectures": ["Qwen3ForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
            "bos_token_id": 151643, "eos_token_id": 151645, "head_dim": 128, "hidden_act": "silu",
            "hidden_size": 1024, "initializer_range": 0.02, "intermediate_size": 3072,
            "max_position_embeddings": 40960, "max_window_layers": 28, "model_type": "qwen3",
            "num_attention_heads": 16, "num_hidden_layers": 28, "num_key_value_heads": 8,
            "quantization": {"group_size": 64, "bits": 4}, "quantization_config": {"group_size": 64, "bits": 4},
            "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 1000000, "sliding_window": null,
            "tie_word_embeddings": true, "torch_dtype": "bfloat16", "transformers_version": "4.51.0",
            "use_cache": true, "use_sliding_window": false, "vocab_size": 151936
        })
    }

    fn read(value: Value) -> Result<Config, String> {
        let config = serde_json::from_value(value).map_err(|error| error.to_string())?;
        Config::check(Entries::read(config).map_err(|error| error.to_string())?)
    }

    /// What matters of a published configuration of Qwen3.5, with its vision tower.
    fn qwen35() -> Value {
        let kinds = ["linear_attention", "linear_attention", "linear_attention", "full_attention"];
        json!({
            "architectures": ["Qwen3_5ForConditionalGeneration"], "model_type": "qwen3_5",
            "quantization": {"group_size": 64, "bits": 4}, "vision_config": {"depth": 24, "hidden_size": 1024},
            "text_config": {
                "attention_bias": false, "attn_output_gate": true, "full_attention_interval": 4, "head_dim": 256,
                "hidden_act": "silu", "hidden_size": 2048, "intermediate_size": 6144,
                "layer_types": kinds.repeat(6), "linear_conv_kernel_dim": 4, "linear_key_head_dim": 128,
                "linear_num_key_heads": 16, "linear_num_value_heads": 16, "linear_value_head_dim": 128,
                "max_position_embeddings": 262144, "model_type": "qwen3_5_text", "num_attention_heads": 8,
                "num_hidden_layers": 24, "num_key_value_heads": 2, "rms_norm_eps": 1e-06,
                "tie_word_embeddings": true, "vocab_size": 248320,
                "rope_parameters": {"mrope_interleaved": true, "mrope_section": [11, 11, 10],
                    "partial_rotary_factor": 0.25, "rope_theta": 10000000, "rope_type": "default"}
            }
        })
    }

    fn with(name: &str, value: Value) -> Result<Config, String> {
        let mut entries = qwen3();
        entries[name] = value;
        read(entries)
    }

    #[test]
    fn a_published_configuration_is_read() {
        let config = read(qwen3()).unwrap();
        assert_eq!((config.num_attention_heads, config.num_key_value_heads, config.head_dim), (16, 8, 128));
        assert!(config.qk_norm && config.tie_word_embeddings && !config.qkv_bias && !config.output_bias);
        assert_eq!(config.quantization("lm_head"), Some(Quantization { bits: 4, group_size: 64 }));
        assert_eq!(config.rope, Rope { theta: 1e6, scaling: RopeScaling::None });
    }

    #[test]
    fn the_text_half_of_a_model_with_a_vision_tower_is_read() {
        let config = read(qwen35()).unwrap();
        assert_eq!((config.hidden_size, config.head_dim, config.rotary_dim), (2048, 256, 64));
        let mut entries = qwen35();
        entries["text_config"]["rope_theta"] = json!(1e4);
        entries["text_config"]["partial_rotary_factor"] = json!(1.0);
        let other = read(entries).unwrap();
        assert_eq!((other.rope.theta, other.rotary_dim), (1e7, 64));
        assert!(config.qk_norm && config.output_gate && config.tie_word_embeddings);
        let layers: Vec<bool> = (0..8).map(|index| config.delta_net_at(index).is_some()).collect();
        assert_eq!(layers, [true, true, true, false, true, true, true, false]);
        assert_eq!(config.delta_net_at(0).unwrap().conv_dim(), 6144);
        assert_eq!(config.name("lm_head"), "language_model.lm_head");
        let check =
            |name: &str, expected: Option<&str>| assert_eq!(config.canonical(name).as_deref(), expected);
        check("language_model.model.norm.weight", Some("language_model.model.norm.weight"));
        check("model.language_model.norm.weight", Some("language_model.model.norm.weight"));
        check("model.norm.weight", Some("language_model.model.norm.weight"));
        check("vision_tower.blocks.0.norm1.weight", None);
        check("model.visual.blocks.0.norm1.weight", None);
        check("mtp.norm.weight", None);
        check("lm_head.weight", None);
        let plain = read(qwen3()).unwrap();
        assert_eq!(plain.canonical("vision_tower.weight").as_deref(), Some("vision_tower.weight"));
        assert!((0..28).all(|index| plain.delta_net_at(index).is_none()));
    }

    #[test]
    fn a_hybrid_that_cannot_be_is_named() {
        let check = |name: &str, value: Value, message: &str| {
            let mut entries = qwen35();
            entries["text_config"][name] = value;
            let found = read(entries).expect_err(message);
            assert!(found.contains(message), "{found}");
        };
        check("linear_num_key_heads", Value::Null, "linear_num_key_heads is missing");
        check("linear_num_value_heads", 17.into(), "not a multiple of linear_num_key_heads 16");
        check("linear_key_head_dim", 100_000.into(), "linear_key_head_dim is 100000");
        check("linear_conv_kernel_dim", 1.into(), "linear_conv_kernel_dim is 1");
        check("full_attention_interval", 3.into(), "layer_types has \"linear_attention\" for layer 2");
        check("full_attention_interval", 0.into(), "full_attention_interval is 0");
        check("attn_output_gate", false.into(), "attn_output_gate");
        check("num_experts", 8.into(), "num_experts is 8");
        check("rope_parameters", json!({"rope_theta": 1e6, "partial_rotary_factor": 0.001}), "turns 0");
        check("rope_parameters", json!({"partial_rotary_factor": 0.25}), "rope_theta is missing");
    }

    #[test]
    fn defaults_are_those_of_the_family() {
        let mut entries = qwen3();
        let fields = entries.as_object_mut().unwrap();
        for name in ["num_key_value_heads", "head_dim", "rope_theta", "quantization", "quantization_config"] {
            fields.remove(name);
        }
        let as_type = |name: &str| {
            let mut entries = entries.clone();
            entries["model_type"] = name.into();
            read(entries)
        };
        let llama = as_type("llama").unwrap();
        assert_eq!((llama.num_key_value_heads, llama.head_dim, llama.rope.theta), (16, 64, 1e4));
        assert_eq!(llama.quantization("lm_head"), None);
        assert_eq!(as_type("qwen2").unwrap_err(), "num_key_value_heads is missing");
        entries["num_key_value_heads"] = 8.into();
        assert_eq!(read(entries.clone()).unwrap_err(), "head_dim is missing");
        entries["head_dim"] = 128.into();
        assert_eq!(read(entries).unwrap_err(), "rope_theta is missing");
    }

    #[test]
    fn layers_have_quantizations_of_their_own() {
        let entry = json!({"bits": 4, "group_size": 64, "mode": "affine", "a": {"bits": 8, "group_size": 32}, "b": false, "c": true});
        let config = with("quantization", entry).unwrap();
        assert_eq!(config.quantization("a"), Some(Quantization { bits: 8, group_size: 32 }));
        assert_eq!(config.quantization("b"), None);
        assert_eq!(config.quantization("c"), Some(Quantization { bits: 4, group_size: 64 }));
    }

    #[test]
    fn newer_writers_nest_the_rotary_embedding() {
        let mut entries = qwen3();
        entries.as_object_mut().unwrap().remove("rope_theta");
        entries["rope_parameters"] = json!({"rope_theta": 5e5, "rope_type": "llama3", "factor": 8.0,
            "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192});
        let rope = read(entries).unwrap().rope;
        assert_eq!(rope.theta, 5e5);
        let (plain, scaled) = (Rope { scaling: RopeScaling::None, ..rope }.angles(64), rope.angles(64));
        assert_eq!((plain[0], scaled[0]), (1.0, 1.0));
        assert!((plain[31] / scaled[31] - 8.0).abs() < 1e-5);
        let stretched = |pair: usize| plain[pair] / scaled[pair];
        assert!((1..32).all(|pair| stretched(pair) >= stretched(pair - 1) - 1e-5));
    }

    #[test]
    fn what_cannot_be_is_named() {
        let check = |name: &str, value: Value, message: &str| {
            let found = with(name, value).expect_err(message);
            assert!(found.contains(message), "{found}");
        };
        check("model_type", "gemma".into(), "model_type is \"gemma\"");
        check("hidden_size", 0.into(), "hidden_size is 0");
        check("vocab_size", json!(100_000_000_000_u64), "vocab_size is 100000000000");
        check("hidden_size", json!(-1), "invalid value: integer `-1`");
        check("num_key_value_heads", 3.into(), "not a multiple of num_key_value_heads 3");
        check("head_dim", 127.into(), "head_dim is 127");
        check("head_dim", 100_000.into(), "16 heads of width 100000");
        check("rms_norm_eps", 0.into(), "rms_norm_eps is 0");
        check("rope_theta", json!(1e300), "rope_theta is 1");
        check("rope_scaling", json!({"type": "yarn", "factor": 4.0}), "rope_type is \"yarn\"");
        check("rope_scaling", json!({"rope_type": "linear"}), "rope_scaling.factor is missing");
        check("hidden_act", "gelu".into(), "hidden_act is \"gelu\"");
        check("use_sliding_window", true.into(), "use_sliding_window");
        check("layer_types", json!(["full_attention", "sliding_attention"]), "sliding_attention");
        check("partial_rotary_factor", 0.5.into(), "partial_rotary_factor is 0.5");
        check("attention_bias", true.into(), "attention_bias");
        check("quantization", json!({"bits": 5, "group_size": 64}), "quantization.bits is 5");
        check("quantization", json!({"bits": 4}), "quantization lacks group_size");
        check("quantization", json!({"bits": 4, "group_size": 32, "mode": "mxfp4"}), "quantization.mode");
        check("quantization", json!({"bits": 4, "group_size": 32, "lm_head": 8}), "quantization.lm_head");
        check("quantization", Value::Null, "quant_method");
    }
}
