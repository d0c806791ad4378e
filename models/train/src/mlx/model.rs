//! The architecture of Llama, Qwen2, Qwen3 and the text half of Qwen3.5 as a function of the trained
//! weights. It is that of `sayso_language::mlx`, without a cache and for several rows at once. Shapes use the names of
//! `config.json`; a batch is (rows, width) tokens.

use super::linear::{Linear, Weight};
use super::pass::Pass;
use super::{Trained, tensors};
use crate::TrainError;
use crate::recipe::Full;
use mlx_rs::error::Exception;
use mlx_rs::fast::{self, ScaledDotProductAttentionMask as Mask};
use mlx_rs::ops::indexing::{Ellipsis, TryIndexOp};
use mlx_rs::{Array, Dtype, nn, ops};
use sayso_language::checkpoint::{Checkpoint, Config, DeltaNet};
use sayso_language::mlx::delta::{self, Inputs};

/// Attention.
#[derive(Debug, Clone)]
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
    q_norm: Option<Weight>,
    /// (head_dim)
    k_norm: Option<Weight>,
}

/// A gated delta-net.
#[derive(Debug, Clone)]
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
    /// (hidden_size, value_dim)
    out_proj: Linear,
    /// (conv_dim, linear_conv_kernel_dim, 1)
    conv1d: Weight,
    /// (linear_num_value_heads), always in 32-bit numbers.
    a_log: Weight,
    /// (linear_num_value_heads)
    dt_bias: Weight,
    /// (linear_value_head_dim)
    norm: Weight,
}

/// The part of a layer that brings tokens together.
#[derive(Debug, Clone)]
enum Mixer {
    /// `self_attn`
    Attention(Box<Attention>),
    /// `linear_attn`
    Delta(Box<Delta>),
}

/// A layer.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// (hidden_size)
    input_layernorm: Weight,
    mixer: Mixer,
    /// (hidden_size)
    post_attention_layernorm: Weight,
    /// (intermediate_size, hidden_size)
    gate_proj: Linear,
    /// (intermediate_size, hidden_size)
    up_proj: Linear,
    /// (hidden_size, intermediate_size)
    down_proj: Linear,
}

/// A model whose gradients can be computed.
#[derive(Debug, Clone)]
pub struct Model {
    config: Config,
    /// The numbers that it computes with.
    dtype: Dtype,
    /// (vocab_size, hidden_size)
    pub(super) embed_tokens: Linear,
    pub(super) layers: Vec<Layer>,
    /// (hidden_size)
    pub(super) norm: Weight,
    /// (vocab_size, hidden_size); `None` if the embedding is also the output matrix.
    pub(super) lm_head: Option<Linear>,
    /// (rotary_dim / 2): positions per radian, the inverse of each angle.
    freqs: Array,
}

