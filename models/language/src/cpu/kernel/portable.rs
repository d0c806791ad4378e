//! The products in plain Rust: the reference for the vector instructions, and the fallback without
//! them.

use super::{Lanes, Tile};
use crate::cpu::matrix::{LANES, read_scales};
use crate::cpu::rows::Codes;

/// See [`super::Instructions::codes`].
pub(super) fn codes(tile: Tile<'_>, x: &Codes, y: &mut [Lanes]) {
    for (number, y) in y.iter_mut().enumerate() {
        let row = x.row(number, tile.columns);
        *y = [0.0; LANES];
        let words = row.words.chunks_exact(tile.group / 4);
        for ((block, words), [step, sum]) in tile.blocks().zip(words).zip(row.scales) {
            let mut sums = [0; LANES];
            if tile.wide {
                for (line, word) in block.codes.iter().zip(words) {
                    add(&mut sums, line, *word, |byte| byte);
                }
            } else {
                for (line, words) in block.codes.iter().zip(words.as_chunks::<2>().0) {
                    add(&mut sums, line, words[0], |byte| byte & 15);
                    add(&mut sums, line, words[1], |byte| byte >> 4);
                }
            }
            let (scales, biases) = read_scales(tile.scale, block.scales);
            for lane in 0..LANES {
                y[lane] += sums[lane] as f32 * step * scales[lane] + biases[lane] * sum;
            }
        }
    }
}

/// Adds the products of each lane's four codes with the four of `word`.
#[inline(always)]
fn add(sums: &mut [i32; LANES], line: &[u8; 64], word: i32, code: impl Fn(u8) -> u8) {
    let word = word.to_le_bytes().map(|byte| i32::from(byte as i8));
    for (sum, bytes) in sums.iter_mut().zip(line.as_chunks::<4>().0) {
        for (byte, x) in bytes.iter().zip(word) {
            *sum += i32::from(code(*byte)) * x;
        }
    }
}
