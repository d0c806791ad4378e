//! Clean: splits a line into tokens and undoes what keyboards and speech engines do to text.
//!
//! Typographic characters become ASCII. Commas that stand for pauses and the final full stop are
//! removed. Text that was typed by hand (quoted strings, flags, paths) stays one token and keeps
//! its bytes.

use std::ops::Range;

use crate::codes;
use crate::made_up::{self, MadeUp};
use crate::quote;
use crate::typography::{self, Plain};

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
    /// What was left out at the end.
    pub made_up: Option<MadeUp>,
    /// Whether [`Self::mended`] differs from the source.
    pub is_mended: bool,
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

    /// The sign that the engine wrote behind a token where the speaker paused. `None` if there was no pause.
    pub fn pause_behind(&self, token: usize) -> Option<char> {
        let token = &self.tokens[token];
        self.text[token.at.end..].chars().next().filter(|_| token.followed_by_pause)
    }

    /// The tokens that a range of the source, in characters, spans exactly; `None` if it begins or ends inside of one.
    pub fn tokens_in(&self, source: Range<usize>) -> Option<Range<usize>> {
        let first =
            (0..self.tokens.len()).find(|&token| self.source(token..token + 1).start == source.start)?;
        let last =
            (first..self.tokens.len()).find(|&token| self.source(token..token + 1).end == source.end)?;
        Some(first..last + 1)
    }

    /// The line as it would have been typed: with plain typography, and without the punctuation that an engine put at its
    /// end or behind an operator. `None` if there is no token.
    pub fn mended(&self) -> Option<String> {
        let mut end = self.tokens.last()?.at.end;
        if self.made_up.is_none() && self.text[end..].starts_with('.') && self.keeps_stop() {
            end += 1;
        }
        let mut mended = self.indent.clone();
        let mut at = self.tokens.first()?.at.start;
        for token in &self.tokens {
            if self.stop_is_cut(token) {
                mended.push_str(&self.text[at..token.at.end]);
                at = token.at.end + 1;
            }
        }
        mended.push_str(self.text.get(at..end).unwrap_or_default());
        Some(mended)
    }

    /// Where a token lies in [`Self::mended`], in characters.
    pub fn place_in_mended(&self, token: usize) -> Range<usize> {
        let at = &self.tokens[token].at;
        let cut = self.tokens[..token].iter().filter(|token| self.stop_is_cut(token)).count();
        let start = self.text[..at.start].chars().count() - cut;
        start..start + self.text[at.clone()].chars().count()
    }

    /// Whether an engine's full stop behind a token is removed from the middle of the line.
    fn stop_is_cut(&self, token: &Token) -> bool {
        token.followed_by_pause && is_operator(&self.text[token.at.clone()])
    }

    /// Whether the line names a program for which a full stop at the end has a meaning.
    fn keeps_stop(&self) -> bool {
        (0..self.tokens.len()).any(|token| KEEPS_STOP.contains(&self.text(token)))
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

/// Programs for which a full stop at the end has a meaning: it ends a domain or a prefix of names, or it is text.
/// Hand-chosen, 2026-11-28.
const KEEPS_STOP: [&str; 9] =
    ["csplit", "dig", "drill", "echo", "host", "nslookup", "printf", "say", "split"];

/// Splits a line into tokens. `source` must not contain control characters other than tab and line
/// break.
pub fn clean(source: &str) -> Line {
    let source_length = if source.is_ascii() { source.len() } else { source.chars().count() };
    let Plain { text, characters } = typography::plain(source);
    let lower = text.to_ascii_lowercase();
    let indent = text[..text.len() - text.trim_start().len()].to_owned();
    let (end, made_up) = made_up::cut(&text);
    let tokens = tokenise(&text[..end]);
    let mut line = Line { text, lower, tokens, indent, characters, source_length, made_up, is_mended: false };
    line.is_mended = line.mended().is_some_and(|mended| mended != source.trim_end());
    line
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
        if bytes[at] == b'\\' {
            at += 1 + usize::from(at + 1 < bytes.len());
            continue;
        }
        if let Some(length) = quote::typed_quote(rest, at) {
            at += length;
            continue;
        }
        at += 1;
    }
    let end = at.min(bytes.len());
    // A backslash skips one byte, which can end inside a character of several bytes.
    (end..=bytes.len()).find(|&end| rest.is_char_boundary(end)).unwrap_or(bytes.len())
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
    // "ls -. la": what an engine took for the end of a sentence.
    if let Some(bare) = chunk.strip_suffix(['.', ','])
        && is_operator(bare)
    {
        tokens.push(Token {
            at: at.start..at.end - 1,
            shape: Shape::Typed,
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

/// Whether it is an operator or dashes, behind which no full stop can stand.
fn is_operator(piece: &str) -> bool {
    matches!(piece, "-" | "--" | ">" | ">>" | "|" | "||" | "&&")
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
    use proptest::prelude::*;

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
    fn what_was_typed_around_a_command_is_mended() {
        for (source, expected) in [
            ("du –h “my dir”", "du -h \"my dir\""),
            ("cat main.rs.", "cat main.rs"),
            ("git switch v2.5.", "git switch v2.5"),
            ("ls -. a", "ls - a"),
            ("make > . log", "make > . log"),
            ("make >. log", "make > log"),
            ("  git log –p. Thank you.", "  git log -p"),
        ] {
            let line = clean(source);
            assert_eq!(line.mended().as_deref(), Some(expected), "{source:?}");
            assert_eq!(line.is_mended, source != expected, "{source:?}");
        }
        for kept in [
            "cd ..",
            "git add .",
            "find .",
            "ls ...",
            "dig example.com.",
            "split -b 1M a part.",
            "ls -l ",
            "",
        ] {
            assert!(!clean(kept).is_mended, "{kept:?}");
        }
    }

    #[test]
    fn places_in_the_mended_line() {
        let line = clean("é >. “x”");
        let mended: Vec<char> = line.mended().unwrap().chars().collect();
        let word = |at| mended[line.place_in_mended(at)].iter().collect::<String>();
        assert_eq!([word(0), word(1), word(2)], ["é", ">", "\"x\""]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn honest_quotes_keep_their_bytes(text in "[a-z –—“’…-]{0,12}", flag in "[–-][a-z]") {
            let line = clean(&format!("git commit {flag} \"{text}\" '{}' –q", text.replace('\'', "")));
            let mended = line.mended().unwrap();
            let quoted = format!("\"{text}\" '{text}' -q");
            prop_assert!(mended.ends_with(&quoted), "{}", mended);
        }

        #[test]
        fn no_word_is_invented(source in "[a-zA-Z0-9 .,–—“”‘’…＝／|>-]{0,40}") {
            let words = |text: &str| -> Vec<char> { text.chars().filter(|c| c.is_alphanumeric()).collect() };
            let mended = clean(&source).mended().unwrap_or_default();
            prop_assert!(words(&source).starts_with(&words(&mended)), "{:?}", mended);
        }
    }

    #[test]
    fn positions_are_characters_of_the_source() {
        let line = clean("é … dash");
        assert_eq!(line.source(2..3), 4..8);
        assert_eq!(line.source(1..2), 2..3);
    }
}