impl Model {
    /// Copies a checkpoint into MLX's memory. All weights are fixed at first.
    ///
    /// # Errors
    /// A tensor that MLX does not accept.
    pub fn load(checkpoint: &Checkpoint, dtype: Dtype, dequantize: bool) -> Result<Model, TrainError> {
        let config = checkpoint.config().clone();
        let linear = |name: &str| Linear::load(checkpoint, name, dtype, dequantize);
        let plain = |name: &str, dtype: Dtype| -> Result<Weight, TrainError> {
            let array = tensors::load(checkpoint, name)?.as_dtype(dtype)?;
            array.eval()?;
            Ok(Weight::Frozen(array))
        };
        let norm = |name: String| plain(&format!("{name}.weight"), dtype);
        let attention = |name: &dyn Fn(&str) -> String| -> Result<Attention, TrainError> {
            let head_norm = |part: &str| match config.qk_norm {
                true => norm(name(part)).map(Some),
                false => Ok(None),
            };
            Ok(Attention {
                q_proj: linear(&name("self_attn.q_proj"))?,
                k_proj: linear(&name("self_attn.k_proj"))?,
                v_proj: linear(&name("self_attn.v_proj"))?,
                o_proj: linear(&name("self_attn.o_proj"))?,
                q_norm: head_norm("self_attn.q_norm")?,
                k_norm: head_norm("self_attn.k_norm")?,
            })
        };
        let delta = |name: &dyn Fn(&str) -> String, net: DeltaNet| -> Result<Delta, TrainError> {
            Ok(Delta {
                net,
                in_proj_qkv: linear(&name("linear_attn.in_proj_qkv"))?,
                in_proj_z: linear(&name("linear_attn.in_proj_z"))?,
                in_proj_b: linear(&name("linear_attn.in_proj_b"))?,
                in_proj_a: linear(&name("linear_attn.in_proj_a"))?,
                out_proj: linear(&name("linear_attn.out_proj"))?,
                conv1d: norm(name("linear_attn.conv1d"))?,
                a_log: plain(&name("linear_attn.A_log"), Dtype::Float32)?,
                dt_bias: plain(&name("linear_attn.dt_bias"), dtype)?,
                norm: norm(name("linear_attn.norm"))?,
            })
        };
        let layer = |index: usize| -> Result<Layer, TrainError> {
            let name = |part: &str| config.layer_name(index, part);
            Ok(Layer {
                input_layernorm: norm(name("input_layernorm"))?,
                mixer: match config.delta_net_at(index) {
                    None => Mixer::Attention(Box::new(attention(&name)?)),
                    Some(net) => Mixer::Delta(Box::new(delta(&name, *net)?)),
                },
                post_attention_layernorm: norm(name("post_attention_layernorm"))?,
                gate_proj: linear(&name("mlp.gate_proj"))?,
                up_proj: linear(&name("mlp.up_proj"))?,
                down_proj: linear(&name("mlp.down_proj"))?,
            })
        };
        let freqs: Vec<f32> =
            config.rope.angles(config.rotary_dim).iter().map(|angle| angle.recip()).collect();
        Ok(Model {
            dtype,
            embed_tokens: linear(&config.name("model.embed_tokens"))?,
            layers: (0..config.num_hidden_layers).map(layer).collect::<Result<_, _>>()?,
            norm: norm(config.name("model.norm"))?,
            lm_head: match config.tie_word_embeddings {
                true => None,
                false => Some(linear(&config.name("lm_head"))?),
            },
            freqs: Array::from_slice(&freqs, &[freqs.len() as i32]),
            config,
        })
    }

    /// The configuration of the model.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The numbers that it computes with.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Makes weights of the model trainable, in full.
    ///
    /// # Errors
    /// A packed matrix, which cannot be trained.
    pub fn unfreeze(&mut self, full: &Full) -> Result<Trained, TrainError> {
        let mut trained = Trained::default();
        let first = first_layer(&self.config, full.layers)?;
        if full.embeddings {
            train_linear(&mut self.embed_tokens, &mut trained)?;
            self.norm.train(self.config.name("model.norm.weight"), &mut trained);
            if let Some(head) = &mut self.lm_head {
                train_linear(head, &mut trained)?;
            }
        }
        for (index, layer) in self.layers.iter_mut().enumerate().skip(first) {
            for (part, weight) in layer.others_mut() {
                weight.train(self.config.layer_name(index, part), &mut trained);
            }
            for linear in layer.linears_mut() {
                train_linear(linear, &mut trained)?;
            }
        }
        Ok(trained)
    }

    /// All matrices of the layers, with the number of their layer.
    pub(super) fn linears_mut(&mut self) -> impl Iterator<Item = (usize, &mut Linear)> {
        let layers = self.layers.iter_mut().enumerate();
        layers.flat_map(|(index, layer)| layer.linears_mut().into_iter().map(move |linear| (index, linear)))
    }

    /// All matrices of the model.
    pub(super) fn linears(&self) -> impl Iterator<Item = &Linear> {
        let ends = [&self.embed_tokens].into_iter().chain(&self.lm_head);
        ends.chain(self.layers.iter().flat_map(|layer| layer.linears()))
    }

