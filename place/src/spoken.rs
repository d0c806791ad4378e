//! How names are said.

use crate::fold;
use sayso_speech::number;

/// A name as it is said: its words, with digits by their names.
pub(crate) fn phrase(name: &str) -> String {
    let mut phrase = String::with_capacity(name.len() + 8);
    for word in fold::words(name) {
        for piece in spoken(&word) {
            phrase.push_str(&piece);
            phrase.push(' ');
        }
    }
    phrase
}

/// A word as it is said: a number below a hundred by its words, a longer one digit by digit.
pub(crate) fn spoken(word: &str) -> Vec<String> {
    let words = number::words();
    match word.parse::<usize>() {
        Ok(value) if value < 100 && !word.starts_with('0') => {
            words.below_hundred(value).into_iter().map(str::to_owned).collect()
        }
        Ok(_) => word.bytes().map(|digit| words.ones[usize::from(digit - b'0')].to_owned()).collect(),
        Err(_) => vec![word.to_owned()],
    }
}
