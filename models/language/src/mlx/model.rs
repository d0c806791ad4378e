//! The architecture of Llama, Qwen2 and Qwen3. Fields are named as in the checkpoint; a field that
//! only some models have is an `Option`. Shapes use the names of `config.json`; `tokens` is the
//! number of tokens in a pass.

use super::cache::Cache;
use super::linear::Linear;
use super::tensors::Tensors;
use crate::checkpoint::Config;
use crate::error::DecoderError;
use mlx_rs::error::Exception;
use mlx_rs::fast::{self, ScaledDotProductAttentionMask as Mask};
use mlx_rs::transforms::compile::compile;
use mlx_rs::{Array, nn};

/// Where the tokens of a pass are in the cache.
pub(super) enum CachePosition {
    /// One after the other, from this position on.
    Line(i32),
    /// As branches of a tree.
    Tree {
        /// The position of the first token in the cache; the others follow it.
        first: i32,
        /// (tokens) of I32: the position of each token in its text.
        positions: Array,
        /// (tokens, first + tokens) of booleans: whether a token attends to a position of the
        /// cache.
        visible: Array,
    },
}

/// What all layers share.
struct Common {
    num_attention_heads: i32,
    num_key_value_heads: i32,
    head_dim: i32,
    rms_norm_eps: f32,
    /// (head_dim / 2): positions per radian, the inverse of each angle.
    freqs: Array,
}

struct Attention {
    /// (num_attention_heads · head_dim, hidden_size)
    q_proj: Linear,
    /// (num_key_value_heads · head_dim, hidden_size)
    k_proj: Linear,
    /// (num_key_value_heads · head_dim, hidden_size)
    v_proj: Linear,
    /// (hidden_size, num_attention_heads · head_dim)
    o_proj: Linear,
    /// (head_dim)
    q_norm: Option<Array>,
    /// (head_dim)
    k_norm: Option<Array>,
}

impl Attention {
    fn load(tensors: &mut Tensors<'_>, name: &str, config: &Config) -> Result<Attention, DecoderError> {
        let mut norm = |part: &str| match config.qk_norm {
            true => tensors.array(&format!("{name}.{part}.weight")).map(Some),
            false => Ok(None),
        };
        let (q_norm, k_norm) = (norm("q_norm")?, norm("k_norm")?);
        let mut linear = |part: &str| tensors.linear(&format!("{name}.{part}"));
        Ok(Attention {
            q_proj: linear("q_proj")?,
            k_proj: linear("k_proj")?,
            v_proj: linear("v_proj")?,
            o_proj: linear("o_proj")?,
            q_norm,
            k_norm,
        })
    }

    /// `x` (tokens, hidden_size) → (tokens, hidden_size)
    fn forward(
        &self,
        common: &Common,
        layer: usize,
        x: &Array,
        place: &CachePosition,
        cache: &mut Cache,
    ) -> Result<Array, Exception> {
        let Common { num_attention_heads, num_key_value_heads, head_dim, rms_norm_eps, .. } = *common;
        let tokens = x.dim(0);
        let normed = |x: Array, norm: &Option<Array>| match norm {
            Some(weight) => fast::rms_norm(x, Some(weight), rms_norm_eps),
            None => Ok(x),
        };

        let shape = |heads: i32| [1, tokens, heads, head_dim];
        // (1, tokens, num_attention_heads, head_dim)
        let queries = self.q_proj.forward(x)?.reshape(&shape(num_attention_heads))?;
        // (1, tokens, num_key_value_heads, head_dim)
        let keys = self.k_proj.forward(x)?.reshape(&shape(num_key_value_heads))?;
        let values = self.v_proj.forward(x)?.reshape(&shape(num_key_value_heads))?;

        // (1, num_attention_heads, tokens, head_dim)
        let queries = common.turn(&normed(queries, &self.q_norm)?, place)?;
        // (1, num_key_value_heads, tokens, head_dim)
        let keys = common.turn(&normed(keys, &self.k_norm)?, place)?;
        let values = values.transpose_axes(&[0, 2, 1, 3])?;
        // (1, num_key_value_heads, positions to the end, head_dim)
        let (keys, values) = cache.update(layer, place.first(), &keys, &values)?;

        let mask = match place {
            // A single token attends to everything.
            CachePosition::Line(_) if tokens == 1 => None,
            CachePosition::Line(_) => Some(Mask::Causal),
            CachePosition::Tree { visible, .. } => Some(Mask::Array(visible)),
        };
        let scale = (head_dim as f32).sqrt().recip();
        // (1, num_attention_heads, tokens, head_dim)
        let heads = fast::scaled_dot_product_attention(queries, keys, values, scale, mask, None)?;
        // (tokens, num_attention_heads · head_dim)
        let heads = heads.transpose_axes(&[0, 2, 1, 3])?.reshape(&[tokens, -1])?;
        self.o_proj.forward(&heads)
    }
}

impl CachePosition {
    /// The position of the pass's first token in the cache.
    fn first(&self) -> i32 {
        match self {
            CachePosition::Line(base) => *base,
            CachePosition::Tree { first, .. } => *first,
        }
    }
}

