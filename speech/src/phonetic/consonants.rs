//! Consonants of a word, as keys under which the lexicon files it.
//!
//! Misheard words keep their consonants better than their vowels. Two words share a key when their consonants fall into
//! the same classes, apart from one that either may lack.

use super::pronunciation::{SOUNDS, Sound};

/// Most consonants that an entry is filed by. Hand-chosen, 2026-11-23.
const MAX_CONSONANTS: usize = 10;

/// The classes of a word's consonants, in order.
pub(super) struct ConsonantKeys {
    classes: [u8; MAX_CONSONANTS],
    length: usize,
}

impl ConsonantKeys {
    /// Reads the consonants of a word's sounds.
    pub(super) fn of(sounds: &[Sound]) -> ConsonantKeys {
        let mut keys = ConsonantKeys { classes: [0; MAX_CONSONANTS], length: 0 };
        for &sound in sounds {
            let class = match SOUNDS[usize::from(sound)] {
                b'p' | b'b' => 1,
                b'f' | b'v' | b'a' => 2,
                b't' | b'd' | b'x' => 3,
                b'k' | b'g' => 4,
                b's' | b'z' => 5,
                b'i' | b'e' | b'c' | b'j' => 6,
                b'm' | b'n' | b'q' => 7,
                b'l' => 8,
                b'r' => 9,
                _ => continue,
            };
            if keys.length == MAX_CONSONANTS {
                break;
            }
            keys.classes[keys.length] = class;
            keys.length += 1;
        }
        keys
    }

    /// Calls `take` with the key of all consonants, and with each key that leaves one out. A word of two consonants
    /// leaves one out only if `short`; a word of one never does.
    pub(super) fn each(&self, short: bool, mut take: impl FnMut(u64)) {
        let key = |without: usize| {
            let classes = self.classes[..self.length].iter().enumerate();
            classes.filter(|(at, _)| *at != without).fold(1, |key, (_, &class)| key << 4 | u64::from(class))
        };
        take(key(MAX_CONSONANTS));
        if self.length > 2 || short && self.length == 2 {
            (0..self.length).for_each(|without| take(key(without)));
        }
    }
}
