//! Products of one tile with a few rows, for each instruction set.
//!
//! The fast path (`codes`) multiplies weights that are codes with rows that are codes: it adds up
//! integers within a group, and scales only their sum. The exact path (`numbers`) multiplies any
//! weights with plain numbers.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod numbers;
mod portable;
#[cfg(test)]
mod tests;

use super::element::Float;
use super::matrix::{Format, LANES, Line, Matrix};
use super::rows::Codes;
pub(super) use numbers::product;

/// The results of one tile and one row.
pub(super) type Lanes = [f32; LANES];

/// An instruction set that this processor has.
#[derive(Debug, Clone, Copy)]
pub enum Instructions {
    /// AVX-512 with VNNI: 64 products of 8-bit numbers in one instruction.
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Present),
    /// AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Present),
    /// NEON with the dot product instructions of Armv8.2.
    #[cfg(target_arch = "aarch64")]
    Neon(neon::Present),
    /// Plain Rust, for any processor.
    Portable,
}

impl Instructions {
    /// All instruction sets of this processor, the fastest first.
    pub fn here() -> Vec<Instructions> {
        let mut here = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            here.extend(avx512::Present::here().map(Instructions::Avx512));
            here.extend(avx2::Present::here().map(Instructions::Avx2));
        }
        #[cfg(target_arch = "aarch64")]
        here.extend(neon::Present::here().map(Instructions::Neon));
        here.push(Instructions::Portable);
        here
    }

    /// The fastest instruction set of this processor.
    pub fn best() -> Instructions {
        Instructions::here()[0]
    }

    /// Its usual name.
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512(_) => "AVX-512 VNNI",
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2(_) => "AVX2",
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon(_) => "NEON",
            Instructions::Portable => "portable",
        }
    }

    /// `y` (rows) = one tile of codes (16 outputs, columns) · each of the rows `x`. The lines after
    /// the tile are those that are likely to be read next.
    ///
    /// # Panics
    /// If the matrix is dense, or if its groups and those of `x` differ in size.
    pub(super) fn codes(self, matrix: &Matrix, lines: &[Line], x: &Codes, y: &mut [Lanes]) {
        let tile = Tile::new(matrix, lines);
        assert_eq!(
            tile.group, x.group,
            "the rows and the weights are quantised in groups of different sizes"
        );
        match self {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512(present) => present.codes(tile, x, y),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2(present) => present.codes(tile, x, y),
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon(present) => present.codes(tile, x, y),
            Instructions::Portable => portable::codes(tile, x, y),
        }
    }

    /// `y` (rows) = one tile of any weights (16 outputs, columns) · each of the rows `x` (rows, columns).
    pub(super) fn numbers(self, matrix: &Matrix, lines: &[Line], x: &[f32], y: &mut [Lanes]) {
        let tile = &lines[..matrix.tile_lines()];
        pulp::Arch::new().dispatch(numbers::Numbers { matrix, tile, x, y });
    }
}

/// The 16 rows of one tile of codes.
#[derive(Debug, Clone, Copy)]
struct Tile<'a> {
    lines: &'a [Line],
    /// The lines that are likely to be read next: another tile, or none.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "Rust has no hint for it elsewhere"))]
    next: &'a [Line],
    columns: usize,
    group: usize,
    scale: Float,
    /// Whether codes have 8 bits in memory instead of 4.
    wide: bool,
}

/// The weights of one group in a tile.
#[derive(Debug, Clone, Copy)]
struct Block<'a> {
    codes: &'a [Line],
    scales: &'a [Line],
}

impl<'a> Tile<'a> {
    fn new(matrix: &Matrix, lines: &'a [Line]) -> Tile<'a> {
        let Format::Quantised { bits, group, scale } = matrix.format else {
            panic!("a dense matrix has no codes")
        };
        let (lines, rest) = lines.split_at(matrix.tile_lines());
        let next = &rest[..rest.len().min(lines.len())];
        Tile { lines, next, columns: matrix.columns, group, scale, wide: bits > 4 }
    }

    #[inline(always)]
    fn blocks(self) -> impl Iterator<Item = Block<'a>> {
        let codes = self.group / if self.wide { 4 } else { 8 };
        self.lines.chunks_exact(codes + self.scale.size() / 2).map(move |block| {
            let (codes, scales) = block.split_at(codes);
            Block { codes, scales }
        })
    }
}

/// Runs `$call` for blocks of `$rows` rows of `$y`, as many as possible of each listed size.
/// `$first` is the first row of the block.
macro_rules! in_blocks {
    ($y:expr, [$($size:literal),+], |$first:ident, $block:ident, $rows:ident| $call:expr) => {{
        let mut $first = 0;
        let rest: &mut [crate::cpu::kernel::Lanes] = $y;
        $(
            let (blocks, rest) = rest.as_chunks_mut::<$size>();
            for $block in blocks {
                const $rows: usize = $size;
                $call;
                $first += $size;
            }
        )+
        let _ = ($first, rest);
    }};
}
use in_blocks;
