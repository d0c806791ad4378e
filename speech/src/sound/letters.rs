//! How written English sounds: letters to sounds, by a table of letters in their context.
//!
//! The table is `data/sound-letters.txt`, learnt from the CMU Pronouncing Dictionary; it is right about 95 letters of
//! 100 in common words and keeps what the others sound like close, which is enough to compare words by sound.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

/// A sound of English: an index into the inventory of [`super::distance`].
pub type Sound = u8;

/// The inventory: one character a sound in the table, capitals are vowels.
pub(super) const SOUNDS: &[u8] = b"AXUOQJERCIYWVHZbcdfghjklmnpqrstvwxyzaie";
/// Most letters of a word that are listened to.
const MAX_LETTERS: usize = 32;
/// (letters before, letters after) of the contexts in the table, the largest first.
const CONTEXTS: [(usize, usize); 8] = [(3, 4), (3, 3), (2, 3), (2, 2), (1, 2), (1, 1), (0, 1), (0, 0)];
/// Hashes keys of our own making: nobody chooses them to collide.
pub(super) type Quick = BuildHasherDefault<Multiply>;

#[derive(Default)]
pub(super) struct Multiply(u64);

impl Hasher for Multiply {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn write_u64(&mut self, key: u64) {
        // Knuth's multiplier; the table looks at the highest and the lowest bits.
        let mixed = (self.0 ^ key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ mixed >> 32;
    }
}

/// How each letter is called, in the table's characters.
const NAMES: [&str; 26] = [
    "C", "bY", "sY", "dY", "Y", "Ef", "jY", "Cc", "J", "jC", "kC", "El", "Em", "En", "W", "pY", "kyZ", "Ar",
    "Es", "tY", "yZ", "vY", "dUbUlyZ", "Eks", "wJ", "zY",
];

/// Context → sounds.
static TABLE: LazyLock<HashMap<u64, &'static [u8], Quick>> = LazyLock::new(|| {
    let lines = include_str!("../../data/sound-letters.txt").lines().filter(|line| !line.starts_with('#'));
    let entry = |line: &'static str| {
        let (context, sounds) = line.split_once(' ')?;
        let (before, rest) = context.split_once('[')?;
        let (letter, after) = rest.split_once(']')?;
        let letters = before.bytes().chain(letter.bytes()).chain(after.bytes());
        Some((key(before.len(), letters), sounds.as_bytes()))
    };
    lines.filter_map(entry).collect()
});

/// Sound of each character of the table.
static INDEX: LazyLock<[Sound; 128]> = LazyLock::new(|| {
    let mut index = [0; 128];
    for (at, &character) in SOUNDS.iter().enumerate() {
        index[usize::from(character)] = at as Sound;
    }
    index
});

/// Five bits a letter, behind the number of letters before the one asked about and the number of all.
fn key(before: usize, letters: impl Iterator<Item = u8>) -> u64 {
    let (mut key, mut count) = (0, 0);
    for letter in letters {
        key = key << 5 | if letter == b'.' { 0 } else { u64::from(letter & 31) };
        count += 1;
    }
    key << 8 | count << 4 | before as u64
}

/// Appends the sounds of a character of the table.
fn push_named(characters: &[u8], sounds: &mut Vec<Sound>) {
    sounds.extend(characters.iter().map(|&character| INDEX[usize::from(character)]));
}

/// Appends what `word` sounds like, read as English. Only ASCII letters are heard.
pub fn read(word: &str, sounds: &mut Vec<Sound>) {
    // The edge of the word is no letter.
    let mut padded = [b'.'; MAX_LETTERS + 8];
    let mut length = 0;
    for byte in word.bytes().filter(u8::is_ascii_alphabetic).take(MAX_LETTERS) {
        padded[4 + length] = byte;
        length += 1;
    }
    for at in 4..4 + length {
        let said = CONTEXTS.iter().find_map(|&(before, after)| {
            TABLE.get(&key(before, padded[at - before..=at + after].iter().copied()))
        });
        push_named(said.copied().unwrap_or_default(), sounds);
    }
}

/// Appends what the letters of `word` are called, one after the other.
pub fn spell(word: &str, sounds: &mut Vec<Sound>) {
    for byte in word.bytes().filter(u8::is_ascii_alphabetic).take(MAX_LETTERS) {
        push_named(NAMES[usize::from(byte.to_ascii_lowercase() - b'a')].as_bytes(), sounds);
    }
}

/// Whether a word is rather spelled than read: it has no vowel.
pub fn is_spelled(word: &str) -> bool {
    !word.bytes().any(|byte| matches!(byte.to_ascii_lowercase(), b'a' | b'e' | b'i' | b'o' | b'u' | b'y'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(sounds: &[Sound]) -> String {
        sounds.iter().map(|&sound| char::from(SOUNDS[usize::from(sound)])).collect()
    }

    #[test]
    fn words_as_read() {
        for (word, expected) in [
            ("dash", "dXi"),
            ("grep", "grEp"),
            ("Quote", "kwWt"),
            ("name", "nCm"),
            ("docs", "dAks"),
            ("them", "xEm"),
            ("", ""),
            ("é9", ""),
        ] {
            let mut sounds = Vec::new();
            read(word, &mut sounds);
            assert_eq!(named(&sounds), expected, "{word:?}");
        }
    }

    #[test]
    fn words_as_spelled() {
        let mut sounds = Vec::new();
        spell("cTl", &mut sounds);
        assert_eq!(named(&sounds), "sYtYEl");
        assert!(is_spelled("rm") && is_spelled("XZ") && !is_spelled("cp a"));
    }
}
