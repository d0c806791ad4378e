//! The products with NEON and the dot product instruction of Armv8.2, which all Apple processors of
//! the M series have.
//!
//! `unsafe` is used for three things only: loading and storing vectors, at places that are long
//! enough; the dot product, which stable Rust has no function for yet, as one instruction that
//! touches only registers; and calling functions that need these instructions, where a [`Present`]
//! proves that the processor has them, because only the check creates one.
#![allow(unsafe_code)]

use super::{Block, Lanes, Tile, in_blocks};
use crate::cpu::element::Float;
use crate::cpu::matrix::{Line, read_scales};
use crate::cpu::rows::{CodeRow, Codes};
use core::arch::aarch64::*;
use core::arch::asm;

/// Proof that the processor has these instructions.
#[derive(Debug, Clone, Copy)]
pub struct Present(());

impl Present {
    /// Checks the processor; `None` if it lacks one of them.
    pub(super) fn here() -> Option<Present> {
        let here = std::arch::is_aarch64_feature_detected!("neon")
            && std::arch::is_aarch64_feature_detected!("dotprod");
        here.then_some(Present(()))
    }

    /// See [`super::Instructions::codes`].
    pub(super) fn codes(self, tile: Tile<'_>, x: &Codes, y: &mut [Lanes]) {
        // SAFETY: `self` proves that the processor has what the functions need.
        in_blocks!(y, [4, 2, 1], |first, block, ROWS| unsafe {
            for quarter in 0..4 {
                match tile.wide {
                    false => rows::<false, ROWS>(tile, quarter, x, first, block),
                    true => rows::<true, ROWS>(tile, quarter, x, first, block),
                }
            }
        });
    }
}

/// Columns whose codes fit into registers at once: eight vectors. Hand-chosen, 2026-11-23.
const PART: usize = 32;
const WORDS: usize = PART / 4;

/// Computes four lanes of the tile.
#[target_feature(enable = "neon,dotprod")]
fn rows<const WIDE: bool, const ROWS: usize>(
    tile: Tile<'_>,
    quarter: usize,
    x: &Codes,
    first: usize,
    y: &mut [Lanes; ROWS],
) {
    let x: [CodeRow<'_>; ROWS] = std::array::from_fn(|row| x.row(first + row, tile.columns));
    let words: [&[[i32; WORDS]]; ROWS] = std::array::from_fn(|row| x[row].words.as_chunks().0);
    let mut results = [vdupq_n_f32(0.0); ROWS];
    let parts = tile.group / PART;
    for (group, Block { codes, scales }) in tile.blocks().enumerate() {
        let mut sums = [vdupq_n_s32(0); ROWS];
        for (part, codes) in codes.chunks_exact(if WIDE { 8 } else { 4 }).enumerate() {
            let at = group * parts + part;
            if WIDE {
                // The instruction takes only signed numbers, so an 8-bit code is split into 16
                // times its upper half plus its lower half.
                let (low, high) = split(codes, quarter);
                for row in 0..ROWS {
                    let high = products(vdupq_n_s32(0), &high, &words[row][at]);
                    sums[row] = vaddq_s32(sums[row], vshlq_n_s32::<4>(high));
                    sums[row] = products(sums[row], &low, &words[row][at]);
                }
            } else {
                let codes = halves(codes, quarter);
                for row in 0..ROWS {
                    sums[row] = products(sums[row], &codes, &words[row][at]);
                }
            }
        }
        let (scales, biases) = read_quarter_scales(tile.scale, scales, quarter);
        for row in 0..ROWS {
            let [step, sum] = x[row].scales[group];
            let scaled = vmulq_n_f32(vcvtq_f32_s32(sums[row]), step);
            results[row] = vfmaq_f32(results[row], scaled, scales);
            results[row] = vfmaq_n_f32(results[row], biases, sum);
        }
    }
    for (y, result) in y.iter_mut().zip(results) {
        let y = &mut y.as_chunks_mut::<4>().0[quarter];
        // SAFETY: `y` has 4 places of 4 bytes.
        unsafe { vst1q_f32(y.as_mut_ptr(), result) };
    }
}

/// `sum` plus the products of 4-bit codes with 32 columns of a row.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn products(mut sum: int32x4_t, codes: &[int8x16_t; WORDS], words: &[i32; WORDS]) -> int32x4_t {
    for (codes, word) in codes.iter().zip(words) {
        let word = vreinterpretq_s8_s32(vdupq_n_s32(*word));
        // SAFETY: reads and writes these registers and nothing else.
        unsafe {
            asm!(
                "sdot {sum:v}.4s, {codes:v}.16b, {word:v}.16b",
                sum = inout(vreg) sum,
                codes = in(vreg) *codes,
                word = in(vreg) word,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
    }
    sum
}

#[inline]
#[target_feature(enable = "neon")]
fn load(line: &Line, quarter: usize) -> uint8x16_t {
    let quarter: &[u8; 16] = &line.as_chunks().0[quarter];
    // SAFETY: a quarter of a line has the 16 bytes of a vector.
    unsafe { vld1q_u8(quarter.as_ptr()) }
}

/// The lower and the upper halves of a vector's bytes. Neither exceeds 15, so reading them as
/// signed numbers changes nothing.
#[inline]
#[target_feature(enable = "neon")]
fn low_and_high(line: &Line, quarter: usize) -> [int8x16_t; 2] {
    let line = load(line, quarter);
    [vreinterpretq_s8_u8(vandq_u8(line, vdupq_n_u8(15))), vreinterpretq_s8_u8(vshrq_n_u8::<4>(line))]
}

/// The codes of four lines: for each line, the lower halves of its bytes, then the upper halves.
#[inline]
#[target_feature(enable = "neon")]
fn halves(lines: &[Line], quarter: usize) -> [int8x16_t; WORDS] {
    let mut codes = [vdupq_n_s8(0); WORDS];
    for (codes, line) in codes.as_chunks_mut::<2>().0.iter_mut().zip(lines) {
        *codes = low_and_high(line, quarter);
    }
    codes
}

/// The lower and the upper halves of the codes of eight lines.
#[inline]
#[target_feature(enable = "neon")]
fn split(lines: &[Line], quarter: usize) -> ([int8x16_t; WORDS], [int8x16_t; WORDS]) {
    let (mut low, mut high) = ([vdupq_n_s8(0); WORDS], [vdupq_n_s8(0); WORDS]);
    for ((low, high), line) in low.iter_mut().zip(&mut high).zip(lines) {
        [*low, *high] = low_and_high(line, quarter);
    }
    (low, high)
}

/// The scales and biases of a group, for four lanes.
#[inline]
#[target_feature(enable = "neon")]
fn read_quarter_scales(scale: Float, lines: &[Line], quarter: usize) -> (float32x4_t, float32x4_t) {
    let (scales, biases) = read_scales(scale, lines);
    let load = |lanes: &Lanes| {
        let lanes = &lanes.as_chunks::<4>().0[quarter];
        // SAFETY: four places of 4 bytes.
        unsafe { vld1q_f32(lanes.as_ptr()) }
    };
    (load(&scales), load(&biases))
}
