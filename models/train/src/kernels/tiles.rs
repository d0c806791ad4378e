//! Matrix products in bf16 with the tile registers of newer processors (Intel's Advanced Matrix Extensions):
//! factors are rounded to bf16, sums are kept in f32, as in mixed-precision training (Micikevicius and others,
//! 2018).
//!
//! A tile holds 16 rows of 64 bytes. One instruction adds to 16 · 16 sums the products of 32 pairs each, for
//! which it wants both factors in units of two neighbouring numbers along the sum: a row of the left tile is a
//! row of the left matrix, and a row of the right tile has one unit of each of 16 columns.

#![allow(unsafe_code)]

use super::view::{Into, View, needed};
use rayon::prelude::*;
use std::arch::asm;
use std::arch::x86_64::*;
use std::cell::RefCell;
use std::sync::LazyLock;

/// Rows of a tile, and units in each of its rows.
const TILE: usize = 16;
/// Rows, or columns, of a panel: two tiles.
const PANEL: usize = 2 * TILE;
/// Numbers that a tile covers along the sum.
const DEPTH: usize = 2 * TILE;
/// Units of a panel in one step along the sum.
const STEP: usize = 2 * TILE * TILE;
/// Panels that a thread takes at once. Hand-chosen, 2026-11-29.
const AT_ONCE: usize = 2;

/// Whether this processor has tiles and lets us use them.
pub(super) fn are_there() -> bool {
    static ARE_THERE: LazyLock<bool> = LazyLock::new(|| {
        // Bits 22 and 24 of this leaf: products of bf16, and tiles.
        let wanted = 1 << 22 | 1 << 24;
        __cpuid_count(7, 0).edx & wanted == wanted
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512bf16")
            && ask()
    });
    *ARE_THERE
}

/// Linux gives a process the state of tiles, which is large, only when it asks for it.
fn ask() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_int = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_int = 18;
    // SAFETY: the call takes two numbers and changes nothing but what the process may do.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

/// `a` · `b`, into a matrix whose rows are `stride` apart. The caller asked [`are_there`].
pub(super) fn product(result: &mut [f32], stride: usize, a: View<'_>, b: View<'_>, into: Into) {
    assert!(are_there(), "this processor has no tiles");
    thread_local! {
        static PACKED: RefCell<[Vec<u32>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
    }
    let steps = a.columns.div_ceil(DEPTH);
    let mut kept = PACKED.take();
    pack(a, steps, Side::Left, &mut kept[0]);
    pack(b.t(), steps, Side::Right, &mut kept[1]);
    let [left, right] = &kept;
    // Each thread has rows of its own in the result.
    let columns = b.columns;
    let result = &mut result[..needed(a.rows, columns, stride)];
    result.par_chunks_mut(AT_ONCE * PANEL * stride).enumerate().for_each(|(first, rows)| {
        let _tiles = Tiles::new();
        let lefts = left.chunks_exact(steps * STEP).skip(first * AT_ONCE).take(AT_ONCE);
        for (at, right) in right.chunks_exact(steps * STEP).enumerate() {
            for (left, rows) in lefts.clone().zip(rows.chunks_mut(PANEL * stride)) {
                let sums = multiply(left, right, steps);
                let width = (columns - at * PANEL).min(PANEL);
                for (row, to) in rows.chunks_mut(stride).enumerate() {
                    let to = &mut to[at * PANEL..][..width];
                    let tile = &sums[row / TILE * STEP + row % TILE * TILE..];
                    let (near, far) = to.split_at_mut(width.min(TILE));
                    for (to, tile) in [(near, tile), (far, &tile[TILE * TILE..])] {
                        match into {
                            Into::Replace => to.copy_from_slice(&tile[..to.len()]),
                            Into::Add => to.iter_mut().zip(tile).for_each(|(to, sum)| *to += sum),
                        }
                    }
                }
            }
        }
    });
    PACKED.set(kept);
}

/// The tile registers of this thread, all of them full tiles.
struct Tiles;

impl Tiles {
    fn new() -> Tiles {
        /// What `ldtilecfg` reads.
        #[repr(C, align(64))]
        struct Shapes {
            palette: u8,
            start: u8,
            reserved: [u8; 14],
            row_bytes: [u16; 16],
            rows: [u8; 16],
        }
        let mut shapes =
            Shapes { palette: 1, start: 0, reserved: [0; 14], row_bytes: [0; 16], rows: [0; 16] };
        shapes.row_bytes[..8].fill(64);
        shapes.rows[..8].fill(TILE as u8);
        // SAFETY: the instruction is there (`product` asserts it) and reads the 64 bytes of `shapes`.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const shapes, options(nostack, preserves_flags)) };
        Tiles
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        // SAFETY: it clears the registers, which nothing uses any more.
        unsafe { asm!("tilerelease", options(nostack, nomem, preserves_flags)) };
    }
}

/// The sums of one panel by another: four tiles, those of the upper rows first.
fn multiply(left: &[u32], right: &[u32], steps: usize) -> [f32; 2 * STEP] {
    assert!(steps > 0 && left.len() == steps * STEP && right.len() == steps * STEP);
    let mut sums = [0.0; 2 * STEP];
    // SAFETY: `Tiles` stands, so all eight tiles are 16 rows of 64 bytes, one after the other here. Each of the
    // `steps` turns reads 2,048 bytes of both panels, which the assertion covers, and four tiles of 1,024 bytes
    // are the whole of `sums`.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "2:",
            "tileloadd tmm4, [{left} + {row}]",
            "tileloadd tmm6, [{right} + {row}]",
            "tileloadd tmm7, [{right} + {row} + 1024]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tileloadd tmm5, [{left} + {row} + 1024]",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "add {left}, 2048",
            "add {right}, 2048",
            "dec {steps}",
            "jnz 2b",
            "tilestored [{sums} + {row}], tmm0",
            "tilestored [{sums} + {row} + 1024], tmm1",
            "tilestored [{sums} + {row} + 2048], tmm2",
            "tilestored [{sums} + {row} + 3072], tmm3",
            left = inout(reg) left.as_ptr() => _,
            right = inout(reg) right.as_ptr() => _,
            steps = inout(reg) steps => _,
            row = in(reg) 64_usize,
            sums = in(reg) sums.as_mut_ptr(),
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
    sums
}

/// Which factor a panel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Its rows are rows of tiles.
    Left,
    /// Its rows, columns of the right matrix, are columns of tiles.
    Right,
}

