//! Clean: splits a line into tokens and undoes what keyboards and speech engines do to text.
//!
//! Typographic characters become ASCII. Commas that stand for pauses and the final full stop are
//! removed. Text that was typed by hand (quoted strings, flags, paths) stays one token and keeps
//! its bytes.

use std::ops::Range;

use crate::codes;

/// What a token is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Letters, perhaps with an apostrophe inside: a spoken word.
    Word,
    /// ASCII digits only.
    Digits,
    /// Anything else: text that was typed, or symbols that the speech engine wrote.
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

/// A piece of the line, usually the text between two white spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its byte range in [`Line::text`].
    pub at: Range<usize>,
    /// What it is made of.
    pub shape: Shape,
    /// Whether a removed comma or full stop followed it, so that the speaker paused there.
    pub followed_by_pause: bool,
    /// Whether no white space separates it from the previous token, because one chunk was split.
    pub attached_to_previous: bool,
}

/// A line and its tokens.
#[derive(Debug, Clone)]
pub struct Line {
    /// The line with its typographic characters replaced.
    pub text: String,
    /// `text` in ASCII lower case, with the same byte offsets.
    pub lower: String,
    /// The tokens, in order.
    pub tokens: Vec<Token>,
    /// White space before the first token. It is kept, because shells can leave a command that
    /// begins with a space out of their history.
    pub indent: String,
    /// Maps each byte of `text` to a character of the source. `None` if the source is ASCII,
    /// because bytes and characters are then the same.
    characters: Option<Vec<u32>>,
    /// Length of the source, in characters.
    pub source_length: usize,
}

impl Line {
    /// The text of a token. `token` is its index in [`Line::tokens`].
    pub fn text(&self, token: usize) -> &str {
        &self.text[self.tokens[token].at.clone()]
    }

    /// The text of a token in ASCII lower case.
    pub fn lower(&self, token: usize) -> &str {
        &self.lower[self.tokens[token].at.clone()]
    }

    /// The range of the source that the tokens span, in characters. An empty range of tokens gives
    /// an empty range at the start of the next token, or at the end of the line.
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

    /// The same line with other tokens.
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

/// The ASCII text for a typographic character that keyboards and dictation tools write. `None` for
/// any other character.
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

/// Splits a line into tokens. `source` must not contain control characters other than tab and line
/// break.
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

/// Length, in bytes, of the chunk that ends at the next white space outside typed quotes.
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
            // An apostrophe inside a word ("let's") does not open a quote.
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
    // A backslash skips one byte, which can end inside a character of several bytes.
    (end..=bytes.len()).find(|&end| rest.is_char_boundary(end)).unwrap_or(bytes.len())
}

/// Length, in bytes, of a quoted string with both its quotes. `None` if it is not closed.
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
    // The comma of "foo," is a pause after a word or a name; the comma of "cut -d," belongs to a
    // flag.
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

/// Removes the full stop, question mark or exclamation mark that a speech engine puts after a
/// sentence.
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

/// Whether a sentence may end after `bare`: after a letter, a digit or a quote, but not after `..`
/// or `./.`
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
