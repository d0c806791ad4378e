//! The architecture of Llama, Qwen2, Qwen3 and the text half of Qwen3.5. Fields are named as in the checkpoint; a field that
//! only some models have is an `Option`. Shapes use the names of `config.json`; `tokens` is the
//! number of tokens in a pass.

use super::cache::{Cache, DeltaCache, KeysValues, LayerCache};
use super::delta::{self, Inputs};
use super::linear::Linear;
use super::tensors::Tensors;
use crate::checkpoint::{Config, DeltaNet};
use crate::error::DecoderError;
use mlx_rs::error::Exception;
use mlx_rs::fast::{self, ScaledDotProductAttentionMask as Mask};
use mlx_rs::ops::indexing::{Ellipsis, TryIndexOp};
use mlx_rs::transforms::compile::compile;
use mlx_rs::{Array, Dtype, nn, ops};

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
        /// What gated delta-nets need; `None` if the model has none.
        branches: Option<Branches>,
    },
}

/// The tree of a pass and of those before it, for layers that run along its branches.
pub(super) struct Branches {
    /// How many tokens of text stand before the tree.
    pub(super) base: i32,
    /// (kernel, nodes) of I32, the oldest first: the rows in the cache of each node and of those
    /// that the convolution sees before it.
    pub(super) windows: Vec<Array>,
    /// (nodes, nodes) of booleans: whether a node is another one or comes after it.
    pub(super) ancestors: Array,
}

/// What all layers share.
struct Common {
    num_attention_heads: i32,
    num_key_value_heads: i32,
    head_dim: i32,
    rms_norm_eps: f32,
    rotary_dim: i32,
    output_gate: bool,
    /// (rotary_dim / 2): positions per radian, the inverse of each angle.
    freqs: Array,
}

struct Attention {
    /// (num_attention_heads · head_dim, hidden_size), or with a gate behind each query
    /// (num_attention_heads · 2 · head_dim, hidden_size)
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
        x: &Array,
        place: &CachePosition,
        cache: &mut KeysValues,
    ) -> Result<Array, Exception> {
        let Common { num_attention_heads, num_key_value_heads, head_dim, rms_norm_eps, .. } = *common;
        let tokens = x.dim(0);
        let normed = |x: Array, norm: &Option<Array>| match norm {
            Some(weight) => fast::rms_norm(x, Some(weight), rms_norm_eps),
            None => Ok(x),
        };

        let shape = |heads: i32| [1, tokens, heads, head_dim];
        let queries = self.q_proj.forward(x)?;
        // (1, tokens, num_attention_heads, head_dim)
        let (queries, gate) = match common.output_gate {
            true => {
                let both = queries.reshape(&[1, tokens, num_attention_heads, 2 * head_dim])?;
                let gate = both.try_index((Ellipsis, head_dim..))?;
                (both.try_index((Ellipsis, ..head_dim))?, Some(gate))
            }
            false => (queries.reshape(&shape(num_attention_heads))?, None),
        };
        // (1, tokens, num_key_value_heads, head_dim)
        let keys = self.k_proj.forward(x)?.reshape(&shape(num_key_value_heads))?;
        let values = self.v_proj.forward(x)?.reshape(&shape(num_key_value_heads))?;

        // (1, num_attention_heads, tokens, head_dim)
        let queries = common.turn(&normed(queries, &self.q_norm)?, place)?;
        // (1, num_key_value_heads, tokens, head_dim)
        let keys = common.turn(&normed(keys, &self.k_norm)?, place)?;
        let values = values.transpose_axes(&[0, 2, 1, 3])?;
        // (1, num_key_value_heads, positions to the end, head_dim)
        let (keys, values) = cache.update(place.first(), &keys, &values)?;

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
        let heads = heads.transpose_axes(&[0, 2, 1, 3])?;
        let heads = match gate {
            Some(gate) => heads.multiply(nn::sigmoid(gate)?)?,
            None => heads,
        };
        let heads = heads.reshape(&[tokens, -1])?;
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
        let (tokens, heads, width) = (x.dim(1), x.dim(2), self.rotary_dim);
        match place {
            CachePosition::Line(base) => {
                let x = x.transpose_axes(&[0, 2, 1, 3])?;
                fast::rope(x, width, false, None, 1.0, *base, &self.freqs)
            }
            // MLX takes one position per row of a batch, so each token becomes a row.
            CachePosition::Tree { positions, .. } => {
                let x = x.reshape(&[tokens, heads, 1, self.head_dim])?;
                let x = fast::rope_dynamic(x, width, false, None, 1.0, positions, &self.freqs)?;
                x.reshape(&[1, tokens, heads, self.head_dim])?.transpose_axes(&[0, 2, 1, 3])
            }
        }
    }
}

