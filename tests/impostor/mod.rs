//! Something behind the socket that is no good daemon, as the test wants it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::{fs, thread};

/// What happens after a line has come.
#[derive(Debug, Clone)]
pub(crate) enum Reaction {
    /// Nothing; the connection stays.
    Silence,
    /// The connection ends.
    Close,
    /// This line is said; `ID` in it becomes the number of the request.
    Say(String),
    /// This line is said, and the socket is gone.
    SayAndLeave(String),
}

/// Listens until it is dropped.
pub(crate) struct Impostor {
    socket: PathBuf,
    heard: Receiver<String>,
}

impl Impostor {
    /// Listens at `socket`; each line that comes, on whichever connection, meets the next reaction, and then the last
    /// one again and again.
    pub(crate) fn new(socket: &Path, reactions: &[Reaction]) -> Impostor {
        let listener = UnixListener::bind(socket).unwrap();
        let (sender, heard) = channel();
        let (path, reactions) = (socket.to_owned(), reactions.to_vec());
        thread::spawn(move || {
            let mut reactions = reactions.into_iter().peekable();
            // Those that are met with silence stay open as long as the test runs.
            let mut silent = Vec::new();
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                    let reaction = reactions.next().unwrap();
                    if reactions.peek().is_none() {
                        reactions = vec![reaction.clone()].into_iter().peekable();
                    }
                    let goes_on = react(&stream, &path, &reaction, &line);
                    if sender.send(std::mem::take(&mut line)).is_err() {
                        return;
                    }
                    if !goes_on {
                        break;
                    }
                    if matches!(reaction, Reaction::Silence) {
                        silent.push(stream.try_clone().unwrap());
                        break;
                    }
                }
            }
        });
        Impostor { socket: socket.to_owned(), heard }
    }

    /// Every line that has come so far.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.try_iter().collect()
    }
}

impl Drop for Impostor {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.socket);
    }
}

/// Whether the connection goes on.
fn react(mut stream: &UnixStream, socket: &Path, reaction: &Reaction, line: &str) -> bool {
    let id = || {
        let request: serde_json::Value = serde_json::from_str(line).unwrap();
        request["id"].to_string()
    };
    match reaction {
        Reaction::Silence => true,
        Reaction::Close => false,
        Reaction::Say(answer) => writeln!(stream, "{}", answer.replace("ID", &id())).is_ok(),
        Reaction::SayAndLeave(answer) => {
            let _ = writeln!(stream, "{}", answer.replace("ID", &id()));
            let _ = fs::remove_file(socket);
            false
        }
    }
}

/// A reply of a daemon of this version with `buffer`, which must be written as JSON.
pub(crate) fn result(version: &str, buffer: &str) -> Reaction {
    Reaction::Say(format!(
        r#"{{"v":1,"id":ID,"daemon":"{version}","result":{{"buffer":{buffer},"cursor":0,"route":"scanner","confidence":0.9,"alternatives":["ok","b\u0007d"],"spans":[],"micros":1,"message":null}}}}"#
    ))
}
