//! Messages as bytes.

use crate::error_reply::{Code, ErrorReply};
use crate::fields::{self, Notes};
use crate::form::Form;
use crate::message::{Op, Rejected, Request};
use crate::reply::{Body, Outcome, Reply};
use crate::version::VERSION;
use serde::{Deserialize, Serialize};

/// Longest message in bytes, its newline not counted, in both directions. Hand-chosen, 2026-11-23.
pub const MAX_FRAME_BYTES: usize = 1 << 20;

/// Why a reply cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The daemon speaks this other version of the protocol.
    #[error("the daemon speaks protocol version {0}; this client speaks {VERSION}")]
    OtherVersion(u32),
    /// It is no reply at all, for this reason.
    #[error("the daemon's answer cannot be read: {0}")]
    Malformed(String),
}

/// What every version of the protocol has in common.
#[derive(Deserialize)]
struct Envelope {
    v: u32,
    #[serde(default)]
    id: u64,
    #[serde(default)]
    op: serde_json::Value,
}

/// Reads one request from a message without its newline, in either form. Never panics, whatever the bytes are.
///
/// # Errors
/// [`Code::TooLong`], [`Code::BadRequest`], [`Code::UnsupportedVersion`]; [`Code::BadCharacter`] for text in fields that
/// is not UTF-8.
pub fn decode(message: &[u8]) -> Result<Request, Rejected> {
    let form = Form::of(message);
    if message.len() > MAX_FRAME_BYTES {
        return Err(Rejected::new(0, form, frame_too_long()));
    }
    let request = match form {
        Form::Json => decode_json(message)?,
        Form::Fields | Form::Noted => fields::decode(message)?,
    };
    request.check().map_err(|fault| Rejected { to: request.reply_to(), fault })?;
    Ok(request)
}

/// Reads a request in JSON.
///
/// The version comes first: the rest of a message of another version may mean anything. Only `shutdown` is the same in
/// all of them, so that a client of any version can replace a daemon of any other.
fn decode_json(frame: &[u8]) -> Result<Request, Rejected> {
    let rejected = |id, code, message: String| Rejected::new(id, Form::Json, ErrorReply::new(code, message));
    // serde would take an array for the object.
    if !frame.trim_ascii_start().starts_with(b"{") {
        let message = "this is not a request: a JSON object was expected".to_owned();
        return Err(rejected(0, Code::BadRequest, message));
    }
    let envelope: Envelope = serde_json::from_slice(frame).map_err(|error| {
        rejected(0, Code::BadRequest, format!("this is not a request: {}", wrong(&error)))
    })?;
    if envelope.v != VERSION && envelope.op == "shutdown" {
        return Ok(Request::new(envelope.id, Op::Shutdown));
    }
    if envelope.v != VERSION {
        let message = format!("protocol version {} was asked for; this daemon speaks {VERSION}", envelope.v);
        return Err(rejected(envelope.id, Code::UnsupportedVersion, message));
    }
    serde_json::from_slice(frame).map_err(|error| {
        rejected(envelope.id, Code::BadRequest, format!("this request cannot be read: {}", wrong(&error)))
    })
}

/// Reads one reply in JSON from a frame without its newline.
///
/// # Errors
/// [`DecodeError::OtherVersion`] if the daemon speaks another version, [`DecodeError::Malformed`] if the frame is no
/// reply at all.
pub fn decode_reply(frame: &[u8]) -> Result<Reply, DecodeError> {
    let malformed = |error: serde_json::Error| DecodeError::Malformed(wrong(&error));
    let envelope: Envelope = serde_json::from_slice(frame).map_err(malformed)?;
    if envelope.v != VERSION {
        return Err(DecodeError::OtherVersion(envelope.v));
    }
    serde_json::from_slice(frame).map_err(malformed)
}

/// What is wrong with a frame, and at which byte. The parser's own message quotes what was sent, which a fault must never
/// do.
fn wrong(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let what = match error.classify() {
        Category::Data => "a member is missing, there twice, or of another kind than it should be",
        Category::Eof => "it ends too early",
        Category::Syntax | Category::Io => "it is not valid JSON",
    };
    format!("{what} (byte {})", error.column())
}

/// The fault of a message beyond [`MAX_FRAME_BYTES`].
pub fn frame_too_long() -> ErrorReply {
    ErrorReply::new(
        Code::TooLong,
        format!("the message is longer than the {MAX_FRAME_BYTES} bytes of a frame"),
    )
}

