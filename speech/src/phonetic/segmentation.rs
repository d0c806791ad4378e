//! Segmentation: splits what a speech engine wrote as one word into the words that were said: `dash-l`, `file.txt`,
//! `CLIPing`, `f2a`, `openquote`.
//!
//! A segment is a token of its own without white space before it in the source. A split too many does no harm: every
//! segment may be joined to the one before it, and the whole keeps its own reading.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use super::{lexicon, pronunciation};
use crate::camel;
use crate::clean::{Line, Shape, Token};
use crate::disfluency;
use crate::english::is_english;
use crate::hash::FastHash;
use crate::vocabulary;

/// Longest token that is split, in bytes; longer ones were pasted. This and the next limits were hand-chosen on 2026-11-23.
const MAX_CHUNK: usize = 96;
/// Longest word, in letters, in which others are looked for.
const MAX_FUSED: usize = 28;
/// Shortest word, in letters, in which others are looked for.
const MIN_FUSED: usize = 5;

/// Longest run of letters that may have been spelled. Hand-chosen, 2026-11-23.
const MAX_SPELLED: usize = 7;

/// A line whose tokens were split.
pub(super) struct Segments {
    /// The line with a token for each segment.
    pub line: Line,
    /// Token of the original line → its first segment; one longer than that line.
    pub first: Vec<usize>,
}

/// Splits every token that can be split; `None` when none can.
pub(super) fn split(line: &Line) -> Option<Segments> {
    let mut tokens = Vec::with_capacity(line.tokens.len() * 2);
    let mut first = Vec::with_capacity(line.tokens.len() + 1);
    let mut ranges = Vec::new();
    for (at, token) in line.tokens.iter().enumerate() {
        first.push(tokens.len());
        ranges.clear();
        segments(line.text(at), token.shape, &mut ranges);
        if ranges.len() < 2 {
            tokens.push(token.clone());
            continue;
        }
        for (place, (range, shape)) in ranges.iter().enumerate() {
            tokens.push(Token {
                at: token.at.start + range.start..token.at.start + range.end,
                shape: *shape,
                followed_by_pause: token.followed_by_pause && place + 1 == ranges.len(),
                attached_to_previous: place > 0,
            });
        }
    }
    if tokens.len() == line.tokens.len() {
        return None;
    }
    first.push(tokens.len());
    Some(Segments { line: line.with_tokens(tokens), first })
}

/// Whether a segment only holds others together, like the dash of `dash-l`.
pub(crate) fn is_glue(line: &Line, token: usize) -> bool {
    let glued = |token: usize| line.tokens.get(token).is_some_and(|token| token.attached_to_previous);
    line.tokens[token].shape == Shape::Typed && (glued(token) || glued(token + 1))
}

