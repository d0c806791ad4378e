//! What the daemon answers.

use crate::error_reply::{Code, ErrorReply};
use crate::version::VERSION;
use sayso_text::{Forbidden, MAX_TEXT_BYTES, is_forbidden};
use serde::{Deserialize, Serialize};

/// Most spans, and most explained units, that a reply carries. A line with more is too long for anybody to follow it
/// word by word, and its reply carries none. Hand-chosen, 2026-11-23.
pub const MAX_SPANS: usize = 4096;

/// One answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Protocol version.
    pub v: u32,
    /// The asker's number; 0 where it could not be read.
    pub id: u64,
    /// Version of the daemon.
    pub daemon: String,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl Reply {
    /// A reply of this protocol version.
    pub fn new(id: u64, daemon: &str, outcome: Outcome) -> Reply {
        Reply { v: VERSION, id, daemon: daemon.to_owned(), outcome }
    }
}

/// Exactly one of `result`, `error`, `status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// `convert`, `explain`, and `shutdown` (an empty object).
    Result(Body),
    /// Why there is no result.
    Error(ErrorReply),
    /// `status`.
    Status(Box<Status>),
}

/// What stands in `result`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Body {
    /// A converted (or deliberately unchanged) line.
    Converted(Box<Answer>),
    /// Done, and there is nothing to say about it.
    Done {},
}

/// A converted (or deliberately unchanged) line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The command.
    pub buffer: String,
    /// Cursor in `buffer`, in characters.
    pub cursor: usize,
    /// The stage that answered.
    pub route: String,
    /// How sure the stage is, 0 to 1.
    pub confidence: f32,
    /// Other readings, best first, without `buffer` itself.
    pub alternatives: Vec<String>,
    /// Unit by unit, in order of the dictation.
    pub spans: Vec<Span>,
    /// What was left out of the dictation, as half-open ranges of its characters. Left away if nothing was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<[usize; 2]>,
    /// What of `buffer` nobody said, as half-open ranges of its characters. Left away if all was said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<[usize; 2]>,
    /// Time that the conversion took, in microseconds, without the wire.
    pub micros: u64,
    /// Something to tell the person.
    pub message: Option<String>,
    /// What to show below the line in place of `message`, which is part of it: how sure the answer is, how many readings
    /// there are, and what is different in the next one. Left away if the settings want none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What to show below the line while an alternative is on it: one note for each alternative, and last of all one for
    /// the dictation. Left away if there is nothing to show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// `explain` with `last` only: the line that was explained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dictation: Option<String>,
    /// `explain` only: unit by unit, with reasons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Vec<Unit>>,
}

/// One unit of the dictation and what it became; half-open ranges in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Where in the dictation.
    pub source: [usize; 2],
    /// Where in the result; empty where the unit was dropped.
    pub output: [usize; 2],
}

/// One unit of the dictation: what was heard, its readings, which was taken and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// What was heard.
    pub heard: String,
    /// Where in the dictation, half-open, in characters.
    pub source: [usize; 2],
    /// All readings: the taken one, which is marked, then those that came nearest to it.
    pub readings: Vec<Reading>,
    /// Why the taken one was taken.
    pub why: String,
}

/// One reading of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// What it writes; empty where the unit is dropped.
    pub text: String,
    /// `symbol`, `word`, `number` and so on.
    pub kind: String,
    /// What of the dictation it spans, half-open, in characters: not always as much as the one that was taken. An older
    /// daemon does not say.
    #[serde(default)]
    pub source: [usize; 2],
    /// Whether this reading was taken.
    pub taken: bool,
}

/// How the daemon is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Status {
    /// Version of the daemon.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// Seconds since it started.
    pub uptime_s: u64,
    /// Requests answered since then, of every kind.
    pub requests: u64,
    /// Requests among them that were answered with an error.
    pub errors: u64,
    /// Open connections, this one counted.
    pub connections: usize,
    /// Line editors that are remembered.
    pub sessions: usize,
    /// Resident memory in bytes (on macOS its peak, which is all that can be asked without `unsafe`).
    pub resident_bytes: u64,
    /// Where it listens.
    pub socket: String,
    /// `daemon` where it bound the socket itself, `service` where a service manager handed it over.
    pub owner: String,
    /// What is wrong with the settings file, if anything; the last good settings are in force then.
    pub settings_error: Option<String>,
    /// The tagger; an older daemon does not say.
    #[serde(default)]
    pub tagger: TaggerStatus,
    /// The language model; a daemon that knows of none does not tell.
    #[serde(default)]
    pub model: ModelStatus,
    /// Why nothing is learnt from corrected lines, though it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_error: Option<String>,
    /// Time of the last conversions, per stage that answered.
    pub routes: Vec<RouteLatency>,
    /// The places whose names are known; an older daemon does not say.
    #[serde(default)]
    pub places: Vec<PlaceStatus>,
}

