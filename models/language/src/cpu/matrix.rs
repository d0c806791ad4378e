//! Weight matrices in tiles of 16 rows, so that one vector holds the same columns of 16 outputs.
//!
//! A checkpoint stores its rows one after the other, so a product would have to add up the lanes of
//! a vector for each output. Here a tile's lanes *are* outputs (llama.cpp repacks its weights for
//! the same reason). A tile's bytes are in the order in which a product reads them, including the
//! scales, so that each thread reads one stream.

use super::element::{Bf16, Element, F16, F32, Float};

/// Rows of a tile: the 32-bit lanes of the widest vector.
pub(super) const LANES: usize = 16;

/// The unit of a tile: one vector of the widest kind, in bytes.
pub(super) type Line = [u8; 64];

/// How the weights of a matrix are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Weight = scale · code + bias, one scale and one bias for each group of a row's columns.
    Quantised {
        /// Bits of a code in the checkpoint: 2, 3, 4, 6 or 8. In memory, codes have 4 or 8.
        bits: usize,
        /// Columns that share a scale and a bias: 32, 64 or 128.
        group: usize,
        /// The type of scales and biases.
        scale: Float,
    },
    /// Plain numbers.
    Dense(Float),
}

/// A matrix that this backend does not support.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A width of codes that this backend does not support.
    #[error("codes of {0} bits are not supported; 2, 3, 4, 6 and 8 bits are")]
    Bits(usize),
    /// A group size that this backend does not support, or a number of columns that is not a
    /// multiple of it.
    #[error("{columns} columns in groups of {group} are not supported; whole groups of 32, 64 or 128 are")]
    Group {
        /// Columns of the matrix.
        columns: usize,
        /// The group size.
        group: usize,
    },
    /// The size of a part of the matrix does not match the matrix's shape.
    #[error("{what} of {rows} rows and {columns} columns have {found} bytes instead of {expected}")]
    Size {
        /// Weights, scales or biases.
        what: &'static str,
        /// Rows of the matrix.
        rows: usize,
        /// Columns of the matrix.
        columns: usize,
        /// Actual size in bytes.
        found: usize,
        /// Expected size in bytes.
        expected: usize,
    },
}

/// A matrix as a checkpoint stores it: `rows` outputs by `columns` inputs, in little-endian bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    /// Outputs.
    pub(super) rows: usize,
    /// Inputs.
    pub(super) columns: usize,
    /// The format of all three parts.
    pub(super) format: Format,
    /// Codes, each row a stream of bits from the lowest one up; or plain numbers.
    pub(super) weights: &'a [u8],
    /// (rows, columns / group); empty in a dense matrix.
    pub(super) scales: &'a [u8],
    /// (rows, columns / group); empty in a dense matrix.
    pub(super) biases: &'a [u8],
}

/// The shape of a matrix in tiles. Its lines are stored elsewhere, because all matrices of a model
/// share one allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Matrix {
    /// Outputs.
    pub(super) rows: usize,
    /// Inputs.
    pub(super) columns: usize,
    /// How the weights are stored.
    pub(super) format: Format,
}

