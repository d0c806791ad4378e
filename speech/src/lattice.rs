//! The lattice: every reading of every token of a dictated line. A command is one path through it.
//!
//! The nodes are the gaps between tokens, and a [`Reading`] is an arc over one or more tokens. A path chooses a reading at
//! each node that it comes to, and whether a space goes before what the reading writes. Nothing can be written that is not
//! on an arc.
//!
//! A wide lattice ([`crate::phonetic::widen()`]) holds phonetic readings too, behind the plain ones and over tokens that
//! were split further.
//!
//! The size is bounded by construction: at most [`MAX_READINGS`] arcs start at a token ([`MAX_WIDE_READINGS`] in a wide
//! lattice) and each spans at most [`MAX_SPAN`] tokens, so a line of `n` tokens has O(n) arcs and takes O(n) time to build.
//!
//! # A worked example
//!
//! "um get log dash n twenty two" is traced from its tokens to the command. Each token is a word, so there are seven:
//!
//! ```
//! use sayso_speech::clean::clean;
//!
//! let line = clean("um get log dash n twenty two");
//! let tokens: Vec<&str> = (0..line.tokens.len()).map(|token| line.text(token)).collect();
//! assert_eq!(tokens, ["um", "get", "log", "dash", "n", "twenty", "two"]);
//! ```
//!
//! The lexer gives each token its readings. "twenty" starts two numbers; the first spans the next token too. Every token
//! has an empty reading, which drops it.
//!
//! ```
//! # use sayso_speech::{clean::clean, lex::lex, words::UserWords};
//! # let words = UserWords::default();
//! # let line = clean("um get log dash n twenty two");
//! let lattice = lex(line, &words, None);
//! let readings = |token: usize| {
//!     let (_, readings) = lattice.arcs_from(token);
//!     let shown = readings.iter().map(|reading| (reading.text.as_ref(), reading.kind.name(), reading.tokens.len()));
//!     shown.collect::<Vec<_>>()
//! };
//! assert_eq!(readings(1), [("git", "heard", 1), ("get", "word", 1), ("", "dropped", 1)]);
//! assert_eq!(readings(3), [("-", "symbol", 1), ("dash", "word", 1), ("", "dropped", 1)]);
//! assert_eq!(
//!     readings(5),
//!     [("22", "number", 2), ("20", "number", 1), ("twenty", "word", 1), ("", "dropped", 1)]
//! );
//! ```
//!
//! A path takes one reading at each node and decides about the space before it. The scanner finds one by rule (the tagger
//! finds the likeliest by beam search), and rendering writes it.
//!
//! ```
//! # use sayso_speech::{clean::clean, lex::lex, render::render, scanner, words::UserWords};
//! # let lattice = lex(clean("um get log dash n twenty two"), &UserWords::default(), None);
//! let path = scanner::path(&lattice);
//! let steps: Vec<(&str, bool)> =
//!     path.iter().map(|step| (lattice.reading(step.reading).text.as_ref(), step.space)).collect();
//! assert_eq!(
//!     steps,
//!     [("", false), ("git", false), ("log", true), ("-", true), ("n", false), ("22", true)]
//! );
//! assert_eq!(render(&lattice, &path).text, "git log -n 22");
//! ```
//!
//! Had the engine written "comet" for `commit`, only the wide lattice would have a reading for it:
//!
//! ```
//! # use sayso_speech::{clean::clean, lex::lex, phonetic::widen, words::UserWords};
//! # let words = UserWords::default();
//! let plain = lex(clean("git comet"), &words, None);
//! let wide = widen(plain.clone(), &words);
//! let commit = |lattice: &sayso_speech::lattice::Lattice| {
//!     let (_, readings) = lattice.arcs_from(1);
//!     readings.iter().find(|reading| reading.text == "commit").map(|reading| reading.kind.name())
//! };
//! assert_eq!((commit(&plain), commit(&wide)), (None, Some("sounds like")));
//! ```

mod arcs;
pub mod constraint;
pub mod omission;
mod reading;
pub mod spell;

pub use reading::{Fit, Kind, Reading};
pub use spell::{is_reachable, path_writing};

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use crate::clean::{Line, Shape};
use crate::commands;
use crate::english::is_english;
use crate::number;
use crate::vocabulary;
use omission::{Caution, Omissions};

