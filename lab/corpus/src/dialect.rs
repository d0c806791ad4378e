//! The dialect in which a sample is dictated.

use std::fmt;

/// The dialect in which a sample is dictated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// The dialect of the public series.
    Nl2bash,
    /// As people speak, without talk around the command.
    Free,
    /// With talk around the command and inside it.
    Talk,
    /// As a speech engine writes it down.
    Noise,
    /// Talk without a command: all of it is to be dropped.
    Prose,
    /// Every separator is said. Rules find the path, so only the class of the line is learnt.
    Strict,
    /// As it is typed. Only the class of the line is learnt.
    Typed,
    /// Talk as people wrote it down.
    Written,
    /// Pieces of such talk around and inside other commands, and commands that sound like talk.
    Recombined,
    /// As good speech engines leave it, written down by people.
    Engine,
}

impl Dialect {
    /// Its name in configurations and reports.
    pub fn name(self) -> &'static str {
        match self {
            Dialect::Nl2bash => "nl2bash",
            Dialect::Free => "free",
            Dialect::Talk => "talk",
            Dialect::Noise => "noise",
            Dialect::Prose => "prose",
            Dialect::Strict => "strict",
            Dialect::Typed => "typed",
            Dialect::Written => "written",
            Dialect::Recombined => "recombined",
            Dialect::Engine => "engine",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
