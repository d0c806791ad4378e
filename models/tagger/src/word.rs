//! What a word looks like and what it is known as.

use sayso_speech::codes;
use sayso_speech::commands;
use sayso_speech::english::is_english;
use sayso_speech::programs::is_program;

/// What a word is known as. It tells whether a speech engine may have written the word in place of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WordClass {
    /// In no list.
    Unknown,
    /// A command whose flags are known.
    Command,
    /// The name of some other program.
    Program,
    /// An English word.
    English,
    /// Both an English word and the name of a program.
    EnglishProgram,
}

codes!(WordClass { Unknown = 0, Command = 1, Program = 2, English = 3, EnglishProgram = 4 });

impl WordClass {
    /// Of a word in lower case.
    pub(super) fn of(word: &str) -> WordClass {
        match word {
            _ if commands::is_command(word) => WordClass::Command,
            _ if is_program(word) && is_english(word) => WordClass::EnglishProgram,
            _ if is_program(word) => WordClass::Program,
            _ if is_english(word) => WordClass::English,
            _ => WordClass::Unknown,
        }
    }
}

/// In which case a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// It has no letters.
    NoLetters,
    /// No capitals.
    Lower,
    /// A single letter, which is a capital.
    OneCapital,
    /// A capital first.
    Title,
    /// Capitals only.
    Upper,
    /// Anything else.
    Mixed,
}

codes!(Case { NoLetters = 0, Lower = 1, OneCapital = 2, Title = 3, Upper = 4, Mixed = 5 });

impl Case {
    /// Of a text.
    pub(super) fn of(text: &str) -> Case {
        let capitals = text.chars().filter(|c| c.is_uppercase()).count();
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        match (capitals, letters) {
            (_, 0) => Case::NoLetters,
            (0, _) => Case::Lower,
            (1, 1) => Case::OneCapital,
            (1, _) if text.starts_with(char::is_uppercase) => Case::Title,
            (capitals, letters) if capitals == letters => Case::Upper,
            _ => Case::Mixed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        for (text, code) in [("12", 0), ("ab", 1), ("L", 2), ("Git", 3), ("XZ", 4), ("gitHub", 5)] {
            assert_eq!(Case::of(text).code(), code, "{text}");
        }
    }
}
