//! The architecture of Llama, Qwen2 and Qwen3 as a function of the trained weights. It is that of
//! `sayso_language::mlx`, without a cache and for several rows at once. Shapes use the names of
//! `config.json`; a batch is (rows, width) tokens.

use super::linear::{Linear, Weight};
use super::pass::Pass;
use super::{Trained, tensors};
use crate::TrainError;
use crate::recipe::Full;
use mlx_rs::error::Exception;
use mlx_rs::fast::{self, ScaledDotProductAttentionMask as Mask};
use mlx_rs::{Array, Dtype, nn};
use sayso_language::checkpoint::{Checkpoint, Config};

/// A layer.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// (hidden_size)
    input_layernorm: Weight,
    /// (num_attention_heads · head_dim, hidden_size)
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
    /// (head_dim / 2): positions per radian, the inverse of each angle.
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
        let norm = |name: String| -> Result<Weight, TrainError> {
            let array = tensors::load(checkpoint, &format!("{name}.weight"))?.as_dtype(dtype)?;
            array.eval()?;
            Ok(Weight::Frozen(array))
        };
        let layer = |index: usize| -> Result<Layer, TrainError> {
            let name = |part: &str| format!("model.layers.{index}.{part}");
            let head_norm = |part: &str| match config.qk_norm {
                true => norm(name(part)).map(Some),
                false => Ok(None),
            };
            Ok(Layer {
                input_layernorm: norm(name("input_layernorm"))?,
                q_proj: linear(&name("self_attn.q_proj"))?,
                k_proj: linear(&name("self_attn.k_proj"))?,
                v_proj: linear(&name("self_attn.v_proj"))?,
                o_proj: linear(&name("self_attn.o_proj"))?,
                q_norm: head_norm("self_attn.q_norm")?,
                k_norm: head_norm("self_attn.k_norm")?,
                post_attention_layernorm: norm(name("post_attention_layernorm"))?,
                gate_proj: linear(&name("mlp.gate_proj"))?,
                up_proj: linear(&name("mlp.up_proj"))?,
                down_proj: linear(&name("mlp.down_proj"))?,
            })
        };
        let freqs: Vec<f32> = config.rope.angles(config.head_dim).iter().map(|angle| angle.recip()).collect();
        Ok(Model {
            dtype,
            embed_tokens: linear("model.embed_tokens")?,
            layers: (0..config.num_hidden_layers).map(layer).collect::<Result<_, _>>()?,
            norm: norm("model.norm".to_owned())?,
            lm_head: if config.tie_word_embeddings { None } else { Some(linear("lm_head")?) },
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
            self.norm.train("model.norm.weight".to_owned(), &mut trained);
            if let Some(head) = &mut self.lm_head {
                train_linear(head, &mut trained)?;
            }
        }
        for (index, layer) in self.layers.iter_mut().enumerate().skip(first) {
            let name = |part: &str| format!("model.layers.{index}.{part}.weight");
            layer.input_layernorm.train(name("input_layernorm"), &mut trained);
            layer.post_attention_layernorm.train(name("post_attention_layernorm"), &mut trained);
            for (norm, part) in
                [(&mut layer.q_norm, "self_attn.q_norm"), (&mut layer.k_norm, "self_attn.k_norm")]
            {
                if let Some(norm) = norm {
                    norm.train(name(part), &mut trained);
                }
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
        let mut norms = vec![("model.norm.weight".to_owned(), &self.norm)];
        for (index, layer) in self.layers.iter().enumerate() {
            let name = |part: &str| format!("model.layers.{index}.{part}.weight");
            norms.push((name("input_layernorm"), &layer.input_layernorm));
            norms.push((name("post_attention_layernorm"), &layer.post_attention_layernorm));
            norms.extend(layer.q_norm.iter().map(|norm| (name("self_attn.q_norm"), norm)));
            norms.extend(layer.k_norm.iter().map(|norm| (name("self_attn.k_norm"), norm)));
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
        let x = x.add(self.attention(layer, pass, &normed)?)?;
        let normed = fast::rms_norm(&x, Some(layer.post_attention_layernorm.of(pass.trained)), eps)?;
        // (rows, width, intermediate_size)
        let gate = layer.gate_proj.forward(pass, &normed)?;
        let between = gate.multiply(nn::sigmoid(&gate)?)?.multiply(layer.up_proj.forward(pass, &normed)?)?;
        x.add(layer.down_proj.forward(pass, &between)?)
    }

    fn attention(&self, layer: &Layer, pass: &Pass<'_>, x: &Array) -> Result<Array, Exception> {
        let (rows, width) = (x.dim(0), x.dim(1));
        let head_dim = self.config.head_dim as i32;
        let heads = |x: Array, heads: usize| x.reshape(&[rows, width, heads as i32, head_dim]);
        // (rows, width, heads, head_dim)
        let queries = heads(layer.q_proj.forward(pass, x)?, self.config.num_attention_heads)?;
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
            fast::rope(x, head_dim, false, None, 1.0, 0, &self.freqs)
        };
        // (rows, heads, width, head_dim)
        let (queries, keys) = (turned(queries, &layer.q_norm)?, turned(keys, &layer.k_norm)?);
        let values = values.transpose_axes(&[0, 2, 1, 3])?;
        let mask = pass.seen.map_or(Mask::Causal, Mask::Array);
        let scale = (head_dim as f32).sqrt().recip();
        let heads = fast::scaled_dot_product_attention(queries, keys, values, scale, Some(mask), None)?;
        let heads = heads.transpose_axes(&[0, 2, 1, 3])?.reshape(&[rows, width, -1])?;
        layer.o_proj.forward(pass, &heads)
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
    fn linears_mut(&mut self) -> [&mut Linear; 7] {
        [
            &mut self.q_proj,
            &mut self.k_proj,
            &mut self.v_proj,
            &mut self.o_proj,
            &mut self.gate_proj,
            &mut self.down_proj,
            &mut self.up_proj,
        ]
    }

    fn linears(&self) -> [&Linear; 7] {
        [
            &self.q_proj,
            &self.k_proj,
            &self.v_proj,
            &self.o_proj,
            &self.gate_proj,
            &self.down_proj,
            &self.up_proj,
        ]
    }

    /// The places of the trained weights of this layer.
    pub(super) fn trained(&self) -> Vec<usize> {
        let norms = [&self.input_layernorm, &self.post_attention_layernorm].into_iter();
        let norms = norms.chain(&self.q_norm).chain(&self.k_norm).filter_map(Weight::place);
        norms.chain(self.linears().into_iter().flat_map(Linear::trained)).collect()
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
