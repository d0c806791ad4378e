//! How names are said.

use sayso_speech::number;

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