    /// All weights of the model that are not matrices: names and weights.
    pub(super) fn norms(&self) -> Vec<(String, &Weight)> {
        let mut norms = vec![(self.config.name("model.norm.weight"), &self.norm)];
        for (index, layer) in self.layers.iter().enumerate() {
            let others = layer.others().into_iter();
            norms.extend(others.map(|(part, weight)| (self.config.layer_name(index, part), weight)));
        }
        norms
    }

    /// `tokens` (rows, width) of U32 → (rows, width, hidden_size)
    ///
    /// # Errors
    /// Whatever MLX refuses.
    pub fn embed(&self, pass: &Pass<'_>, tokens: &Array) -> Result<Array, Exception> {
        if let Some(few) = pass.training.rounding.filter(|_| !self.embed_tokens.trained().is_empty()) {
            return self.embed_tokens.rounded(pass.trained, few)?.take_axis(tokens, 0);
        }
        let weight = self.embed_tokens.weight.of(pass.trained);
        match &self.embed_tokens.packed {
            Some(packed) => packed.rows(weight, tokens),
            None => weight.take_axis(tokens, 0),
        }
    }

    /// One layer: `x` (rows, width, hidden_size) → (rows, width, hidden_size)
    ///
    /// # Errors
    /// Whatever MLX refuses.
    pub fn layer(&self, pass: &Pass<'_>, index: usize, x: &Array) -> Result<Array, Exception> {
        let (layer, eps) = (&self.layers[index], self.config.rms_norm_eps);
        let normed = fast::rms_norm(x, Some(layer.input_layernorm.of(pass.trained)), eps)?;
        let mixed = match &layer.mixer {
            Mixer::Attention(attention) => self.attention(attention, pass, &normed)?,
            Mixer::Delta(delta) => self.delta(delta, pass, &normed)?,
        };
        let x = x.add(mixed)?;
        let normed = fast::rms_norm(&x, Some(layer.post_attention_layernorm.of(pass.trained)), eps)?;
        // (rows, width, intermediate_size)
        let gate = layer.gate_proj.forward(pass, &normed)?;
        let between = gate.multiply(nn::sigmoid(&gate)?)?.multiply(layer.up_proj.forward(pass, &normed)?)?;
        x.add(layer.down_proj.forward(pass, &between)?)
    }

    fn attention(&self, layer: &Attention, pass: &Pass<'_>, x: &Array) -> Result<Array, Exception> {
        let (rows, width) = (x.dim(0), x.dim(1));
        let head_dim = self.config.head_dim as i32;
        let heads = |x: Array, heads: usize| x.reshape(&[rows, width, heads as i32, head_dim]);
        // (rows, width, heads, head_dim)
        let queries = layer.q_proj.forward(pass, x)?;
        let (queries, gate) = match self.config.output_gate {
            true => {
                let both = queries.reshape(&[rows, width, -1, 2 * head_dim])?;
                let gate = both.try_index((Ellipsis, head_dim..))?;
                (both.try_index((Ellipsis, ..head_dim))?, Some(gate))
            }
            false => (heads(queries, self.config.num_attention_heads)?, None),
        };
        let keys = heads(layer.k_proj.forward(pass, x)?, self.config.num_key_value_heads)?;
        let values = heads(layer.v_proj.forward(pass, x)?, self.config.num_key_value_heads)?;
        let turned = |x: Array, norm: &Option<Weight>| -> Result<Array, Exception> {
            let x = match norm {
                Some(norm) => fast::rms_norm(x, Some(norm.of(pass.trained)), self.config.rms_norm_eps)?,
                None => x,
            };
            // The angles between tokens are all that counts, so the examples of a packed row need
            // no positions of their own.
            let x = x.transpose_axes(&[0, 2, 1, 3])?;
            fast::rope(x, self.config.rotary_dim as i32, false, None, 1.0, 0, &self.freqs)
        };
        // (rows, heads, width, head_dim)
        let (queries, keys) = (turned(queries, &layer.q_norm)?, turned(keys, &layer.k_norm)?);
        let values = values.transpose_axes(&[0, 2, 1, 3])?;
        let mask = pass.seen.map_or(Mask::Causal, Mask::Array);
        let scale = (head_dim as f32).sqrt().recip();
        let heads = fast::scaled_dot_product_attention(queries, keys, values, scale, Some(mask), None)?;
        let heads = heads.transpose_axes(&[0, 2, 1, 3])?;
        let heads = match gate {
            Some(gate) => heads.multiply(nn::sigmoid(gate)?)?,
            None => heads,
        };
        layer.o_proj.forward(pass, &heads.reshape(&[rows, width, -1])?)
    }

