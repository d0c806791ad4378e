//! Pronunciation: letters to sounds, by a table of letters in their context.
//!
//! The table is `data/sound-letters.txt`, learnt from the CMU Pronouncing Dictionary; it is right about 95 letters of
//! 100 in common words and keeps what the others sound like close, which is enough to compare words by sound.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::hash::FastHash;

/// A sound of English: an index into the inventory of [`super::distance`].
pub type Sound = u8;

/// The inventory: one character a sound in the table, capitals are vowels.
pub(super) const SOUNDS: &[u8] = b"AXUOQJERCIYWVHZbcdfghjklmnpqrstvwxyzaie";
/// Most letters of a word that are listened to. Hand-chosen, 2026-11-23.
const MAX_LETTERS: usize = 32;
/// (letters before, letters after) of the contexts in the table, the largest first.
const CONTEXTS: [(usize, usize); 8] = [(3, 4), (3, 3), (2, 3), (2, 2), (1, 2), (1, 1), (0, 1), (0, 0)];
/// Most letters before and behind the one asked about.
const BEFORE: usize = 3;
const AFTER: usize = 4;
/// How each letter is called, in the table's characters.
const NAMES: [&str; 26] = [
    "C", "bY", "sY", "dY", "Y", "Ef", "jY", "Cc", "J", "jC", "kC", "El", "Em", "En", "W", "pY", "kyZ", "Ar",
    "Es", "tY", "yZ", "vY", "dUbUlyZ", "Eks", "wJ", "zY",
];

/// Context → sounds.
static TABLE: LazyLock<HashMap<u64, &'static [u8], FastHash>> = LazyLock::new(|| {
    let lines = crate::data::SOUND_LETTERS.lines().filter(|line| !line.starts_with('#'));
    let entry = |line: &'static str| {
        let (context, sounds) = line.split_once(' ')?;
        let (before, rest) = context.split_once('[')?;
        let (letter, after) = rest.split_once(']')?;
        let bytes = before.bytes().chain(letter.bytes()).chain(after.bytes());
        let letters =
            bytes.fold(0, |letters, byte| letters << 5 | if byte == b'.' { 0 } else { u64::from(byte & 31) });
        let count = before.len() + letter.len() + after.len();
        Some((key(letters, before.len(), count), sounds.as_bytes()))
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
fn key(letters: u64, before: usize, count: usize) -> u64 {
    letters << 8 | (count as u64) << 4 | before as u64
}

/// Appends the sounds of a character of the table.
fn push_named(characters: &[u8], sounds: &mut Vec<Sound>) {
    sounds.extend(characters.iter().map(|&character| INDEX[usize::from(character)]));
}

/// Appends what `word` sounds like, read as English. Only ASCII letters are heard.
pub fn read(word: &str, sounds: &mut Vec<Sound>) {
    // Five bits a letter, as in the table's keys; the edge of the word is no letter.
    let mut letters = [0; MAX_LETTERS + BEFORE + AFTER + 1];
    let mut length = 0;
    for byte in word.bytes().filter(u8::is_ascii_alphabetic).take(MAX_LETTERS) {
        letters[BEFORE + length] = u64::from(byte & 31);
        length += 1;
    }
    // The letter asked about, and as many before and behind it as any context holds.
    let mut around = letters[..BEFORE + AFTER].iter().fold(0, |around, letter| around << 5 | letter);
    for &entering in &letters[BEFORE + AFTER..BEFORE + AFTER + length] {
        around = around << 5 | entering;
        let said = CONTEXTS.iter().find_map(|&(before, after)| {
            let count = before + 1 + after;
            let letters = around >> (5 * (AFTER - after)) & ((1 << (5 * count)) - 1);
            TABLE.get(&key(letters, before, count))
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
