//! Omissions: which words of a line a path may leave out.
//!
//! Nothing that was said is lost without a reason that was said. A run of words may be left out
//! - if it is a hesitation ("um"), anywhere but in quotes;
//! - if it is an interjection ("okay", "right") between two words that stay apart;
//! - if it holds a cue: a word by which talk is known ("no", "wait", "I", "that"). The run is then what a correction
//!   takes back together with the words of the correction, or an aside;
//! - if it is talk before the command, or behind it.
//!
//! No run starts within quotes. A run behind a sign that ties its two sides together (`/ . - = :`) is a correction of
//! what follows the sign, so something must follow it there: `/srv/okay` never becomes `/srv/`.
//!
//! What a word can be is known before the search ([`Omissions`]); where a path stands is an [`Omission`], which the
//! tagger's beam search, the search for a text and the automaton for constrained decoding all keep.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Kind, Lattice, Reading};
use crate::clean::{Line, Shape};
use crate::codes;
use crate::commands;
use crate::disfluency::is_talk_word;
use crate::hash::FastHash;
use crate::phonetic::is_glue;
use crate::quote;
use crate::vocabulary::{self, Kind as Said};

/// How freely words may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Caution {
    /// As the head of this file says.
    #[default]
    Ordinary,
    /// For a command that destroys something: in its middle only corrections go, and behind it only talk that begins with
    /// a function word. No sound-alike writes `*`, `~`, `/` or `.`.
    Destructive,
    /// Only hesitations.
    KeepAll,
}

/// Furthest that a word in the middle of a command may be from a cue, in tokens. Hand-chosen on 2026-11-28: the longest
/// aside of ../shared/corpus/talk/train.jsonl has 27 words, of which hardly ten in a row hold no cue.
const MAX_DISTANCE: usize = 12;
/// Words that a tail has at least if all its cues are prepositions and the like: "file to host" is no tail.
const MIN_TAIL_WORDS: usize = 3;

/// What a word tells about talk, from `data/omissions.txt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cue {
    /// It may be left out even alone.
    Interjection,
    /// The speaker takes something back.
    Correction,
    /// Somebody talks.
    Talk,
    /// The same, but only before and behind the command.
    Edge,
    /// Left out alone behind the command.
    Farewell,
}

codes!(Cue { Interjection = 0, Correction = 1, Talk = 2, Edge = 3, Farewell = 4 });

/// What a word in lower case tells about talk.
pub fn cue(word: &str) -> Option<Cue> {
    CUES.get(word).copied()
}

static CUES: LazyLock<HashMap<&'static str, Cue, FastHash>> = LazyLock::new(|| {
    let mut cues = HashMap::default();
    for line in crate::data::OMISSIONS.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let cue = match words.next() {
            Some("interjection") => Cue::Interjection,
            Some("correction") => Cue::Correction,
            Some("cue") => Cue::Talk,
            Some("edge") => Cue::Edge,
            Some("farewell") => Cue::Farewell,
            _ => continue,
        };
        for word in words {
            cues.entry(word).or_insert(cue);
        }
    }
    cues
});

/// Whether a word in lower case is a hesitation: "um", "uhh", "er", "hmm", "mhm", "ähm", "yyy", however long it is drawn
/// out.
pub fn is_hesitation(word: &str) -> bool {
    let sounds = word.chars().map(|c| match c {
        'ä' | 'ö' | 'õ' | 'å' | 'ø' => 'e',
        c => c,
    });
    let mut letters: Vec<char> = sounds.collect();
    let is_long = letters.len() > 2;
    letters.dedup();
    let letters: String = letters.into_iter().collect();
    match letters.as_str() {
        "uh" | "um" | "uhm" | "uhum" | "huh" | "er" | "erm" | "eh" | "ehm" | "em" | "euh" | "ah" | "ahm"
        | "hm" | "mhm" | "ugh" | "urgh" | "hmpf" => true,
        // "mm" and "yyy" are drawn out; "m" and "y" are letters.
        "m" => word.len() > 1,
        "y" | "e" | "a" | "ar" | "gr" | "br" | "of" | "ouf" | "uf" | "pf" | "psh" | "sh" => {
            is_long && word != "off"
        }
        _ => false,
    }
}

