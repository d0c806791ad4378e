//! Colour for people at a terminal, and for nobody else.

use std::io::{self, IsTerminal};

/// How something is meant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tone {
    /// What matters most.
    Strong,
    /// What may be passed over.
    Faint,
    /// As it should be.
    Good,
    /// Worth a look.
    Doubtful,
    /// Broken.
    Bad,
}

/// Paints text, or leaves it as it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    colour: bool,
}

impl Paint {
    /// For standard output: colour on a terminal that can show it, unless NO_COLOR is set.
    pub(crate) fn stdout() -> Paint {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
        Paint { colour: io::stdout().is_terminal() && !set("NO_COLOR") && !dumb }
    }

    /// `text` in the given tone.
    pub(crate) fn text(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Strong => 1,
            Tone::Faint => 2,
            Tone::Good => 32,
            Tone::Doubtful => 33,
            Tone::Bad => 31,
        };
        if self.colour && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