/// What is known of a place. No name of it is told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PlaceStatus {
    /// The folder; `~` stands for hosts and history, which are known everywhere.
    pub path: String,
    /// Names that are known.
    pub names: usize,
    /// Memory that they take, in bytes.
    pub bytes: usize,
    /// Seconds since they were read.
    pub age_s: u64,
    /// Microseconds that reading took.
    pub micros: u64,
    /// Whether some were left out, because there are too many or reading took too long.
    pub is_partial: bool,
}

/// Where the tagger's weights come from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TaggerStatus {
    /// The weights file that the settings name; `None`: the built-in weights.
    pub weights: Option<String>,
    /// Why that file is not used; the built-in weights are used then.
    pub error: Option<String>,
}

/// How the language model is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ModelStatus {
    /// Its name.
    pub name: Option<String>,
    /// Whether it is loaded.
    pub state: ModelState,
    /// Why it is not.
    pub why: Option<String>,
    /// Memory of its weights, in bytes; 0 where it is not loaded.
    pub weights_bytes: u64,
    /// Memory of what it has read and what it computes in, in bytes, once all of it has been used.
    pub cache_bytes: u64,
    /// Milliseconds that loading took.
    pub load_ms: u64,
}

/// Whether the language model is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelState {
    /// None is chosen.
    #[default]
    None,
    /// The settings want none.
    Off,
    /// It is loaded when it is needed.
    Unloaded,
    /// It is being loaded.
    Loading,
    /// It is loaded.
    Resident,
    /// It cannot be used.
    Failed,
}

/// How long the last conversions of one stage took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteLatency {
    /// The stage.
    pub route: String,
    /// Conversions since the daemon started.
    pub count: u64,
    /// Median of the last conversions, in microseconds.
    pub p50_micros: u64,
    /// 99th percentile of the last conversions, in microseconds.
    pub p99_micros: u64,
}

impl Answer {
    /// An answer for tests, with other readings, one of them of two lines.
    #[cfg(test)]
    pub(crate) fn example() -> Answer {
        Answer {
            buffer: "git status -s".into(),
            cursor: 13,
            route: "scanner".into(),
            confidence: 0.895,
            alternatives: vec!["git status -S".into(), "two\nlines".into()],
            spans: vec![],
            dropped: vec![],
            added: vec![],
            micros: 12,
            message: None,
            hint: None,
            notes: vec![],
            dictation: None,
            units: None,
        }
    }

    /// Checks what must hold before a line is replaced; the daemon does, and the client does again. The line has no
    /// forbidden character and no newline at its end that `input` did not have, it is no longer than a line that could be
    /// converted, and the cursor is inside it. An alternative that breaks the rule is dropped.
    ///
    /// # Errors
    /// [`Code::BadCharacter`] or [`Code::TooLong`] if the new line breaks the rule; the line then stays as it was.
    pub fn verified(mut self, input: &str) -> Result<Answer, ErrorReply> {
        let ends = |line: &str| line.len() - line.trim_end_matches('\n').len();
        let allowed = ends(input);
        let broken = |line: &str| -> Option<String> {
            if let Some(character) = Forbidden::first_in(line) {
                return Some(character.to_string());
            }
            (ends(line) > allowed).then(|| "the result would end in a newline that was not there".to_owned())
        };
        if self.buffer.len() > MAX_TEXT_BYTES {
            let why = format!("the result is longer than the {MAX_TEXT_BYTES} bytes that a line may have");
            return Err(ErrorReply::new(Code::TooLong, why));
        }
        if let Some(why) = broken(&self.buffer) {
            return Err(ErrorReply::new(Code::BadCharacter, format!("the result was refused: {why}")));
        }
        let kept = |line: &str| line.len() <= MAX_TEXT_BYTES && broken(line).is_none();
        self.notes.resize(if self.notes.is_empty() { 0 } else { self.alternatives.len() + 1 }, String::new());
        let mut is_kept = self.alternatives.iter().map(|line| kept(line)).collect::<Vec<_>>().into_iter();
        self.notes.retain(|_| is_kept.next().unwrap_or(true));
        self.alternatives.retain(|line| kept(line));
        self.notes = self.notes.iter().map(|note| printable(note)).collect();
        self.cursor = self.cursor.min(self.buffer.chars().count());
        self.confidence = if self.confidence.is_finite() { self.confidence.clamp(0.0, 1.0) } else { 0.0 };
        self.route = printable(&self.route);
        self.message = self.message.as_deref().map(printable);
        self.hint = self.hint.as_deref().map(printable);
        Ok(self)
    }
}

