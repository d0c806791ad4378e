//! Messages in fields, for shells without a JSON parser: a request to convert, and its reply.
//!
//! A message is a count, that many fields, and a newline; the count and every field end in a NUL byte. The fields of a
//! request are `name=value` in any order. Those of a reply are the protocol version, the number of the request, the
//! version of the daemon, and the [`record`] of the result.

use crate::error_reply::{Code, ErrorReply};
use crate::form::{Form, Start, start};
use crate::line;
use crate::message::{Op, Rejected, Request, Route};
use crate::reply::{Answer, Body, Outcome, Reply, printable};
use crate::version::VERSION;
use std::collections::HashMap;
use std::str::FromStr;

/// Whether a record holds the notes about the readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notes {
    /// It does: behind the new line the note about the dictation, and behind each alternative the one about it.
    With,
    /// It does not.
    Without,
}

/// Result of one conversion, for a shell. After `ok`:
///
/// 1. `ok`
/// 2. what to show below the line, on one line, often empty: the hint, or else the message
/// 3. the stage that answered
/// 4. how sure it is, in whole percent
/// 5. the cursor in the new line, in characters
/// 6. the new line
/// 7. and on: the alternatives, best first; with notes, first the one about the dictation, and then one behind each
///    alternative
///
/// If the line stays as it was, only an error code and a message.
pub fn record(outcome: Result<&Answer, &ErrorReply>, notes: Notes) -> Vec<String> {
    match outcome {
        Ok(answer) => {
            let head = [
                "ok".to_owned(),
                printable(answer.hint.as_ref().or(answer.message.as_ref()).map_or("", String::as_str)),
                answer.route.clone(),
                percent(answer.confidence).to_string(),
                answer.cursor.to_string(),
                answer.buffer.clone(),
            ];
            let mut record = Vec::from(head);
            if notes == Notes::Without {
                record.extend(answer.alternatives.iter().cloned());
                return record;
            }
            let note = |at: usize| answer.notes.get(at).cloned().unwrap_or_default();
            record.push(note(answer.alternatives.len()));
            for (at, alternative) in answer.alternatives.iter().enumerate() {
                record.extend([alternative.clone(), note(at)]);
            }
            record
        }
        Err(fault) => vec![fault.code.to_string(), printable(&fault.message)],
    }
}

/// A confidence in whole percent.
fn percent(confidence: f32) -> u32 {
    // Clamped first, so the cast neither truncates nor wraps; NaN becomes 0.
    (confidence.clamp(0.0, 1.0) * 100.0).round() as u32
}

/// A reply as a message in fields. Only a conversion can be asked for in fields, so there is no form for the results of
/// other requests.
pub(crate) fn encode_reply(reply: &Reply, notes: Notes) -> Vec<u8> {
    let other = ErrorReply::new(Code::Internal, "only a conversion can be answered in fields");
    let outcome = match &reply.outcome {
        Outcome::Result(Body::Converted(answer)) => Ok(&**answer),
        Outcome::Error(fault) => Err(fault),
        Outcome::Result(Body::Done {}) | Outcome::Status(_) => Err(&other),
    };
    let head = [reply.v.to_string(), reply.id.to_string(), reply.daemon.clone()];
    written(head.into_iter().chain(record(outcome, notes)).collect())
}

/// Fields as a message: their count before them and a newline after them.
fn written(fields: Vec<String>) -> Vec<u8> {
    let mut message = Vec::new();
    for field in std::iter::once(fields.len().to_string()).chain(fields) {
        message.extend_from_slice(field.as_bytes());
        message.push(0);
    }
    message.push(b'\n');
    message
}

/// Reads a request from a message without its newline. The version comes first: the rest of a message of another
/// version may mean anything.
pub(crate) fn decode(message: &[u8]) -> Result<Request, Rejected> {
    let rejected =
        |id, code, message: String| Rejected::new(id, Form::Fields, ErrorReply::new(code, message));
    let bad = |id, message: &str| {
        rejected(id, Code::BadRequest, format!("this request in fields cannot be read: {message}"))
    };
    let fields = split(message).ok_or_else(|| bad(0, "it does not have as many fields as it says"))?;
    let mut members = HashMap::new();
    for field in fields {
        let equals = field.iter().position(|&byte| byte == b'=');
        let (name, value) =
            field.split_at(equals.ok_or_else(|| bad(0, "a field is not of the form name=value"))?);
        if members.insert(name, &value[1..]).is_some() {
            return Err(bad(0, "a name is there twice"));
        }
    }
    let member = |name: &str| members.get(name.as_bytes()).copied();
    let id = number(member("id")).map_err(|NoNumber| bad(0, "`id` is no number"))?.unwrap_or(0);
    let wrong = |name: &str| bad(id, &format!("`{name}` is no number"));
    let v: Option<u32> = number(member("v")).map_err(|NoNumber| wrong("v"))?;
    let v = v.ok_or_else(|| bad(id, "`v` is missing"))?;
    if v != VERSION {
        let message = format!("protocol version {v} was asked for; this daemon speaks {VERSION}");
        return Err(rejected(id, Code::UnsupportedVersion, message));
    }
    let text = |name: &str, what: &str| match member(name).map(std::str::from_utf8).transpose() {
        Ok(text) => Ok(text.map(str::to_owned)),
        Err(error) => Err(Rejected::new(id, Form::Fields, line::not_utf8(what, error))),
    };
    let mut request = Request::new(id, Op::Convert);
    request.form = if member("notes") == Some(b"1") { Form::Noted } else { Form::Fields };
    request.session = text("session", "the session")?;
    request.text = text("text", "the line")?.unwrap_or_default();
    request.cursor = number(member("cursor")).map_err(|NoNumber| wrong("cursor"))?;
    request.deadline_ms = number(member("deadline_ms")).map_err(|NoNumber| wrong("deadline_ms"))?;
    if let Some(name) = member("route") {
        let route = Route::ALL.into_iter().find(|route| route.as_str().as_bytes() == name);
        request.route = route.ok_or_else(|| bad(id, "`route` is unknown"))?;
    }
    // The name of a folder may be any bytes. One that is not UTF-8 is no reason to refuse the line.
    request.context.cwd = text("cwd", "the folder").unwrap_or_default();
    request.context.prebuffer = text("prebuffer", "an earlier line")?.unwrap_or_default();
    // Names that are not UTF-8 cannot be said.
    request.context.names = text("names", "the names").ok().flatten().unwrap_or_default();
    request.context.digest = text("digest", "the digest").ok().flatten();
    Ok(request)
}

/// The fields of a message without its newline; `None` if they are not as many as it says.
fn split(message: &[u8]) -> Option<Vec<&[u8]>> {
    let Start::Fields { count, bytes } = start(message) else { return None };
    let fields = message[bytes..].strip_suffix(b"\0")?;
    let fields: Vec<_> = fields.split(|&byte| byte == 0).collect();
    (fields.len() == count).then_some(fields)
}

/// A value is not a number that fits.
struct NoNumber;

/// The number that a value writes in decimal digits.
fn number<T: FromStr>(value: Option<&[u8]>) -> Result<Option<T>, NoNumber> {
    let Some(value) = value else { return Ok(None) };
    let digits = value.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(value).ok().filter(|_| digits).and_then(|value| value.parse().ok());
    number.map(Some).ok_or(NoNumber)
}

#[cfg(test)]
mod tests;
