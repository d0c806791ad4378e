//! The weights of a model, packed for the processor. Fields are named as in the checkpoint.

use super::arena::Arena;
use super::element::Float;
use super::matrix::{Line, Matrix, Source, Unfit};
use super::pool::Pool;
use crate::checkpoint::{Checkpoint, Config, DeltaNet, Dtype, TensorView};
use crate::error::DecoderError;
use std::ops::Range;

/// A matrix and its range of lines in the arena.
#[derive(Debug)]
pub(super) struct Linear {
    pub(super) matrix: Matrix,
    lines: Range<usize>,
    /// (rows); empty without a bias.
    pub(super) bias: Vec<f32>,
}

/// One layer.
#[derive(Debug)]
pub(super) struct Layer {
    /// (hidden_size)
    pub(super) input_layernorm: Vec<f32>,
    pub(super) mixer: Mixer,
    /// Which layer it is among those with the same kind of mixer.
    pub(super) place: usize,
    /// (hidden_size)
    pub(super) post_attention_layernorm: Vec<f32>,
    /// `gate_proj` and `up_proj`, each (intermediate_size, hidden_size).
    pub(super) gate_up_proj: [Linear; 2],
    /// (hidden_size, intermediate_size)
    pub(super) down_proj: Linear,
}

/// The part of a layer that brings tokens together.
#[derive(Debug)]
pub(super) enum Mixer {
    /// `self_attn`
    Attention(Attention),
    /// `linear_attn`
    Delta(Delta),
}

/// Attention.
#[derive(Debug)]
pub(super) struct Attention {
    /// `q_proj` (heads · head_dim, hidden_size), or with gates (heads · 2 · head_dim, hidden_size),
    /// `k_proj` and `v_proj` (key_value_heads · head_dim, hidden_size).
    pub(super) qkv_proj: [Linear; 3],
    /// (head_dim); empty if the model has none.
    pub(super) q_norm: Vec<f32>,
    /// (head_dim); empty if the model has none.
    pub(super) k_norm: Vec<f32>,
    /// (hidden_size, heads · head_dim)
    pub(super) o_proj: Linear,
}

/// A gated delta-net.
#[derive(Debug)]
pub(super) struct Delta {
    /// `in_proj_qkv` (conv_dim, hidden_size), `in_proj_z` (value_dim, hidden_size), `in_proj_b` and
    /// `in_proj_a` (linear_num_value_heads, hidden_size).
    pub(super) in_proj: [Linear; 4],
    /// (linear_conv_kernel_dim, conv_dim), the oldest token first.
    pub(super) conv1d: Vec<f32>,
    /// (linear_num_value_heads): e to the power of `A_log`.
    pub(super) a: Vec<f32>,
    /// (linear_num_value_heads)
    pub(super) dt_bias: Vec<f32>,
    /// (linear_value_head_dim)
    pub(super) norm: Vec<f32>,
    /// (hidden_size, value_dim)
    pub(super) out_proj: Linear,
}

impl Mixer {
    /// The matrices that the residual stream goes into.
    pub(super) fn inputs(&self) -> &[Linear] {
        match self {
            Mixer::Attention(attention) => &attention.qkv_proj,
            Mixer::Delta(delta) => &delta.in_proj,
        }
    }

    /// The matrix that the heads go into.
    pub(super) fn output(&self) -> &Linear {
        match self {
            Mixer::Attention(attention) => &attention.o_proj,
            Mixer::Delta(delta) => &delta.out_proj,
        }
    }
}

/// All weights.
#[derive(Debug)]
pub(super) struct Weights {
    pub(super) config: Config,
    arena: Arena,
    /// (vocab_size, hidden_size)
    pub(super) embed_tokens: Linear,
    /// (vocab_size, hidden_size); `None` if the embedding is also the output matrix.
    lm_head: Option<Linear>,
    /// (hidden_size)
    pub(super) norm: Vec<f32>,
    pub(super) layers: Vec<Layer>,
}

