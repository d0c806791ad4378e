//! Features are rows of two embedding tables, found by hashing ("the hashing trick"): no vocabulary to keep.

/// Rows of the table of units, readings and history. A power of two.
pub const ROWS: usize = 1 << 14;
/// Rows of the table of candidates: how a reading fits what was written before it. A power of two.
pub const CROSS_ROWS: usize = 1 << 15;

/// A running hash of what a feature is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Feature(u64);

impl Feature {
    /// A feature of the kind `salt`: kinds do not share their rows but by chance.
    pub const fn new(salt: u8) -> Feature {
        Feature(0x9e37_79b9_7f4a_7c15 ^ (salt as u64).wrapping_mul(0xff51_afd7_ed55_8ccd))
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

    /// With a text that may have grown mixed in.
    #[must_use]
    pub const fn grown(self, text: Text) -> Feature {
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

/// The hash of a text that may grow at its end: a polynomial over its bytes, so that what is written in several steps
/// counts as what is written in one, and each step costs two multiplications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    hash: u64,
    /// [`Text::BASE`] to the power of its length.
    power: u64,
}

impl Text {
    /// No text.
    pub const EMPTY: Text = Text { hash: 0, power: 1 };
    const BASE: u64 = 0x9ddf_ea08_eb38_2d69;

    /// Of a whole text.
    pub fn of(text: &str) -> Text {
        text.bytes().fold(Text::EMPTY, |before, byte| Text {
            hash: before.hash.wrapping_mul(Text::BASE).wrapping_add(u64::from(byte) + 1),
            power: before.power.wrapping_mul(Text::BASE),
        })
    }

    /// With `more` behind it.
    #[must_use]
    pub const fn and(self, more: Text) -> Text {
        Text {
            hash: self.hash.wrapping_mul(more.power).wrapping_add(more.hash),
            power: self.power.wrapping_mul(more.power),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn texts_grow() {
        let grown = Text::of("no").and(Text::EMPTY).and(Text::of("de"));
        assert_eq!(grown, Text::of("node"));
        assert_ne!(grown, Text::of("deno"));
        assert_ne!(Feature::new(1).grown(grown), Feature::new(1).grown(Text::EMPTY));
    }

    #[test]
    fn rows_are_spread() {
        let rows: HashSet<u32> =
            (0..ROWS).map(|n| Feature::new(1).text(&format!("word{n}")).row(ROWS)).collect();
        // Of n balls in n boxes, 1 - 1/e are not empty.
        assert!(rows.len() > ROWS * 6 / 10, "{}", rows.len());
        assert_ne!(Feature::new(1).text("a"), Feature::new(2).text("a"));
        assert_ne!(Feature::new(1).text("ab").text("c"), Feature::new(1).text("a").text("bc"));
    }
}