/// A gated delta-net.
struct Delta {
    net: DeltaNet,
    /// (conv_dim, hidden_size)
    in_proj_qkv: Linear,
    /// (value_dim, hidden_size)
    in_proj_z: Linear,
    /// (linear_num_value_heads, hidden_size)
    in_proj_b: Linear,
    /// (linear_num_value_heads, hidden_size)
    in_proj_a: Linear,
    /// (conv_dim, linear_conv_kernel_dim, 1)
    conv1d: Array,
    /// (linear_num_value_heads), in 32-bit numbers.
    a_log: Array,
    /// (linear_num_value_heads)
    dt_bias: Array,
    /// (linear_value_head_dim)
    norm: Array,
    /// (hidden_size, value_dim)
    out_proj: Linear,
}

/// Tokens for which a state is brought up again at once.
const AGAIN: i32 = 128;

impl Delta {
    fn load(tensors: &mut Tensors<'_>, name: &str, net: DeltaNet) -> Result<Delta, DecoderError> {
        let of = |part: &str| format!("{name}.{part}");
        Ok(Delta {
            net,
            in_proj_qkv: tensors.linear(&of("in_proj_qkv"))?,
            in_proj_z: tensors.linear(&of("in_proj_z"))?,
            in_proj_b: tensors.linear(&of("in_proj_b"))?,
            in_proj_a: tensors.linear(&of("in_proj_a"))?,
            conv1d: tensors.array(&of("conv1d.weight"))?,
            a_log: tensors.array_of(&of("A_log"), Dtype::Float32)?,
            dt_bias: tensors.array(&of("dt_bias"))?,
            norm: tensors.array(&of("norm.weight"))?,
            out_proj: tensors.linear(&of("out_proj"))?,
        })
    }

    /// `x` (tokens, hidden_size) → (tokens, hidden_size)
    fn forward(
        &self,
        common: &Common,
        x: &Array,
        place: &CachePosition,
        cache: &mut DeltaCache,
    ) -> Result<Array, Exception> {
        let parts = [self.in_proj_qkv.forward(x)?, self.in_proj_b.forward(x)?, self.in_proj_a.forward(x)?];
        cache.write(place.first(), &ops::concatenate(&parts, -1)?)?;
        let tokens = x.dim(0);
        // (1, heads, sharing, tokens, linear_value_head_dim)
        let out = match place {
            CachePosition::Line(base) => {
                let state = self.state(*base, cache)?;
                let (out, state) =
                    self.line(cache, *base, tokens)?.recur(Some(&state), &delta::causal(tokens)?)?;
                cache.set_state(base + tokens, state);
                out
            }
            CachePosition::Tree { branches: Some(branches), .. } => {
                let state = self.state(branches.base, cache)?;
                let windows = branches.windows.iter().map(|rows| cache.rows.take_axis(rows, 1));
                let windows = windows.collect::<Result<Vec<_>, _>>()?;
                // The nodes of earlier passes run again with those of this one.
                let (out, _) = self.inputs(&windows)?.recur(Some(&state), &branches.ancestors)?;
                out.try_index((Ellipsis, out.dim(-2) - tokens.., ..))?
            }
            CachePosition::Tree { branches: None, .. } => {
                return Err(Exception::custom("a tree without its branches"));
            }
        };
        let z = self.in_proj_z.forward(x)?.expand_dims(0)?;
        let heads = delta::gated(&out, &self.norm, &z, common.rms_norm_eps)?;
        self.out_proj.forward(&heads.squeeze_axes(&[0])?)
    }

