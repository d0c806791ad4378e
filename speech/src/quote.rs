//! Quotes: which sign is open, as signs are written, typed or said one after another.
//!
//! [`State`] is the shell's rule: inside a quote every other sign is text. [`Nesting`] is the speaker's rule: whoever says
//! "quote backtick date backtick quote" means each sign to open or close, and brackets nest in the same way.

use crate::symbol::opening_of;

/// Whether a character is a quote sign. Back-ticks count: a shell reads on over line breaks until they are closed.
pub fn is_sign(character: char) -> bool {
    matches!(character, '"' | '\'' | '`')
}

/// Whether a quote sign encloses text. Back-ticks do not: they enclose a command, whose words are read like those of any
/// other command.
pub fn encloses_text(sign: char) -> bool {
    matches!(sign, '"' | '\'')
}

/// What a sign does where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It opens a quote or a bracket.
    Opens,
    /// It closes one.
    Closes,
    /// It is text, or no such sign.
    Text,
}

/// The quote that is open, by the shell's rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State {
    open: Option<char>,
}

impl State {
    /// Inside a quote that was opened earlier, or outside all quotes.
    pub fn new(open: Option<char>) -> State {
        State { open }
    }

    /// The sign of the quote that is open.
    pub fn open(self) -> Option<char> {
        self.open
    }

    /// Whether a quote is open.
    pub fn is_open(self) -> bool {
        self.open.is_some()
    }

    /// Takes in a character that was written.
    pub fn push(&mut self, character: char) -> Role {
        match self.open {
            Some(open) if open == character => {
                self.open = None;
                Role::Closes
            }
            None if is_sign(character) => {
                self.open = Some(character);
                Role::Opens
            }
            _ => Role::Text,
        }
    }

    /// Takes in typed shell text, where a backslash escapes the next character except in single quotes.
    pub fn push_typed(&mut self, text: &str) {
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            if character == '\\' && self.open != Some('\'') {
                characters.next();
            } else {
                self.push(character);
            }
        }
    }
}

/// The quote sign that typed shell text leaves open.
pub fn open_quote(text: &str) -> Option<char> {
    let mut state = State::default();
    state.push_typed(text);
    state.open()
}

/// Bytes of the quoted string that begins at byte `at` of a text, if one does.
pub(crate) fn typed_quote(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let opens = match bytes[at] {
        b'"' => true,
        // An apostrophe inside a word ("let's") opens nothing.
        b'\'' => at == 0 || !bytes[at - 1].is_ascii_alphanumeric(),
        _ => false,
    };
    if opens { quoted_length(&bytes[at..]) } else { None }
}

/// Bytes of a quoted string with both its quotes, or `None` where it is not closed.
fn quoted_length(bytes: &[u8]) -> Option<usize> {
    /// Bytes that are searched for the closing quote. The limit keeps tokenisation linear; its size
    /// was hand-chosen on 2026-11-23.
    const FAR: usize = 4096;
    let quote = bytes[0];
    let mut at = 1;
    while at < bytes.len().min(FAR) {
        match bytes[at] {
            b'\\' if quote == b'"' => at += 1,
            b if b == quote => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The quotes and brackets that are open, by the speaker's rule; the outermost first.
#[derive(Debug, Clone, Default)]
pub struct Nesting {
    open: Vec<char>,
}

impl Nesting {
    /// Most signs that are open at once: a line that a person dictates has fewer. Hand-chosen on 2026-11-23.
    const DEEPEST: usize = 32;

    /// Inside a quote that was opened earlier, or outside all quotes.
    pub fn new(open: Option<char>) -> Nesting {
        Nesting { open: Vec::from_iter(open) }
    }

    /// Takes in a sign. One that closes closes all that was opened inside it, too.
    pub fn push(&mut self, sign: char) -> Role {
        let opening = match opening_of(sign) {
            Some(opening) => Some(opening),
            None if is_sign(sign) && self.open.contains(&sign) => Some(sign),
            None => None,
        };
        match opening {
            Some(opening) => {
                if let Some(at) = self.open.iter().rposition(|open| *open == opening) {
                    self.open.truncate(at);
                }
                Role::Closes
            }
            None if (is_sign(sign) || matches!(sign, '(' | '[' | '{')) && self.open.len() < Self::DEEPEST => {
                self.open.push(sign);
                Role::Opens
            }
            None => Role::Text,
        }
    }

    /// The outermost quote sign that is open.
    pub fn quote(&self) -> Option<char> {
        self.open.iter().copied().find(|sign| is_sign(*sign))
    }

    /// Whether a sign is open.
    pub fn has(&self, sign: char) -> bool {
        self.open.contains(&sign)
    }

    /// The innermost sign that is open.
    pub fn innermost(&self) -> Option<char> {
        self.open.last().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_left_open() {
        for (text, open) in [
            ("git commit -m \"first\n", Some('"')),
            ("echo 'it\\", Some('\'')),
            ("echo \"a\" 'b'", None),
            ("echo \\\"", None),
            ("echo \"`date`", Some('"')),
            ("echo `date", Some('`')),
        ] {
            assert_eq!(open_quote(text), open, "{text:?}");
        }
    }

    #[test]
    fn what_signs_do() {
        let mut state = State::default();
        let mut nesting = Nesting::default();
        let roles: Vec<(Role, Role)> =
            "\"(`)`\"".chars().map(|sign| (state.push(sign), nesting.push(sign))).collect();
        use Role::{Closes, Opens, Text};
        assert_eq!(
            roles,
            [(Opens, Opens), (Text, Opens), (Text, Opens), (Text, Closes), (Text, Opens), (Closes, Closes)]
        );
        assert!(!state.is_open() && nesting.quote().is_none() && nesting.innermost().is_none());
    }
}
