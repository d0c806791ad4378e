//! Which tensors a model has. Their names, shapes and types follow from the configuration, and the
//! folder must hold exactly these.

use super::{CONFIG, Checkpoint, CheckpointError, Config, DeltaNet, Dtype, Files, Quantization, TensorView};
use std::collections::BTreeSet;

/// A part of a decoder, named as in the checkpoint.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// The weight of a norm: (width)
    Norm { name: String, width: usize },
    /// A matrix (outputs, inputs), plain or quantized, possibly with a bias.
    Layer { name: String, outputs: usize, inputs: usize, bias: bool },
    /// A tensor that is never quantized and whose name has no `.weight`.
    Plain { name: String, shape: Vec<usize> },
}

impl Part {
    fn layer(name: String, outputs: usize, inputs: usize, bias: bool) -> Part {
        Part::Layer { name, outputs, inputs, bias }
    }

    fn name(&self) -> &str {
        match self {
            Part::Norm { name, .. } | Part::Layer { name, .. } | Part::Plain { name, .. } => name,
        }
    }
}

/// All parts of a model.
fn parts(config: &Config) -> Vec<Part> {
    let hidden = config.hidden_size;
    let mut parts = vec![
        Part::layer(config.name("model.embed_tokens"), config.vocab_size, hidden, false),
        Part::Norm { name: config.name("model.norm"), width: hidden },
    ];
    if !config.tie_word_embeddings {
        parts.push(Part::layer(config.name("lm_head"), config.vocab_size, hidden, false));
    }
    for index in 0..config.num_hidden_layers {
        let name = |part: &str| config.layer_name(index, part);
        let between = config.intermediate_size;
        parts.extend([
            Part::Norm { name: name("input_layernorm"), width: hidden },
            Part::Norm { name: name("post_attention_layernorm"), width: hidden },
            Part::layer(name("mlp.gate_proj"), between, hidden, config.mlp_bias),
            Part::layer(name("mlp.up_proj"), between, hidden, config.mlp_bias),
            Part::layer(name("mlp.down_proj"), hidden, between, config.mlp_bias),
        ]);
        match config.delta_net_at(index) {
            None => parts.extend(attention(config, name)),
            Some(net) => parts.extend(delta_net(net, hidden, name)),
        }
    }
    parts
}

fn attention(config: &Config, name: impl Fn(&str) -> String) -> Vec<Part> {
    let (hidden, head_dim) = (config.hidden_size, config.head_dim);
    let keys = config.num_key_value_heads * head_dim;
    let mut parts = vec![
        Part::layer(name("self_attn.q_proj"), config.query_outputs(), hidden, config.qkv_bias),
        Part::layer(name("self_attn.k_proj"), keys, hidden, config.qkv_bias),
        Part::layer(name("self_attn.v_proj"), keys, hidden, config.qkv_bias),
        Part::layer(
            name("self_attn.o_proj"),
            hidden,
            config.num_attention_heads * head_dim,
            config.output_bias,
        ),
    ];
    if config.qk_norm {
        parts.push(Part::Norm { name: name("self_attn.q_norm"), width: head_dim });
        parts.push(Part::Norm { name: name("self_attn.k_norm"), width: head_dim });
    }
    parts
}

fn delta_net(net: &DeltaNet, hidden: usize, name: impl Fn(&str) -> String) -> [Part; 9] {
    let heads = net.linear_num_value_heads;
    let plain = |part: &str, shape: &[usize]| Part::Plain { name: name(part), shape: shape.to_vec() };
    [
        Part::layer(name("linear_attn.in_proj_qkv"), net.conv_dim(), hidden, false),
        Part::layer(name("linear_attn.in_proj_z"), net.value_dim(), hidden, false),
        Part::layer(name("linear_attn.in_proj_b"), heads, hidden, false),
        Part::layer(name("linear_attn.in_proj_a"), heads, hidden, false),
        Part::layer(name("linear_attn.out_proj"), hidden, net.value_dim(), false),
        plain("linear_attn.conv1d.weight", &[net.conv_dim(), net.linear_conv_kernel_dim, 1]),
        plain("linear_attn.A_log", &[heads]),
        plain("linear_attn.dt_bias", &[heads]),
        Part::Norm { name: name("linear_attn.norm"), width: net.linear_value_head_dim },
    ]
}

/// A tensor that a model must have.
struct Expected {
    name: String,
    shape: Vec<usize>,
    packed: bool,
}