impl Common {
    /// The rotary embedding: `x` (1, tokens, heads, head_dim) → (1, heads, tokens, head_dim).
    fn turn(&self, x: &Array, place: &CachePosition) -> Result<Array, Exception> {
        let (tokens, heads, width) = (x.dim(1), x.dim(2), self.head_dim);
        match place {
            CachePosition::Line(base) => {
                let x = x.transpose_axes(&[0, 2, 1, 3])?;
                fast::rope(x, width, false, None, 1.0, *base, &self.freqs)
            }
            // MLX takes one position per row of a batch, so each token becomes a row.
            CachePosition::Tree { positions, .. } => {
                let x = x.reshape(&[tokens, heads, 1, width])?;
                let x = fast::rope_dynamic(x, width, false, None, 1.0, positions, &self.freqs)?;
                x.reshape(&[1, tokens, heads, width])?.transpose_axes(&[0, 2, 1, 3])
            }
        }
    }
}

struct Mlp {
    /// (intermediate_size, hidden_size)
    gate_proj: Linear,
    /// (intermediate_size, hidden_size)
    up_proj: Linear,
    /// (hidden_size, intermediate_size)
    down_proj: Linear,
}

/// silu(gate) · up in one kernel: `gate` and `up` (tokens, intermediate_size) → (tokens, intermediate_size).
type Swiglu = Box<dyn for<'a> FnMut((&'a Array, &'a Array)) -> Result<Array, Exception>>;

fn swiglu((gate, up): (&Array, &Array)) -> Result<Array, Exception> {
    gate.multiply(nn::sigmoid(gate)?)?.multiply(up)
}

struct Layer {
    /// (hidden_size)
    input_layernorm: Array,
    self_attn: Attention,
    /// (hidden_size)
    post_attention_layernorm: Array,
    mlp: Mlp,
}

impl Layer {
    fn load(tensors: &mut Tensors<'_>, index: usize, config: &Config) -> Result<Layer, DecoderError> {
        let name = |part: &str| format!("model.layers.{index}.{part}");
        Ok(Layer {
            input_layernorm: tensors.array(&name("input_layernorm.weight"))?,
            self_attn: Attention::load(tensors, &name("self_attn"), config)?,
            post_attention_layernorm: tensors.array(&name("post_attention_layernorm.weight"))?,
            mlp: Mlp {
                gate_proj: tensors.linear(&name("mlp.gate_proj"))?,
                up_proj: tensors.linear(&name("mlp.up_proj"))?,
                down_proj: tensors.linear(&name("mlp.down_proj"))?,
            },
        })
    }
}

/// The weights and how they are used.
pub(super) struct Model {
    /// (vocab_size, hidden_size)
    embed_tokens: Linear,
    layers: Vec<Layer>,
    /// (hidden_size)
    norm: Array,
    /// (vocab_size, hidden_size); `None` if the embedding is also the output matrix.
    lm_head: Option<Linear>,
    common: Common,
    /// Compiled once; the compiled function lives as long as this model.
    swiglu: Swiglu,
}

impl Model {
    /// Copies the weights into MLX's memory.
    ///
    /// # Errors
    /// A tensor that MLX does not accept.
    pub(super) fn load(tensors: &mut Tensors<'_>, config: &Config) -> Result<Model, DecoderError> {
        let layers = (0..config.num_hidden_layers).map(|index| Layer::load(tensors, index, config));
        let layers = layers.collect::<Result<Vec<_>, _>>()?;
        let freqs: Vec<f32> = config.rope.angles(config.head_dim).iter().map(|angle| angle.recip()).collect();
        // A checked configuration has no dimension above 2²⁴.
        let common = Common {
            num_attention_heads: config.num_attention_heads as i32,
            num_key_value_heads: config.num_key_value_heads as i32,
            head_dim: config.head_dim as i32,
            rms_norm_eps: config.rms_norm_eps,
            freqs: Array::from_slice(&freqs, &[freqs.len() as i32]),
        };
        Ok(Model {
            embed_tokens: tensors.linear("model.embed_tokens")?,
            layers,
            norm: tensors.array("model.norm.weight")?,
            lm_head: if config.tie_word_embeddings { None } else { Some(tensors.linear("lm_head")?) },
            common,
            swiglu: Box::new(compile(swiglu, true)),
        })
    }

    /// Sends tokens through all layers and adds their keys and values to the cache: `tokens`
    /// (tokens) of U32 → (tokens, hidden_size), before the last norm.
    ///
    /// # Errors
    /// Whatever MLX refuses.
    pub(super) fn forward(
        &mut self,
        tokens: &Array,
        place: &CachePosition,
        cache: &mut Cache,
    ) -> Result<Array, Exception> {
        let eps = self.common.rms_norm_eps;
        // The residual stream: (tokens, hidden_size)
        let mut x = self.embed_tokens.rows(tokens)?;
        for (index, layer) in self.layers.iter().enumerate() {
            let normed = fast::rms_norm(&x, Some(&layer.input_layernorm), eps)?;
            x = x.add(layer.self_attn.forward(&self.common, index, &normed, place, cache)?)?;
            let normed = fast::rms_norm(&x, Some(&layer.post_attention_layernorm), eps)?;
            let Mlp { gate_proj, up_proj, down_proj } = &layer.mlp;
            // (tokens, intermediate_size)
            let between = (self.swiglu)((&gate_proj.forward(&normed)?, &up_proj.forward(&normed)?))?;
            x = x.add(down_proj.forward(&between)?)?;
        }
        Ok(x)
    }

    /// `x` (tokens, hidden_size) → logits (tokens, vocab_size)
    ///
    /// # Errors
    /// Whatever MLX refuses.
    pub(super) fn logits(&self, x: &Array) -> Result<Array, Exception> {
        let x = fast::rms_norm(x, Some(&self.norm), self.common.rms_norm_eps)?;
        self.lm_head.as_ref().unwrap_or(&self.embed_tokens).forward(&x)
    }
}
