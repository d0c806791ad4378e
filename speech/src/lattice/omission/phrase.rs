//! What the words at a place of the line say: whether they begin or end talk, or are text.

use super::Caution;
use super::cue::{Cue, cue};
use crate::clean::{Line, Shape};
use crate::vocabulary::{self, Kind as Said};

/// Whether a flag that takes text stands before a token: "dash m", "dash dash message".
pub(super) fn is_text_due(line: &Line, at: usize) -> bool {
    let flags = ["m", "message", "title", "body", "subject", "-m", "--message", "--title", "--body"];
    let said = |at: usize| vocabulary::is_name_of(line.lower(at), "-") || line.lower(at).ends_with('-');
    let is_flag = |flag: usize| flags.contains(&line.lower(flag));
    let typed = |flag: usize| line.lower(flag).starts_with('-');
    at > 0 && is_flag(at - 1) && (typed(at - 1) || at > 1 && said(at - 2))
}

/// Whether three single letters or more begin at a token: a word that is spelled to correct it.
pub(super) fn is_spelled(line: &Line, at: usize) -> bool {
    const LETTERS: usize = 3;
    let is_letter = |at: usize| {
        let lower = line.lower(at);
        lower.len() == 1 && lower.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    at + LETTERS <= line.tokens.len() && (at..at + LETTERS).all(is_letter)
}

/// The words from a token on, for matching phrases of the vocabulary.
pub(super) fn following(line: &Line, at: usize) -> Vec<&str> {
    /// Words of the longest phrase of talk in the vocabulary. Hand-chosen, 2026-11-28.
    const LONGEST: usize = 6;
    let words = (at..line.tokens.len().min(at + LONGEST)).map(|at| line.lower(at));
    words.collect()
}

/// Whether the words from `at` to the end are a phrase of the vocabulary that ends lines, or one behind the other.
pub(super) fn is_tail_phrase(line: &Line, at: usize, caution: Caution) -> bool {
    let rest = following(line, at);
    let end = line.tokens.len();
    let phrases = vocabulary::matches(&rest)
        .filter(|entry| entry.kind == Said::Tail && (caution == Caution::Ordinary || entry.words.len() > 1));
    // Nobody names what is to be destroyed "please".
    let polite = matches!(line.lower(at), "please" | "thanks");
    let farewell = (caution == Caution::Ordinary || polite)
        && cue(line.lower(at)) == Some(Cue::Farewell)
        && line.tokens[at].shape == Shape::Word;
    farewell && at + 1 == end
        || phrases.into_iter().any(|entry| {
            let next = at + entry.words.len();
            next == end || next < end && is_tail_phrase(line, next, caution)
        })
}

/// Whether a token is a word that begins talk, and no interjection.
pub(super) fn begins_talk(line: &Line, at: usize) -> bool {
    let word = line.lower(at);
    let cue = cue(word).filter(|_| word.len() > 1 && line.tokens[at].shape == Shape::Word);
    matches!(cue, Some(Cue::Talk | Cue::Edge | Cue::Correction))
}
