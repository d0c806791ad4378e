//! The number formats of GGUF, and how they are converted to those of `mlx_lm` without loss.
//!
//! The quantized formats (ggml's `ggml-common.h` and `ggml-quants.c`) hold 32 weights with a scale
//! `d` in half precision. Such a block becomes one of MLX's groups of 32, with weight = scale · q +
//! bias:
//!
//! | format | a block | weight | q | scale | bias |
//! |---|---|---|---|---|---|
//! | `Q4_0` | `d`, 32 numbers of 4 bits | d · (n − 8) | n | d | −8 · d |
//! | `Q4_1` | `d`, `m`, 32 numbers of 4 bits | d · n + m | n | d | m |
//! | `Q8_0` | `d`, 32 signed bytes | d · n | n + 128 | d | −128 · d |
//!
//! A scale times a power of two is exact in half precision unless it overflows. Then the bias is
//! not finite, and the folder is refused.

use half::f16;
use sayso_language::checkpoint::{Dtype, Quantization};

/// Weights per group.
const WEIGHTS: usize = 32;

/// A number format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Plain numbers, one after the other: F32, F16 or BF16.
    Plain(Dtype),
    /// Groups of 32.
    Grouped(Group),
}

/// A quantized format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Q4_0,
    Q4_1,
    Q8_0,
}

/// Unsupported formats by their numbers, so that a message can name them.
const OTHERS: [(u32, &str); 9] = [
    (6, "Q5_0"),
    (7, "Q5_1"),
    (10, "Q2_K"),
    (11, "Q3_K"),
    (12, "Q4_K"),
    (13, "Q5_K"),
    (14, "Q6_K"),
    (20, "IQ4_NL"),
    (23, "IQ4_XS"),
];

impl Format {
    /// The format with this number in GGUF.
    ///
    /// # Errors
    /// The format is not supported.
    pub(super) fn of(number: u32) -> Result<Format, String> {
        Ok(match number {
            0 => Format::Plain(Dtype::F32),
            1 => Format::Plain(Dtype::F16),
            2 => Format::Grouped(Group::Q4_0),
            3 => Format::Grouped(Group::Q4_1),
            8 => Format::Grouped(Group::Q8_0),
            30 => Format::Plain(Dtype::BF16),
            other => {
                let name =
                    OTHERS.iter().find(|(number, _)| *number == other).map_or("unknown", |(_, name)| name);
                return Err(format!(
                    "its format {name} ({other}) is not supported; use F32, F16, BF16, Q8_0, Q4_0 or Q4_1"
                ));
            }
        })
    }

    /// Weights per block.
    pub(super) fn weights(self) -> usize {
        match self {
            Format::Plain(_) => 1,
            Format::Grouped(_) => WEIGHTS,
        }
    }

    /// Bytes per block.
    pub(super) fn bytes(self) -> usize {
        match self {
            Format::Plain(dtype) => dtype.bitsize() / 8,
            Format::Grouped(group) => group.bytes(),
        }
    }
}

impl Group {
    /// Bytes per group.
    pub(super) fn bytes(self) -> usize {
        match self {
            Group::Q4_0 => 2 + WEIGHTS / 2,
            Group::Q4_1 => 2 + 2 + WEIGHTS / 2,
            Group::Q8_0 => 2 + WEIGHTS,
        }
    }

    /// The quantization that it becomes.
    pub(super) fn quantization(self) -> Quantization {
        let bits = match self {
            Group::Q4_0 | Group::Q4_1 => 4,
            Group::Q8_0 => 8,
        };
        Quantization { bits, group_size: WEIGHTS }
    }

    /// Appends the packed weights of a group, the first one in the lowest bits of the first byte.
    pub(super) fn pack(self, group: &[u8], packed: &mut Vec<u8>) {
        match self {
            Group::Q4_0 => pack_halves(&group[2..], packed),
            Group::Q4_1 => pack_halves(&group[4..], packed),
            // Flipping the sign bit of a signed byte adds 128 to it.
            Group::Q8_0 => packed.extend(group[2..].iter().map(|signed| signed ^ 0x80)),
        }
    }

    /// The scale of a group.
    pub(super) fn scale(self, group: &[u8]) -> f16 {
        half_at(group, 0)
    }

    /// The bias of a group.
    pub(super) fn bias(self, group: &[u8]) -> f16 {
        let scale = self.scale(group).to_f32();
        match self {
            Group::Q4_0 => f16::from_f32(-8.0 * scale),
            Group::Q4_1 => half_at(group, 2),
            Group::Q8_0 => f16::from_f32(-128.0 * scale),
        }
    }
}

/// GGUF puts the weights `i` and `i + 16` into one byte, MLX puts `2i` and `2i + 1` there.
fn pack_halves(numbers: &[u8], packed: &mut Vec<u8>) {
    let pairs = numbers.as_chunks::<2>().0;
    packed.extend(pairs.iter().map(|[even, odd]| (even & 0x0f) | (odd << 4)));
    packed.extend(pairs.iter().map(|[even, odd]| (even >> 4) | (odd & 0xf0)));
}

fn half_at(group: &[u8], at: usize) -> f16 {
    f16::from_le_bytes([group[at], group[at + 1]])
}
