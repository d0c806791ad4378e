//! Clean: from the line as typed to tokens, undoing what keyboards and speech engines do to text.
//!
//! Typography becomes ASCII, pauses written as commas and the full stop at the end go, and what was typed by hand
//! (quoted strings, flags, paths) stays one token, byte for byte.

use std::ops::Range;

use crate::codes;

/// What a token is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Letters, perhaps with an apostrophe inside: something said.
    Word,
    /// ASCII digits only.
    Digits,
    /// Anything else: something typed, or written by the speech engine.
    Typed,
    /// White space with a line break in it: the buffer has several lines.
    Break,
}

codes!(Shape {
    Word = 0,
    Digits = 1,
    Typed = 2,
    Break = 3,
});

/// A piece of the line between white space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Bytes of [`Line::text`].
    pub at: Range<usize>,
    /// What it is made of.
    pub shape: Shape,
    /// Whether a comma or a full stop stood behind it: a pause, a sentence's end.
    pub followed_by_pause: bool,
    /// Whether it follows the one before it without white space: a piece of what was written as one.
    pub attached_to_previous: bool,
}

/// A line as tokens.
#[derive(Debug, Clone)]
pub struct Line {
    /// The line with its typography made plain.
    pub text: String,
    /// The same, ASCII lower case: the same byte offsets.
    pub lower: String,
    /// Its tokens, in order.
    pub tokens: Vec<Token>,
    /// White space before the first token: it stays (a leading space keeps a command out of the history).
    pub indent: String,
    /// Byte of `text` → character of the source; `None` where both are the same (ASCII).
    characters: Option<Vec<u32>>,
    /// Characters in the source.
    pub source_length: usize,
}

impl Line {
    /// A token as written.
    pub fn text(&self, token: usize) -> &str {
        &self.text[self.tokens[token].at.clone()]
    }

    /// A token in ASCII lower case.
    pub fn lower(&self, token: usize) -> &str {
        &self.lower[self.tokens[token].at.clone()]
    }

    /// Where tokens lie in the source, in characters.
    pub fn source(&self, tokens: Range<usize>) -> Range<usize> {
        if tokens.is_empty() {
            let end = self.tokens.get(tokens.start).map_or(self.text.len(), |token| token.at.start);
            let end = self.character(end);
            return end..end;
        }
        let start = self.tokens[tokens.start].at.start;
        let end = self.tokens[tokens.end - 1].at.end;
        self.character(start)..self.character(end)
    }

    /// The same line cut otherwise.
    pub(crate) fn with_tokens(&self, tokens: Vec<Token>) -> Line {
        Line { tokens, ..self.clone() }
    }

    fn character(&self, byte: usize) -> usize {
        match &self.characters {
            None => byte,
            Some(map) => map.get(byte).map_or(self.source_length, |&at| at as usize),
        }
    }
}

/// What keyboards and dictation tools write for a plain character; "" for what vanishes.
fn plain_form(c: char) -> Option<&'static str> {
    Some(match c {
        '–' | '‐' | '‑' | '−' => "-",
        '—' => "--",
        '“' | '”' | '„' | '«' | '»' => "\"",
        '‘' | '’' | '‚' => "'",
        '…' => "...",
        '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{2009}' | '\u{3000}' => " ",
        _ => return None,
    })
}

/// Cuts a line into tokens. `text` must hold no control characters but tab and line break.
pub fn clean(source: &str) -> Line {
    let source_length = if source.is_ascii() { source.len() } else { source.chars().count() };
    let (text, characters) = if source.is_ascii() { (source.to_owned(), None) } else { make_plain(source) };
    let lower = text.to_ascii_lowercase();
    let indent = text[..text.len() - text.trim_start().len()].to_owned();
    let tokens = tokenise(&text);
    Line { text, lower, tokens, indent, characters, source_length }
}

fn make_plain(source: &str) -> (String, Option<Vec<u32>>) {
    let mut text = String::with_capacity(source.len());
    let mut map = Vec::with_capacity(source.len() + 1);
    for (at, c) in source.chars().enumerate() {
        let mut buffer = [0; 4];
        let piece: &str = plain_form(c).unwrap_or_else(|| c.encode_utf8(&mut buffer));
        text.push_str(piece);
        map.resize(text.len(), at as u32);
    }
    map.push(source.chars().count() as u32);
    (text, Some(map))
}

fn tokenise(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let white = rest.len() - rest.trim_start().len();
        if white > 0 {
            let last = white == rest.len();
            if rest[..white].contains('\n') && !tokens.is_empty() && !last {
                tokens.push(Token {
                    at: at..at + white,
                    shape: Shape::Break,
                    followed_by_pause: false,
                    attached_to_previous: false,
                });
            }
            at += white;
            continue;
        }
        let end = at + chunk_length(rest);
        push_chunk(text, at..end, &mut tokens);
        at = end;
    }
    drop_final_stop(text, &mut tokens);
    tokens
}