    fn delta(&self, layer: &Delta, pass: &Pass<'_>, x: &Array) -> Result<Array, Exception> {
        let (rows, width) = (x.dim(0), x.dim(1));
        // (rows, width, conv_dim)
        let channels = layer.in_proj_qkv.forward(pass, x)?;
        let b = layer.in_proj_b.forward(pass, x)?;
        let a = layer.in_proj_a.forward(pass, x)?;
        let conv1d = layer.conv1d.of(pass.trained);
        let kernel = conv1d.dim(1);
        let zeros = ops::zeros_dtype(&[rows, kernel - 1, channels.dim(2)], channels.dtype())?;
        let padded = ops::concatenate(&[zeros, channels], 1)?;
        let part = |at: i32| -> Result<Array, Exception> {
            let part = padded.try_index((.., at..at + width, ..))?;
            let Some(seen) = pass.seen.filter(|_| at + 1 < kernel) else { return Ok(part) };
            // Whether the token that stands so far before is of the same example: (rows, width, 1)
            let before = Array::eye::<f32>(width, None, Some(at + 1 - kernel))?;
            let is_same = seen.as_dtype(Dtype::Float32)?.multiply(before)?.sum_axis(-1, true)?;
            part.multiply(is_same.squeeze_axes(&[1])?.as_dtype(part.dtype())?)
        };
        let window = (0..kernel).map(part).collect::<Result<Vec<_>, _>>()?;
        let gates = [&b, &a, layer.a_log.of(pass.trained), layer.dt_bias.of(pass.trained)];
        let inputs = Inputs::new(&layer.net, &window, conv1d, gates)?;
        // (rows or nothing, 1, 1, width, width)
        let seen = match pass.seen {
            Some(seen) => seen.expand_dims(1)?,
            None => delta::causal(width)?,
        };
        let (out, _) = inputs.recur(None, &seen)?;
        let z = layer.in_proj_z.forward(pass, x)?;
        let heads = delta::gated(&out, layer.norm.of(pass.trained), &z, self.config.rms_norm_eps)?;
        layer.out_proj.forward(pass, &heads)
    }

    /// `x` (…, hidden_size) → logits (…, vocab_size)
    ///
    /// # Errors
    /// Whatever MLX refuses.
    pub fn logits(&self, pass: &Pass<'_>, x: &Array) -> Result<Array, Exception> {
        let x = fast::rms_norm(x, Some(self.norm.of(pass.trained)), self.config.rms_norm_eps)?;
        self.lm_head.as_ref().unwrap_or(&self.embed_tokens).forward(pass, &x)
    }

    /// The whole model: `tokens` (rows, width) of U32 → logits (rows, width, vocab_size)
    ///
    /// # Errors
    /// Whatever MLX refuses.
    pub fn forward(&self, pass: &Pass<'_>, tokens: &Array) -> Result<Array, Exception> {
        let mut x = self.embed(pass, tokens)?;
        for index in 0..self.layers.len() {
            x = self.layer(pass, index, &x)?;
        }
        self.logits(pass, &x)
    }
}

impl Layer {
    fn linears_mut(&mut self) -> Vec<&mut Linear> {
        let mut linears = match &mut self.mixer {
            Mixer::Attention(attention) => {
                let Attention { q_proj, k_proj, v_proj, o_proj, .. } = &mut **attention;
                vec![q_proj, k_proj, v_proj, o_proj]
            }
            Mixer::Delta(delta) => {
                let Delta { in_proj_qkv, in_proj_z, in_proj_b, in_proj_a, out_proj, .. } = &mut **delta;
                vec![in_proj_qkv, in_proj_z, in_proj_b, in_proj_a, out_proj]
            }
        };
        linears.extend([&mut self.gate_proj, &mut self.down_proj, &mut self.up_proj]);
        linears
    }

