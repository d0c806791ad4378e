use super::*;
use crate::frame;
use crate::line::Splitter;
use crate::message::Context;
use proptest::prelude::*;

fn message(fields: &[&str]) -> Vec<u8> {
    let mut message = written(fields.iter().map(|field| (*field).to_owned()).collect());
    message.pop();
    message
}

/// A request in fields, as a shell writes it.
fn fields_of(request: &Request) -> Vec<String> {
    let mut fields = vec![
        format!("text={}", request.text),
        format!("v={VERSION}"),
        format!("id={}", request.id),
        format!("route={}", request.route.as_str()),
        format!("prebuffer={}", request.context.prebuffer),
    ];
    let number = |name: &str, value: Option<u64>| value.map(|value| format!("{name}={value}"));
    let text = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name}={value}"));
    fields.extend(number("cursor", request.cursor.map(|cursor| cursor as u64)));
    fields.extend(number("deadline_ms", request.deadline_ms));
    fields.extend(text("session", &request.session));
    fields.extend(text("cwd", &request.context.cwd));
    fields.extend(text("digest", &request.context.digest));
    fields.push(format!("names={}", request.context.names));
    fields
}

#[test]
fn a_reply_is_its_head_and_the_record() {
    let check = |outcome, expected: &str| {
        let written = encode_reply(&Reply::new(7, "0.1.0", outcome), Notes::Without);
        assert_eq!(String::from_utf8(written).unwrap(), expected.replace('@', "\0"));
    };
    let answer = Outcome::Result(Body::Converted(Box::new(Answer::example())));
    check(answer, "11@1@7@0.1.0@ok@@scanner@90@13@git status -s@git status -S@two\nlines@\n");
    let fault = Outcome::Error(ErrorReply::new(Code::Deadline, "too\nslow"));
    check(fault, "5@1@7@0.1.0@deadline@too slow@\n");
    check(
        Outcome::Result(Body::Done {}),
        "5@1@7@0.1.0@internal@only a conversion can be answered in fields@\n",
    );
}

#[test]
fn what_is_no_request_is_rejected_by_its_kind() {
    let check = |fields: &[&str], id: u64, code: Code| {
        let rejected = frame::decode(&message(fields)).unwrap_err();
        assert_eq!((rejected.to.id, rejected.to.form), (id, Form::Fields), "{fields:?}");
        assert_eq!(rejected.fault.code, code, "{fields:?}");
    };
    check(&["v=1", "id=7", "nothing"], 0, Code::BadRequest);
    check(&["v=1", "id=7", "text=a", "text=b"], 0, Code::BadRequest);
    check(&["v=1", "id=-7"], 0, Code::BadRequest);
    check(&["v=1", "id=+7"], 0, Code::BadRequest);
    check(&["id=7"], 7, Code::BadRequest);
    check(&["v=one", "id=7"], 7, Code::BadRequest);
    check(&["v=1", "id=7", "cursor=end"], 7, Code::BadRequest);
    check(&["v=1", "id=7", "deadline_ms=99999999999999999999"], 7, Code::BadRequest);
    check(&["v=1", "id=7", "route=dance"], 7, Code::BadRequest);
    check(&["v=2", "id=7", "cursor=another meaning"], 7, Code::UnsupportedVersion);
    check(&["v=1", "id=7", &format!("text={}", "x".repeat(200_000))], 7, Code::TooLong);
    for miscounted in [&b"2\0v=1\0"[..], b"1\0v=1\0id=7\0", b"1\0v=1", b"0\0", b"1\0v=1\0x"] {
        let rejected = frame::decode(miscounted).unwrap_err();
        assert_eq!((rejected.to.form, rejected.fault.code), (Form::Fields, Code::BadRequest));
    }
}

#[test]
fn bytes_that_are_not_utf8_are_a_matter_of_the_line_only() {
    let request = |field: &[u8]| {
        let message = [b"3\0v=1\0id=7\0", field, b"\0"].concat();
        frame::decode(&message).map_err(|rejected| (rejected.fault.code, rejected.fault.message))
    };
    let (code, message) = request(b"text=ls \xff").unwrap_err();
    assert_eq!((code, message.as_str()), (Code::BadCharacter, "the line is not UTF-8 from byte 3 on"));
    assert_eq!(request(b"prebuffer=\xff").unwrap_err().0, Code::BadCharacter);
    assert_eq!(request(b"cwd=/home/\xff").unwrap().context.cwd, None);
}

#[test]
fn a_fault_quotes_nothing_of_what_was_sent() {
    for field in ["xylophone", "cursor=xylophone", "route=xylophone", "v=xylophone"] {
        let fault = frame::decode(&message(&["id=7", field])).unwrap_err().fault;
        assert!(!fault.message.contains("xylophone"), "{}", fault.message);
    }
}

#[test]
fn unknown_names_are_ignored() {
    let request = frame::decode(&message(&["v=1", "id=4", "mood=sunny", "client="])).unwrap();
    assert_eq!(request, Request { form: Form::Fields, ..Request::new(4, Op::Convert) });
}

proptest! {
    #[test]
    fn a_request_in_fields_reads_as_it_was_written(
        id in any::<u64>(),
        // Any characters but NUL, newlines among them.
        text in "(?s)[^\0]{0,40}",
        prebuffer in "[a-z\n=]{0,20}",
        cwd in prop::option::of("/[^\0]{0,20}"),
        (names, digest) in ("[a-z \n]{0,20}", prop::option::of("[a-z0-9-]{1,9}")),
        cursor in any::<Option<u16>>(),
        piece in 1_usize..50,
    ) {
        let mut request = Request::new(id, Op::Convert);
        (request.form, request.text, request.cursor) = (Form::Fields, text, cursor.map(usize::from));
        request.context = Context { prebuffer, cwd, names, digest };
        let written = written(fields_of(&request));
        // One behind the other, and however they arrive.
        let stream = [&written[..], b"{\"v\":1}\n", &written].concat();
        let mut splitter = Splitter::new(frame::MAX_FRAME_BYTES);
        let mut found = Vec::new();
        for bytes in stream.chunks(piece) {
            splitter.push(bytes);
            while let Some(message) = splitter.next_message() {
                found.push(frame::decode(message.unwrap()));
            }
        }
        prop_assert_eq!(found.len(), 3);
        prop_assert_eq!(found[0].as_ref().unwrap(), &request);
        prop_assert!(found[1].is_err());
        prop_assert_eq!(found[2].as_ref().unwrap(), &request);
        prop_assert!(!splitter.is_midway());
    }
}
