//! The products with AVX-512 VNNI.
//!
//! `unsafe` is used for two things only: loading and storing vectors, at places that are long
//! enough and need no alignment; and calling functions that need AVX-512, where a [`Present`]
//! proves that the processor has it, because only the check creates one.
#![allow(unsafe_code)]

use super::{Block, Lanes, Tile, in_blocks};
use crate::cpu::element::Float;
use crate::cpu::matrix::Line;
use crate::cpu::rows::{CodeRow, Codes};
use core::arch::x86_64::*;

/// Proof that the processor has these instructions.
#[derive(Debug, Clone, Copy)]
pub struct Present(());

impl Present {
    /// Checks the processor; `None` if it lacks one of them.
    pub(super) fn here() -> Option<Present> {
        let here = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vnni");
        here.then_some(Present(()))
    }

    /// See [`super::Instructions::codes`].
    pub(super) fn codes(self, tile: Tile<'_>, x: &Codes, y: &mut [Lanes]) {
        // Prefetches the next tile while this one is multiplied, a share of it with each whole
        // block of rows. With fewer rows memory is the bottleneck, and prefetches would only
        // compete with the loads.
        let share = tile.next.len().div_ceil((y.len() / BLOCK).max(1)).max(1);
        let mut shares = tile.next.chunks(share);
        // SAFETY: `self` proves that the processor has what the functions need.
        in_blocks!(y, [8, 4, 2, 1], |first, block, ROWS| unsafe {
            let ahead = if ROWS == BLOCK { shares.next().unwrap_or_default() } else { &[] };
            match tile.wide {
                false => rows::<false, ROWS>(tile, ahead, x, first, block),
                true => rows::<true, ROWS>(tile, ahead, x, first, block),
            }
        });
    }
}

/// Rows of the largest block: all their sums fit into registers at once. Hand-chosen, 2026-11-23.
const BLOCK: usize = 8;

/// Columns whose codes fit into registers at once: eight vectors. Hand-chosen, 2026-11-23.
const PART: usize = 32;
const WORDS: usize = PART / 4;

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn rows<const WIDE: bool, const ROWS: usize>(
    tile: Tile<'_>,
    ahead: &[Line],
    x: &Codes,
    first: usize,
    y: &mut [Lanes; ROWS],
) {
    let mut ahead = ahead.chunks(ahead.len().div_ceil(tile.columns / tile.group).max(1));
    let x: [CodeRow<'_>; ROWS] = std::array::from_fn(|row| x.row(first + row, tile.columns));
    let words: [&[[i32; WORDS]]; ROWS] = std::array::from_fn(|row| x[row].words.as_chunks().0);
    let mut results = [_mm512_setzero_ps(); ROWS];
    let parts = tile.group / PART;
    for (group, Block { codes, scales }) in tile.blocks().enumerate() {
        for line in ahead.next().unwrap_or_default() {
            _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast());
        }
        let mut sums = [_mm512_setzero_si512(); ROWS];
        for (part, codes) in codes.chunks_exact(if WIDE { 8 } else { 4 }).enumerate() {
            let codes = if WIDE { bytes(codes) } else { halves(codes) };
            for row in 0..ROWS {
                let words = &words[row][group * parts + part];
                for (codes, word) in codes.iter().zip(words) {
                    sums[row] = _mm512_dpbusd_epi32(sums[row], *codes, _mm512_set1_epi32(*word));
                }
            }
        }
        let (scales, biases) = read_scales(tile.scale, scales);
        for row in 0..ROWS {
            let [step, sum] = x[row].scales[group];
            let scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[row]), _mm512_set1_ps(step));
            results[row] = _mm512_fmadd_ps(scaled, scales, results[row]);
            results[row] = _mm512_fmadd_ps(biases, _mm512_set1_ps(sum), results[row]);
        }
    }
    for (y, result) in y.iter_mut().zip(results) {
        // SAFETY: `y` has 16 places of 4 bytes, and the instruction needs no alignment.
        unsafe { _mm512_storeu_ps(y.as_mut_ptr(), result) };
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(line: &Line) -> __m512i {
    // SAFETY: a line has the 64 bytes of a vector, and the instruction needs no alignment.
    unsafe { _mm512_loadu_si512(line.as_ptr().cast()) }
}

/// The codes of eight lines.
#[inline]
#[target_feature(enable = "avx512f")]
fn bytes(lines: &[Line]) -> [__m512i; WORDS] {
    let mut codes = [_mm512_setzero_si512(); WORDS];
    for (codes, line) in codes.iter_mut().zip(lines) {
        *codes = load(line);
    }
    codes
}

/// The codes of four lines: for each line, the lower halves of its bytes, then the upper halves.
#[inline]
#[target_feature(enable = "avx512f")]
fn halves(lines: &[Line]) -> [__m512i; WORDS] {
    let mask = _mm512_set1_epi8(15);
    let mut codes = [mask; WORDS];
    for (codes, line) in codes.as_chunks_mut::<2>().0.iter_mut().zip(lines) {
        let line = load(line);
        *codes = [_mm512_and_si512(line, mask), _mm512_and_si512(_mm512_srli_epi32::<4>(line), mask)];
    }
    codes
}

/// Scales and biases of a group.
#[inline]
#[target_feature(enable = "avx512f")]
fn read_scales(scale: Float, lines: &[Line]) -> (__m512, __m512) {
    match scale {
        Float::F32 => (_mm512_castsi512_ps(load(&lines[0])), _mm512_castsi512_ps(load(&lines[1]))),
        Float::F16 => {
            let both = load(&lines[0]);
            let halves = (_mm512_castsi512_si256(both), _mm512_extracti64x4_epi64::<1>(both));
            (_mm512_cvtph_ps(halves.0), _mm512_cvtph_ps(halves.1))
        }
        Float::Bf16 => {
            let both = load(&lines[0]);
            let halves = (_mm512_castsi512_si256(both), _mm512_extracti64x4_epi64::<1>(both));
            let upper = |half| _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(half)));
            (upper(halves.0), upper(halves.1))
        }
    }
}
