//! Common English words: what a speech engine writes for what it does not know.

use crate::data::ENGLISH as LIST;
use crate::sorted_list;

/// Whether `word`, in lower case, is a common English one.
pub fn is_english(word: &str) -> bool {
    sorted_list::contains(LIST, word)
}

/// All of them.
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
}
