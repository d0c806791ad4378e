//! Any bytes, in any portions, against any limit: the reader of frames hands out exactly the lines that are there,
//! never panics, and what it accepts survives being written again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sayso_protocol::line::{LineTooLong, Splitter};
use sayso_protocol::{Form, frame};

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (portion, limit, bytes) = input;
    let limit = if limit == 0 { sayso_protocol::MAX_FRAME_BYTES } else { 16 * usize::from(limit) };

    // The definition, on all the bytes at once. What follows the last newline counts only when it is too long.
    let mut expected: Vec<Result<&[u8], LineTooLong>> = bytes
        .split(|&byte| byte == b'\n')
        .map(|line| if line.len() > limit { Err(LineTooLong) } else { Ok(line) })
        .collect();
    if expected.last().is_some_and(Result::is_ok) {
        expected.pop();
    }

    // A message in fields begins with a digit, and a newline may stand inside it.
    let is_lines =
        bytes.split(|&byte| byte == b'\n').all(|line| !line.first().is_some_and(u8::is_ascii_digit));

    let mut splitter = Splitter::new(limit);
    let mut expected = expected.into_iter();
    for part in bytes.chunks(usize::from(portion) + 1) {
        splitter.push(part);
        while let Some(line) = splitter.next_line() {
            if is_lines {
                assert_eq!(Some(line), expected.next());
            }
            if let Ok(line) = line {
                read(line);
            }
        }
    }
    if is_lines {
        assert_eq!(expected.next(), None);
    }
});

fn read(line: &[u8]) {
    if let Ok(request) = frame::decode(line) {
        let written = frame::encode(&request).expect("what was read fits into a frame");
        assert_eq!(frame::decode(written.trim_ascii_end()), Ok(request));
    }
    if let Ok(reply) = frame::decode_reply(line) {
        let written = frame::encode_reply(reply, Form::Json);
        assert_eq!(written.iter().filter(|&&byte| byte == b'\n').count(), 1, "a frame is one line");
    }
}
