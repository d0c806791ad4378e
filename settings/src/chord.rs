//! The keys that convert a line, independent of any shell's way of writing them.

use std::fmt;
use std::str::FromStr;

/// What is pressed, without modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// A lower-case letter.
    Letter(char),
    /// A function key, 1 to 12.
    Function(u8),
}

/// One key press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Held with Control; letters only.
    pub ctrl: bool,
    /// Held with Alt (Meta, Option); letters only.
    pub alt: bool,
    /// The key itself.
    pub base: Base,
}

/// One to three key presses in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chord(Vec<Key>);

/// Why a text is no chord; says what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; a key is ctrl-LETTER, alt-LETTER, f1 to f12 or, after the first, a plain letter")]
pub struct ChordError(String);

impl Chord {
    /// The key presses, in order; never empty.
    pub fn keys(&self) -> &[Key] {
        &self.0
    }
}

impl Chord {
    /// Ctrl-X and then Ctrl with this letter.
    pub(crate) fn after_ctrl_x(letter: char) -> Chord {
        let ctrl = |letter| Key { ctrl: true, alt: false, base: Base::Letter(letter) };
        Chord(vec![ctrl('x'), ctrl(letter)])
    }
}

impl Default for Chord {
    /// `ctrl-x ctrl-v`: free in zsh, fish and bash, and it needs neither Alt nor what flow control takes.
    fn default() -> Chord {
        Chord::after_ctrl_x('v')
    }
}

impl FromStr for Chord {
    type Err = ChordError;

    fn from_str(text: &str) -> Result<Chord, ChordError> {
        let keys = text.split_whitespace().map(Key::from_str).collect::<Result<Vec<_>, _>>()?;
        match keys.as_slice() {
            [] => Err(ChordError("no key was given".into())),
            [first, ..] if keys.len() <= 3 => {
                let plain = !first.ctrl && !first.alt && matches!(first.base, Base::Letter(_));
                if plain {
                    return Err(ChordError(format!("`{first}` alone begins ordinary words")));
                }
                Ok(Chord(keys))
            }
            _ => Err(ChordError(format!("{} keys in a row are too many, at most 3 are allowed", keys.len()))),
        }
    }
}

impl FromStr for Key {
    type Err = ChordError;

    fn from_str(text: &str) -> Result<Key, ChordError> {
        let lower = text.to_ascii_lowercase();
        let (ctrl, rest) = lower.strip_prefix("ctrl-").map_or((false, lower.as_str()), |rest| (true, rest));
        let (alt, rest) = rest.strip_prefix("alt-").map_or((false, rest), |rest| (true, rest));
        let mut letters = rest.chars();
        let base = match (letters.next(), letters.next()) {
            (Some(letter @ 'a'..='z'), None) => Base::Letter(letter),
            (Some('f'), Some('1'..='9')) if !ctrl && !alt => match rest[1..].parse() {
                Ok(number @ 1..=12) => Base::Function(number),
                _ => return Err(ChordError(format!("`{text}` is no key"))),
            },
            _ => return Err(ChordError(format!("`{text}` is no key"))),
        };
        let taken = match base {
            Base::Letter('q' | 's') if ctrl => "the terminal keeps it for flow control",
            Base::Letter('c' | 'd' | 'z') if ctrl => "it interrupts, ends or stops what runs",
            Base::Letter('i') if ctrl => "terminals cannot tell it from Tab",
            Base::Letter('j' | 'm') if ctrl => "terminals cannot tell it from Enter",
            _ => return Ok(Key { ctrl, alt, base }),
        };
        Err(ChordError(format!("`{text}` cannot be used: {taken}")))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = |is, name| if is { name } else { "" };
        write!(f, "{}{}", held(self.ctrl, "ctrl-"), held(self.alt, "alt-"))?;
        match self.base {
            Base::Letter(letter) => write!(f, "{letter}"),
            Base::Function(number) => write!(f, "f{number}"),
        }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.0.iter().map(Key::to_string).collect();
        f.write_str(&keys.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_are_read_and_written_in_one_form() {
        let cases = [
            ("ctrl-x ctrl-v", "ctrl-x ctrl-v"),
            ("  Ctrl-X   V ", "ctrl-x v"),
            ("alt-v", "alt-v"),
            ("ctrl-alt-k", "ctrl-alt-k"),
            ("F12", "f12"),
            ("ctrl-x f f1", "ctrl-x f f1"),
        ];
        for (text, written) in cases {
            assert_eq!(text.parse::<Chord>().unwrap().to_string(), written);
        }
        assert_eq!(Chord::default(), "ctrl-x ctrl-v".parse().unwrap());
    }

    #[test]
    fn what_a_terminal_cannot_send_is_refused_with_the_reason() {
        let cases = [
            ("", "no key was given"),
            ("v", "begins ordinary words"),
            ("f13", "`f13` is no key"),
            ("ctrl-", "`ctrl-` is no key"),
            ("ctrl-1", "`ctrl-1` is no key"),
            ("ctrl-f1", "is no key"),
            ("shift-a", "is no key"),
            ("^x^v", "is no key"),
            ("ctrl-x ctrl-s", "flow control"),
            ("ctrl-c", "interrupts"),
            ("ctrl-m", "Enter"),
            ("ctrl-i", "Tab"),
            ("ctrl-x a b c", "4 keys"),
        ];
        for (text, reason) in cases {
            let error = text.parse::<Chord>().unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("ctrl-LETTER"), "{text:?}: {error}");
        }
    }
}
