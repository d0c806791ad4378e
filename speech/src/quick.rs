//! A hasher for tables that are compiled in: nobody chooses their keys to collide, so that it only has to be quick.

use std::hash::{BuildHasherDefault, Hasher};

/// Builds maps and sets with that hasher.
pub(crate) type Quick = BuildHasherDefault<Multiply>;

#[derive(Default)]
pub(crate) struct Multiply(u64);

impl Hasher for Multiply {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.write_u64(chunk.iter().rev().fold(0, |key, &byte| key << 8 | u64::from(byte)));
        }
        let rest = chunks.remainder();
        if !rest.is_empty() {
            // The length tells "a" from "a\0".
            let length = rest.len() as u64;
            self.write_u64(rest.iter().fold(length, |key, &byte| key << 8 | u64::from(byte)));
        }
    }

    fn write_u64(&mut self, key: u64) {
        // Knuth's multiplier; the table looks at the highest and the lowest bits.
        let mixed = (self.0 ^ key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ mixed >> 32;
    }
}
