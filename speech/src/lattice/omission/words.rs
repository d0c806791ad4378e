//! What each word of a line can be in a run that is left out, whatever the path.

use super::Caution;
use super::cue::{Cue, cue, is_hesitation};
use super::phrase::{begins_talk, following, is_spelled, is_tail_phrase, is_text_due};
use super::tie::{is_part_of_name, is_tie, starts_with_tie};
use crate::clean::{Line, Shape};
use crate::commands;
use crate::disfluency::is_talk_word;
use crate::phonetic::is_glue;
use crate::vocabulary::{self, Kind as Said};

/// Furthest that a word in the middle of a command may be from a cue, in tokens. Hand-chosen on 2026-11-28: the longest
/// aside of ../shared/corpus/talk/train.jsonl has 27 words, of which hardly ten in a row hold no cue.
const MAX_DISTANCE: usize = 12;
/// Words that a tail has at least if all its cues are prepositions and the like: "file to host" is no tail.
const MIN_TAIL_WORDS: usize = 3;

/// What the words of a line can be, whatever the path.
#[derive(Debug, Clone, Default)]
pub(in crate::lattice) struct Omissions {
    pub(super) words: Vec<Word>,
    /// How freely words may be left out.
    pub(super) caution: Caution,
}

/// What a word can be in a run that is left out.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Word {
    /// It only holds others together, like the dash of `dash-l`: leaving it out loses nothing.
    pub(super) is_glue: bool,
    /// It may be left out in the middle of a command.
    pub(super) is_droppable: bool,
    pub(super) is_hesitation: bool,
    /// It may be left out alone.
    pub(super) is_interjection: bool,
    /// It licenses a run in the middle of a command.
    pub(super) is_cue: bool,
    /// It licenses a run before the command.
    pub(super) is_edge_cue: bool,
    /// It licenses a run behind the command.
    pub(super) is_tail_cue: bool,
    /// A run in the middle that starts here comes to a cue.
    pub(super) comes_to_cue: bool,
    /// A run before the command that stands here comes to a cue.
    pub(super) comes_to_edge_cue: bool,
    /// It is near a cue for a run before the command.
    pub(super) is_near_edge_cue: bool,
    /// All words from here on may be talk behind the command.
    pub(super) starts_tail: bool,
    /// They are so even behind a sign: "src slash that should do it".
    pub(super) starts_clear_tail: bool,
    /// No word but glue follows.
    pub(super) is_last: bool,
    /// It was written as one with the word before it: both go, or neither.
    pub(super) is_attached: bool,
    /// It stands behind a flag that takes text, so that something must be written there: "dash m".
    pub(super) is_text_due: bool,
    /// It is part of "literal WORD" or "no space", which talk does not begin with.
    pub(super) is_bound: bool,
}

