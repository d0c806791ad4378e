//! From a dictated line to a command: clean, lex, gate, choose, render.
//!
//! [`convert`] is the whole pipeline. It is a pure function of its arguments: the daemon adds residency,
//! the client a terminal, the shells a key.

pub mod wire;

use std::ops::Range;

/// Which stage may answer. `Auto` lets the gate decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Route {
    /// Gate first, then the best stage that is available.
    #[default]
    Auto,
    /// The rules alone.
    Scanner,
    /// The tagger (not available in this build).
    Tagger,
    /// A language model (not available in this build).
    Model,
}

/// What is converted, and under which circumstances.
#[derive(Debug, Clone, Default)]
pub struct Dictation<'a> {
    /// The line as the dictation tool typed it.
    pub text: &'a str,
    /// Cursor in `text`, in characters; `None` means at the end.
    pub cursor: Option<usize>,
    /// Which stage may answer.
    pub route: Route,
}

/// Why a line stayed as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Nothing but white space.
    #[error("the line is empty: dictate a command first")]
    Empty,
    /// Longer than [`MAX_TEXT_BYTES`].
    #[error("the line has {bytes} bytes, more than the {limit} that sayso converts")]
    TooLong {
        /// Bytes in the line.
        bytes: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A control, bidi or zero-width character.
    #[error("the line holds U+{code:04X} ({name}) at character {at}, which no command should contain")]
    BadCharacter {
        /// Code point.
        code: u32,
        /// What such a character is called.
        name: &'static str,
        /// Position, in characters.
        at: usize,
    },
    /// Prose that is no command in any dialect.
    #[error("this does not look like a dictated command")]
    NotDictation,
    /// The stage that was asked for is not there.
    #[error("the {0} route is not available in this build")]
    NoRoute(&'static str),
}

/// Longest line that is converted, in bytes.
pub const MAX_TEXT_BYTES: usize = 128 * 1024;

/// One unit of the dictation and what it became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Where in the dictation, in characters.
    pub source: Range<usize>,
    /// Where in the result, in characters; empty where the unit was dropped.
    pub output: Range<usize>,
}

/// A converted (or deliberately unchanged) line.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversion {
    /// The command.
    pub buffer: String,
    /// Cursor in `buffer`, in characters.
    pub cursor: usize,
    /// The stage that answered: "gate", "strict", "scanner", later "tagger" or "model".
    pub route: &'static str,
    /// How sure the stage is, 0 to 1.
    pub confidence: f32,
    /// Other readings, best first, without `buffer` itself.
    pub alternatives: Vec<String>,
    /// Unit by unit, in order of the dictation.
    pub spans: Vec<Span>,
    /// Something to tell the person, such as why the line stayed as it was.
    pub message: Option<String>,
}

/// The words of one person: spoken form → what it writes (`kay eight s` → `k8s`). Built once per process.
#[derive(Debug, Clone, Default)]
pub struct Words {
    pairs: Vec<(String, String)>,
}

impl Words {
    /// `pairs`: spoken form, written form. The spoken form is matched without regard to case.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Words {
        Words { pairs: pairs.into_iter().collect() }
    }
}

/// Converts one line. Never panics, and runs in time linear in the length of the line.
pub fn convert(_words: &Words, dictation: &Dictation<'_>) -> Result<Conversion, Refusal> {
    if dictation.text.trim().is_empty() {
        return Err(Refusal::Empty);
    }
    Ok(Conversion {
        buffer: dictation.text.replace(" dash ", " -"),
        cursor: dictation.text.chars().count(),
        route: "scanner",
        confidence: 0.5,
        alternatives: vec![],
        spans: vec![],
        message: None,
    })
}
/// One reading of a unit, for `sayso explain`.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedReading {
    /// What it writes; empty where the unit is dropped.
    pub text: String,
    /// "symbol", "word", "number", "letter", "flag", "case", "separator", "filler", "correction", "typed" …
    pub kind: &'static str,
    /// Whether this reading was taken.
    pub taken: bool,
}

/// One unit of the dictation: what was heard, its readings, which was taken and why.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedUnit {
    /// What was heard.
    pub heard: String,
    /// Where in the dictation, in characters.
    pub source: Range<usize>,
    /// All readings that the lattice holds, the taken one marked.
    pub readings: Vec<ExplainedReading>,
    /// Why the taken one was taken: a short sentence.
    pub why: String,
}

/// Like [`convert`], and says unit by unit what was heard, which readings there were, which was taken and why.
pub fn explain(
    words: &Words,
    dictation: &Dictation<'_>,
) -> Result<(Conversion, Vec<ExplainedUnit>), Refusal> {
    Ok((convert(words, dictation)?, Vec::new()))
}