/// Most readings that start at a token. This and the next two limits were hand-chosen on 2026-11-23.
pub const MAX_READINGS: usize = 24;
/// Most readings that start at a token of a wide lattice.
pub const MAX_WIDE_READINGS: usize = 48;
/// Most tokens that one reading spans; in a wide lattice, of the line before it was cut into pieces.
pub const MAX_SPAN: usize = 32;

/// Index of a reading in [`Lattice::readings`].
pub type ReadingId = u32;

/// One step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Step {
    /// The reading taken.
    pub reading: ReadingId,
    /// Whether a space goes before what it writes.
    pub space: bool,
}

/// All readings of a line.
#[derive(Debug, Clone)]
pub struct Lattice {
    /// The line that was read.
    pub line: Line,
    /// All arcs, ordered by their first token.
    readings: Vec<Reading>,
    /// See [`Self::open_quote`].
    open_quote: Option<char>,
    /// Token → index of its first arc; one longer than the line.
    arc_offsets: Vec<u32>,
    /// The first token that was dictated: see [`Self::with_typed_start`].
    dictated_from: usize,
    /// How freely words may be left out.
    caution: Caution,
    /// What follows from the line and its arcs, found when it is first asked for: strict lines never ask.
    known: OnceLock<Known>,
}

/// What is known about the tokens of a lattice before any path.
#[derive(Debug, Clone)]
struct Known {
    /// Token → whether it stands between spoken quotes, as far as that is known without a path.
    is_quoted: Vec<bool>,
    /// Which tokens a path may leave out.
    omissions: Omissions,
}

/// Whether a reading takes an English word for something that only sounds like it, where that names no command.
fn replaces_word(line: &Line, reading: &Reading) -> bool {
    let first = reading.tokens.start;
    let heard = line.lower(first);
    let same = reading.text.eq_ignore_ascii_case(heard);
    // "pseudo" is `sudo` only where a command is due.
    let is_due = (0..first).all(|before| {
        let before = line.lower(before);
        commands::lookup(&[before]).is_none_or(|command| command.runs_command())
    });
    let names = match reading.kind {
        // Sub-commands stand right behind their command.
        Kind::SoundAlike => {
            is_due && reading.fit == Fit::Command || first < 3 && reading.fit == Fit::Subcommand
        }
        Kind::Alias => is_due,
        _ => return false,
    };
    !names && !same && is_english(heard)
}

impl Lattice {
    /// The lattice of a line from all its arcs, ordered by their first token.
    pub(crate) fn new(line: Line, readings: Vec<Reading>, open_quote: Option<char>) -> Lattice {
        debug_assert!(readings.is_sorted_by_key(|reading| reading.tokens.start));
        let mut arc_offsets = Vec::with_capacity(line.tokens.len() + 1);
        let mut arc = 0;
        for token in 0..line.tokens.len() {
            arc_offsets.push(arc as u32);
            while readings.get(arc).is_some_and(|reading| reading.tokens.start == token) {
                arc += 1;
            }
        }
        arc_offsets.push(readings.len() as u32);
        let (caution, known) = (Caution::Ordinary, OnceLock::new());
        Lattice { line, readings, open_quote, arc_offsets, dictated_from: 0, caution, known }
    }

    /// The same with more or less caution about what a path leaves out.
    pub fn with_caution(self, caution: Caution) -> Lattice {
        let Lattice { line, mut readings, open_quote, dictated_from, .. } = self;
        if caution == Caution::Destructive {
            readings.retain(|reading| !reading.widens() && !replaces_word(&line, reading));
        }
        Lattice { caution, dictated_from, ..Lattice::new(line, readings, open_quote) }
    }

    /// The same for a line whose first words were not dictated but stood there before. Each is its place in the source, in
    /// characters, and its text, which is its only reading; a space parts it from what follows. `None` where a word does
    /// not end with a token.
    pub fn with_typed_start(self, words: &[(Range<usize>, &str)]) -> Option<Lattice> {
        let Lattice { line, readings, open_quote, caution, .. } = self;
        let mut typed = Vec::with_capacity(words.len());
        let mut from = 0;
        for (place, text) in words {
            let is_inside = |token: &usize| line.source(*token..token + 1).end <= place.end;
            let to = from + (from..line.tokens.len()).take_while(is_inside).count();
            let covers = to > from && line.source(from..to) == *place;
            typed.push(Reading::new(from..to, Kind::Typed, Cow::Owned((*text).to_owned()), None));
            from = to;
            if !covers {
                return None;
            }
        }
        typed.extend(readings.into_iter().filter(|reading| reading.tokens.start >= from));
        Some(Lattice { caution, dictated_from: from, ..Lattice::new(line, typed, open_quote) })
    }

