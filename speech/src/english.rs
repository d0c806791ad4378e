//! Common English words: what a speech engine writes for what it does not know.

use crate::data::ENGLISH as LIST;
use crate::sorted_list;
use std::sync::LazyLock;

/// Whether `word`, in lower case, is a common English one.
pub fn is_english(word: &str) -> bool {
    sorted_list::contains(LIST, word)
}

/// The place of `word`, in lower case, among [`words`]: 0 for the first one.
pub fn position(word: &str) -> Option<usize> {
    static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| words().collect());
    WORDS.binary_search(&word).ok()
}

/// All of them, sorted by bytes.
pub fn words() -> impl Iterator<Item = &'static str> {
    LIST.lines()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_and_known() {
        assert!(words().is_sorted());
        assert!(is_english("suitor") && is_english("crept") && !is_english("grep") && !is_english("Suitor"));
    }

    #[test]
    fn positions_are_those_of_the_list() {
        for (at, word) in words().enumerate().step_by(997) {
            assert_eq!(position(word), Some(at), "{word}");
        }
        assert_eq!(position(words().last().unwrap()), Some(words().count() - 1));
        assert_eq!((position("grep"), position("")), (None, None));
    }
}
