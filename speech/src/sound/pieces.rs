//! Cuts what a speech engine wrote as one into the pieces that were said: `dash-l`, `file.txt`, `CLIPing`, `f2a`,
//! `openquote`.
//!
//! A piece is a token of its own that has no white space before it in the source; to cut too often does no harm, since
//! every piece may be joined to the one before it, and what was typed stays readable as a whole.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use super::{letters, targets};
use crate::clean::{Line, Shape, Token};
use crate::quick::Quick;
use crate::talk;
use crate::vocabulary;

/// Longest chunk that is cut, in bytes: what is longer was pasted.
const MAX_CHUNK: usize = 96;
/// Longest word that is searched for words written together, in letters.
const MAX_FUSED: usize = 28;
/// Shortest word in which others are looked for.
const MIN_FUSED: usize = 5;

/// Longest run of letters that may have been spelled.
const MAX_SPELLED: usize = 7;

/// A line in pieces.
pub(super) struct Pieces {
    /// The line, cut.
    pub line: Line,
    /// Token of the line as it was → its first piece; one longer than that line.
    pub first: Vec<usize>,
}

/// Cuts every token that can be cut; `None` when none can.
pub(super) fn cut(line: &Line) -> Option<Pieces> {
    let mut tokens = Vec::with_capacity(line.tokens.len() * 2);
    let mut first = Vec::with_capacity(line.tokens.len() + 1);
    let mut ranges = Vec::new();
    for (at, token) in line.tokens.iter().enumerate() {
        first.push(tokens.len());
        ranges.clear();
        pieces(line.text(at), token.shape, &mut ranges);
        if ranges.len() < 2 {
            tokens.push(token.clone());
            continue;
        }
        for (place, (range, shape)) in ranges.iter().enumerate() {
            tokens.push(Token {
                at: token.at.start + range.start..token.at.start + range.end,
                shape: *shape,
                pause: token.pause && place + 1 == ranges.len(),
                glued: place > 0,
            });
        }
    }
    if tokens.len() == line.tokens.len() {
        return None;
    }
    first.push(tokens.len());
    Some(Pieces { line: line.with_tokens(tokens), first })
}

/// Whether a piece is only what holds others together.
pub(super) fn is_glue(line: &Line, token: usize) -> bool {
    let glued = |token: usize| line.tokens.get(token).is_some_and(|token| token.glued);
    line.tokens[token].shape == Shape::Typed && (glued(token) || glued(token + 1))
}

fn pieces(text: &str, shape: Shape, ranges: &mut Vec<(Range<usize>, Shape)>) {
    let holds = |byte: u8| byte.is_ascii_alphanumeric() || b"-.,'_:/@?!".contains(&byte);
    let readable = text.bytes().any(|byte| byte.is_ascii_alphanumeric());
    let fits = text.len() <= MAX_CHUNK && text.bytes().all(holds);
    if !fits || !readable || !matches!(shape, Shape::Typed | Shape::Word) {
        return;
    }
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        if bytes[at].is_ascii_digit() {
            at += run(&bytes[at..], |byte| byte.is_ascii_digit());
            ranges.push((start..at, Shape::Digits));
        } else if bytes[at].is_ascii_alphabetic() {
            // An apostrophe inside a word belongs to it.
            at += run(&bytes[at..], |byte| byte.is_ascii_alphabetic() || byte == b'\'');
            while bytes[at - 1] == b'\'' {
                at -= 1;
            }
            words(text, start..at, ranges);
        } else {
            at += run(&bytes[at..], |byte| byte == bytes[start]);
            ranges.push((start..at, Shape::Typed));
        }
    }
}

fn run(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|&byte| !belongs(byte)).unwrap_or(bytes.len())
}

/// The words in a run of letters: at changes of case, then where known words were written together.
fn words(text: &str, letters: Range<usize>, ranges: &mut Vec<(Range<usize>, Shape)>) {
    let bytes = text.as_bytes();
    let mut start = letters.start;
    for at in letters.start + 1..=letters.end {
        let turns = at < letters.end
            && bytes[at].is_ascii_uppercase()
            && (bytes[at - 1].is_ascii_lowercase()
                || at + 1 < letters.end && bytes[at + 1].is_ascii_lowercase() && at > start + 1);
        if turns || at == letters.end {
            fused(&text[start..at], start, ranges);
            start = at;
        }
    }
}

/// Cuts a word that starts at `offset` into the words that it was written together from.
fn fused(text: &str, offset: usize, ranges: &mut Vec<(Range<usize>, Shape)>) {
    let word = text.to_ascii_lowercase();
    // Letters that were spelled: a name among them may be cut from the rest.
    let capitals = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    let spelled = (3..=MAX_SPELLED).contains(&word.len()) && letters::is_spelled(&word) || capitals;
    let searched = (MIN_FUSED..=MAX_FUSED).contains(&word.len()) || spelled;
    let whole = !searched || word.contains('\'') || is_word(&word);
    let ends = if whole { Vec::new() } else { ends(&word, spelled) };
    let mut start = 0;
    for end in ends.into_iter().chain([word.len()]) {
        ranges.push((offset + start..offset + end, Shape::Word));
        start = end;
    }
}

/// Whether it is a word by itself.
fn is_word(word: &str) -> bool {
    talk::is_talk_word(word)
        || vocabulary::matches(&[word]).next().is_some()
        || targets::frequency(word).is_some_and(|frequency| frequency >= 2)
}