impl Weights {
    /// Packs the weights of a checkpoint, which is not used afterwards.
    ///
    /// # Errors
    /// A matrix in a format that this backend does not support, or too little memory.
    pub(super) fn pack(checkpoint: &Checkpoint, pool: &mut Pool) -> Result<Weights, DecoderError> {
        let config = checkpoint.config().clone();
        let mut plan = Plan { checkpoint, sources: Vec::new(), lines: 0 };
        let mut layers = Vec::new();
        for index in 0..config.num_hidden_layers {
            layers.push(plan.layer(index, &config)?);
        }
        let embed_tokens = plan.linear(&config.name("model.embed_tokens"))?;
        let lm_head = match config.tie_word_embeddings {
            true => None,
            false => Some(plan.linear(&config.name("lm_head"))?),
        };
        let norm = plan.vector(&config.name("model.norm.weight"))?;
        let mut arena = Arena::new(plan.lines).map_err(DecoderError::Memory)?;
        for (source, matrix, lines) in plan.sources {
            let tiles = arena.lines_mut(lines).chunks_exact_mut(matrix.tile_lines());
            pool.each(tiles.enumerate(), |(index, tile)| source.pack(index, tile));
        }
        Ok(Weights { config, arena, embed_tokens, lm_head, norm, layers })
    }

    /// The lines of a matrix.
    pub(super) fn lines(&self, linear: &Linear) -> &[Line] {
        self.arena.lines(linear.lines.clone())
    }

    /// The matrix that turns the residual stream into logits.
    pub(super) fn head(&self) -> &Linear {
        self.lm_head.as_ref().unwrap_or(&self.embed_tokens)
    }

    /// All matrices.
    pub(super) fn linears(&self) -> impl Iterator<Item = &Linear> {
        let layers = self.layers.iter().flat_map(|layer| {
            let mixer = layer.mixer.inputs().iter().chain([layer.mixer.output()]);
            mixer.chain(&layer.gate_up_proj).chain([&layer.down_proj])
        });
        layers.chain([self.head()])
    }

    /// All lines of all matrices.
    pub(super) fn all_lines(&self) -> &[Line] {
        self.arena.lines(0..self.arena.bytes() / size_of::<Line>())
    }

    /// Size of the matrices in bytes; they are nearly all of the weights.
    pub(super) fn bytes(&self) -> usize {
        self.arena.bytes()
    }
}

/// Assigns each matrix its lines in the arena, in the order of the calls.
struct Plan<'c> {
    checkpoint: &'c Checkpoint,
    sources: Vec<(Source<'c>, Matrix, Range<usize>)>,
    lines: usize,
}