/// What the words of a line can be, whatever the path.
#[derive(Debug, Clone, Default)]
pub(super) struct Omissions {
    words: Vec<Word>,
    /// How freely words may be left out.
    caution: Caution,
}

/// What a word can be in a run that is left out.
#[derive(Debug, Clone, Copy, Default)]
struct Word {
    /// It only holds others together, like the dash of `dash-l`: leaving it out loses nothing.
    is_glue: bool,
    /// It may be left out in the middle of a command.
    is_droppable: bool,
    is_hesitation: bool,
    /// It may be left out alone.
    is_interjection: bool,
    /// It licenses a run in the middle of a command.
    is_cue: bool,
    /// It licenses a run before the command.
    is_edge_cue: bool,
    /// It licenses a run behind the command.
    is_tail_cue: bool,
    /// A run in the middle that starts here comes to a cue.
    comes_to_cue: bool,
    /// A run before the command that stands here comes to a cue.
    comes_to_edge_cue: bool,
    /// It is near a cue for a run before the command.
    is_near_edge_cue: bool,
    /// All words from here on may be talk behind the command.
    starts_tail: bool,
    /// They are so even behind a sign: "src slash that should do it".
    starts_clear_tail: bool,
    /// No word but glue follows.
    is_last: bool,
    /// It was written as one with the word before it: both go, or neither.
    is_attached: bool,
    /// It stands behind a flag that takes text, so that something must be written there: "dash m".
    is_text_due: bool,
    /// It is part of "literal WORD" or "no space", which talk does not begin with.
    is_bound: bool,
}

/// Where a path stands in a run of words that it leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
enum Run {
    /// The last word was written, or none was said yet.
    #[default]
    None,
    /// Before the command, without a cue so far: the run must go on.
    Lead,
    /// Only hesitations so far.
    Hesitation,
    /// One interjection: the run may end before a word that stands apart.
    Interjection,
    /// In the middle, without a cue so far, or with nothing but a cue: the run must go on.
    Pending,
    /// It may end here.
    Licensed,
    /// Behind the command: the run must go on to the end of the line.
    Tail,
}

/// What a path has left out where it stands, and what that forbids. Equal ones allow the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Omission {
    run: Run,
    /// Whether nothing was written yet.
    is_blank: bool,
    /// Whether what comes next stands apart anyway: nothing was written yet, or a separator was said.
    is_apart: bool,
    /// The quote sign that is open.
    quote: Option<char>,
    /// Whether the last reading was a backslash, which makes the next sign text.
    is_escaped: bool,
    /// Whether what was written last is a sign that ties what follows to it.
    is_tied: bool,
    /// Whether the run began where a flag waits for its text.
    is_text_due: bool,
    /// Whether the run may end with the line all the same: it is clearly talk.
    is_clear: bool,
}

impl Omission {
    /// Whether the run must not end with the line.
    fn must_go_on(self) -> bool {
        self.is_text_due || self.is_tied && !self.is_clear
    }

    /// Where every path begins.
    pub fn start(open_quote: Option<char>) -> Omission {
        Omission { is_blank: true, is_apart: true, quote: open_quote, ..Omission::default() }
    }
}