/// What speaks for a cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// It is not known.
    Nothing,
    /// It is a word of commands or of talk.
    Common,
    /// It is the name of a symbol.
    Symbol,
}

/// How much it speaks for a cut that `piece` stands there, and why. In letters that were `spelled`, short names count.
fn worth(piece: &str, spelled: bool) -> Option<(i32, Reason)> {
    let length = piece.len() as i32;
    if length < 2 {
        return spelled.then_some((1, Reason::Common));
    }
    if length > 2 && SYMBOLS.contains(piece) {
        return Some((2 * length, Reason::Symbol));
    }
    let frequency = match targets::frequency(piece) {
        Some(frequency) => i32::from(frequency),
        None if talk::is_talk_word(piece) => 4,
        None => 0,
    };
    let known = length > 2 && frequency > 2 || frequency > if spelled { 3 } else { 6 };
    if known {
        return Some((length + frequency / 2 - 2, Reason::Common));
    }
    (EVERYDAY.contains(piece) || LETTERS.contains(&piece)).then_some((length - 1, Reason::Common))
}

/// Words of the forms of symbols that are no everyday words, and those that are.
static SYMBOLS: LazyLock<HashSet<&'static str, Quick>> = LazyLock::new(|| symbols(false));
static EVERYDAY: LazyLock<HashSet<&'static str, Quick>> = LazyLock::new(|| symbols(true));
/// Letters written as words.
const LETTERS: [&str; 14] =
    ["see", "dee", "gee", "jay", "kay", "ell", "em", "en", "cue", "are", "ess", "tee", "you", "ex"];

fn symbols(everyday: bool) -> HashSet<&'static str, Quick> {
    use vocabulary::Kind::{Close, Open, Quote, Space, Symbol};
    let symbols = vocabulary::entries().iter().filter(|entry| {
        matches!(entry.kind, Symbol | Quote | Open | Close | Space) && entry.everyday == everyday
    });
    symbols.flat_map(|entry| entry.words.iter().copied()).collect()
}

/// Where the words end that `word` is best cut into, the last left out; none where it is better whole.
fn ends(word: &str, spelled: bool) -> Vec<usize> {
    /// What each letter that belongs to no known word costs, and what each further piece costs.
    const UNKNOWN: i32 = 1;
    const PIECE: i32 = 3;
    /// The best way to cut up to a place.
    #[derive(Clone, Copy)]
    struct Cut {
        worth: i32,
        /// Where the last piece begins.
        start: usize,
        symbol: bool,
        unknown: bool,
    }
    let mut best = vec![Cut { worth: 0, start: 0, symbol: false, unknown: false }];
    for end in 1..=word.len() {
        let cut = |start: usize| {
            let before = best[start];
            let (worth, reason) = worth(&word[start..end], spelled)
                .unwrap_or((-UNKNOWN * (end - start) as i32, Reason::Nothing));
            Cut {
                worth: before.worth + worth - PIECE,
                start,
                symbol: before.symbol || reason == Reason::Symbol,
                unknown: before.unknown || reason == Reason::Nothing,
            }
        };
        let Some(cut) = (0..end).map(cut).max_by_key(|cut| cut.worth) else { break };
        best.push(cut);
    }
    let whole = best[word.len()];
    if whole.unknown && !whole.symbol {
        return Vec::new();
    }
    let mut ends = Vec::new();
    let mut end = whole.start;
    while end > 0 {
        ends.push(end);
        end = best[end].start;
    }
    ends.reverse();
    ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::clean;

    #[test]
    fn pieces_of_what_was_written_as_one() {
        for (source, expected) in [
            ("dash-l", "dash|-|l"),
            ("20, 2-slash", "20 2|-|slash"),
            ("8,080", "8|,|080"),
            ("N-a", "N|-|a"),
            ("-name,", "-|name|,"),
            ("user@host.com", "user|@|host|.|com"),
            ("space--no-ff-develop", "space|--|no|-|ff|-|develop"),
            ("Redis-CLIPing", "Redis|-|CLI|Ping"),
            ("dash f2a", "dash f|2|a"),
            ("let's run ls", "let's run ls"),
            ("dashname", "dash|name"),
            ("runsudo", "run|sudo"),
            ("alrightcp", "alright|cp"),
            ("IPR mhttp", "IP|R m|http"),
            ("scorepoint", "score|point"),
            ("deployatexample", "deploy|at|example"),
            ("CapExquit", "Cap|Ex|quit"),
            ("50k?", "50|k|?"),
            ("developing", "developing"),
            ("openquote", "open|quote"),
            ("startxtdoublequote", "star|txt|double|quote"),
            ("spacequad", "space|quad"),
            ("another capital directory", "another capital directory"),
            ("'a b' \"c-d\" $(ls) *.c", "'a b' \"c-d\" $(ls) *.c"),
        ] {
            let line = clean(source);
            let line = cut(&line).map_or(line, |pieces| pieces.line);
            let mut text = String::new();
            for (at, token) in line.tokens.iter().enumerate() {
                text += if at == 0 {
                    ""
                } else if token.glued {
                    "|"
                } else {
                    " "
                };
                text += line.text(at);
            }
            assert_eq!(text, expected, "{source:?}");
        }
    }
}