impl Omissions {
    /// Of a line. Each token is omittable if a path may leave it out at all; quoted if it stands between spoken quotes;
    /// and bound if it is part of "literal WORD" or "no space".
    pub(in crate::lattice) fn new(
        line: &Line,
        caution: Caution,
        is_omittable: &[bool],
        is_quoted: &[bool],
        is_bound: &[bool],
    ) -> Omissions {
        let count = line.tokens.len();
        let mut words: Vec<Word> = (0..count)
            .map(|at| {
                let mut word = read(line, at, caution, is_quoted[at] || is_bound[at]);
                word.is_bound = is_bound[at];
                word.is_droppable &= is_omittable[at] && !is_bound[at];
                word
            })
            .collect();
        silence_halves(line, &mut words);
        if caution == Caution::Ordinary {
            set_apart(line, is_quoted, &mut words);
        }
        let near = near(&words, |word| word.is_cue);
        let near_edge = near_edge(&words, is_omittable, caution);
        for (word, (near, near_edge)) in words.iter_mut().zip(near.into_iter().zip(near_edge)) {
            word.is_droppable &= near || word.is_glue || word.is_hesitation;
            word.is_near_edge_cue = near_edge;
        }
        together(&mut words);
        // From the right: what lies ahead of each word. How far the next cue is, and whether the next word may go.
        let (mut to_cue, mut next_goes, mut to_edge) = (None::<usize>, false, false);
        let (mut behind, mut has_cue, mut has_edge, mut whole) = (0, false, false, true);
        for at in (0..count).rev() {
            words[at].is_last = behind == 0;
            let word = words[at];
            if word.is_glue {
                continue;
            }
            let ahead = to_cue.map(|distance| distance + 1).filter(|distance| *distance <= MAX_DISTANCE);
            to_cue = match (word.is_droppable, word.is_cue) {
                (false, _) => None,
                (_, true) => Some(0),
                _ => ahead,
            };
            // A cue alone is no stretch of talk.
            words[at].comes_to_cue = to_cue.is_some() && next_goes;
            next_goes = word.is_droppable;
            to_edge = is_omittable[at]
                && !word.is_bound
                && caution != Caution::KeepAll
                && (word.is_edge_cue || to_edge);
            words[at].comes_to_edge_cue = to_edge;
            behind += 1;
            whole &= is_omittable[at] && !word.is_bound && caution != Caution::KeepAll;
            has_cue |= word.is_cue;
            has_edge |= word.is_tail_cue;
            let talks = behind > 1 && has_cue || behind >= MIN_TAIL_WORDS && has_edge;
            let begins = begins_talk(line, at);
            let clear = behind >= MIN_TAIL_WORDS && begins && caution == Caution::Ordinary;
            words[at].starts_clear_tail = whole && clear && !is_part_of_name(line, at);
            let careful = behind >= MIN_TAIL_WORDS && word.is_tail_cue && !is_part_of_name(line, at);
            let careful = caution == Caution::Ordinary || careful;
            words[at].starts_tail = whole && (talks && careful || is_tail_phrase(line, at, caution));
        }
        // An interjection alone is no part of a name, and not the last word.
        for (at, word) in words.iter_mut().enumerate() {
            word.is_interjection &= !word.is_last && !starts_with_tie(line, at + 1);
            word.starts_tail &= !word.is_attached;
            word.starts_clear_tail &= !word.is_attached;
        }
        Omissions { words, caution }
    }
}

/// What a word can be by itself; text licenses nothing.
fn read(line: &Line, at: usize, caution: Caution, is_text: bool) -> Word {
    let token = &line.tokens[at];
    if is_glue(line, at) {
        return Word { is_glue: true, is_droppable: true, ..Word::default() };
    }
    let lower = line.lower(at);
    // A typed quote is text that somebody wrote by hand. A line break is a command's end.
    let sacred =
        token.shape == Shape::Break || token.shape == Shape::Typed && lower.contains(['"', '\'', '`']);
    // `err.log` is a name.
    let names = lower == "err" && starts_with_tie(line, at + 1);
    let hesitates = token.shape == Shape::Word && is_hesitation(lower) && !names;
    // Short words behind a sign are flags and parts of names: `dash i`, `dot so`, `dash dash no`.
    let tied = at > 0 && lower.len() < 4 && is_tie(line, at - 1);
    let is_said = token.shape == Shape::Word && !tied && !is_text;
    let cue = cue(lower).filter(|_| is_said);
    // A sentence that ends before the command is talk, whatever its words are.
    let tail = cue.is_some_and(|cue| cue != Cue::Farewell);
    let edge = tail || token.followed_by_pause || !tied && !is_text && is_talk_word(lower);
    let phrase = !is_text
        && vocabulary::matches(&following(line, at))
            .any(|entry| matches!(entry.kind, Said::Correction | Said::Filler) && entry.words.len() > 1);
    let (interjection, cue) = match caution {
        Caution::Ordinary => (
            cue == Some(Cue::Interjection),
            phrase
                || !tied && !is_text && is_spelled(line, at)
                || matches!(cue, Some(Cue::Interjection | Cue::Correction | Cue::Talk)),
        ),
        Caution::Destructive => (false, phrase || cue == Some(Cue::Correction)),
        Caution::KeepAll => (false, false),
    };
    Word {
        is_glue: false,
        is_droppable: !sacred,
        is_hesitation: hesitates,
        is_interjection: interjection,
        is_cue: cue || hesitates && caution == Caution::Ordinary,
        is_edge_cue: edge || phrase || hesitates,
        is_tail_cue: tail || phrase || hesitates,
        is_text_due: is_text_due(line, at),
        ..Word::default()
    }
}

