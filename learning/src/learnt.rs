//! The sum of what all pairs teach, faded by their age.

use crate::LIFETIME;
use std::collections::HashMap;

/// Pairs that must show a word before it is offered. The project's page of requirements sets it.
pub const SEEN_ENOUGH: u32 = 2;

/// The sum of what all pairs teach.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Learnt {
    /// Id of a choice between readings → its weight. A fresh pair adds or subtracts 1, and one of half the lifetime
    /// adds or subtracts a half.
    pub choices: HashMap<u64, f32>,
    /// Words that were misheard, the most certain first.
    pub words: Vec<Word>,
}

/// A heard word, and the one that the person wrote in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word that the dictation tool wrote, in lower case.
    pub heard: String,
    /// The word that the person wrote.
    pub written: String,
    /// Pairs that show it.
    pub seen: u32,
}

impl Learnt {
    /// The words that were seen often enough to be offered. If several were written for the same heard word, only the
    /// one seen most counts, and none if two were seen equally often.
    pub fn offered(&self) -> Vec<&Word> {
        let rivals =
            |word: &Word| self.words.iter().filter(|it| it.heard == word.heard && *it != word).count();
        let is_first = |word: &&Word| {
            let more =
                |it: &&Word| it.heard == word.heard && it.written != word.written && it.seen >= word.seen;
            rivals(word) == 0 || !self.words.iter().any(|it| more(&it))
        };
        self.words.iter().filter(|word| word.seen >= SEEN_ENOUGH).filter(is_first).collect()
    }
}

/// How much a pair of this age still counts, 1 to 0.
pub(crate) fn weight(age: i64) -> f32 {
    (1.0 - age.max(0) as f32 / LIFETIME as f32).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learnt_fades() {
        assert_eq!([0, LIFETIME / 2, LIFETIME, 2 * LIFETIME, -5].map(weight), [1.0, 0.5, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn a_word_is_offered_once_it_is_clear() {
        let word =
            |heard: &str, written: &str, seen| Word { heard: heard.into(), written: written.into(), seen };
        let check = |words: Vec<Word>, expected: &[&str]| {
            let learnt = Learnt { words, ..Learnt::default() };
            let offered: Vec<_> = learnt.offered().into_iter().map(|word| word.written.as_str()).collect();
            assert_eq!(offered, expected);
        };
        check(vec![word("zed box", "zbx", 2), word("pie", "pi", 1)], &["zbx"]);
        check(vec![word("zed box", "zbx", 3), word("zed box", "zb", 2)], &["zbx"]);
        check(vec![word("zed box", "zbx", 2), word("zed box", "zb", 2)], &[]);
    }
}
