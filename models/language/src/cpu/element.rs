//! The number formats of checkpoints and of the key and value cache.

/// A number format that weights are stored in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Float {
    /// 32 bits.
    F32,
    /// IEEE 16 bits.
    F16,
    /// The upper half of an f32.
    Bf16,
}

impl Float {
    /// Bytes of one number.
    pub fn size(self) -> usize {
        match self {
            Float::F32 => 4,
            Float::F16 | Float::Bf16 => 2,
        }
    }

    /// The numbers in little-endian `bytes`.
    pub fn read(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Float::F32 => bytes.as_chunks().0.iter().map(|raw| F32::decode(*raw)).collect(),
            Float::F16 => bytes.as_chunks().0.iter().map(|raw| F16::decode(*raw)).collect(),
            Float::Bf16 => bytes.as_chunks().0.iter().map(|raw| Bf16::decode(*raw)).collect(),
        }
    }
}

/// A number format that is known at compile time, so that loops over it become vector instructions.
pub(super) trait Element: Send + Sync + 'static {
    /// Its little-endian bytes.
    type Raw: Copy + Send + Sync + 'static;
    fn decode(raw: Self::Raw) -> f32;
}

/// A number format of the key and value cache.
pub(super) trait Stored: Element {
    /// Rounds to the nearest number of the format.
    fn encode(value: f32) -> Self::Raw;
}

/// See [`Float::F32`].
pub(super) struct F32;
/// See [`Float::F16`].
pub(super) struct F16;
/// See [`Float::Bf16`].
pub(super) struct Bf16;

impl Element for F32 {
    type Raw = [u8; 4];

    #[inline(always)]
    fn decode(raw: [u8; 4]) -> f32 {
        f32::from_le_bytes(raw)
    }
}

impl Stored for F32 {
    #[inline(always)]
    fn encode(value: f32) -> [u8; 4] {
        value.to_le_bytes()
    }
}

impl Element for Bf16 {
    type Raw = [u8; 2];

    #[inline(always)]
    fn decode(raw: [u8; 2]) -> f32 {
        f32::from_bits(u32::from(u16::from_le_bytes(raw)) << 16)
    }
}

impl Stored for Bf16 {
    #[inline(always)]
    fn encode(value: f32) -> [u8; 2] {
        let bits = value.to_bits();
        // Round to nearest, ties to even.
        let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
        ((rounded >> 16) as u16).to_le_bytes()
    }
}

impl Element for F16 {
    type Raw = [u8; 2];

    #[inline(always)]
    fn decode(raw: [u8; 2]) -> f32 {
        let bits = u32::from(u16::from_le_bytes(raw));
        // The exponent's bias is 15 instead of 127; the product also normalises subnormal numbers.
        // Infinity becomes 65536, but no valid checkpoint contains it.
        let magnitude = f32::from_bits((bits & 0x7fff) << 13) * f32::from_bits((127 + 127 - 15) << 23);
        f32::from_bits(magnitude.to_bits() | (bits & 0x8000) << 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_number() {
        for bits in 0..=u16::MAX {
            let half = half::f16::from_bits(bits);
            if half.is_finite() {
                assert_eq!(F16::decode(bits.to_le_bytes()).to_bits(), half.to_f32().to_bits(), "{bits:04x}");
            }
            let brain = half::bf16::from_bits(bits);
            if brain.is_finite() {
                assert_eq!(Bf16::decode(bits.to_le_bytes()).to_bits(), brain.to_f32().to_bits());
                assert_eq!(Bf16::encode(brain.to_f32()), bits.to_le_bytes());
            }
        }
    }

    #[test]
    fn the_nearest() {
        for value in [1.001, -3.3, 1e-3, 65_000.0, 0.0, 1.0 + 1.0 / 256.0, 1.0 + 3.0 / 256.0f32] {
            assert_eq!(Bf16::encode(value), half::bf16::from_f32(value).to_le_bytes(), "{value}");
        }
        assert_eq!(Float::F32.read(&1.5f32.to_le_bytes()), [1.5]);
        assert_eq!(Float::Bf16.read(&[0x80, 0x3f, 0, 0xc0]), [1.0, -2.0]);
        assert_eq!(Float::F16.read(&[0, 0x3c]), [1.0]);
    }
}
