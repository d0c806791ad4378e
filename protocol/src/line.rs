//! A stream of bytes cut at newlines with bounded memory: messages on the wire, dictations on standard input.

use crate::error_reply::{Code, ErrorReply};
use crate::form::{self, Start};
use sayso_text::MAX_TEXT_BYTES;
use std::io::{self, ErrorKind, Read};
use std::mem;
use std::str::Utf8Error;

/// A line was longer than the limit of its [`Splitter`]; its bytes are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineTooLong;

/// Cuts a stream of bytes into lines or into messages. It holds at most the limit and the bytes that were pushed last.
#[derive(Debug)]
pub struct Splitter {
    bytes: Vec<u8>,
    /// Start of the first line that was not handed out.
    start: usize,
    /// The end of the line is not between `start` and here.
    scanned: usize,
    /// Inside a message in fields: how many of its fields end after `scanned`.
    fields_left: usize,
    /// Longest line, in bytes, its newline not counted.
    limit: usize,
    /// Inside a line that was too long: everything up to the next newline is dropped.
    discarding: bool,
}

impl Splitter {
    /// A splitter for lines of at most `limit` bytes.
    pub fn new(limit: usize) -> Splitter {
        Splitter { bytes: Vec::new(), start: 0, scanned: 0, fields_left: 0, limit, discarding: false }
    }

    /// Adds what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.scanned -= self.start;
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole line without its newline; `None` if more bytes are needed. A line beyond the limit is reported
    /// once, as soon as that is certain, and skipped.
    pub fn next_line(&mut self) -> Option<Result<&[u8], LineTooLong>> {
        while let Some(offset) = self.bytes[self.scanned..].iter().position(|&byte| byte == b'\n') {
            let line = self.start..self.scanned + offset;
            self.start = line.end + 1;
            self.scanned = self.start;
            if mem::take(&mut self.discarding) {
                continue;
            }
            return Some(if line.len() > self.limit { Err(LineTooLong) } else { Ok(&self.bytes[line]) });
        }
        self.scanned = self.bytes.len();
        self.wait()
    }

    /// The next whole message without its newline, as [`Splitter::next_line`]. A message in fields ends at the first
    /// newline after its last field; all else is a line.
    pub fn next_message(&mut self) -> Option<Result<&[u8], LineTooLong>> {
        if self.discarding {
            // The next message begins after the rest of the one that was too long.
            let newline = self.bytes[self.scanned..].iter().position(|&byte| byte == b'\n');
            let Some(offset) = newline else { return self.next_line() };
            self.start = self.scanned + offset + 1;
            self.scanned = self.start;
            self.discarding = false;
        }
        // Nothing of the message has been looked at yet.
        if self.scanned == self.start && self.fields_left == 0 && self.start < self.bytes.len() {
            match form::start(&self.bytes[self.start..]) {
                Start::Open => return None,
                Start::Json => {}
                Start::Fields { count, bytes } => {
                    self.scanned = self.start + bytes;
                    self.fields_left = count;
                }
            }
        }
        while self.fields_left > 0 {
            let Some(offset) = self.bytes[self.scanned..].iter().position(|&byte| byte == 0) else {
                self.scanned = self.bytes.len();
                return self.wait();
            };
            self.scanned += offset + 1;
            self.fields_left -= 1;
        }
        self.next_line()
    }

    /// More bytes are needed. If those that wait exceed the limit already, they are dropped, which is reported once.
    fn wait(&mut self) -> Option<Result<&[u8], LineTooLong>> {
        if self.discarding || self.bytes.len() - self.start > self.limit {
            self.forget();
            return (!mem::replace(&mut self.discarding, true)).then_some(Err(LineTooLong));
        }
        if self.start == self.bytes.len() {
            self.forget();
        }
        None
    }

    /// What stands after the last newline once the stream has ended; `None` where nothing does.
    pub fn rest(&self) -> Option<&[u8]> {
        let rest = &self.bytes[self.start..];
        (!rest.is_empty() && !self.discarding).then_some(rest)
    }

    /// Bytes that are held of lines that were not handed out.
    pub fn held(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Whether a line has begun and not ended.
    pub fn is_midway(&self) -> bool {
        self.discarding || self.start < self.bytes.len()
    }

    /// Drops what is held, and gives back the memory that one long line needed.
    fn forget(&mut self) {
        const KEPT_BYTES: usize = 16 * 1024;
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
        (self.start, self.scanned, self.fields_left) = (0, 0, 0);
    }
}

/// One dictation from the bytes of one line: a carriage return at the end is dropped.
///
/// # Errors
/// [`Code::BadCharacter`] where the bytes are not UTF-8.
pub fn text(line: &[u8]) -> Result<&str, ErrorReply> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    std::str::from_utf8(line).map_err(|error| not_utf8("the line", error))
}

/// One dictation from all bytes of standard input. With `cut_newline` a newline at the end is not part of it.
///
/// # Errors
/// [`Code::TooLong`], or as [`text`].
pub fn whole_text(bytes: &[u8], cut_newline: bool) -> Result<&str, ErrorReply> {
    let bytes = bytes.strip_suffix(b"\n").filter(|_| cut_newline).unwrap_or(bytes);
    if bytes.len() > MAX_TEXT_BYTES {
        return Err(text_too_long());
    }
    text(bytes)
}

/// What [`each_dictation`] found.
#[derive(Debug)]
pub enum Input<'a> {
    /// A line, or why it holds no dictation.
    Line(Result<&'a str, ErrorReply>),
    /// No whole line is left. Answer what can be answered before more is waited for, so that a slow writer sees it.
    Pause,
}

