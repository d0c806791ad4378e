//! A name of the place in a line: which words it took, and what is told about it.

use sayso_place::Source;
use std::ops::Range;

/// A name of the place that a line was read with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    /// The tokens that it takes.
    pub(crate) tokens: Range<usize>,
    /// As it is written.
    pub(crate) written: String,
    /// Where it comes from.
    pub(crate) source: Source,
    /// How often it was seen.
    pub(crate) count: u16,
    /// Whether its ending was not said.
    pub(crate) is_completed: bool,
    /// Whether it only sounds like what was said.
    pub(crate) is_alike: bool,
    /// Whether a space goes before it although the first reading put none.
    pub(crate) is_apart: bool,
}

impl Placed {
    /// Where it comes from and how it was found, for `explain`.
    pub(crate) fn why(&self) -> String {
        let source = match self.source {
            Source::History if self.count == 1 => "history, once".to_owned(),
            Source::History => format!("history, {} times", self.count),
            source => source.name().to_owned(),
        };
        match (self.is_completed, self.is_alike) {
            (true, _) => format!("{source}; its ending was not said, and no other fits"),
            (_, true) => format!("{source}; what was heard sounds like it"),
            _ => source,
        }
    }

    /// What to tell the person of it: that something was not said as it is written.
    pub(crate) fn message(&self) -> Option<String> {
        let Placed { written, source, .. } = self;
        match (self.is_completed, self.is_alike) {
            (true, _) => Some(format!("completed to {written} ({})", source.name())),
            (_, true) => Some(format!("read as {written} ({})", source.name())),
            _ => None,
        }
    }

    /// A program that was said by its name.
    pub(crate) fn program(tokens: Range<usize>, name: &str) -> Placed {
        Placed {
            tokens,
            written: name.to_owned(),
            source: Source::Program,
            count: 1,
            is_completed: false,
            is_alike: false,
            is_apart: true,
        }
    }
}
