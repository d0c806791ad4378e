//! What a shell asks.

use crate::error_reply::{Code, ErrorReply};
use crate::form::Form;
use crate::version::VERSION;
use sayso_text::MAX_TEXT_BYTES;
use serde::{Deserialize, Serialize};

/// Longest `session`, in bytes. Hand-chosen, 2026-11-23.
pub const MAX_SESSION_BYTES: usize = 128;
/// Longest `context.cwd`, in bytes: what common kernels allow for a path.
pub const MAX_CWD_BYTES: usize = 4096;
/// Longest list of names that a shell knows, in bytes. Hand-chosen, 2026-11-28.
pub const MAX_NAMES_BYTES: usize = 512 * 1024;

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Convert `text`.
    Convert,
    /// Convert `text` and say why, unit by unit.
    Explain,
    /// Learn from `correction`; without one, look again at what others have changed in what was learnt.
    Learn,
    /// How the daemon is.
    Status,
    /// Answer what is in flight, then end.
    Shutdown,
}

/// Which stage may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// The daemon decides.
    #[default]
    Auto,
    /// The rules alone.
    Scanner,
    /// The tagger.
    Tagger,
    /// A language model.
    Model,
}

impl Route {
    /// Every route, in the order of the documentation.
    pub const ALL: [Route; 4] = [Route::Auto, Route::Scanner, Route::Tagger, Route::Model];

    /// The route as the wire writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Route::Auto => "auto",
            Route::Scanner => "scanner",
            Route::Tagger => "tagger",
            Route::Model => "model",
        }
    }
}

/// Most readings that may be chosen by hand for one line.
pub const MAX_CHOSEN: usize = 256;

/// A reading that somebody chose by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// Where in `text`, half-open, in characters.
    pub source: [usize; 2],
    /// What is written for it; empty if it is left out.
    pub text: String,
}

/// Where the line is being edited.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Context {
    /// Working directory of the shell: names that are known there may be readings, and words of the project that it is in
    /// count. It never leaves the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Earlier lines of a multi-line command.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prebuffer: String,
    /// What the shell knows, a line each: `path FOLDERS`, `alias NAME`, `function NAME`, `variable NAME`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub names: String,
    /// Stands for `names`: a later request of the session need only carry this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// What became of an answer. The dictation is the `text` of the request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Correction {
    /// The line that the dictation was answered with.
    pub answer: String,
    /// The line that the person ran.
    pub ran: String,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Protocol version.
    pub v: u32,
    /// Chosen by the asker, repeated by the answer.
    pub id: u64,
    /// What is wanted.
    pub op: Op,
    /// One line editor; a newer request of a session cancels the older. None: never superseded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// What is converted, at most [`MAX_TEXT_BYTES`].
    #[serde(default)]
    pub text: String,
    /// Cursor in `text`, in characters; none: at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<usize>,
    /// Answer within so many milliseconds; none: the daemon's setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// Which stage may answer.
    #[serde(default)]
    pub route: Route,
    /// Readings that somebody chose by hand: the rest of the line is chosen around them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chosen: Vec<Chosen>,
    /// `explain` only: the line that the session had converted last, in place of `text`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub last: bool,
    /// Where the line is being edited.
    #[serde(default)]
    pub context: Context,
    /// `learn` only: what became of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<Correction>,
    /// The form that the request came in, which is that of its reply.
    #[serde(skip)]
    pub form: Form,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Whom a reply goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyTo {
    /// The number that the asker chose; 0 if it could not be read.
    pub id: u64,
    /// The form of the request.
    pub form: Form,
}

/// A request that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Whom to answer.
    pub to: ReplyTo,
    /// What is wrong with it.
    pub fault: ErrorReply,
}

impl Rejected {
    pub(crate) fn new(id: u64, form: Form, fault: ErrorReply) -> Rejected {
        Rejected { to: ReplyTo { id, form }, fault }
    }
}

impl Request {
    /// A request of this protocol version with everything else at its default.
    pub fn new(id: u64, op: Op) -> Request {
        Request {
            v: VERSION,
            id,
            op,
            session: None,
            text: String::new(),
            cursor: None,
            deadline_ms: None,
            route: Route::Auto,
            chosen: Vec::new(),
            last: false,
            context: Context::default(),
            correction: None,
            form: Form::Json,
        }
    }

