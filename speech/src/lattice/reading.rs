//! Readings: the arcs of the lattice.

use crate::codes;
use crate::vocabulary::Entry;
use std::borrow::Cow;
use std::ops::Range;

/// What a reading takes its tokens for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A word, written as it is.
    Word,
    /// A single letter.
    Letter,
    /// A symbol.
    Symbol,
    /// A number.
    Number,
    /// What was already written: copied.
    Typed,
    /// White space that was said.
    Whitespace,
    /// "no space": nothing, and no space on either side.
    NoSpace,
    /// A letter, word or words in a case that was said.
    Case,
    /// The same over more words than the directive strictly covers.
    WideCase,
    /// A word of the vocabulary taken as a word.
    Literal,
    /// A command's name, or a file's ending, in place of what the speech engine heard.
    Alias,
    /// Something that sounds like what the speech engine wrote. Only wide lattices have it.
    SoundAlike,
    /// Nothing: talk, or what was taken back.
    Deletion,
    /// What was said with a sign that nobody said: the dashes of a flag, the quotes round a message. Only wide lattices
    /// have it.
    Added,
}

codes!(Kind {
    Word = 0,
    Letter = 1,
    Symbol = 2,
    Number = 3,
    Typed = 4,
    Whitespace = 5,
    NoSpace = 6,
    Case = 7,
    WideCase = 8,
    Literal = 9,
    Alias = 10,
    SoundAlike = 11,
    Deletion = 12,
    Added = 13,
});

impl Kind {
    /// The name that `explain` shows.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Word => "word",
            Kind::Letter => "letter",
            Kind::Symbol => "symbol",
            Kind::Number => "number",
            Kind::Typed => "typed",
            Kind::Whitespace => "separator",
            Kind::NoSpace => "join",
            Kind::Case => "case",
            Kind::WideCase => "wide case",
            Kind::Literal => "literal",
            Kind::Alias => "heard",
            Kind::SoundAlike => "sounds like",
            Kind::Deletion => "dropped",
            Kind::Added => "added",
        }
    }

    /// Whether it writes anything that can have a space before it.
    pub fn writes(self) -> bool {
        !matches!(self, Kind::Whitespace | Kind::NoSpace | Kind::Deletion)
    }
}

/// What the table of commands says of a word where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fit {
    /// Nothing.
    Unknown,
    /// It is a command, and none has been named yet.
    Command,
    /// It is a sub-command of the command, or part of the name of one.
    Subcommand,
    /// It is a flag of the command, or part of the name of one.
    Flag,
}

codes!(Fit {
    Unknown = 0,
    Command = 1,
    Subcommand = 2,
    Flag = 3,
});

/// One reading: an arc of the lattice, with its input span and its output label.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The tokens that it spans.
    pub tokens: Range<usize>,
    /// What it takes the tokens for.
    pub kind: Kind,
    /// What it writes.
    pub text: Cow<'static, str>,
    /// The vocabulary entry behind it.
    pub entry: Option<&'static Entry>,
    /// Phonetic distance of what it writes from what was heard: 0 for the same sounds, 64 for wholly different ones.
    pub cost: u8,
    /// How often what it writes occurs in commands: 0 for unknown, else 2^(n-1) times in the corpora that were counted. 0
    /// in plain lattices.
    pub prior: u8,
    /// What it is to the command that it stands in. [`Fit::Unknown`] in plain lattices.
    pub fit: Fit,
}

impl Reading {
    /// A reading of exactly what was heard, as plain lattices have them.
    pub fn new(
        tokens: Range<usize>,
        kind: Kind,
        text: Cow<'static, str>,
        entry: Option<&'static Entry>,
    ) -> Reading {
        Reading { tokens, kind, text, entry, cost: 0, prior: 0, fit: Fit::Unknown }
    }

    /// Whether it writes a sign that can stand for all files, a folder or the root because that sounds like what was said.
    pub(super) fn widens(&self) -> bool {
        self.kind == Kind::SoundAlike
            && !self.text.is_empty()
            && self.text.chars().all(|c| "*~/.?".contains(c))
    }

    /// Whether it writes a symbol.
    pub fn is_symbol(&self) -> bool {
        self.kind == Kind::Symbol
    }

    /// Whether it carries out an instruction that was said: "literal", "the word", "space", "no space", a case. "Big" and
    /// the like are everyday words, and instructions only before a letter.
    pub(super) fn is_instruction(&self) -> bool {
        let Some(entry) = self.entry else { return false };
        match self.kind {
            Kind::Literal => true,
            Kind::Whitespace | Kind::NoSpace => !entry.everyday,
            Kind::Case => {
                let everyday = matches!(entry.words.as_slice(), ["big" | "small" | "cap" | "capital"]);
                !everyday || self.text.chars().count() == 1
            }
            _ => false,
        }
    }

    /// Whether it comes from the words in the user's settings.
    pub fn is_user_word(&self) -> bool {
        self.kind == Kind::Literal && self.entry.is_none()
    }

    /// Whether it comes from words that were learnt and that the user has not confirmed: a reading beside the others.
    pub fn is_offered_word(&self) -> bool {
        self.kind == Kind::Alias && self.entry.is_none()
    }

    /// Whether a path through `other` writes the same as one through this.
    pub(super) fn is_same_arc(&self, other: &Reading) -> bool {
        let same_effect = match self.kind {
            Kind::Deletion | Kind::NoSpace | Kind::Whitespace => self.kind == other.kind,
            _ => other.kind.writes(),
        };
        self.tokens == other.tokens && self.text == other.text && same_effect
    }
}