/// Reads `input` to its end and hands over every line in order; the last one need not end in a newline.
///
/// # Errors
/// `input` cannot be read, or `take` fails.
pub fn each_dictation<E: From<io::Error>>(
    mut input: impl Read,
    mut take: impl FnMut(Input<'_>) -> Result<(), E>,
) -> Result<(), E> {
    const CHUNK_BYTES: usize = 64 * 1024;
    let mut splitter = Splitter::new(MAX_TEXT_BYTES);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = match input.read(&mut chunk) {
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                let message = format!("the lines cannot be read: {error}");
                return Err(io::Error::new(error.kind(), message).into());
            }
        };
        splitter.push(&chunk[..read]);
        while let Some(line) = splitter.next_line() {
            take(Input::Line(line.map_err(|LineTooLong| text_too_long()).and_then(text)))?;
        }
        if read == 0 {
            if let Some(rest) = splitter.rest() {
                take(Input::Line(text(rest)))?;
            }
            return take(Input::Pause);
        }
        take(Input::Pause)?;
    }
}

/// The fault of bytes that are not text; `what` names them.
pub(crate) fn not_utf8(what: &str, error: Utf8Error) -> ErrorReply {
    let message = format!("{what} is not UTF-8 from byte {} on", error.valid_up_to());
    ErrorReply::new(Code::BadCharacter, message)
}

/// The fault of a dictation of more than [`MAX_TEXT_BYTES`] bytes.
pub fn text_too_long() -> ErrorReply {
    let message = format!("the line is longer than the {} bytes that sayso converts", MAX_TEXT_BYTES);
    ErrorReply::new(Code::TooLong, message)
}

/// The text before its `characters`th character, and the rest.
pub fn split(text: &str, characters: usize) -> (&str, &str) {
    let at = text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at);
    text.split_at(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Feeds `pieces` and returns every line; a line that was too long is `None`.
    fn lines<'a>(limit: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Option<Vec<u8>>> {
        let mut splitter = Splitter::new(limit);
        let mut found = Vec::new();
        for piece in pieces {
            splitter.push(piece);
            while let Some(line) = splitter.next_line() {
                found.push(line.ok().map(<[u8]>::to_vec));
            }
            assert!(splitter.bytes.len() - splitter.start <= limit, "more is held than one line");
        }
        found.extend(splitter.rest().map(|rest| Some(rest.to_vec())));
        found
    }

    fn check(limit: usize, stream: &str, expected: &[Option<&str>]) {
        let expected: Vec<_> = expected.iter().map(|line| line.map(|l| l.as_bytes().to_vec())).collect();
        for piece in [1, 2, 3, 7, 1000] {
            assert_eq!(lines(limit, stream.as_bytes().chunks(piece)), expected, "{stream:?} by {piece}");
        }
    }

    #[test]
    fn a_stream_is_cut_at_newlines_however_it_arrives() {
        check(8, "", &[]);
        check(8, "one\ntwo\n", &[Some("one"), Some("two")]);
        check(8, "\n\nx", &[Some(""), Some(""), Some("x")]);
        check(3, "abc\nabcd\nab\n", &[Some("abc"), None, Some("ab")]);
        check(3, "abcdefghijkl\nab", &[None, Some("ab")]);
        check(3, "abcdefghijkl", &[None]);
    }

    #[test]
    fn a_begun_line_is_known() {
        let mut splitter = Splitter::new(8);
        assert!(!splitter.is_midway());
        for (piece, midway) in [(&b"half"[..], true), (b"\n", false), (b"far too long", true), (b"\n", false)]
        {
            splitter.push(piece);
            while splitter.next_line().is_some() {}
            assert_eq!(splitter.is_midway(), midway, "{piece:?}");
        }
    }

    #[test]
    fn messages_of_both_forms_follow_each_other() {
        let stream = b"{}\n2\0a\nb\0\0\n\n3\0too\nlong\0too\nlong\0\0\n1\0x\0\n12\n";
        let expected: [Result<&[u8], LineTooLong>; 6] =
            [Ok(b"{}"), Ok(b"2\0a\nb\0\0"), Ok(b""), Err(LineTooLong), Ok(b"1\0x\0"), Ok(b"12")];
        for piece in [1, 2, 3, 7, 1000] {
            let mut splitter = Splitter::new(12);
            let mut found = Vec::new();
            for bytes in stream.chunks(piece) {
                splitter.push(bytes);
                while let Some(message) = splitter.next_message() {
                    found.push(message.map(<[u8]>::to_vec));
                }
            }
            // What follows a newline inside a message that was too long may be taken for a message of its own.
            found.retain(|message| !message.as_ref().is_ok_and(|bytes| bytes.starts_with(b"long")));
            assert_eq!(found, expected.map(|message| message.map(<[u8]>::to_vec)), "by {piece}");
        }
    }

    #[test]
    fn a_dictation_is_text_without_its_line_ending() {
        assert_eq!(text(b"ls\r"), Ok("ls"));
        assert_eq!(text("é".as_bytes()), Ok("é"));
        assert_eq!(text(b"ls \xff").unwrap_err().message, "the line is not UTF-8 from byte 3 on");
    }

    proptest! {
        #[test]
        fn cutting_agrees_with_the_standard_library(
            stream in "[a\n]{0,60}",
            piece in 1_usize..9,
            limit in 0_usize..6,
        ) {
            let whole: Vec<_> = stream.lines().map(|l| (l.len() <= limit).then(|| l.as_bytes().to_vec())).collect();
            prop_assert_eq!(lines(limit, stream.as_bytes().chunks(piece)), whole);
        }
    }

    #[test]
    fn a_line_is_split_between_characters() {
        for (characters, parts) in [(0, ("", "né x")), (2, ("né", " x")), (9, ("né x", ""))] {
            assert_eq!(split("né x", characters), parts);
        }
    }
}