impl Omissions {
    /// Of a line. Each token is omittable if a path may leave it out at all; quoted if it stands between spoken quotes;
    /// and bound if it is part of "literal WORD" or "no space".
    pub(super) fn new(
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

/// Whether a flag that takes text stands before a token: "dash m", "dash dash message".
fn is_text_due(line: &Line, at: usize) -> bool {
    let flags = ["m", "message", "title", "body", "subject", "-m", "--message", "--title", "--body"];
    let said = |at: usize| vocabulary::is_name_of(line.lower(at), "-") || line.lower(at).ends_with('-');
    let is_flag = |flag: usize| flags.contains(&line.lower(flag));
    let typed = |flag: usize| line.lower(flag).starts_with('-');
    at > 0 && is_flag(at - 1) && (typed(at - 1) || at > 1 && said(at - 2))
}

/// Whether three single letters or more begin at a token: a word that is spelled to correct it.
fn is_spelled(line: &Line, at: usize) -> bool {
    const LETTERS: usize = 3;
    let is_letter = |at: usize| {
        let lower = line.lower(at);
        lower.len() == 1 && lower.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    at + LETTERS <= line.tokens.len() && (at..at + LETTERS).all(is_letter)
}

/// The words from a token on, for matching phrases of the vocabulary.
fn following(line: &Line, at: usize) -> Vec<&str> {
    /// Words of the longest phrase of talk in the vocabulary.
    const LONGEST: usize = 6;
    let words = (at..line.tokens.len().min(at + LONGEST)).map(|at| line.lower(at));
    words.collect()
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

/// Whether the words from `at` to the end are a phrase of the vocabulary that ends lines, or one behind the other.
fn is_tail_phrase(line: &Line, at: usize, caution: Caution) -> bool {
    let rest = following(line, at);
    let end = line.tokens.len();
    let phrases = vocabulary::matches(&rest)
        .filter(|entry| entry.kind == Said::Tail && (caution == Caution::Ordinary || entry.words.len() > 1));
    // Nobody names what is to be destroyed "please".
    let polite = matches!(line.lower(at), "please" | "thanks");
    let farewell = (caution == Caution::Ordinary || polite)
        && CUES.get(line.lower(at)) == Some(&Cue::Farewell)
        && line.tokens[at].shape == Shape::Word;
    farewell && at + 1 == end
        || phrases.into_iter().any(|entry| {
            let next = at + entry.words.len();
            next == end || next < end && is_tail_phrase(line, next, caution)
        })
}

/// Whether a token says or is a sign that ties names together: `dash`, `slash`, a typed `.`.
fn is_tie(line: &Line, at: usize) -> bool {
    let lower = line.lower(at);
    match line.tokens[at].shape {
        Shape::Word => {
            lower == "sign"
                || ["-", "/", ".", "=", ":", "@", "_", "\\"]
                    .iter()
                    .any(|sign| vocabulary::is_name_of(lower, sign))
        }
        Shape::Typed => lower.ends_with(['-', '/', '.', '=', ':', '@', '_', '\\']),
        Shape::Digits | Shape::Break => false,
    }
}

/// Whether a token is a word that begins talk, and no interjection.
fn begins_talk(line: &Line, at: usize) -> bool {
    let word = line.lower(at);
    let cue = CUES.get(word).filter(|_| word.len() > 1 && line.tokens[at].shape == Shape::Word);
    matches!(cue, Some(Cue::Talk | Cue::Edge | Cue::Correction))
}

/// Whether a sign that ties names together follows a token: it is a part of a name, like "the" in `the_end`.
fn is_part_of_name(line: &Line, at: usize) -> bool {
    at + 1 < line.tokens.len() && is_tie(line, at + 1)
}

/// Whether a token says or begins with a sign that stands inside of names: "like dot txt" is a name.
fn starts_with_tie(line: &Line, at: usize) -> bool {
    if at >= line.tokens.len() {
        return false;
    }
    let lower = line.lower(at);
    match line.tokens[at].shape {
        Shape::Word => [".", "=", ":", "@", "_"].iter().any(|sign| vocabulary::is_name_of(lower, sign)),
        Shape::Typed => lower.starts_with(['.', '=', ':', '@', '_']),
        Shape::Digits | Shape::Break => false,
    }
}

/// For every token whether it stands between spoken quotes, as far as that is known without a path.
pub(crate) fn quoted(line: &Line) -> Vec<bool> {
    let mut state = quote::State::default();
    let mut quoted = Vec::with_capacity(line.tokens.len());
    let mut opened = 0;
    for at in 0..line.tokens.len() {
        let sign = ["\"", "'"].iter().find(|sign| {
            line.tokens[at].shape == Shape::Word && vocabulary::is_name_of(line.lower(at), sign)
        });
        quoted.push(state.is_open() && sign.is_none());
        if let Some(sign) = sign {
            // "single quote" and "quote" close one another: speakers say the long form once.
            let sign = state.open().unwrap_or(if *sign == "\"" { '"' } else { '\'' });
            state.push(sign);
            opened = at;
        }
    }
    // A quote that is never closed says nothing about what follows it.
    if state.is_open() {
        quoted[opened..].fill(false);
    }
    quoted
}

/// Takes in the quote signs of a text, but for apostrophes within words.
fn push_signs(quote: &mut quote::State, text: &str, is_escaped: bool) {
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let is_apostrophe = character == '\'' && inside(before) && inside(characters.peek().copied());
        let is_first = before.is_none();
        if !(is_apostrophe || is_first && is_escaped) {
            quote.push(character);
        }
        before = Some(character);
    }
}

impl Lattice {
    /// Whether a path that stands so may take a reading, with or without a space before it.
    pub fn may_take(&self, omission: Omission, reading: &Reading, space: bool) -> bool {
        match reading.kind {
            Kind::Drop => self.may_leave_out(omission, reading.tokens.start),
            // The first half of what was written as one word is left out, and the second half is not.
            _ if omission.run != Run::None && self.omissions().words[reading.tokens.start].is_attached => {
                false
            }
            _ => match omission.run {
                Run::Lead | Run::Pending | Run::Tail => false,
                // `/srv` never becomes `/ srv` where that would destroy the root.
                Run::None | Run::Hesitation => {
                    let splits = omission.is_tied && space && reading.text.starts_with(char::is_alphanumeric);
                    self.omissions().caution != Caution::Destructive || !splits
                }
                Run::Interjection => space || !reading.kind.writes() || omission.is_apart,
                Run::Licensed => !omission.is_tied || !space,
            },
        }
    }

    /// Whether a path that stands so may leave out a token.
    fn may_leave_out(&self, omission: Omission, token: usize) -> bool {
        let word = &self.omissions().words[token];
        if word.is_glue {
            return true;
        }
        if !self.is_omittable(token) {
            return false;
        }
        let blank = omission.is_blank;
        match omission.run {
            Run::Lead | Run::Tail => true,
            Run::None if word.is_attached || word.is_bound => false,
            Run::None | Run::Hesitation | Run::Interjection => {
                let quoted = omission.quote.is_some();
                let on = self.goes_on(omission, token) && word.is_droppable;
                let middle = word.comes_to_cue || on;
                let must_go_on = omission.must_go_on() || word.is_text_due;
                let middle = middle && !(must_go_on && self.ends_with_line(token));
                let clear = word.starts_clear_tail && !word.is_text_due && !omission.is_text_due;
                let tail = word.starts_tail && !must_go_on || clear;
                let lead = blank && word.comes_to_edge_cue;
                let alone = word.is_interjection && !omission.is_tied;
                !quoted && (word.is_hesitation || middle || tail || lead || alone)
            }
            Run::Pending => word.is_droppable,
            Run::Licensed => {
                let must_go_on = omission.must_go_on();
                let middle = word.is_droppable && !(must_go_on && word.is_last);
                let clear = word.starts_clear_tail && !omission.is_text_due;
                let tail = word.starts_tail && !must_go_on || clear;
                middle || tail || blank && word.is_near_edge_cue
            }
        }
    }

    /// Whether a run of one interjection or of hesitations, one of them a cue, goes on with a token.
    fn goes_on(&self, omission: Omission, token: usize) -> bool {
        matches!(omission.run, Run::Hesitation | Run::Interjection) && self.has_cue_before(token)
    }

    /// Whether the run in the middle that starts at a token can only end with the line: its first cue, or the word behind
    /// that one if the run starts with it, is the last word.
    fn ends_with_line(&self, token: usize) -> bool {
        let words = &self.omissions().words[token..];
        let mut later = words.iter().skip(1).filter(|word| !word.is_glue);
        let licensed = if words[0].is_cue { later.next() } else { later.find(|word| word.is_cue) };
        licensed.is_none_or(|word| word.is_last)
    }

    /// Where a path stands behind a reading that it took, with or without a space before it.
    pub fn behind(&self, omission: Omission, reading: &Reading, space: bool) -> Omission {
        if reading.kind == Kind::Drop {
            let token = reading.tokens.start;
            let starts = omission.run == Run::None && self.omissions().words[token].starts_clear_tail;
            let run = self.run_behind(omission, token);
            let starts_text = omission.run == Run::None && self.omissions().words[token].is_text_due;
            let (is_clear, is_text_due) = (omission.is_clear || starts, omission.is_text_due || starts_text);
            return Omission { run, is_clear, is_text_due, ..omission };
        }
        let text = &*reading.text;
        if !reading.kind.writes() {
            // White space or "no space": what follows is no longer tied by an earlier sign.
            let is_apart = reading.kind == Kind::Separator;
            let is_tied = omission.is_tied && !is_apart;
            let (run, quote, is_blank) = (Run::None, omission.quote, omission.is_blank);
            return Omission { run, is_blank, is_apart, quote, is_tied, ..Omission::default() };
        }
        let mut quote = quote::State::new(omission.quote);
        match reading.kind {
            Kind::Typed => quote.push_typed(text),
            // The first sign behind a backslash is text, and so is the apostrophe of "don't".
            _ if text.chars().all(char::is_alphanumeric) => {}
            _ => push_signs(&mut quote, text, omission.is_escaped),
        }
        let apart = space || omission.is_apart;
        let is_tied = match text {
            "-" | "--" | "/" => true,
            "." | "=" | ":" | "@" | "_" | "\\" | "::" => !apart,
            _ => false,
        };
        let is_escaped = text == "\\" && !omission.is_escaped && omission.quote != Some('\'');
        let (run, quote) = (Run::None, quote.open());
        Omission { run, quote, is_escaped, is_tied, ..Omission::default() }
    }

    fn run_behind(&self, omission: Omission, token: usize) -> Run {
        let word = &self.omissions().words[token];
        match omission.run {
            run if word.is_glue => run,
            Run::Tail => Run::Tail,
            Run::Lead if word.is_edge_cue => Run::Licensed,
            Run::Lead => Run::Lead,
            Run::Pending if word.is_cue || self.has_cue_before(token) => Run::Licensed,
            Run::Pending => Run::Pending,
            Run::Licensed => match word.is_droppable || omission.is_blank && word.is_near_edge_cue {
                true if !(omission.must_go_on() && word.is_last) => Run::Licensed,
                _ => Run::Tail,
            },
            Run::None | Run::Hesitation | Run::Interjection => {
                let starts = omission.run == Run::None;
                if word.is_hesitation && omission.run != Run::Interjection {
                    Run::Hesitation
                } else if omission.is_blank && word.is_edge_cue
                    || self.goes_on(omission, token) && word.is_droppable
                {
                    Run::Licensed
                } else if starts && word.is_interjection && !omission.is_tied {
                    Run::Interjection
                } else if omission.is_blank && word.comes_to_edge_cue {
                    Run::Lead
                } else if word.comes_to_cue
                    && !((omission.must_go_on() || word.is_text_due) && self.ends_with_line(token))
                {
                    Run::Pending
                } else {
                    Run::Tail
                }
            }
        }
    }

    /// Whether the word before a token is a cue.
    fn has_cue_before(&self, token: usize) -> bool {
        self.omissions().words[..token]
            .iter()
            .rev()
            .find(|word| !word.is_glue)
            .is_some_and(|word| word.is_cue)
    }

    /// Whether a path leaves out nothing but what it may.
    pub fn is_licensed(&self, path: &[super::Step]) -> bool {
        let mut omission = Omission::start(self.open_quote());
        for step in path {
            let reading = self.reading(step.reading);
            if !self.may_take(omission, reading, step.space) {
                return false;
            }
            omission = self.behind(omission, reading, step.space);
        }
        self.may_end(omission)
    }

    /// The words that a path leaves out, as tokens, without hyphens and the like that only held words together.
    pub fn left_out(&self, path: &[super::Step]) -> Vec<usize> {
        let readings = path.iter().map(|step| self.reading(step.reading));
        let dropped =
            readings.filter(|reading| reading.kind == Kind::Drop).map(|reading| reading.tokens.start);
        dropped.filter(|&token| !self.omissions().words[token].is_glue).collect()
    }

    /// Whether talk may begin at a token, or the line ends there.
    pub(super) fn talk_may_begin(&self, token: usize) -> bool {
        let word = self.omissions().words.get(token);
        word.is_none_or(|word| word.is_hesitation || word.starts_tail || word.comes_to_cue)
    }

    /// Whether a path that stands so may end with the line.
    pub fn may_end(&self, omission: Omission) -> bool {
        match omission.run {
            Run::Lead | Run::Pending | Run::Interjection => false,
            Run::Licensed => !omission.must_go_on(),
            Run::None | Run::Hesitation | Run::Tail => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::clean;
    use crate::lattice::is_reachable;
    use crate::lex::lex;
    use crate::phonetic::widen;
    use crate::words::UserWords;

    fn lattice(dictated: &str, caution: Caution) -> Lattice {
        let words = UserWords::default();
        widen(lex(clean(dictated), &words, None), &words).with_caution(caution)
    }

    fn check(caution: Caution, dictated: &str, answer: &str, may: bool) {
        assert_eq!(is_reachable(&lattice(dictated, caution), answer), may, "{dictated:?} as {answer:?}");
    }

    #[test]
    fn words_go_for_a_reason_that_was_said() {
        for (dictated, answer) in [
            ("tar um dash x f a dot tar", "tar -xf a.tar"),
            ("so what I want is df dash h", "df -h"),
            ("moment of truth, terraform apply", "terraform apply"),
            ("git push origin master no wait main", "git push origin main"),
            ("sleep five oh make it six", "sleep 6"),
            ("curl dash s that thing listens on eighty localhost", "curl -s localhost"),
            ("docker okay ps", "docker ps"),
            ("git pull and that should do it", "git pull"),
            ("ls src slash and that should be it", "ls src/"),
            ("git tag v one dot no two wait two", "git tag v1.2"),
            ("node a dot s j i s no j s", "node a.js"),
            ("ls please", "ls"),
            ("git commit dash m um so quote fix quote", "git commit -m \"fix\""),
            ("tar ähm dash x f yyy a dot tar", "tar -xf a.tar"),
            ("git push origin master nein main", "git push origin main"),
            ("Usermod, so to speak, dash a, errr, bob.", "usermod -a bob"),
            ("Ping, alors, host.", "ping host"),
        ] {
            check(Caution::Ordinary, dictated, answer, true);
        }
    }

    #[test]
    fn and_never_without_one() {
        for (dictated, answer) in [
            ("docker run nginx", "docker nginx"),
            ("cat first second third", "cat first third"),
            ("rm dash rf build fern", "rm -rf build"),
            ("ls like equals x", "ls =x"),
            ("cd slash srv slash okay", "cd /srv/"),
            ("echo quote no wait I meant it quote", "echo \"I meant it\""),
            ("echo quote well um hello quote", "echo \"well hello\""),
            ("cp notes notes", "cp notes"),
            ("git commit dash m we are moving this thing", "git commit -m"),
            ("git commit dash m that is it okay", "git commit -m"),
            ("mv file to host", "mv file"),
            ("echo 'no wait' hello", "echo hello"),
            ("kubectl getpods", "kubectl pods"),
            // Between pauses, but part of the command.
            ("Git, add, dash p.", "git -p"),
            ("cp, dash, a, b", "cp a b"),
            ("cat err dot log", "cat .log"),
        ] {
            check(Caution::Ordinary, dictated, answer, false);
        }
    }

    #[test]
    fn what_destroys_keeps_its_operands() {
        for (dictated, answer) in [
            ("rm dash rf build okay", "rm -rf build"),
            ("rm dash rf slash that slash cache", "rm -rf /cache"),
            ("rm dash rf slash flash", "rm -rf / /"),
            ("rm dash rf slash old slash cache", "rm -rf / old/cache"),
            ("rm dash r than dot log", "rm -r"),
            ("rm dash rf stare", "rm -rf *"),
        ] {
            check(Caution::Destructive, dictated, answer, false);
        }
        for (dictated, answer) in [
            ("rm dash rf bild no wait build", "rm -rf build"),
            ("um rm dash rf slash srv", "rm -rf /srv"),
            ("rm dash r build which I no longer need", "rm -r build"),
            ("pseudo rm dash rf star", "sudo rm -rf *"),
        ] {
            check(Caution::Destructive, dictated, answer, true);
        }
    }

    #[test]
    fn with_all_words_only_hesitations_go() {
        check(Caution::KeepAll, "so um git push no git pull", "so git push no git pull", true);
        check(Caution::KeepAll, "so um git push no git pull", "git pull", false);
    }

    #[test]
    fn hesitations() {
        for word in ["um", "uhh", "er", "erm", "eh", "hmm", "mhm", "mm", "ah", "ugh", "euh"] {
            assert!(is_hesitation(word), "{word}");
        }
        for word in ["u", "e", "user", "he", "home", "error", "mm2", "am", "umask", "a", "h"] {
            assert!(!is_hesitation(word), "{word}");
        }
    }

    #[test]
    fn what_is_left_out_is_known() {
        let lattice = lex(clean("so git push"), &UserWords::default(), None);
        let path = crate::lattice::path_writing(&lattice, "git push").unwrap();
        assert_eq!(lattice.left_out(&path), [0]);
        assert!(lattice.is_licensed(&path));
    }

    #[test]
    fn no_path_gets_stuck() {
        // Whatever a path has left out, some reading may follow, or the line may end.
        let mut random = fastrand::Rng::with_seed(11);
        let words = [
            "git",
            "no",
            "wait",
            "dash",
            "slash",
            "um",
            "okay",
            "quote",
            "the",
            "that",
            "dot",
            "main",
            "l",
            "s",
            "space",
            "runbuild",
            "don't",
            "'x y'",
            "a-b",
            "I",
            "two",
            "twenty",
            "please",
            "literal",
            "camel case",
        ];
        for _ in 0..3_000 {
            let count = random.usize(1..10);
            let line: Vec<&str> = (0..count).map(|_| words[random.usize(..words.len())]).collect();
            let caution = [Caution::Ordinary, Caution::Destructive, Caution::KeepAll][random.usize(..3)];
            let lattice = lattice(&line.join(" "), caution);
            let (mut token, mut omission, mut settled) = (0, Omission::start(None), true);
            while token < lattice.len() {
                let choices = lattice.choices(token);
                let mut steps = Vec::new();
                for id in choices {
                    let reading = lattice.reading(id);
                    for space in [false, true] {
                        let fits = !space || reading.kind.writes() && !settled;
                        if fits && lattice.may_take(omission, reading, space) {
                            steps.push((id, space));
                        }
                    }
                }
                assert!(!steps.is_empty(), "{line:?} gets stuck at {token}: {omission:?}");
                let (id, space) = steps[random.usize(..steps.len())];
                let reading = lattice.reading(id);
                omission = lattice.behind(omission, reading, space);
                settled = match reading.kind {
                    Kind::Drop => settled,
                    kind => !kind.writes(),
                };
                token = reading.tokens.end;
            }
            assert!(lattice.may_end(omission), "{line:?} may not end: {omission:?}");
        }
    }
}
