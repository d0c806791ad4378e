//! The products with AVX2 and FMA.
//!
//! `unsafe` is used for two things only: loading and storing vectors, at places that are long
//! enough and need no alignment; and calling functions that need AVX2, where a [`Present`] proves
//! that the processor has it, because only the check creates one.
#![allow(unsafe_code)]

use super::{Block, Lanes, Tile, in_blocks};
use crate::cpu::element::Float;
use crate::cpu::matrix::{Line, read_scales};
use crate::cpu::rows::{CodeRow, Codes};
use core::arch::x86_64::*;

/// Proof that the processor has these instructions.
#[derive(Debug, Clone, Copy)]
pub struct Present(());

impl Present {
    /// Checks the processor; `None` if it lacks one of them.
    pub(super) fn here() -> Option<Present> {
        let here = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c");
        here.then_some(Present(()))
    }

    /// See [`super::Instructions::codes`].
    pub(super) fn codes(self, tile: Tile<'_>, x: &Codes, y: &mut [Lanes]) {
        // SAFETY: `self` proves that the processor has what the functions need.
        in_blocks!(y, [4, 2, 1], |first, block, ROWS| unsafe {
            for half in 0..2 {
                match tile.wide {
                    false => rows::<false, ROWS>(tile, half, x, first, block),
                    true => rows::<true, ROWS>(tile, half, x, first, block),
                }
            }
        });
    }
}

/// Columns whose products are added up in 16 bits: 8 · 2 · 15 · 127 = 30,480 per lane, which just
/// fits. Hand-chosen, 2026-11-23.
const PART: usize = 32;
const WORDS: usize = PART / 4;

/// Computes eight lanes: the lower or the upper half of the tile.
#[target_feature(enable = "avx2,fma,f16c")]
fn rows<const WIDE: bool, const ROWS: usize>(
    tile: Tile<'_>,
    half: usize,
    x: &Codes,
    first: usize,
    y: &mut [Lanes; ROWS],
) {
    let x: [CodeRow<'_>; ROWS] = std::array::from_fn(|row| x.row(first + row, tile.columns));
    let words: [&[[i32; WORDS]]; ROWS] = std::array::from_fn(|row| x[row].words.as_chunks().0);
    let mut results = [_mm256_setzero_ps(); ROWS];
    let parts = tile.group / PART;
    for (group, Block { codes, scales }) in tile.blocks().enumerate() {
        let mut sums = [_mm256_setzero_si256(); ROWS];
        for (part, codes) in codes.chunks_exact(if WIDE { 8 } else { 4 }).enumerate() {
            let at = group * parts + part;
            if WIDE {
                // An 8-bit code is 16 times its upper half plus its lower half. Whole products
                // would overflow 16 bits.
                let (low, high) = split(codes, half);
                for row in 0..ROWS {
                    let high = _mm256_slli_epi32::<4>(products(&high, &words[row][at]));
                    sums[row] = _mm256_add_epi32(sums[row], high);
                    sums[row] = _mm256_add_epi32(sums[row], products(&low, &words[row][at]));
                }
            } else {
                let codes = halves(codes, half);
                for row in 0..ROWS {
                    sums[row] = _mm256_add_epi32(sums[row], products(&codes, &words[row][at]));
                }
            }
        }
        let (scales, biases) = read_half_scales(tile.scale, scales, half);
        for row in 0..ROWS {
            let [step, sum] = x[row].scales[group];
            let scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(sums[row]), _mm256_set1_ps(step));
            results[row] = _mm256_fmadd_ps(scaled, scales, results[row]);
            results[row] = _mm256_fmadd_ps(biases, _mm256_set1_ps(sum), results[row]);
        }
    }
    for (y, result) in y.iter_mut().zip(results) {
        let y = &mut y.as_chunks_mut::<8>().0[half];
        // SAFETY: `y` has 8 places of 4 bytes, and the instruction needs no alignment.
        unsafe { _mm256_storeu_ps(y.as_mut_ptr(), result) };
    }
}

/// The sums of the products of 4-bit codes with 32 columns of a row.
#[inline]
#[target_feature(enable = "avx2")]
fn products(codes: &[__m256i; WORDS], words: &[i32; WORDS]) -> __m256i {
    let mut sum = _mm256_setzero_si256();
    for (codes, word) in codes.iter().zip(words) {
        sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(*codes, _mm256_set1_epi32(*word)));
    }
    _mm256_madd_epi16(sum, _mm256_set1_epi16(1))
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(line: &Line, half: usize) -> __m256i {
    let half: &[u8; 32] = &line.as_chunks().0[half];
    // SAFETY: the half of a line has the 32 bytes of a vector, and the instruction needs no alignment.
    unsafe { _mm256_loadu_si256(half.as_ptr().cast()) }
}

/// The codes of four lines: for each line, the lower halves of its bytes, then the upper halves.
#[inline]
#[target_feature(enable = "avx2")]
fn halves(lines: &[Line], half: usize) -> [__m256i; WORDS] {
    let mask = _mm256_set1_epi8(15);
    let mut codes = [mask; WORDS];
    for (codes, line) in codes.as_chunks_mut::<2>().0.iter_mut().zip(lines) {
        let line = load(line, half);
        *codes = [_mm256_and_si256(line, mask), _mm256_and_si256(_mm256_srli_epi32::<4>(line), mask)];
    }
    codes
}

/// The lower and the upper halves of the codes of eight lines.
#[inline]
#[target_feature(enable = "avx2")]
fn split(lines: &[Line], half: usize) -> ([__m256i; WORDS], [__m256i; WORDS]) {
    let mask = _mm256_set1_epi8(15);
    let (mut low, mut high) = ([mask; WORDS], [mask; WORDS]);
    for ((low, high), line) in low.iter_mut().zip(&mut high).zip(lines) {
        let line = load(line, half);
        *low = _mm256_and_si256(line, mask);
        *high = _mm256_and_si256(_mm256_srli_epi32::<4>(line), mask);
    }
    (low, high)
}

/// The scales and biases of a group, for eight lanes.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn read_half_scales(scale: Float, lines: &[Line], half: usize) -> (__m256, __m256) {
    // Sixteen scales of 2 bytes, then sixteen biases.
    let parts = lines[0].as_chunks::<16>().0;
    let eight = |part: &[u8; 16]| {
        // SAFETY: the part has the 16 bytes of a vector, and the instruction needs no alignment.
        unsafe { _mm_loadu_si128(part.as_ptr().cast()) }
    };
    // Functions of arrays would not be inlined here, because they do not enable these instructions.
    match scale {
        Float::F16 => (_mm256_cvtph_ps(eight(&parts[half])), _mm256_cvtph_ps(eight(&parts[2 + half]))),
        Float::Bf16 => (brain(eight(&parts[half])), brain(eight(&parts[2 + half]))),
        Float::F32 => {
            let (scales, biases) = read_scales(scale, lines);
            let load = |lanes: &Lanes| {
                let lanes = &lanes.as_chunks::<8>().0[half];
                // SAFETY: eight places of 4 bytes, and the instruction needs no alignment.
                unsafe { _mm256_loadu_ps(lanes.as_ptr()) }
            };
            (load(&scales), load(&biases))
        }
    }
}

/// Eight numbers of bfloat16.
#[inline]
#[target_feature(enable = "avx2")]
fn brain(numbers: __m128i) -> __m256 {
    _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(numbers)))
}
