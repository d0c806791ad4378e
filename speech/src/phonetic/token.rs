//! A token as the sounds that the speech engine may have heard.

use super::pronunciation::{self, Sound};
use crate::clean::{Line, Shape};
use crate::{number, vocabulary};

/// The sounds of a token.
pub(super) struct SpokenToken {
    /// As it is read, or spelled if it has no vowel. Empty if it is no word.
    pub sounds: Vec<Sound>,
    /// As it is spelled, if it is short and in capitals.
    pub spelled: Vec<Sound>,
    /// Whether it is the name of a symbol that engines do not misspell, so that nothing else was said.
    pub certain: bool,
    /// Whether it is a number in digits.
    pub number: bool,
}

impl SpokenToken {
    pub(super) fn new(line: &Line, token: usize) -> SpokenToken {
        let (mut sounds, mut spelled) = (Vec::new(), Vec::new());
        let text = line.text(token);
        match line.tokens[token].shape {
            Shape::Word => {
                let lower = line.lower(token);
                if text.len() == 1 || pronunciation::is_spelled(lower) {
                    pronunciation::spell(lower, &mut sounds);
                } else {
                    pronunciation::read(lower, &mut sounds);
                    let capitals = text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_uppercase());
                    if capitals {
                        pronunciation::spell(lower, &mut spelled);
                    }
                }
            }
            Shape::Digits => {
                if let Some(word) = digit_word(text) {
                    pronunciation::read(word, &mut sounds);
                }
            }
            Shape::Typed | Shape::Break => {}
        }
        let number = line.tokens[token].shape == Shape::Digits;
        SpokenToken { sounds, spelled, certain: vocabulary::is_certain(line.lower(token)), number }
    }
}

/// The word for a number up to ten. Engines write longer numbers in digits only when they heard several words.
fn digit_word(digits: &str) -> Option<&'static str> {
    let value = digits.parse::<usize>().ok().filter(|value| *value <= 10)?;
    Some(number::words().ones[value])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::clean;

    #[test]
    fn words_letters_and_digits() {
        let heard = |text: &str| SpokenToken::new(&clean(text), 0);
        let mut spelled = Vec::new();
        pronunciation::spell("rm", &mut spelled);
        assert_eq!(heard("rm").sounds, spelled);
        assert_eq!(heard("4").sounds, heard("four").sounds);
        assert!(heard("4").number && heard("44").sounds.is_empty());
        assert!(heard("./x y").sounds.is_empty());
        assert!(!heard("IP").spelled.is_empty() && heard("ip").spelled.is_empty());
        assert!(heard("dash").certain && !heard("cache").certain);
    }
}