impl Plan<'_> {
    fn layer(&mut self, index: usize, config: &Config) -> Result<Layer, DecoderError> {
        let name = |part: &str| config.layer_name(index, part);
        let is_same =
            |other: &usize| config.delta_net_at(*other).is_some() == config.delta_net_at(index).is_some();
        let mixer = match config.delta_net_at(index) {
            None => Mixer::Attention(self.attention(name, config.qk_norm)?),
            Some(net) => Mixer::Delta(self.delta(name, net)?),
        };
        Ok(Layer {
            input_layernorm: self.vector(&name("input_layernorm.weight"))?,
            mixer,
            place: (0..index).filter(is_same).count(),
            post_attention_layernorm: self.vector(&name("post_attention_layernorm.weight"))?,
            gate_up_proj: [self.linear(&name("mlp.gate_proj"))?, self.linear(&name("mlp.up_proj"))?],
            down_proj: self.linear(&name("mlp.down_proj"))?,
        })
    }

    fn attention(&mut self, name: impl Fn(&str) -> String, qk_norm: bool) -> Result<Attention, DecoderError> {
        let head_norm = |plan: &Self, part: &str| match qk_norm {
            true => plan.vector(&name(part)),
            false => Ok(Vec::new()),
        };
        Ok(Attention {
            qkv_proj: [
                self.linear(&name("self_attn.q_proj"))?,
                self.linear(&name("self_attn.k_proj"))?,
                self.linear(&name("self_attn.v_proj"))?,
            ],
            q_norm: head_norm(self, "self_attn.q_norm.weight")?,
            k_norm: head_norm(self, "self_attn.k_norm.weight")?,
            o_proj: self.linear(&name("self_attn.o_proj"))?,
        })
    }

    fn delta(&mut self, name: impl Fn(&str) -> String, net: &DeltaNet) -> Result<Delta, DecoderError> {
        // (conv_dim, linear_conv_kernel_dim)
        let conv1d = self.vector(&name("linear_attn.conv1d.weight"))?;
        let kernel = net.linear_conv_kernel_dim;
        let of_token = |token: usize| conv1d.iter().skip(token).step_by(kernel).copied();
        Ok(Delta {
            in_proj: [
                self.linear(&name("linear_attn.in_proj_qkv"))?,
                self.linear(&name("linear_attn.in_proj_z"))?,
                self.linear(&name("linear_attn.in_proj_b"))?,
                self.linear(&name("linear_attn.in_proj_a"))?,
            ],
            a: self.vector(&name("linear_attn.A_log"))?.into_iter().map(f32::exp).collect(),
            dt_bias: self.vector(&name("linear_attn.dt_bias"))?,
            norm: self.vector(&name("linear_attn.norm.weight"))?,
            out_proj: self.linear(&name("linear_attn.out_proj"))?,
            conv1d: (0..kernel).flat_map(of_token).collect(),
        })
    }

    fn linear(&mut self, name: &str) -> Result<Linear, DecoderError> {
        let unfit = |unfit: Unfit| DecoderError::Unfit { name: name.to_owned(), source: unfit.into() };
        let weight = self.checkpoint.tensor(&format!("{name}.weight"))?;
        let empty: &[u8] = &[];
        let source = match self.checkpoint.quantization(name) {
            Some(quantization) => {
                let scales = self.checkpoint.tensor(&format!("{name}.scales"))?;
                let biases = self.checkpoint.tensor(&format!("{name}.biases"))?;
                let [rows, groups] = shape(name, scales)?;
                let (bits, group) = (quantization.bits, quantization.group_size);
                let scale = float(name, scales)?;
                if float(name, biases)? != scale {
                    return Err(DecoderError::ScaleTypes(name.to_owned()));
                }
                let format = super::Format::Quantised { bits, group, scale };
                let (weights, scales, biases) = (weight.bytes, scales.bytes, biases.bytes);
                Source { rows, columns: groups * group, format, weights, scales, biases }
            }
            None => {
                let [rows, columns] = shape(name, weight)?;
                let format = super::Format::Dense(float(name, weight)?);
                Source { rows, columns, format, weights: weight.bytes, scales: empty, biases: empty }
            }
        };
        let matrix = source.matrix().map_err(unfit)?;
        let lines = self.lines..self.lines + matrix.tiles() * matrix.tile_lines();
        self.lines = lines.end;
        self.sources.push((source, matrix, lines.clone()));
        let bias = format!("{name}.bias");
        let bias = if self.checkpoint.has(&bias) { self.vector(&bias)? } else { Vec::new() };
        Ok(Linear { matrix, lines, bias })
    }

    fn vector(&self, name: &str) -> Result<Vec<f32>, DecoderError> {
        let tensor = self.checkpoint.tensor(name)?;
        Ok(float(name, tensor)?.read(tensor.bytes))
    }
}

fn shape(name: &str, tensor: TensorView<'_>) -> Result<[usize; 2], DecoderError> {
    let found = || DecoderError::Shape { name: name.to_owned(), found: tensor.shape.to_vec() };
    tensor.shape.try_into().map_err(|_| found())
}

fn float(name: &str, tensor: TensorView<'_>) -> Result<Float, DecoderError> {
    match tensor.dtype {
        Dtype::F32 => Ok(Float::F32),
        Dtype::F16 => Ok(Float::F16),
        Dtype::BF16 => Ok(Float::Bf16),
        other => Err(DecoderError::Type { name: name.to_owned(), found: other.to_string() }),
    }
}