/// A request in JSON as a frame with its newline.
///
/// # Errors
/// [`Code::TooLong`] if a member is beyond its limit, or the whole does not fit into a frame.
pub fn encode(request: &Request) -> Result<Vec<u8>, ErrorReply> {
    request.check()?;
    let frame = written(request)?;
    if frame.len() > MAX_FRAME_BYTES + 1 { Err(frame_too_long()) } else { Ok(frame) }
}

/// A reply as a message with its newline. Parts that do not fit are left out, the least needed first: explained units,
/// spans, alternatives; a buffer that does not fit becomes [`Code::TooLong`].
pub fn encode_reply(mut reply: Reply, form: Form) -> Vec<u8> {
    for step in 0.. {
        let message = match form {
            Form::Json => written(&reply),
            Form::Fields => Ok(fields::encode_reply(&reply, Notes::Without)),
            Form::Noted => Ok(fields::encode_reply(&reply, Notes::With)),
        };
        match message {
            Ok(message) if message.len() <= MAX_FRAME_BYTES + 1 => return message,
            Ok(_) => shorten(&mut reply, step),
            Err(fault) => reply.outcome = Outcome::Error(fault),
        }
    }
    unreachable!("an error always fits into a frame")
}

fn shorten(reply: &mut Reply, step: usize) {
    match (&mut reply.outcome, step) {
        (Outcome::Result(Body::Converted(answer)), 0) => answer.units = None,
        (Outcome::Result(Body::Converted(answer)), 1) => {
            (answer.spans, answer.dropped, answer.added) = (Vec::new(), Vec::new(), Vec::new());
        }
        (Outcome::Result(Body::Converted(answer)), 2) => {
            (answer.alternatives, answer.notes) = (Vec::new(), Vec::new());
        }
        (outcome, _) => *outcome = Outcome::Error(frame_too_long()),
    }
}

