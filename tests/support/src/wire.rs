//! A connection to the daemon that checks nothing on its way, so that a test can send what no client would.

use crate::PATIENCE;
use serde_json::Value;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// A connection that sends exactly what a test says.
pub struct Wire {
    stream: BufReader<UnixStream>,
}

impl Wire {
    /// Connects to a socket on which somebody listens.
    #[track_caller]
    pub fn to(socket: &Path) -> Wire {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Wire { stream: BufReader::new(stream) }
    }

    /// Sends a line.
    pub fn say(&mut self, line: impl AsRef<[u8]>) {
        self.say_raw([line.as_ref(), b"\n"].concat());
    }

    /// Sends bytes.
    pub fn say_raw(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// Sends nothing more, and still reads.
    pub fn hush(&mut self) {
        self.stream.get_mut().shutdown(std::net::Shutdown::Write).unwrap();
    }

    /// The next reply.
    ///
    /// # Panics
    /// When the connection ends instead.
    #[track_caller]
    pub fn hear(&mut self) -> Value {
        self.heard().expect("the connection ended without a reply")
    }

    /// The next reply, or nothing when the connection ended.
    #[track_caller]
    pub fn heard(&mut self) -> Option<Value> {
        let mut line = String::new();
        match self.stream.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(serde_json::from_str(&line).unwrap_or_else(|bad| panic!("{bad}: {line:?}"))),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// Whether the daemon closes the connection without another word.
    pub fn closes(&mut self) -> bool {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => rest.is_empty(),
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

/// A request to convert `text`. `more` holds further members, each after a comma.
pub fn convert(id: u64, text: &str, more: &str) -> String {
    let text = serde_json::to_string(text).unwrap();
    format!(r#"{{"v":1,"id":{id},"op":"convert","text":{text}{more}}}"#)
}

/// A dictation that takes long enough for something else to happen meanwhile.
pub fn long() -> String {
    "dash ".repeat(25_000)
}

/// The error code of a reply, or `""` when it is a result.
pub fn code(reply: &Value) -> &str {
    reply["error"]["code"].as_str().unwrap_or_default()
}