/// Appends the byte ranges of the segments of a token; none if it is not to be split.
fn segments(text: &str, shape: Shape, ranges: &mut Vec<(Range<usize>, Shape)>) {
    let holds = |byte: u8| byte.is_ascii_alphanumeric() || b"-.,'_:/@?!".contains(&byte);
    // A quote that was typed encloses text as it is: it is no word that was misheard.
    let quotes = shape == Shape::Typed && text.contains('\'');
    let readable = text.bytes().any(|byte| byte.is_ascii_alphanumeric());
    let fits = text.len() <= MAX_CHUNK && text.bytes().all(holds);
    if !fits || !readable || quotes || !matches!(shape, Shape::Typed | Shape::Word) {
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

/// Splits a run of letters at changes of case, then where known words were written together.
fn words(text: &str, letters: Range<usize>, ranges: &mut Vec<(Range<usize>, Shape)>) {
    // Engines write a lone capital before a word in lower case at the start of a sentence, so it does not stand alone.
    for word in camel::words(&text[letters.clone()], 2) {
        let word = letters.start + word.start..letters.start + word.end;
        fused(&text[word.clone()], word.start, ranges);
    }
}

/// Splits a word that starts at `offset` into the words that were written together.
fn fused(text: &str, offset: usize, ranges: &mut Vec<(Range<usize>, Shape)>) {
    let word = text.to_ascii_lowercase();
    // Letters that were spelled may hold a name.
    let capitals = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    let spelled = (3..=MAX_SPELLED).contains(&word.len()) && pronunciation::is_spelled(&word) || capitals;
    let searched = (MIN_FUSED..=MAX_FUSED).contains(&word.len()) || spelled;
    let whole = !searched || word.contains('\'') || is_word(&word) || !capitals && is_english(&word);
    let ends = if whole { Vec::new() } else { ends(&word, spelled) };
    let mut start = 0;
    for end in ends.into_iter().chain([word.len()]) {
        ranges.push((offset + start..offset + end, Shape::Word));
        start = end;
    }
}

/// Whether it is a word by itself.
fn is_word(word: &str) -> bool {
    disfluency::is_talk_word(word)
        || vocabulary::matches(&[word]).next().is_some()
        || lexicon::frequency(word).is_some_and(|frequency| frequency >= 2)
}

/// Why a segment may be a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// It is not known.
    Nothing,
    /// It is a word of commands or of talk.
    Common,
    /// It is the name of a symbol.
    Symbol,
}

/// How strongly `piece` suggests a word of its own, and why; `None` if nothing is known of it. In letters that were
/// `spelled`, short names count. The weights were hand-chosen on 2026-11-23.
fn segment_score(piece: &str, spelled: bool) -> Option<(i32, Reason)> {
    let length = piece.len() as i32;
    if length < 2 {
        return spelled.then_some((1, Reason::Common));
    }
    if length > 2 && SYMBOLS.contains(piece) {
        return Some((2 * length, Reason::Symbol));
    }
    let frequency = match lexicon::frequency(piece) {
        Some(frequency) => i32::from(frequency),
        None if disfluency::is_talk_word(piece) => 4,
        None => 0,
    };
    let known = length > 2 && frequency > 2 || frequency > if spelled { 3 } else { 6 };
    if known {
        return Some((length + frequency / 2 - 2, Reason::Common));
    }
    (EVERYDAY.contains(piece) || LETTERS.contains(&piece)).then_some((length - 1, Reason::Common))
}

/// Words in names of symbols that are not everyday words.
static SYMBOLS: LazyLock<HashSet<&'static str, FastHash>> = LazyLock::new(|| symbols(false));
/// Words in names of symbols that are everyday words too.
static EVERYDAY: LazyLock<HashSet<&'static str, FastHash>> = LazyLock::new(|| symbols(true));
/// Names of letters, written as words.
const LETTERS: [&str; 14] =
    ["see", "dee", "gee", "jay", "kay", "ell", "em", "en", "cue", "are", "ess", "tee", "you", "ex"];

fn symbols(everyday: bool) -> HashSet<&'static str, FastHash> {
    use vocabulary::Kind::{Close, Open, Quote, Space, Symbol};
    let symbols = vocabulary::entries().iter().filter(|entry| {
        matches!(entry.kind, Symbol | Quote | Open | Close | Space) && entry.everyday == everyday
    });
    symbols.flat_map(|entry| entry.words.iter().copied()).collect()
}

/// The ends of the words that `word` is best split into, without the last; none if it is better whole. A search for the
/// best sum of [`segment_score`] over all splits, by dynamic programming.
fn ends(word: &str, spelled: bool) -> Vec<usize> {
    /// Cost of each letter in an unknown segment, and of each segment. Hand-chosen on 2026-11-23.
    const UNKNOWN: i32 = 1;
    const SEGMENT: i32 = 3;
    /// The best split up to a place.
    #[derive(Clone, Copy)]
    struct Split {
        score: i32,
        /// Where the last segment begins.
        start: usize,
        symbol: bool,
        unknown: bool,
    }
    let mut best = vec![Split { score: 0, start: 0, symbol: false, unknown: false }];
    for end in 1..=word.len() {
        let split = |start: usize| {
            let before = best[start];
            let (score, reason) = segment_score(&word[start..end], spelled)
                .unwrap_or((-UNKNOWN * (end - start) as i32, Reason::Nothing));
            Split {
                score: before.score + score - SEGMENT,
                start,
                symbol: before.symbol || reason == Reason::Symbol,
                unknown: before.unknown || reason == Reason::Nothing,
            }
        };
        let Some(split) = (0..end).map(split).max_by_key(|split| split.score) else { break };
        best.push(split);
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
    fn segments_of_what_was_written_as_one() {
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
            let line = split(&line).map_or(line, |segments| segments.line);
            let mut text = String::new();
            for (at, token) in line.tokens.iter().enumerate() {
                text += if at == 0 {
                    ""
                } else if token.attached_to_previous {
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