/// Marks the words that the engine wrote as one with the word before them. Half a word tells nothing.
fn silence_halves(line: &Line, words: &mut [Word]) {
    let is_attached = |at: usize| {
        at > 0 && line.tokens[at].attached_to_previous && !words[at].is_glue && !words[at - 1].is_glue
    };
    let attached: Vec<bool> = (0..words.len()).map(is_attached).collect();
    for (at, word) in words.iter_mut().enumerate() {
        word.is_attached = attached[at];
        if attached[at] || attached.get(at + 1) == Some(&true) {
            (word.is_hesitation, word.is_interjection) = (false, false);
            (word.is_cue, word.is_edge_cue, word.is_tail_cue) = (false, false, false);
        }
    }
}

/// Licenses the words between two pauses that say nothing of a command: "useradd, so to say, dash m".
fn set_apart(line: &Line, is_quoted: &[bool], words: &mut [Word]) {
    /// Words of the longest aside. Hand-chosen, 2026-11-28.
    const LONGEST: usize = 4;
    let mut start = 0;
    for end in 1..=words.len() {
        if !line.tokens[end - 1].followed_by_pause {
            continue;
        }
        let aside = std::mem::replace(&mut start, end)..end;
        let says_nothing = |at: usize| {
            let word = line.lower(at);
            line.tokens[at].shape == Shape::Word
                && !is_quoted[at]
                && word.len() > 2
                && vocabulary::matches(&[word]).next().is_none()
                && commands::lookup(&[line.lower(0), word]).is_none()
        };
        if aside.start > 0 && aside.len() <= LONGEST && aside.clone().all(says_nothing) {
            let alone = aside.len() == 1;
            for word in &mut words[aside] {
                (word.is_cue, word.is_interjection) = (true, alone);
            }
        }
    }
}

/// Ties the words together that the engine wrote as one: they go together.
fn together(words: &mut [Word]) {
    let mut start = 0;
    while start < words.len() {
        let more = words[start + 1..].iter().take_while(|word| word.is_attached).count();
        let group = &mut words[start..=start + more];
        let goes = group.iter().all(|word| word.is_droppable);
        let goes_before = group.iter().all(|word| word.is_near_edge_cue);
        for word in group.iter_mut().filter(|_| more > 0) {
            (word.is_droppable, word.is_near_edge_cue) = (goes, goes_before);
        }
        start += more + 1;
    }
}

/// For each word whether it is near one for which `is_cue` holds, with nothing in between that may not go.
fn near(words: &[Word], is_cue: impl Fn(&Word) -> bool) -> Vec<bool> {
    let mut near = vec![false; words.len()];
    let mut sweep = |order: &mut dyn Iterator<Item = usize>| {
        let mut distance = None;
        for at in order {
            distance = match distance {
                _ if !words[at].is_droppable => None,
                _ if is_cue(&words[at]) => Some(0),
                Some(before) if before < MAX_DISTANCE => Some(before + usize::from(!words[at].is_glue)),
                _ => None,
            };
            near[at] |= distance.is_some();
        }
    };
    sweep(&mut (0..words.len()));
    sweep(&mut (0..words.len()).rev());
    near
}

/// For each word whether it is near a cue of talk before the command.
fn near_edge(words: &[Word], is_omittable: &[bool], caution: Caution) -> Vec<bool> {
    if caution == Caution::KeepAll {
        return vec![false; words.len()];
    }
    let mut words = words.to_vec();
    for (word, is_omittable) in words.iter_mut().zip(is_omittable) {
        word.is_droppable = *is_omittable && !word.is_bound || word.is_glue;
    }
    near(&words, |word| word.is_edge_cue)
}
