//! Features are rows of two embedding tables, found by hashing ("the hashing trick", Weinberger et al. 2009): there is no
//! vocabulary to keep.

use super::id::FeatureId;

/// Rows of the table of units, readings and history. A power of two. Hand-chosen, never measured apart.
pub const ROWS: usize = 1 << 14;
/// Rows of the table of candidates: how a reading fits what was written before it. A power of two. Hand-chosen, never
/// measured apart.
pub const CROSS_ROWS: usize = 1 << 15;

/// Code of a vocabulary entry's or reading's kind where there is none: never the code of a kind.
pub(super) const NO_KIND: u64 = 99;

/// A running hash of what a feature is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Feature(u64);

impl Feature {
    /// A feature of which only the kind is known. Two kinds share a row only by chance.
    pub fn of(id: impl FeatureId) -> Feature {
        Feature(0x9e37_79b9_7f4a_7c15 ^ u64::from(id.id()).wrapping_mul(0xff51_afd7_ed55_8ccd))
    }

    /// With a number mixed in.
    #[must_use]
    pub const fn number(self, number: u64) -> Feature {
        let mixed = (self.0.rotate_left(23) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95);
        Feature(mixed ^ (mixed >> 29))
    }

    /// With a text mixed in.
    #[must_use]
    pub fn text(self, text: &str) -> Feature {
        self.bytes(text.as_bytes())
    }

    /// With bytes mixed in.
    #[must_use]
    pub fn bytes(self, text: &[u8]) -> Feature {
        let mut feature = self.number(text.len() as u64);
        for chunk in text.chunks(8) {
            let mut bytes = [0; 8];
            bytes[..chunk.len()].copy_from_slice(chunk);
            feature = feature.number(u64::from_le_bytes(bytes));
        }
        feature
    }

    /// With the hash of a text mixed in.
    #[must_use]
    pub const fn text_hash(self, text: TextHash) -> Feature {
        self.number(text.hash)
    }

    /// With another feature mixed in.
    #[must_use]
    pub const fn and(self, other: Feature) -> Feature {
        self.number(other.0)
    }

    /// The row of a table with `rows` rows.
    pub const fn row(self, rows: usize) -> u32 {
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        (mixed >> 40) as u32 & (rows as u32 - 1)
    }
}

/// The hash of a text that can grow at its end: a polynomial over its bytes. A text that was written in several steps has
/// the same hash as one that was written in one, and each step costs two multiplications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextHash {
    hash: u64,
    /// [`TextHash::BASE`] to the power of its length.
    power: u64,
}

impl TextHash {
    /// No text.
    pub const EMPTY: TextHash = TextHash { hash: 0, power: 1 };
    const BASE: u64 = 0x9ddf_ea08_eb38_2d69;

    /// Of a whole text.
    pub fn of(text: &str) -> TextHash {
        text.bytes().fold(TextHash::EMPTY, |before, byte| TextHash {
            hash: before.hash.wrapping_mul(TextHash::BASE).wrapping_add(u64::from(byte) + 1),
            power: before.power.wrapping_mul(TextHash::BASE),
        })
    }

    /// With `more` behind it.
    #[must_use]
    pub const fn and(self, more: TextHash) -> TextHash {
        TextHash {
            hash: self.hash.wrapping_mul(more.power).wrapping_add(more.hash),
            power: self.power.wrapping_mul(more.power),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::id::RowId;
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn texts_grow() {
        let grown = TextHash::of("no").and(TextHash::EMPTY).and(TextHash::of("de"));
        assert_eq!(grown, TextHash::of("node"));
        assert_ne!(grown, TextHash::of("deno"));
        assert_ne!(
            Feature::of(RowId::Word).text_hash(grown),
            Feature::of(RowId::Word).text_hash(TextHash::EMPTY)
        );
    }

    #[test]
    fn rows_are_spread() {
        let rows: HashSet<u32> =
            (0..ROWS).map(|n| Feature::of(RowId::Word).text(&format!("word{n}")).row(ROWS)).collect();
        // Of n balls in n boxes, 1 - 1/e are not empty.
        assert!(rows.len() > ROWS * 6 / 10, "{}", rows.len());
        assert_ne!(Feature::of(RowId::Word).text("a"), Feature::of(RowId::Form).text("a"));
        assert_ne!(
            Feature::of(RowId::Word).text("ab").text("c"),
            Feature::of(RowId::Word).text("a").text("bc")
        );
    }
}