/// Bytes up to the next white space outside quotes that were typed.
fn chunk_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 0;
    while at < bytes.len() && !bytes[at].is_ascii_whitespace() {
        let opens = match bytes[at] {
            b'\\' => {
                at += 1 + usize::from(at + 1 < bytes.len());
                continue;
            }
            b'"' => true,
            // An apostrophe inside a word ("let's") opens nothing.
            b'\'' => at == 0 || !bytes[at - 1].is_ascii_alphanumeric(),
            _ => false,
        };
        if opens && let Some(length) = quoted_length(&bytes[at..]) {
            at += length;
            continue;
        }
        at += 1;
    }
    let end = at.min(bytes.len());
    // A backslash before a multi-byte character steps into it.
    (end..=bytes.len()).find(|&end| rest.is_char_boundary(end)).unwrap_or(bytes.len())
}

/// Bytes of a quoted string with both its quotes, or `None` where it is not closed.
fn quoted_length(bytes: &[u8]) -> Option<usize> {
    /// Further than this a typed quote is not looked for: it keeps the cutting linear.
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

fn push_chunk(text: &str, at: Range<usize>, tokens: &mut Vec<Token>) {
    let chunk = &text[at.clone()];
    let shape = |piece: &str| {
        if piece.bytes().all(|b| b.is_ascii_digit()) {
            Shape::Digits
        } else if is_word(piece) {
            Shape::Word
        } else {
            Shape::Typed
        }
    };
    // "foo," is a pause after a word or a name; "cut -d," is a flag.
    if let Some(bare) = chunk.strip_suffix(',')
        && ends_name(bare)
        && !bare.starts_with('-')
    {
        tokens.push(Token {
            at: at.start..at.end - 1,
            shape: shape(bare),
            followed_by_pause: true,
            attached_to_previous: false,
        });
        return;
    }
    // A sentence that ends inside the line ("Okay. Git status").
    if let Some(bare) = chunk.strip_suffix(['.', '?', '!'])
        && bare.len() > 1
        && is_word(bare)
        && text[at.end..].trim_start().starts_with(|c: char| c.is_ascii_uppercase())
    {
        tokens.push(Token {
            at: at.start..at.end - 1,
            shape: Shape::Word,
            followed_by_pause: true,
            attached_to_previous: false,
        });
        return;
    }
    tokens.push(Token { at, shape: shape(chunk), followed_by_pause: false, attached_to_previous: false });
}

fn is_word(piece: &str) -> bool {
    let mut chars = piece.chars();
    // Forms such as `snake_case` are one word of the vocabulary.
    let one_word = matches!(piece.to_ascii_lowercase().as_str(), "snake_case" | "kebab-case");
    chars.next().is_some_and(char::is_alphabetic)
        && (one_word || piece.chars().all(|c| c.is_alphabetic() || c == '\''))
        && !piece.ends_with('\'')
}

/// The full stop (or question mark) that a speech engine puts after a sentence.
fn drop_final_stop(text: &str, tokens: &mut [Token]) {
    let several = tokens.len() > 1;
    let Some(last) = tokens.last_mut() else { return };
    let chunk = &text[last.at.clone()];
    let Some(bare) = chunk.strip_suffix(['.', '?', '!']) else { return };
    let word = is_word(bare);
    let digits = !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_digit());
    let name = several && chunk.ends_with('.') && ends_name(bare);
    if word || name {
        last.at.end -= 1;
        last.followed_by_pause = true;
        last.shape = match (word, digits) {
            (true, _) => Shape::Word,
            (_, true) => Shape::Digits,
            _ => Shape::Typed,
        };
    }
}

/// Whether a sentence may end behind this: after a letter, a digit or a quote, not after `..` or `./.`
fn ends_name(bare: &str) -> bool {
    bare.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '"' | '\''))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &[&str]) {
        let line = clean(source);
        let tokens: Vec<&str> = (0..line.tokens.len()).map(|at| line.text(at)).collect();
        assert_eq!(tokens, expected, "{source:?}");
    }

    #[test]
    fn tokens() {
        check("git commit dash m", &["git", "commit", "dash", "m"]);
        check("Find dot, slash.", &["Find", "dot", "slash"]);
        check("git status –s", &["git", "status", "-s"]);
        check("echo “a  b” pipe wc", &["echo", "\"a  b\"", "pipe", "wc"]);
        check("let's run ls", &["let's", "run", "ls"]);
        check("grep -v 'a b' | wc", &["grep", "-v", "'a b'", "|", "wc"]);
        check("Cat foo.txt, pipe wc dash l.", &["Cat", "foo.txt", "pipe", "wc", "dash", "l"]);
        check("ls dash l foo.txt.", &["ls", "dash", "l", "foo.txt"]);
        check("cd ..", &["cd", ".."]);
        check("cut -d, -f1", &["cut", "-d,", "-f1"]);
        check("git add .", &["git", "add", "."]);
        check("cat foo.txt", &["cat", "foo.txt"]);
        check("say \"unclosed thing", &["say", "\"unclosed", "thing"]);
        check("a\\é b", &["a\\é", "b"]);
        check("ls\n  dash l\n", &["ls", "\n  ", "dash", "l"]);
        check("  ", &[]);
    }

    #[test]
    fn positions_are_characters_of_the_source() {
        let line = clean("é … dash");
        assert_eq!(line.source(2..3), 4..8);
        assert_eq!(line.source(1..2), 2..3);
    }
}