impl Source<'_> {
    /// The shape, if this backend supports the matrix.
    ///
    /// # Errors
    /// [`Unfit`] says what is not supported.
    pub(super) fn matrix(&self) -> Result<Matrix, Unfit> {
        let Source { rows, columns, format, .. } = *self;
        let check = |what, bytes: &[u8], expected: Option<usize>| match expected {
            Some(expected) if expected == bytes.len() => Ok(()),
            _ => Err(Unfit::Size {
                what,
                rows,
                columns,
                found: bytes.len(),
                expected: expected.unwrap_or(usize::MAX),
            }),
        };
        let numbers = rows.checked_mul(columns);
        match format {
            Format::Quantised { bits, group, scale } => {
                if ![2, 3, 4, 6, 8].contains(&bits) {
                    return Err(Unfit::Bits(bits));
                }
                if ![32, 64, 128].contains(&group) || columns == 0 || columns % group != 0 {
                    return Err(Unfit::Group { columns, group });
                }
                check(
                    "the codes",
                    self.weights,
                    numbers.and_then(|numbers| (numbers / 8).checked_mul(bits)),
                )?;
                let scales = numbers.and_then(|numbers| (numbers / group).checked_mul(scale.size()));
                check("the scales", self.scales, scales)?;
                check("the biases", self.biases, scales)?;
            }
            Format::Dense(float) => {
                check("the weights", self.weights, numbers.and_then(|n| n.checked_mul(float.size())))?;
            }
        }
        Ok(Matrix { rows, columns, format })
    }

    /// Writes tile `index` into its `lines`. Rows beyond the last one become zeros.
    pub(super) fn pack(&self, index: usize, lines: &mut [Line]) {
        match self.format {
            Format::Quantised { bits, group, scale } => self.pack_codes(index, bits, group, scale, lines),
            Format::Dense(float) => self.pack_numbers(index, float.size(), lines),
        }
    }

    fn pack_codes(&self, index: usize, bits: usize, group: usize, scale: Float, lines: &mut [Line]) {
        let code_lines = code_lines(bits, group);
        let groups = self.columns / group;
        let blocks = lines.chunks_exact_mut(code_lines + scale_lines(scale));
        for (number, block) in blocks.enumerate() {
            block.as_flattened_mut().fill(0);
            let (codes, scales) = block.split_at_mut(code_lines);
            let scales = scales.as_flattened_mut();
            for lane in 0..LANES.min(self.rows - index * LANES) {
                let of_group = (index * LANES + lane) * groups + number;
                let source = &self.weights[of_group * group * bits / 8..][..group * bits / 8];
                let mut take = Bits { source, bits, at: 0 };
                for line in &mut *codes {
                    let word = &mut line[lane * 4..][..4];
                    match bits {
                        4 => word.copy_from_slice(&spread(take.word()).to_le_bytes()),
                        6 | 8 => word.fill_with(|| take.next()),
                        _ => {
                            word.fill_with(|| take.next());
                            word.iter_mut().for_each(|byte| *byte |= take.next() << 4);
                        }
                    }
                }
                let size = scale.size();
                scales[lane * size..][..size].copy_from_slice(&self.scales[of_group * size..][..size]);
                scales[(LANES + lane) * size..][..size]
                    .copy_from_slice(&self.biases[of_group * size..][..size]);
            }
        }
    }

    fn pack_numbers(&self, index: usize, size: usize, lines: &mut [Line]) {
        let tile = lines.as_flattened_mut();
        tile.fill(0);
        for lane in 0..LANES.min(self.rows - index * LANES) {
            let row = &self.weights[(index * LANES + lane) * self.columns * size..][..self.columns * size];
            for (column, number) in row.chunks_exact(size).enumerate() {
                tile[(column * LANES + lane) * size..][..size].copy_from_slice(number);
            }
        }
    }
}

/// Reads the codes of one group in order.
struct Bits<'a> {
    source: &'a [u8],
    bits: usize,
    /// Bits read so far.
    at: usize,
}

impl Bits<'_> {
    fn next(&mut self) -> u8 {
        let byte = self.at / 8;
        let low = self.source[byte];
        let high = self.source.get(byte + 1).copied().unwrap_or(0);
        let code = u16::from_le_bytes([low, high]) >> (self.at % 8) & ((1 << self.bits) - 1);
        self.at += self.bits;
        code as u8
    }

    /// The next 32 bits.
    fn word(&mut self) -> u32 {
        let word = self.source[self.at / 8..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        self.at += 32;
        word
    }
}

