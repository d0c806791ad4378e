#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod alternatives;
mod candidates;
mod confidence;
mod draft;
mod engine;
pub mod explain;
mod gate;
mod lesson;
mod names;
mod pipeline;
mod placed;
mod preference;
mod quote;
mod region;
pub mod rescore;
mod resume;
mod slot;
mod stage;
mod tagged;

pub use draft::Draft;
pub use engine::{Engine, WeightsFileError};
pub use explain::{ExplainedReading, ExplainedUnit};
pub use lesson::Lesson;
pub use preference::{Preferences, stable_hash};
pub use sayso_language::{ModelHandle, Stop};
pub use sayso_place::Place;
pub use sayso_speech::destructive::Danger;
pub use sayso_speech::render::Span;
pub use sayso_speech::words::UserWords as Words;
pub use stage::{Route, Stage};
use std::ops::Range;

/// A line to be converted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dictation<'a> {
    /// The line as the dictation tool typed it.
    pub text: &'a str,
    /// Cursor in `text`, in characters; `None` means at the end.
    pub cursor: Option<usize>,
    /// The stages that may answer.
    pub route: Route,
    /// What stands before it: earlier lines of the same command, and the start of its own line. A quote that they left
    /// open is still open here.
    pub before: &'a str,
    /// What is known where the line is dictated; `None` if nothing is.
    pub place: Option<&'a Place>,
    /// What this person usually chooses between readings.
    pub preferences: Option<&'a Preferences>,
    /// What somebody chose by hand: the tagger chooses the rest around it, without the gate.
    pub chosen: &'a [ChosenReading],
}

/// A reading that somebody chose by hand for a part of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenReading {
    /// The part, in characters of the line: whole tokens.
    pub source: Range<usize>,
    /// What it writes there; empty if it is left out.
    pub text: String,
}

/// A language model that may be asked, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub struct Rescorer<'a> {
    /// The model.
    pub model: &'a ModelHandle,
    /// When the model must be done; until then the tagger's answer stands.
    pub stop: &'a Stop,
}

/// Why a line stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Nothing but white space.
    #[error("the line is empty: dictate a command first")]
    Empty,
    /// Longer than [`sayso_text::MAX_TEXT_BYTES`].
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
    /// Nothing that was heard there can be written so.
    #[error("nothing that was heard there can be written as \"{text}\", as the rest of the line stands")]
    NoSuchReading {
        /// What was to be written.
        text: String,
    },
    /// The tagger was asked for, and this build's weights cannot be used.
    #[error("the tagger route is not available in this build")]
    NoTagger,
    /// A language model was asked for, and none is loaded.
    #[error("no language model is loaded, and the model route needs one")]
    NoModel,
}

/// Most alternatives that a conversion carries. Hand-chosen, 2026-11-23.
pub const MAX_ALTERNATIVES: usize = 4;

/// A converted (or deliberately unchanged) line.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversion {
    /// The command.
    pub buffer: String,
    /// Cursor in `buffer`, in characters.
    pub cursor: usize,
    /// The stage that answered.
    pub stage: Stage,
    /// How sure the stage is, 0 to 1: calibrated where the tagger answered, else a rank of the rules' own making.
    pub confidence: f32,
    /// Other readings, best first, without `buffer` itself; at most [`MAX_ALTERNATIVES`].
    pub alternatives: Vec<String>,
    /// Unit by unit, in order of the dictation.
    pub spans: Vec<Span>,
    /// What was left out of the dictation: talk, and what was taken back. In characters of it, in order and apart.
    pub dropped: Vec<Range<usize>>,
    /// What of `buffer` nobody said: the dashes of a flag, quotes. In characters of it, in order and apart.
    pub added: Vec<Range<usize>>,
    /// Something to tell the person, such as why the line stayed as it was.
    pub message: Option<String>,
}
