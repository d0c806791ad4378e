//! Holds the code to `docs/PROTOCOL.md`: every example of the page goes through the real code, and its tables list what
//! the code has.

#![allow(clippy::unwrap_used)]

use sayso_protocol::fields::Notes;
use sayso_protocol::reply::Body;
use sayso_protocol::{Answer, Code, ErrorReply, Form, Outcome, Reply, Request, Route, cli_format, frame};
use serde_json::Value;

const PAGE: &str = include_str!("../../docs/PROTOCOL.md");

/// The text of the only block with this heading.
fn block(heading: &str) -> &'static str {
    let fence = format!("```{heading}\n");
    let mut blocks = PAGE.split(fence.as_str()).skip(1);
    let block = blocks.next().unwrap_or_else(|| panic!("no example of a {heading}"));
    assert!(blocks.next().is_none(), "two blocks of a {heading}");
    block.split_once("```").unwrap().0
}

/// The bytes of messages in fields, which the page writes with a sign for NUL.
fn bytes(block: &str) -> String {
    block.replace('␀', "\0")
}

/// The names in the first column of the table under `heading`.
fn table(heading: &str) -> Vec<&'static str> {
    let rows = PAGE.split_once(&format!("| {heading} |")).unwrap().1.lines().skip(2);
    rows.take_while(|row| row.starts_with("| ")).map(|row| row.split('`').nth(1).unwrap()).collect()
}

fn request(json: &str) -> Request {
    frame::decode(json.as_bytes()).unwrap()
}

fn replies() -> Vec<Reply> {
    let replies = block("json reply").lines();
    replies.map(|json| frame::decode_reply(json.as_bytes()).unwrap()).collect()
}

/// What a client makes of the conversions among the replies.
fn outcomes() -> Vec<Result<Answer, ErrorReply>> {
    let outcomes = replies().into_iter().filter_map(|reply| match reply.outcome {
        Outcome::Result(Body::Converted(answer)) => Some(Ok(*answer)),
        Outcome::Error(fault) => Some(Err(fault)),
        Outcome::Result(Body::Done {}) | Outcome::Status(_) => None,
    });
    outcomes.collect()
}

fn value(json: &[u8]) -> Value {
    serde_json::from_slice(json).unwrap()
}

#[test]
fn requests_are_written_as_the_page_writes_them() {
    let json = block("json request");
    let written = frame::encode(&request(json)).unwrap();
    assert_eq!(value(&written), value(json.as_bytes()));
}

#[test]
fn a_request_in_fields_says_the_same_as_one_in_json() {
    let message = bytes(block("fields request"));
    let request_in_fields = frame::decode(message.strip_suffix('\n').unwrap().as_bytes()).unwrap();
    let expected = Request { form: Form::Fields, ..request(block("json request")) };
    assert_eq!(request_in_fields, expected);
}

#[test]
fn replies_are_written_as_the_page_writes_them() {
    for (reply, json) in replies().into_iter().zip(block("json reply").lines()) {
        assert_eq!(value(&frame::encode_reply(reply, Form::Json)), value(json.as_bytes()));
    }
    let conversions = replies().into_iter().filter(|reply| reply.outcome != Outcome::Result(Body::Done {}));
    let written: Vec<u8> = conversions.flat_map(|reply| frame::encode_reply(reply, Form::Fields)).collect();
    assert_eq!(String::from_utf8(written).unwrap(), bytes(block("fields reply")));
    let noted = replies().into_iter().filter(|reply| reply.id == 8);
    let written: Vec<u8> = noted.flat_map(|reply| frame::encode_reply(reply, Form::Noted)).collect();
    assert_eq!(String::from_utf8(written).unwrap(), bytes(block("fields reply with notes")));
}

#[test]
fn the_client_prints_what_the_page_prints() {
    let json: Vec<_> = outcomes().iter().map(cli_format::json).collect();
    assert_eq!(json, block("json printed").lines().collect::<Vec<_>>());
    let fields: Vec<_> = outcomes()
        .iter()
        .map(|outcome| String::from_utf8(cli_format::fields(outcome, Notes::Without)).unwrap())
        .collect();
    assert_eq!(fields, bytes(block("fields printed")).lines().collect::<Vec<_>>());
}

#[test]
fn the_tables_list_what_there_is() {
    assert_eq!(table("code | meaning"), Code::ALL.map(Code::as_str));
    let routes = Route::ALL.map(|route| format!("`{}`", route.as_str())).join(", ");
    assert!(PAGE.contains(&format!("| `route` | which stage may answer: {routes} |")), "{routes}");
    let answered = table("`route` of a reply | the line");
    for reply in outcomes().into_iter().flatten() {
        assert!(answered.contains(&reply.route.as_str()), "{}", reply.route);
    }
    assert_eq!(sayso_protocol::VERSION, 1, "the page and its examples say 1");
}
