//! Converts the tensors of a GGUF file to those of a model folder: other names, other packing, and
//! for Llama another order of the rows that the rotary embedding turns. Each tensor is converted
//! while it is written, so only one is in memory at a time.

use super::format::{Format, Group};
use super::reader::Tensor;
use half::{bf16, f16};
use safetensors::View;
use sayso_language::checkpoint::{Config, Dtype, ModelType};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A tensor of a model folder whose data is still in the GGUF file.
pub(super) struct Converted<'g> {
    source: &'g Tensor<'g>,
    /// Width of the heads, if their rows are in another order.
    turned: Option<usize>,
    part: Part,
    dtype: Dtype,
    shape: Vec<usize>,
}

/// Which part of the source it is.
enum Part {
    Plain(Dtype),
    Weights(Group),
    Scales(Group),
    Biases(Group),
}

/// Names in GGUF (llama.cpp's `gguf-py/gguf/constants.py`) without `.weight` or `.bias`, and in a
/// model folder.
const OUTER: [(&str, &str); 3] =
    [("token_embd", "model.embed_tokens"), ("output_norm", "model.norm"), ("output", "lm_head")];
/// Names within a layer, after `blk.0.` and `model.layers.0.`.
const INNER: [(&str, &str); 11] = [
    ("attn_norm", "input_layernorm"),
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("attn_q_norm", "self_attn.q_norm"),
    ("attn_k_norm", "self_attn.k_norm"),
    ("ffn_norm", "post_attention_layernorm"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

/// The name of a layer in the model folder, and `weight` or `bias`.
///
/// # Errors
/// No supported model has such a tensor.
pub(super) fn name(gguf: &str) -> Result<(String, &str), String> {
    let renamed = || {
        let (stem, end) = gguf.rsplit_once('.').filter(|(_, end)| ["weight", "bias"].contains(end))?;
        let of = |names: &[(&str, &'static str)], stem: &str| {
            names.iter().find(|(from, _)| *from == stem).map(|(_, to)| *to)
        };
        let layer = match stem.strip_prefix("blk.").and_then(|rest| rest.split_once('.')) {
            None => of(&OUTER, stem)?.to_owned(),
            Some((index, part)) => {
                format!("model.layers.{}.{}", index.parse::<u32>().ok()?, of(&INNER, part)?)
            }
        };
        Some((layer, end))
    };
    renamed().ok_or_else(|| format!("tensor {gguf} is not part of a supported model"))
}

/// The type of the numbers that are not quantized: that of the widest matrix, or half precision
/// beside quantized matrices. Norms and biases get it too, although GGUF stores them as F32,
/// because a single wider tensor would make a decoder compute in the wider type from there on.
/// `mlx_lm` rounds them in the same way.
pub(super) fn float_type(tensors: &BTreeMap<&str, Tensor<'_>>) -> Dtype {
    let matrices = || tensors.values().filter(|tensor| tensor.shape.len() > 1).map(|tensor| tensor.format);
    if matrices().any(|format| format == Format::Plain(Dtype::F32)) {
        Dtype::F32
    } else if matrices().all(|format| format == Format::Plain(Dtype::BF16)) {
        Dtype::BF16
    } else {
        Dtype::F16
    }
}

/// Converts all tensors.
///
/// # Errors
/// A tensor has an unknown name, or is a quantized vector.
pub(super) fn convert<'g>(
    tensors: &'g BTreeMap<&str, Tensor<'g>>,
    config: &Config,
) -> Result<Vec<(String, Converted<'g>)>, String> {
    let float = float_type(tensors);
    let mut converted = Vec::new();
    for (gguf, source) in tensors {
        let (layer, end) = name(gguf)?;
        // llama.cpp rotates neighbouring elements instead of halves, and has reordered the rows of
        // Llama's heads accordingly.
        let turned = config.model_type == ModelType::Llama
            && (layer.ends_with(".q_proj") || layer.ends_with(".k_proj"));
        let turned = turned.then_some(config.head_dim).filter(|width| source.shape[0].is_multiple_of(*width));
        let mut add = |end: &str, part, dtype, shape| {
            converted.push((format!("{layer}.{end}"), Converted { source, turned, part, dtype, shape }));
        };
        match (source.format, source.shape.as_slice()) {
            (Format::Plain(from), [_]) => add(end, Part::Plain(from), float, source.shape.clone()),
            (Format::Plain(from), _) => add(end, Part::Plain(from), from, source.shape.clone()),
            (Format::Grouped(group), [rows, width]) => {
                let quantization = group.quantization();
                let groups = vec![*rows, width / quantization.group_size];
                let packed = vec![*rows, width * quantization.bits / 32];
                add("weight", Part::Weights(group), Dtype::U32, packed);
                add("scales", Part::Scales(group), Dtype::F16, groups.clone());
                add("biases", Part::Biases(group), Dtype::F16, groups);
            }
            _ => return Err(format!("tensor {gguf} is quantized, but not a matrix")),
        }
    }
    Ok(converted)
}

impl View for &Converted<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let mut bytes = Vec::with_capacity(self.data_len());
        let format = self.source.format;
        let rows = self.source.shape[0];
        // A vector counts as a matrix with one column.
        let width = self.source.shape[1..].iter().product::<usize>() / format.weights() * format.bytes();
        for row in 0..rows {
            let row = match self.turned {
                None => row,
                Some(head) => unturned(row, head),
            };
            let row = &self.source.bytes[row * width..][..width];
            for block in row.chunks_exact(format.bytes()) {
                match self.part {
                    Part::Plain(from) => push(from, block, self.dtype, &mut bytes),
                    Part::Weights(group) => group.pack(block, &mut bytes),
                    Part::Scales(group) => bytes.extend(group.scale(block).to_le_bytes()),
                    Part::Biases(group) => bytes.extend(group.bias(block).to_le_bytes()),
                }
            }
        }
        Cow::Owned(bytes)
    }

    fn data_len(&self) -> usize {
        self.shape.iter().product::<usize>() * self.dtype.bitsize() / 8
    }
}