    /// Whether a reading is one of the words that were not dictated, behind which there is always a space.
    pub fn is_typed_start(&self, reading: &Reading) -> bool {
        reading.tokens.end <= self.dictated_from
    }

    /// The same with names of the place where they were said: each is the only choice over its tokens, as the person's
    /// own words are. `names` are in order and do not overlap.
    #[must_use]
    pub fn with_names(self, names: &[(Range<usize>, String)]) -> Lattice {
        let Lattice { line, readings, open_quote, caution, .. } = self;
        let mut with = Vec::with_capacity(readings.len() + names.len());
        let mut names = names.iter().peekable();
        for reading in readings {
            if let Some((tokens, text)) = names.next_if(|(tokens, _)| tokens.start <= reading.tokens.start) {
                with.push(Reading::new(tokens.clone(), Kind::Literal, Cow::Owned(text.clone()), None));
            }
            with.push(reading);
        }
        Lattice { caution, ..Lattice::new(line, with, open_quote) }
    }

    /// The same where every path writes `text` for these tokens, and nothing else over a part of them; the empty text
    /// leaves them out. `None` if no reading does.
    pub fn with_choice(self, tokens: Range<usize>, text: &str) -> Option<Lattice> {
        let Lattice { line, mut readings, open_quote, caution, .. } = self;
        let is_inside = |other: &Range<usize>| tokens.start <= other.start && other.end <= tokens.end;
        let writes = |reading: &Reading| match text.is_empty() {
            true => reading.kind == Kind::Deletion && is_inside(&reading.tokens),
            false => reading.tokens == tokens && reading.kind.writes() && reading.text == text,
        };
        if !readings.iter().any(writes) {
            return None;
        }
        let overlaps = |other: &Range<usize>| other.start < tokens.end && tokens.start < other.end;
        readings.retain(|reading| !overlaps(&reading.tokens) || writes(reading));
        Some(Lattice { caution, ..Lattice::new(line, readings, open_quote) })
    }

    /// What is known about the tokens before any path.
    fn known(&self) -> &Known {
        self.known.get_or_init(|| {
            let is_quoted = omission::quoted(&self.line);
            let is_omittable: Vec<bool> = (0..self.len()).map(|token| self.is_omittable(token)).collect();
            let mut is_bound = vec![false; self.len()];
            for token in (0..self.len()).filter(|&token| !is_quoted[token]) {
                if let Some(said) = self.instruction_at(token)
                    && matches!(said.kind, Kind::Literal | Kind::NoSpace)
                {
                    is_bound[said.tokens.clone()].fill(true);
                }
            }
            let omissions = Omissions::new(&self.line, self.caution, &is_omittable, &is_quoted, &is_bound);
            Known { is_quoted, omissions }
        })
    }

    /// Which tokens a path may leave out.
    fn omissions(&self) -> &Omissions {
        &self.known().omissions
    }

    /// Whether a reading leaves out this token alone, and no word of the user's begins with it.
    fn is_omittable(&self, token: usize) -> bool {
        let (_, readings) = self.arcs_from(token);
        let drops = |reading: &Reading| reading.kind == Kind::Deletion && reading.tokens.len() == 1;
        readings.iter().any(drops) && !readings.iter().any(Reading::is_user_word)
    }

    /// The line and all arcs, ordered by their first token.
    pub(crate) fn into_parts(self) -> (Line, Vec<Reading>) {
        (self.line, self.readings)
    }

    /// The quote sign that earlier lines of the command left open. Up to where it is closed, the line is text.
    pub fn open_quote(&self) -> Option<char> {
        self.open_quote
    }

    /// The readings that start at a token, likeliest kinds first, and the [`ReadingId`] of the first.
    pub fn arcs_from(&self, token: usize) -> (ReadingId, &[Reading]) {
        let (from, to) = (self.arc_offsets[token], self.arc_offsets[token + 1]);
        (from, &self.readings[from as usize..to as usize])
    }