    fn linears(&self) -> Vec<&Linear> {
        let mut linears = match &self.mixer {
            Mixer::Attention(attention) => {
                let Attention { q_proj, k_proj, v_proj, o_proj, .. } = &**attention;
                vec![q_proj, k_proj, v_proj, o_proj]
            }
            Mixer::Delta(delta) => {
                let Delta { in_proj_qkv, in_proj_z, in_proj_b, in_proj_a, out_proj, .. } = &**delta;
                vec![in_proj_qkv, in_proj_z, in_proj_b, in_proj_a, out_proj]
            }
        };
        linears.extend([&self.gate_proj, &self.down_proj, &self.up_proj]);
        linears
    }

    /// All weights that are not matrices, with their names in the layer.
    fn others(&self) -> Vec<(&'static str, &Weight)> {
        let mut others = vec![
            ("input_layernorm.weight", &self.input_layernorm),
            ("post_attention_layernorm.weight", &self.post_attention_layernorm),
        ];
        match &self.mixer {
            Mixer::Attention(attention) => {
                others.extend(attention.q_norm.iter().map(|norm| ("self_attn.q_norm.weight", norm)));
                others.extend(attention.k_norm.iter().map(|norm| ("self_attn.k_norm.weight", norm)));
            }
            Mixer::Delta(delta) => others.extend([
                ("linear_attn.conv1d.weight", &delta.conv1d),
                ("linear_attn.A_log", &delta.a_log),
                ("linear_attn.dt_bias", &delta.dt_bias),
                ("linear_attn.norm.weight", &delta.norm),
            ]),
        }
        others
    }

    /// As [`Layer::others`].
    fn others_mut(&mut self) -> Vec<(&'static str, &mut Weight)> {
        let mut others = vec![
            ("input_layernorm.weight", &mut self.input_layernorm),
            ("post_attention_layernorm.weight", &mut self.post_attention_layernorm),
        ];
        match &mut self.mixer {
            Mixer::Attention(attention) => {
                let Attention { q_norm, k_norm, .. } = &mut **attention;
                others.extend(q_norm.iter_mut().map(|norm| ("self_attn.q_norm.weight", norm)));
                others.extend(k_norm.iter_mut().map(|norm| ("self_attn.k_norm.weight", norm)));
            }
            Mixer::Delta(delta) => {
                let Delta { conv1d, a_log, dt_bias, norm, .. } = &mut **delta;
                others.extend([
                    ("linear_attn.conv1d.weight", conv1d),
                    ("linear_attn.A_log", a_log),
                    ("linear_attn.dt_bias", dt_bias),
                    ("linear_attn.norm.weight", norm),
                ]);
            }
        }
        others
    }

    /// The places of the trained weights of this layer.
    pub(super) fn trained(&self) -> Vec<usize> {
        let others = self.others().into_iter().filter_map(|(_, weight)| weight.place());
        others.chain(self.linears().into_iter().flat_map(Linear::trained)).collect()
    }
}

/// The first of the last `layers` layers.
pub(super) fn first_layer(config: &Config, layers: Option<usize>) -> Result<usize, TrainError> {
    let all = config.num_hidden_layers;
    let wanted = layers.unwrap_or(all);
    all.checked_sub(wanted).ok_or_else(|| {
        TrainError::Unfit(format!("{wanted} layers are to be trained, but the model has {all}"))
    })
}

fn train_linear(linear: &mut Linear, trained: &mut Trained) -> Result<(), TrainError> {
    if linear.packed.is_some() {
        return Err(TrainError::Unfit(format!(
            "{} is packed into few bits, and only adapters can be trained over it: set `dequantize = true`, or train with `lora`",
            linear.name
        )));
    }
    linear.weight.train(format!("{}.weight", linear.name), trained);
    if let Some(bias) = &mut linear.bias {
        bias.train(format!("{}.bias", linear.name), trained);
    }
    Ok(())
}
