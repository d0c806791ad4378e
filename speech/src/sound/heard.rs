//! Words as a speech engine wrote them, as sounds.

use super::letters::{self, Sound};
use crate::clean::{Line, Shape};

/// A word as it sounds.
pub(super) struct Heard {
    /// As it is read, or spelled where it has no vowel. Empty where it is no word.
    pub sounds: Vec<Sound>,
    /// As it is spelled, where it is short and in capitals.
    pub spelled: Vec<Sound>,
    /// Whether it is the name of a symbol that is not misheard for another.
    pub certain: bool,
    /// Whether it is a number in digits.
    pub number: bool,
}

impl Heard {
    /// A token as it sounds.
    pub(super) fn new(line: &Line, token: usize) -> Heard {
        let (mut sounds, mut spelled) = (Vec::new(), Vec::new());
        let text = line.text(token);
        match line.tokens[token].shape {
            Shape::Word => {
                let lower = line.lower(token);
                if text.len() == 1 || letters::is_spelled(lower) {
                    letters::spell(lower, &mut sounds);
                } else {
                    letters::read(lower, &mut sounds);
                    let capitals = text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_uppercase());
                    if capitals {
                        letters::spell(lower, &mut spelled);
                    }
                }
            }
            Shape::Digits => {
                if let Some(word) = digit_word(text) {
                    letters::read(word, &mut sounds);
                }
            }
            Shape::Typed | Shape::Break => {}
        }
        let number = line.tokens[token].shape == Shape::Digits;
        Heard { sounds, spelled, certain: is_certain(line.lower(token)), number }
    }
}

fn digit_word(digits: &str) -> Option<&'static str> {
    const WORDS: [&str; 11] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    WORDS.get(digits.parse::<usize>().ok()?).copied()
}

fn is_certain(word: &str) -> bool {
    matches!(
        word,
        "dash"
            | "minus"
            | "hyphen"
            | "dot"
            | "slash"
            | "backslash"
            | "underscore"
            | "quote"
            | "tilde"
            | "space"
            | "colon"
            | "semicolon"
            | "equals"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::clean;

    #[test]
    fn words_letters_and_digits() {
        let heard = |text: &str| Heard::new(&clean(text), 0);
        let mut spelled = Vec::new();
        letters::spell("rm", &mut spelled);
        assert_eq!(heard("rm").sounds, spelled);
        assert_eq!(heard("4").sounds, heard("four").sounds);
        assert!(heard("4").number && heard("44").sounds.is_empty());
        assert!(heard("./x y").sounds.is_empty());
        assert!(!heard("IP").spelled.is_empty() && heard("ip").spelled.is_empty());
        assert!(heard("dash").certain && !heard("cache").certain);
    }
}