/// Where llama.cpp puts a row of a head: row `i` of the first half is next to row `i` of the
/// second.
fn unturned(row: usize, head: usize) -> usize {
    let (start, within) = (row - row % head, row % head);
    let half = head / 2;
    start + 2 * (within % half) + within / half
}

/// Appends a number in another type, rounded to nearest.
fn push(from: Dtype, number: &[u8], to: Dtype, bytes: &mut Vec<u8>) {
    if from == to {
        bytes.extend(number);
        return;
    }
    let value = match (from, number) {
        (Dtype::F16, [a, b]) => f16::from_le_bytes([*a, *b]).to_f32(),
        (Dtype::BF16, [a, b]) => bf16::from_le_bytes([*a, *b]).to_f32(),
        (_, [a, b, c, d]) => f32::from_le_bytes([*a, *b, *c, *d]),
        _ => f32::NAN,
    };
    match to {
        Dtype::F16 => bytes.extend(f16::from_f32(value).to_le_bytes()),
        Dtype::BF16 => bytes.extend(bf16::from_f32(value).to_le_bytes()),
        _ => bytes.extend(value.to_le_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_mapped_both_ways_only_where_known() {
        let check = |from: &str, to: &str| {
            let (layer, end) = name(from).unwrap();
            assert_eq!(format!("{layer}.{end}"), to);
        };
        check("token_embd.weight", "model.embed_tokens.weight");
        check("output.weight", "lm_head.weight");
        check("blk.27.attn_q.bias", "model.layers.27.self_attn.q_proj.bias");
        check("blk.0.ffn_norm.weight", "model.layers.0.post_attention_layernorm.weight");
        for unknown in
            ["blk.0.ffn_gate_exps.weight", "rope_freqs.weight", "blk.x.attn_q.weight", "output", "blk.1"]
        {
            assert_eq!(
                name(unknown).unwrap_err(),
                format!("tensor {unknown} is not part of a supported model")
            );
        }
    }

    #[test]
    fn heads_are_put_back_in_halves() {
        // llama.cpp writes a head of 6 rows like this: rows of the first and the second half in
        // turn.
        let file = [0, 3, 1, 4, 2, 5];
        let rows: Vec<_> = (0..12).map(|row| file[unturned(row, 6) % 6] + unturned(row, 6) / 6 * 6).collect();
        assert_eq!(rows, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    }
}
