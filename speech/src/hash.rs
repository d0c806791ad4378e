//! Hashing: a fast hasher for tables that are compiled in, and a digest of bytes that never changes.

use std::hash::BuildHasherDefault;

pub(crate) use rustc_hash::FxHasher;

/// Builds maps and sets of keys that nobody can choose to collide.
pub(crate) type FastHash = BuildHasherDefault<FxHasher>;

/// FNV-1a of 64 bits (Fowler, Noll and Vo; RFC 9923). It reads byte by byte, so the digest of a text does not depend on
/// the pieces that the text comes in, and it is the same in every version and on every machine.
pub fn fnv1a(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes
        .into_iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_the_published_one() {
        assert_eq!(fnv1a(*b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(*b"foobar"), 0x8594_4171_f739_67e8);
    }
}
