//! Why a request got no result.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// What went wrong, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The request is not a JSON object of the documented shape.
    BadRequest,
    /// `v` is another protocol version.
    UnsupportedVersion,
    /// The frame or the text is longer than its limit.
    TooLong,
    /// A control, bidi or zero-width character, or bytes that are not UTF-8.
    BadCharacter,
    /// Nothing but white space.
    Empty,
    /// The stage that was asked for is not in this build.
    NoRoute,
    /// What was chosen by hand is no reading of what was heard there.
    NoReading,
    /// No answer within `deadline_ms`.
    Deadline,
    /// A newer request of the same session took its place.
    Superseded,
    /// Somebody who was to choose among readings chose none. Said by the picker, never by a daemon.
    Cancelled,
    /// The daemon is ending.
    ShuttingDown,
    /// No daemon, or none that can be trusted. Said by the client, never by a daemon.
    Unreachable,
    /// A defect; also every code that a newer daemon knows and this build does not.
    Internal,
}

impl Code {
    /// Every code, in the order of the documentation.
    pub const ALL: [Code; 13] = [
        Code::BadRequest,
        Code::UnsupportedVersion,
        Code::TooLong,
        Code::BadCharacter,
        Code::Empty,
        Code::NoRoute,
        Code::NoReading,
        Code::Deadline,
        Code::Superseded,
        Code::Cancelled,
        Code::ShuttingDown,
        Code::Unreachable,
        Code::Internal,
    ];

    /// The code as the wire writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::BadRequest => "bad_request",
            Code::UnsupportedVersion => "unsupported_version",
            Code::TooLong => "too_long",
            Code::BadCharacter => "bad_character",
            Code::Empty => "empty",
            Code::NoRoute => "no_route",
            Code::NoReading => "no_reading",
            Code::Deadline => "deadline",
            Code::Superseded => "superseded",
            Code::Cancelled => "cancelled",
            Code::ShuttingDown => "shutting_down",
            Code::Unreachable => "unreachable",
            Code::Internal => "internal",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Code, D::Error> {
        let name = String::deserialize(deserializer)?;
        Ok(Code::ALL.into_iter().find(|code| code.as_str() == name).unwrap_or(Code::Internal))
    }
}

/// An error as it crosses the wire: a code for programs, a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ErrorReply {
    /// What went wrong.
    pub code: Code,
    /// The same in a sentence. Never contains what was dictated.
    pub message: String,
}

impl ErrorReply {
    /// A fault from its parts.
    pub fn new(code: Code, message: impl Into<String>) -> ErrorReply {
        ErrorReply { code, message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_written_and_read_by_the_same_name() {
        for code in Code::ALL {
            let written = serde_json::to_string(&code).unwrap();
            assert_eq!(written, format!("\"{code}\""));
            assert_eq!(serde_json::from_str::<Code>(&written).unwrap(), code);
        }
    }

    #[test]
    fn a_code_of_a_newer_daemon_reads_as_internal() {
        assert_eq!(serde_json::from_str::<Code>("\"out_of_tea\"").unwrap(), Code::Internal);
    }
}