/// Checks a folder's tensors against its configuration.
///
/// # Errors
/// The first tensor that is missing, misshapen, mistyped, not finite or not part of the model.
pub(super) fn check(files: Files<'_>, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
    let config = checkpoint.config();
    let wrong = |problem| CheckpointError::entry(&files.path(CONFIG), problem);
    let parts = parts(config);
    let mut left: BTreeSet<&str> = checkpoint.names().collect();
    for Expected { name, shape, packed } in expected(checkpoint, &parts).map_err(wrong)? {
        left.remove(name.as_str());
        let view = checkpoint.tensor(&name)?;
        match packed {
            true => typed(&name, view, &[Dtype::U32], "U32")?,
            false => typed(&name, view, &[Dtype::F32, Dtype::F16, Dtype::BF16], "F32, F16 or BF16")?,
        }
        if view.shape != shape {
            let found = view.shape.to_vec();
            return Err(CheckpointError::Misshapen { name, found, expected: shape });
        }
        if !packed && !is_finite(view) {
            return Err(CheckpointError::NotFinite(name));
        }
    }
    if let Some(name) = left.first() {
        return Err(CheckpointError::Surplus((*name).to_owned()));
    }
    let layers: BTreeSet<&str> = parts.iter().map(Part::name).collect();
    let head = config.name("lm_head");
    let is_known = |layer: &&str| layers.contains(layer) || *layer == head;
    match config.overrides().find(|layer| !is_known(layer) && config.canonical(layer).is_some()) {
        Some(layer) => {
            Err(wrong(format!("quantization.{layer} names a layer that this model does not have")))
        }
        None => Ok(()),
    }
}

/// The tensors of all parts. A layer that has scales is packed.
fn expected(checkpoint: &Checkpoint, parts: &[Part]) -> Result<Vec<Expected>, String> {
    let mut tensors = Vec::new();
    for part in parts {
        let mut tensor = |end: &str, shape: &[usize], packed| {
            let name = format!("{}.{end}", part.name());
            tensors.push(Expected { name, shape: shape.to_vec(), packed });
        };
        match *part {
            Part::Norm { width, .. } => tensor("weight", &[width], false),
            Part::Plain { ref name, ref shape } => {
                tensors.push(Expected { name: name.clone(), shape: shape.clone(), packed: false });
            }
            Part::Layer { ref name, outputs, inputs, bias } => {
                if bias {
                    tensor("bias", &[outputs], false);
                }
                let Some(Quantization { bits, group_size }) = packing(checkpoint, name) else {
                    tensor("weight", &[outputs, inputs], false);
                    continue;
                };
                if !inputs.is_multiple_of(group_size) {
                    return Err(format!(
                        "{name} has {inputs} inputs, which is not a multiple of group_size {group_size}"
                    ));
                }
                tensor("weight", &[outputs, inputs * bits / 32], true);
                tensor("scales", &[outputs, inputs / group_size], false);
                tensor("biases", &[outputs, inputs / group_size], false);
            }
        }
    }
    Ok(tensors)
}

/// How a layer is packed. A layer with U32 weights counts as packed even without scales, so that
/// the error names the missing scales.
fn packing(checkpoint: &Checkpoint, layer: &str) -> Option<Quantization> {
    let meant = || checkpoint.tensor(&format!("{layer}.weight")).is_ok_and(|view| view.dtype == Dtype::U32);
    checkpoint.quantization(layer).or_else(|| checkpoint.config().quantization(layer).filter(|_| meant()))
}

fn typed(
    name: &str,
    view: TensorView<'_>,
    known: &[Dtype],
    expected: &'static str,
) -> Result<(), CheckpointError> {
    match known.contains(&view.dtype) {
        true => Ok(()),
        false => {
            Err(CheckpointError::Mistyped { name: name.to_owned(), found: view.dtype.to_string(), expected })
        }
    }
}

/// Whether all numbers of a float tensor are finite. Infinity and NaN have all bits of the exponent
/// set.
fn is_finite(view: TensorView<'_>) -> bool {
    match view.dtype {
        Dtype::F16 => none_has(view.bytes, 0x7c00),
        Dtype::BF16 => none_has(view.bytes, 0x7f80),
        _ => view.bytes.as_chunks::<4>().0.iter().all(|bytes| f32::from_le_bytes(*bytes).is_finite()),
    }
}

/// Whether no 16-bit number has all bits of `exponent` set. There is no early exit, so that this
/// runs at memory speed.
fn none_has(bytes: &[u8], exponent: u16) -> bool {
    let numbers = bytes.as_chunks::<2>().0.iter();
    !numbers.fold(false, |found, bytes| found | (u16::from_le_bytes(*bytes) & exponent == exponent))
}