/// `text` on one line and safe to show in a terminal: every character that is forbidden in a command becomes U+FFFD.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => ' ',
            c if is_forbidden(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(buffer: &str) -> Answer {
        Answer {
            buffer: buffer.into(),
            cursor: buffer.chars().count(),
            route: "scanner".into(),
            confidence: 0.9,
            alternatives: vec![],
            spans: vec![Span { source: [0, 3], output: [0, 3] }],
            dropped: vec![],
            added: vec![],
            micros: 12,
            message: None,
            hint: None,
            notes: vec![],
            dictation: None,
            units: None,
        }
    }

    #[test]
    fn a_line_that_could_not_be_converted_again_is_refused() {
        let longest = "x".repeat(MAX_TEXT_BYTES);
        assert!(answer(&longest).verified("x").is_ok());
        let longer = longest + "x";
        assert_eq!(answer(&longer).verified("x").unwrap_err().code, Code::TooLong);
        let beside = Answer { alternatives: vec![longer, "ls".into()], ..answer("l s") };
        assert_eq!(beside.verified("x").unwrap().alternatives, ["ls"]);
    }

    #[test]
    fn the_documented_replies_are_written_to_the_letter() {
        let result = Outcome::Result(Body::Converted(Box::new(answer("git status -s"))));
        let error =
            Outcome::Error(ErrorReply::new(Code::NoRoute, "the tagger route is not available in this build"));
        let cases = [
            (
                result,
                r#"{"v":1,"id":7,"daemon":"0.1.0","result":{"buffer":"git status -s","cursor":13,"route":"scanner","confidence":0.9,"alternatives":[],"spans":[{"source":[0,3],"output":[0,3]}],"micros":12,"message":null}}"#,
            ),
            (
                error,
                r#"{"v":1,"id":7,"daemon":"0.1.0","error":{"code":"no_route","message":"the tagger route is not available in this build"}}"#,
            ),
            (Outcome::Result(Body::Done {}), r#"{"v":1,"id":7,"daemon":"0.1.0","result":{}}"#),
        ];
        for (outcome, written) in cases {
            let reply = Reply::new(7, "0.1.0", outcome);
            assert_eq!(serde_json::to_string(&reply).unwrap(), written);
            assert_eq!(serde_json::from_str::<Reply>(written).unwrap(), reply);
        }
    }

    #[test]
    fn only_quote_backslash_and_control_characters_are_escaped() {
        let written = serde_json::to_string(&answer("/\u{e9} \"\\\u{1f600}<>&\t\n\u{7f}").buffer).unwrap();
        assert_eq!(written, "\"/\u{e9} \\\"\\\\\u{1f600}<>&\\t\\n\u{7f}\"");
    }

    #[test]
    fn a_line_is_replaced_only_by_what_it_may_hold() {
        let accepted = [("ls", "ls -l"), ("a", "a\nb"), ("a", "a\tb"), ("a\n", "b\n"), ("x", "")];
        for (input, buffer) in accepted {
            assert_eq!(answer(buffer).verified(input).unwrap().buffer, buffer);
        }
        let refused =
            [("ls", "ls\n"), ("a\n", "b\n\n"), ("a", "\u{1b}[2J"), ("a", "rm\u{202e}x"), ("a", "\0")];
        for (input, buffer) in refused {
            assert_eq!(answer(buffer).verified(input).unwrap_err().code, Code::BadCharacter, "{buffer:?}");
        }
    }

    #[test]
    fn what_surrounds_the_buffer_is_mended() {
        let mut broken = answer("ls");
        broken.cursor = 99;
        broken.confidence = f32::NAN;
        broken.alternatives = vec!["ok".into(), "bad\u{200b}".into(), "newline\n".into()];
        broken.notes = vec!["2 of 4".into(), "3 of 4".into(), "4 of 4\n".into(), "as dictated".into()];
        broken.message = Some("kept\n\u{1b}[31m".into());
        broken.hint = Some("1 of 2\u{7}".into());
        let mended = broken.verified("ls").unwrap();
        assert_eq!((mended.cursor, mended.confidence), (2, 0.0));
        assert_eq!(mended.alternatives, ["ok"]);
        assert_eq!(mended.notes, ["2 of 4", "as dictated"]);
        assert_eq!(mended.message.as_deref(), Some("kept \u{fffd}[31m"));
        assert_eq!(mended.hint.as_deref(), Some("1 of 2\u{fffd}"));
    }
}