fn written<T: Serialize>(message: &T) -> Result<Vec<u8>, ErrorReply> {
    let mut frame = serde_json::to_vec(message).map_err(|error| {
        ErrorReply::new(Code::Internal, format!("the message cannot be written: {error}"))
    })?;
    frame.push(b'\n');
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Context, Route};
    use crate::reply::{Answer, Span};
    use proptest::prelude::*;

    fn check(frame: &[u8], id: u64, code: Code) {
        let rejected = decode(frame).unwrap_err();
        assert_eq!((rejected.to.id, rejected.fault.code), (id, code), "{}", String::from_utf8_lossy(frame));
    }

    #[test]
    fn what_is_no_request_is_rejected_by_its_kind() {
        check(b"", 0, Code::BadRequest);
        check(b"{}", 0, Code::BadRequest);
        check(b"null", 0, Code::BadRequest);
        check(b"[1,2]", 0, Code::BadRequest);
        check(b"\xff\xfe{", 0, Code::BadRequest);
        check(b"\0", 0, Code::BadRequest);
        check(br#"{"v":1,"id":-1,"op":"convert"}"#, 0, Code::BadRequest);
        check(br#"{"v":1,"id":1,"id":2,"op":"convert"}"#, 0, Code::BadRequest);
        check(br#"{"v":1,"id":3}"#, 3, Code::BadRequest);
        check(br#"{"v":1,"id":3,"op":"dance"}"#, 3, Code::BadRequest);
        check(br#"{"v":1,"id":3,"op":"convert","text":5}"#, 3, Code::BadRequest);
        check(br#"{"v":1,"id":3,"op":"convert","text":"\ud800"}"#, 3, Code::BadRequest);
        check(br#"{"v":1,"id":3,"op":"convert","cursor":-1}"#, 3, Code::BadRequest);
        check(&b"[".repeat(200_000), 0, Code::BadRequest);
        check(&vec![b' '; MAX_FRAME_BYTES + 1], 0, Code::TooLong);
        let long = format!(r#"{{"v":1,"id":3,"op":"convert","text":"{}"}}"#, "x".repeat(200_000));
        check(long.as_bytes(), 3, Code::TooLong);
    }

    #[test]
    fn a_fault_quotes_nothing_of_what_was_sent() {
        let secret = "xylophone";
        for frame in [
            r#"{"v":1,"id":1,"op":"xylophone"}"#,
            r#"{"v":1,"id":1,"op":"convert","cursor":"xylophone"}"#,
            r#"{"v":1,"id":1,"op":"convert","context":"xylophone"}"#,
            r#"{"v":"xylophone","id":1,"op":"convert"}"#,
            r#"{"v":1,"id":"xylophone"}"#,
            r#"{"xylophone"}"#,
        ] {
            let message = decode(frame.as_bytes()).unwrap_err().fault.message;
            assert!(!message.contains(secret) && message.contains("(byte "), "{frame}: {message}");
            let reply = frame.replace("\"op\"", "\"daemon\":\"1\",\"error\"");
            let message = decode_reply(reply.as_bytes()).unwrap_err().to_string();
            assert!(!message.contains(secret), "{reply}: {message}");
        }
    }

    #[test]
    fn another_version_is_named_before_anything_else_is_read() {
        check(br#"{"v":2,"id":9,"op":{"new":"shape"}}"#, 9, Code::UnsupportedVersion);
        check(br#"{"v":0,"op":"convert"}"#, 0, Code::UnsupportedVersion);
        assert_eq!(decode_reply(br#"{"v":2,"answer":[]}"#), Err(DecodeError::OtherVersion(2)));
    }

    #[test]
    fn every_version_can_ask_the_daemon_to_end() {
        let frame = br#"{"v":7,"id":9,"op":"shutdown","why":"upgrade"}"#;
        assert_eq!(decode(frame), Ok(Request::new(9, Op::Shutdown)));
    }

    #[test]
    fn unknown_members_are_ignored() {
        let frame = br#"{"v":1,"id":4,"op":"convert","mood":"sunny","context":{"tty":"pts"}}"#;
        assert_eq!(decode(frame), Ok(Request::new(4, Op::Convert)));
    }

    #[test]
    fn a_reply_too_long_for_a_frame_loses_what_is_needed_least() {
        let answer = |buffer: usize, alternatives: usize, spans: usize| Answer {
            buffer: "b".repeat(buffer),
            cursor: 0,
            route: "scanner".into(),
            confidence: 1.0,
            alternatives: vec!["a".repeat(100_000); alternatives],
            spans: vec![Span { source: [0, 1], output: [0, 1] }; spans],
            dropped: vec![],
            added: vec![],
            micros: 0,
            message: None,
            hint: None,
            notes: vec![],
            dictation: None,
            units: None,
        };
        let kept = |answer: Answer| {
            let reply = Reply::new(1, "0.1.0", Outcome::Result(Body::Converted(Box::new(answer))));
            let fields = encode_reply(reply.clone(), Form::Fields);
            assert!(fields.len() <= MAX_FRAME_BYTES + 1 && fields.ends_with(b"\0\n"));
            let frame = encode_reply(reply, Form::Json);
            assert!(frame.len() <= MAX_FRAME_BYTES + 1);
            match decode_reply(&frame[..frame.len() - 1]).unwrap().outcome {
                Outcome::Result(Body::Converted(a)) => {
                    Ok((a.buffer.len(), a.alternatives.len(), a.spans.len()))
                }
                Outcome::Error(fault) => Err(fault.code),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(kept(answer(10, 2, 10)), Ok((10, 2, 10)));
        assert_eq!(kept(answer(10, 2, 100_000)), Ok((10, 2, 0)));
        assert_eq!(kept(answer(10, 20, 100_000)), Ok((10, 0, 0)));
        assert_eq!(kept(answer(MAX_FRAME_BYTES, 0, 0)), Err(Code::TooLong));
    }

    fn requests() -> impl Strategy<Value = Request> {
        let op = prop::sample::select(vec![Op::Convert, Op::Explain, Op::Status, Op::Shutdown]);
        let route = prop::sample::select(Route::ALL.to_vec());
        let context = (prop::option::of(".{0,20}"), ".{0,20}").prop_map(|(cwd, prebuffer)| Context {
            cwd,
            prebuffer,
            ..Context::default()
        });
        (
            any::<u64>(),
            op,
            prop::option::of("[a-z0-9-]{1,20}"),
            any::<String>(),
            any::<Option<u16>>(),
            route,
            context,
        )
            .prop_map(|(id, op, session, text, cursor, route, context)| Request {
                session,
                text,
                cursor: cursor.map(usize::from),
                route,
                context,
                ..Request::new(id, op)
            })
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let _ = decode(&bytes);
            let _ = decode_reply(&bytes);
        }

        #[test]
        fn no_damaged_request_panics(request in requests(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut frame = encode(&request).unwrap();
            let at = at.index(frame.len());
            frame[at] = byte;
            let _ = decode(&frame);
        }

        #[test]
        fn a_request_reads_as_it_was_written(request in requests()) {
            let frame = encode(&request).unwrap();
            prop_assert_eq!(frame.iter().filter(|&&b| b == b'\n').count(), 1);
            prop_assert_eq!(decode(&frame[..frame.len() - 1]).unwrap(), request);
        }
    }
}
