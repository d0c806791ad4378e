//! Products with plain numbers. The compiler turns these loops into vector instructions when they
//! are inlined into a function that enables them.

use super::{Block, Lanes, Tile, in_blocks};
use crate::cpu::element::{Bf16, Element, F16, F32, Float};
use crate::cpu::matrix::{Format, LANES, Line, Matrix, read_scales};
use pulp::{Simd, WithSimd};

/// The product of one tile of any weights with rows of numbers; see [`super::Instructions::numbers`].
pub(super) struct Numbers<'a> {
    pub(super) matrix: &'a Matrix,
    pub(super) tile: &'a [Line],
    pub(super) x: &'a [f32],
    pub(super) y: &'a mut [Lanes],
}

impl WithSimd for Numbers<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Numbers { matrix, tile, x, y } = self;
        match matrix.format {
            Format::Quantised { .. } => quantised::<S>(Tile::new(matrix, tile), x, y),
            Format::Dense(float) => dense::<S>(float, matrix.columns, tile, x, y),
        }
    }
}

/// `y` (rows) += `columns` (columns, 16 lanes) · each row of `x`; rows of `x` start `stride` numbers apart.
///
/// Each sum is added up column by column, however many rows there are. A row therefore gives the
/// same result to the last bit alone and among others, and text that is read at once gives the same
/// as text that is read token by token.
#[inline(always)]
pub(in crate::cpu) fn product<S: Simd, E: Element>(
    columns: &[[E::Raw; LANES]],
    x: &[f32],
    stride: usize,
    y: &mut [Lanes],
) {
    in_blocks!(y, [4, 2, 1], |first, y, ROWS| {
        let x: [&[f32]; ROWS] = std::array::from_fn(|row| &x[(first + row) * stride..][..columns.len()]);
        let mut sums = *y;
        for (at, column) in columns.iter().enumerate() {
            let column = column.map(E::decode);
            for row in 0..ROWS {
                for lane in 0..LANES {
                    sums[row][lane] = fused::<S>(x[row][at], column[lane], sums[row][lane]);
                }
            }
        }
        *y = sums;
    });
}

/// `a` · `b` + `c`, rounded once if that is one instruction. Otherwise it would be a slow function
/// call.
#[inline(always)]
fn fused<S: Simd>(a: f32, b: f32, c: f32) -> f32 {
    if S::IS_SCALAR { a * b + c } else { a.mul_add(b, c) }
}

/// `y` (rows) = a tile of plain numbers · each row of `x` (rows, columns).
#[inline(always)]
fn dense<S: Simd>(float: Float, columns: usize, tile: &[Line], x: &[f32], y: &mut [Lanes]) {
    y.fill([0.0; LANES]);
    let tile = tile.as_flattened();
    match float {
        Float::F32 => product::<S, F32>(&tile.as_chunks().0.as_chunks().0[..columns], x, columns, y),
        Float::F16 => product::<S, F16>(&tile.as_chunks().0.as_chunks().0[..columns], x, columns, y),
        Float::Bf16 => product::<S, Bf16>(&tile.as_chunks().0.as_chunks().0[..columns], x, columns, y),
    }
}

/// `y` (rows) = a tile of codes · each row of `x` (rows, columns).
#[inline(always)]
fn quantised<S: Simd>(tile: Tile<'_>, x: &[f32], y: &mut [Lanes]) {
    // The weights of one group as numbers.
    let mut weights = [[0f32; LANES]; 128];
    let weights = &mut weights[..tile.group];
    y.fill([0.0; LANES]);
    for (group, Block { codes, scales }) in tile.blocks().enumerate() {
        let (scales, biases) = read_scales(tile.scale, scales);
        let weight = |weights: &mut Lanes, line: &Line, byte: usize, shift: u32, mask: u8| {
            for (lane, bytes) in line.as_chunks::<4>().0.iter().enumerate() {
                weights[lane] =
                    fused::<S>(f32::from(bytes[byte] >> shift & mask), scales[lane], biases[lane]);
            }
        };
        if tile.wide {
            for (line, weights) in codes.iter().zip(weights.as_chunks_mut::<4>().0) {
                for (byte, weights) in weights.iter_mut().enumerate() {
                    weight(weights, line, byte, 0, 255);
                }
            }
        } else {
            for (line, weights) in codes.iter().zip(weights.as_chunks_mut::<8>().0) {
                for (column, weights) in weights.iter_mut().enumerate() {
                    weight(weights, line, column % 4, column as u32 / 4 * 4, 15);
                }
            }
        }
        product::<S, Plain>(weights, &x[group * tile.group..], tile.columns, y);
    }
}

/// Numbers that need no decoding.
struct Plain;

impl Element for Plain {
    type Raw = f32;

    #[inline(always)]
    fn decode(raw: f32) -> f32 {
        raw
    }
}