    /// The readings that a path may take at a token. Several readings that write the same over the same tokens count
    /// once: the first stands for all. A dropped phrase is no choice, because its words can be dropped one by one.
    /// Where the user's settings name the words, that reading is the only choice; an instruction ("literal", "space",
    /// "camel case") leaves no other but to leave its words out as talk.
    pub fn choices(&self, token: usize) -> Vec<ReadingId> {
        let (first, readings) = self.arcs_from(token);
        if let Some(own) = readings.iter().position(Reading::is_user_word) {
            return vec![first + own as u32];
        }
        let instruction = self.instruction(token);
        // The person's own words, and instructions, that begin behind this token: no other reading may reach into them.
        let ends = readings.iter().map(|reading| reading.tokens.end).max().unwrap_or(token);
        let own = (token + 1..ends).find(|&later| self.arcs_from(later).1.iter().any(Reading::is_user_word));
        let said = (token + 1..ends).find(|&later| self.instruction(later).is_some());
        let reaches_into =
            |reading: &Reading, later: Option<usize>| later.is_some_and(|at| at < reading.tokens.end);
        let mut choices: Vec<ReadingId> = Vec::with_capacity(readings.len());
        for (at, reading) in readings.iter().enumerate() {
            let obeys = instruction.is_none_or(|instruction| self.obeys(reading, instruction));
            let swallows = reading.kind == Kind::SoundAlike && reaches_into(reading, said);
            if !obeys || swallows || reaches_into(reading, own) {
                continue;
            }
            let again = choices.iter().any(|&id| self.reading(id).is_same_arc(reading));
            if !again && (reading.kind != Kind::Deletion || reading.tokens.len() == 1) {
                choices.push(first + at as u32);
            }
        }
        choices
    }

    /// The reading that carries out the instruction that begins at a token, over as many words as it has. Between quotes,
    /// words are text.
    fn instruction(&self, token: usize) -> Option<&Reading> {
        if self.known().is_quoted[token] { None } else { self.instruction_at(token) }
    }

    /// The same, between quotes as well.
    fn instruction_at(&self, token: usize) -> Option<&Reading> {
        let (_, readings) = self.arcs_from(token);
        let carried_out = readings.iter().filter(|reading| reading.is_instruction());
        // The first of equals: `max_by_key` would take the last.
        carried_out
            .rev()
            .max_by_key(|reading| (reading.entry.map(|entry| entry.words.len()), reading.tokens.len()))
    }

    /// Whether a reading carries out an instruction, or leaves it out as talk. A case that was said runs over all its
    /// words, or up to where talk may begin.
    fn obeys(&self, reading: &Reading, instruction: &Reading) -> bool {
        let same = reading.kind == Kind::WideCase || reading.kind == instruction.kind;
        let whole = reading.tokens.end == instruction.tokens.end;
        let runs = instruction.kind == Kind::Case && !whole;
        match reading.kind {
            Kind::Deletion => true,
            _ if !same
                || reading.entry.map(|entry| entry.writes) != instruction.entry.map(|entry| entry.writes) =>
            {
                false
            }
            // Words that were written as one count as one: `newId` for "new id" only.
            _ if whole && reading.kind == Kind::Case => reading.text == instruction.text,
            _ => !runs || reading.kind == Kind::WideCase || self.talk_may_begin(reading.tokens.end),
        }
    }

    /// A reading by its index.
    pub fn reading(&self, id: ReadingId) -> &Reading {
        &self.readings[id as usize]
    }

    /// Tokens in the line.
    pub fn len(&self) -> usize {
        self.line.tokens.len()
    }

    /// Whether the line has no token.
    pub fn is_empty(&self) -> bool {
        self.line.tokens.is_empty()
    }

    /// The reading of `kind` that starts at `token` and spans `length` tokens.
    pub fn find(&self, token: usize, length: usize, kind: Kind) -> Option<ReadingId> {
        let (from, readings) = self.arcs_from(token);
        let at =
            readings.iter().position(|reading| reading.kind == kind && reading.tokens.len() == length)?;
        Some(from + at as u32)
    }

    /// Whether `right` may follow `left` without a space between them.
    pub fn can_concatenate(&self, left: &Reading, right: &Reading) -> bool {
        // "end case" says that the name is over.
        let last = left.tokens.end - 1;
        if left.kind == Kind::Case
            && last > 0
            && (self.line.lower(last - 1), self.line.lower(last)) == ("end", "case")
        {
            return !right.text.starts_with(char::is_alphanumeric);
        }
        if left.kind != Kind::Number || right.kind != Kind::Number {
            return true;
        }
        // Digits that were written ("20") or said one at a time ("two zero") may stand together.
        let digitwise = left.text.len() == 1
            || self.line.tokens[left.tokens.start].shape == Shape::Digits
            || left.entry.is_some_and(|entry| entry.kind == vocabulary::Kind::Repeat);
        number::may_touch(&left.text, &right.text, digitwise)
    }
}