/// The panels of a matrix whose columns run along the sum. What is missing to full tiles is 0.
fn pack(matrix: View<'_>, steps: usize, side: Side, packed: &mut Vec<u32>) {
    packed.resize(matrix.rows.div_ceil(PANEL) * steps * STEP, 0);
    packed.par_chunks_exact_mut(steps * STEP).enumerate().for_each(|(panel, packed)| {
        for (at, tile) in packed.as_chunks_mut::<{ TILE * TILE }>().0.iter_mut().enumerate() {
            let (row, column) = (panel * PANEL + at % 2 * TILE, at / 2 * DEPTH);
            // SAFETY: `product` asserts the instructions.
            unsafe {
                if matrix.column_stride == 1 {
                    units_of_rows(matrix, row, column, tile);
                } else {
                    units_of_columns(matrix, row, column, tile);
                }
            }
            if (matrix.column_stride == 1) != (side == Side::Left) {
                transpose(tile);
            }
        }
    });
}

/// The first so many of 16 lanes.
fn lanes(count: usize) -> __mmask16 {
    ((1_u32 << count.min(16)) - 1) as __mmask16
}

/// A tile whose rows are rows of the matrix, which are contiguous.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn units_of_rows(matrix: View<'_>, row: usize, column: usize, tile: &mut [u32; TILE * TILE]) {
    let width = matrix.columns.saturating_sub(column).min(DEPTH);
    for (at, units) in tile.as_chunks_mut::<TILE>().0.iter_mut().enumerate() {
        if row + at >= matrix.rows {
            units.fill(0);
            continue;
        }
        let from = &matrix.data[(row + at) * matrix.row_stride + column..][..width];
        // SAFETY: the masks leave out what lies behind `from`, and a row of a tile has 64 bytes.
        unsafe {
            let near = _mm512_maskz_loadu_ps(lanes(width), from.as_ptr());
            let far = _mm512_maskz_loadu_ps(lanes(width.saturating_sub(16)), from.as_ptr().wrapping_add(16));
            let both: __m512i = std::mem::transmute(_mm512_cvtne2ps_pbh(far, near));
            _mm512_storeu_si512(units.as_mut_ptr().cast(), both);
        }
    }
}

/// A tile whose columns are rows of the matrix, where what stands below each other is contiguous.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn units_of_columns(matrix: View<'_>, row: usize, column: usize, tile: &mut [u32; TILE * TILE]) {
    let height = matrix.rows.saturating_sub(row).min(TILE);
    let part = |column: usize| {
        if column >= matrix.columns || height == 0 {
            return _mm512_setzero_si512();
        }
        let from = &matrix.data[column * matrix.column_stride + row..][..height];
        // SAFETY: the mask leaves out what lies behind `from`.
        unsafe {
            let numbers = _mm512_maskz_loadu_ps(lanes(height), from.as_ptr());
            _mm512_cvtepu16_epi32(std::mem::transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(numbers)))
        }
    };
    for (at, units) in tile.as_chunks_mut::<TILE>().0.iter_mut().enumerate() {
        let (first, second) = (part(column + 2 * at), part(column + 2 * at + 1));
        let both = _mm512_or_si512(first, _mm512_slli_epi32::<16>(second));
        // SAFETY: a row of a tile has 64 bytes.
        unsafe { _mm512_storeu_si512(units.as_mut_ptr().cast(), both) };
    }
}

fn transpose(tile: &mut [u32; TILE * TILE]) {
    for row in 1..TILE {
        for column in 0..row {
            tile.swap(row * TILE + column, column * TILE + row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::matmul::matmul_here;

    fn numbers(count: usize, seed: u64) -> Vec<f32> {
        let mut random = seed;
        let mut next = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    /// Sizes that fill no tile, every way a matrix can lie, and both things that can become of the result.
    #[test]
    fn tiles_multiply_as_plain_loops_do() {
        if !are_there() {
            return;
        }
        for (rows, depth, columns) in [(1, 1, 1), (16, 32, 16), (33, 70, 45), (130, 31, 65), (300, 100, 17)] {
            for lies in 0..4 {
                let (a, b) = (numbers(rows * depth, 1), numbers(depth * columns, 2));
                let a =
                    if lies & 1 == 0 { View::new(&a, rows, depth) } else { View::new(&a, depth, rows).t() };
                let b = if lies & 2 == 0 {
                    View::new(&b, depth, columns)
                } else {
                    View::new(&b, columns, depth).t()
                };
                let stride = columns + 3;
                let mut exact = numbers((rows - 1) * stride + columns, 3);
                let mut found = exact.clone();
                for into in [Into::Replace, Into::Add] {
                    matmul_here(&mut exact, stride, 1.0, a, b, into);
                    product(&mut found, stride, a, b, into);
                }
                for (at, (exact, found)) in exact.iter().zip(&found).enumerate() {
                    let allowed = 0.02 * (depth as f32).sqrt();
                    assert!((exact - found).abs() <= allowed, "{rows}x{depth}x{columns} {lies} {at}");
                }
            }
        }
    }
}