/// Moves codes 0 to 3 of eight 4-bit codes into the lower halves of the four bytes, and codes 4 to
/// 7 into the upper halves. One mask or one shift then yields the codes of four neighbouring
/// columns.
fn spread(word: u32) -> u32 {
    let apart = |half: u32| half & 0xff | (half & 0xff00) << 8;
    let (even, odd) = (word & 0x0f0f_0f0f, word >> 4 & 0x0f0f_0f0f);
    let low = apart(even & 0xffff) | apart(odd & 0xffff) << 8;
    let high = apart(even >> 16) | apart(odd >> 16) << 8;
    low | high << 4
}

/// Number of lines with the codes of a group.
pub(super) fn code_lines(bits: usize, group: usize) -> usize {
    if bits <= 4 { group / 8 } else { group / 4 }
}

/// Number of lines with the scales and biases of a group.
pub(super) fn scale_lines(scale: Float) -> usize {
    scale.size() / 2
}

impl Matrix {
    /// Number of tiles. The last one may be partly empty.
    pub(super) fn tiles(&self) -> usize {
        self.rows.div_ceil(LANES)
    }

    /// Number of lines in one tile.
    pub(super) fn tile_lines(&self) -> usize {
        match self.format {
            Format::Quantised { bits, group, scale } => {
                self.columns / group * (code_lines(bits, group) + scale_lines(scale))
            }
            Format::Dense(float) => (self.columns * LANES * float.size()).div_ceil(size_of::<Line>()),
        }
    }

    /// Columns that share a scale; `None` in a dense matrix.
    pub(super) fn group(&self) -> Option<usize> {
        match self.format {
            Format::Quantised { group, .. } => Some(group),
            Format::Dense(_) => None,
        }
    }

    /// Writes one row as numbers into `out` (columns), as an embedding needs it.
    pub(super) fn row(&self, lines: &[Line], row: usize, out: &mut [f32]) {
        let (tile, lane) = (row / LANES, row % LANES);
        let tile = &lines[tile * self.tile_lines()..][..self.tile_lines()];
        match self.format {
            Format::Quantised { bits, group, scale } => {
                let code_lines = code_lines(bits, group);
                let blocks = tile.chunks_exact(code_lines + scale_lines(scale));
                for (block, out) in blocks.zip(out.chunks_exact_mut(group)) {
                    let (codes, scales) = block.split_at(code_lines);
                    let (scales, biases) = read_scales(scale, scales);
                    let (scale, bias) = (scales[lane], biases[lane]);
                    let columns = if bits <= 4 { 8 } else { 4 };
                    for (line, out) in codes.iter().zip(out.chunks_exact_mut(columns)) {
                        let word = &line[lane * 4..][..4];
                        let low = word.iter().map(|byte| if bits <= 4 { byte & 15 } else { *byte });
                        let high = word.iter().map(|byte| byte >> 4);
                        for (out, code) in out.iter_mut().zip(low.chain(high)) {
                            *out = scale * f32::from(code) + bias;
                        }
                    }
                }
            }
            Format::Dense(float) => {
                let size = float.size();
                let numbers = tile.as_flattened().chunks_exact(size).skip(lane).step_by(LANES);
                for (out, number) in out.iter_mut().zip(numbers) {
                    *out = float.read(number)[0];
                }
            }
        }
    }
}

/// The scales and biases of a tile's rows in one group.
#[inline(always)]
pub(super) fn read_scales(scale: Float, lines: &[Line]) -> ([f32; LANES], [f32; LANES]) {
    #[inline(always)]
    fn read<E: Element<Raw = [u8; SIZE]>, const SIZE: usize>(bytes: &[u8]) -> ([f32; LANES], [f32; LANES]) {
        let numbers = bytes.as_chunks::<SIZE>().0;
        (
            std::array::from_fn(|lane| E::decode(numbers[lane])),
            std::array::from_fn(|lane| E::decode(numbers[LANES + lane])),
        )
    }
    match scale {
        Float::F32 => read::<F32, 4>(lines.as_flattened()),
        Float::F16 => read::<F16, 2>(lines.as_flattened()),
        Float::Bf16 => read::<Bf16, 2>(lines.as_flattened()),
    }
}