    /// The state after the first `base` tokens. A state cannot be cut, so if the text was cut since
    /// it was computed, it is computed again from what the cache has of these tokens.
    fn state(&self, base: i32, cache: &mut DeltaCache) -> Result<Array, Exception> {
        if cache.position == base {
            return Ok(cache.state.clone());
        }
        let mut state = ops::zeros_like(&cache.state)?;
        for from in (0..base).step_by(AGAIN as usize) {
            let tokens = AGAIN.min(base - from);
            let inputs = self.line(cache, from, tokens)?;
            state = inputs.recur(Some(&state), &delta::causal(tokens)?)?.1;
        }
        cache.set_state(base, state.clone());
        Ok(state)
    }

    /// What goes into the recurrence for the `tokens` tokens from `base` on.
    fn line(&self, cache: &DeltaCache, base: i32, tokens: i32) -> Result<Inputs, Exception> {
        let kernel = self.conv1d.dim(1);
        // The cache has zeros before the first token.
        let part = |at: i32| cache.rows.try_index((Ellipsis, base + at..base + at + tokens, ..));
        self.inputs(&(0..kernel).map(part).collect::<Result<Vec<_>, _>>()?)
    }

    /// `window`: for each token that the convolution sees, (1, tokens, conv_dim + 2 ·
    /// linear_num_value_heads).
    fn inputs(&self, window: &[Array]) -> Result<Inputs, Exception> {
        let (channels, heads) = (self.net.conv_dim() as i32, self.net.linear_num_value_heads as i32);
        let Some(last) = window.last() else { return Err(Exception::custom("a kernel without weights")) };
        let b = last.try_index((Ellipsis, channels..channels + heads))?;
        let a = last.try_index((Ellipsis, channels + heads..))?;
        let window = window.iter().map(|rows| rows.try_index((Ellipsis, ..channels)));
        let window = window.collect::<Result<Vec<_>, _>>()?;
        Inputs::new(&self.net, &window, &self.conv1d, [&b, &a, &self.a_log, &self.dt_bias])
    }
}

/// The part of a layer that brings tokens together.
enum Mixer {
    /// `self_attn`
    Attention(Box<Attention>),
    /// `linear_attn`
    Delta(Box<Delta>),
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
    mixer: Mixer,
    /// (hidden_size)
    post_attention_layernorm: Array,
    mlp: Mlp,
}

impl Layer {
    fn load(tensors: &mut Tensors<'_>, index: usize, config: &Config) -> Result<Layer, DecoderError> {
        let name = |part: &str| config.layer_name(index, part);
        Ok(Layer {
            input_layernorm: tensors.array(&name("input_layernorm.weight"))?,
            mixer: match config.delta_net_at(index) {
                None => Mixer::Attention(Box::new(Attention::load(tensors, &name("self_attn"), config)?)),
                Some(net) => Mixer::Delta(Box::new(Delta::load(tensors, &name("linear_attn"), *net)?)),
            },
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
        let freqs: Vec<f32> =
            config.rope.angles(config.rotary_dim).iter().map(|angle| angle.recip()).collect();
        // A checked configuration has no dimension above 2²⁴.
        let common = Common {
            num_attention_heads: config.num_attention_heads as i32,
            num_key_value_heads: config.num_key_value_heads as i32,
            head_dim: config.head_dim as i32,
            rotary_dim: config.rotary_dim as i32,
            output_gate: config.output_gate,
            rms_norm_eps: config.rms_norm_eps,
            freqs: Array::from_slice(&freqs, &[freqs.len() as i32]),
        };
        Ok(Model {
            embed_tokens: tensors.linear(&config.name("model.embed_tokens"))?,
            layers,
            norm: tensors.array(&config.name("model.norm.weight"))?,
            lm_head: match config.tie_word_embeddings {
                true => None,
                false => Some(tensors.linear(&config.name("lm_head"))?),
            },
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
            let common = &self.common;
            let normed = fast::rms_norm(&x, Some(&layer.input_layernorm), eps)?;
            let mixed = match (&layer.mixer, cache.layer(index)) {
                (Mixer::Attention(attention), LayerCache::Attention(cache)) => {
                    attention.forward(common, &normed, place, cache)?
                }
                (Mixer::Delta(delta), LayerCache::Delta(cache)) => {
                    delta.forward(common, &normed, place, cache)?
                }
                _ => return Err(Exception::custom("a cache of another model")),
            };
            x = x.add(mixed)?;
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