    /// Whom the reply goes to.
    pub fn reply_to(&self) -> ReplyTo {
        ReplyTo { id: self.id, form: self.form }
    }

    /// Holds every member to its limit, so that what a daemon keeps in memory is bounded.
    ///
    /// # Errors
    /// [`Code::TooLong`] for the first member beyond its limit.
    pub fn check(&self) -> Result<(), ErrorReply> {
        let limits = [
            ("text", self.text.len(), MAX_TEXT_BYTES),
            ("context.prebuffer", self.context.prebuffer.len(), MAX_TEXT_BYTES),
            ("correction.answer", self.correction.as_ref().map_or(0, |it| it.answer.len()), MAX_TEXT_BYTES),
            ("correction.ran", self.correction.as_ref().map_or(0, |it| it.ran.len()), MAX_TEXT_BYTES),
            ("session", self.session.as_ref().map_or(0, String::len), MAX_SESSION_BYTES),
            ("context.cwd", self.context.cwd.as_ref().map_or(0, String::len), MAX_CWD_BYTES),
            ("context.names", self.context.names.len(), MAX_NAMES_BYTES),
            ("context.digest", self.context.digest.as_ref().map_or(0, String::len), MAX_SESSION_BYTES),
        ];
        for (member, bytes, limit) in limits {
            if bytes > limit {
                let message = format!("`{member}` has {bytes} bytes, more than the {limit} that are allowed");
                return Err(ErrorReply::new(Code::TooLong, message));
            }
        }
        if self.chosen.len() > MAX_CHOSEN {
            let message = format!(
                "`chosen` has {} readings, more than the {MAX_CHOSEN} that are allowed",
                self.chosen.len()
            );
            return Err(ErrorReply::new(Code::TooLong, message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_request_is_written_to_the_letter() {
        let request = Request {
            session: Some("zsh-4711".into()),
            text: "git status dash s".into(),
            cursor: Some(17),
            deadline_ms: Some(1000),
            context: Context { cwd: Some("/home/ada".into()), ..Context::default() },
            ..Request::new(7, Op::Convert)
        };
        assert_eq!(
            serde_json::to_string(&request).unwrap(),
            r#"{"v":1,"id":7,"op":"convert","session":"zsh-4711","text":"git status dash s","cursor":17,"deadline_ms":1000,"route":"auto","context":{"cwd":"/home/ada"}}"#
        );
    }

    #[test]
    fn routes_are_written_by_their_name() {
        for route in Route::ALL {
            assert_eq!(serde_json::to_string(&route).unwrap(), format!("\"{}\"", route.as_str()));
        }
    }

    #[test]
    fn every_member_is_held_to_its_limit() {
        let long = |bytes: usize| "x".repeat(bytes + 1);
        let base = Request::new(1, Op::Convert);
        let context = |context| Request { context, ..base.clone() };
        let cases = [
            ("text", Request { text: long(MAX_TEXT_BYTES), ..base.clone() }),
            ("session", Request { session: Some(long(MAX_SESSION_BYTES)), ..base.clone() }),
            ("context.cwd", context(Context { cwd: Some(long(MAX_CWD_BYTES)), ..Context::default() })),
            ("context.names", context(Context { names: long(MAX_NAMES_BYTES), ..Context::default() })),
            (
                "context.digest",
                context(Context { digest: Some(long(MAX_SESSION_BYTES)), ..Context::default() }),
            ),
            ("context.prebuffer", context(Context { prebuffer: long(MAX_TEXT_BYTES), ..Context::default() })),
            (
                "chosen",
                Request {
                    chosen: vec![Chosen { source: [0, 1], text: String::new() }; MAX_CHOSEN + 1],
                    ..base.clone()
                },
            ),
        ];
        assert_eq!(base.check(), Ok(()));
        for (member, request) in cases {
            let fault = request.check().unwrap_err();
            assert_eq!(fault.code, Code::TooLong, "{member}");
            assert!(fault.message.contains(&format!("`{member}`")), "{}", fault.message);
        }
    }
}
