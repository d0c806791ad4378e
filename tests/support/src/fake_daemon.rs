//! A daemon that answers as a test wants it to, well or badly.

use crate::{Home, PATIENCE};
use sayso_protocol::message::{Op, Request};
use sayso_protocol::reply::{Answer, Body};
use sayso_protocol::{Code, Fault, Outcome, Reply, frame};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// What the fake daemon does with a line that it receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reaction {
    /// Replies as the real daemon does, from a table of its own. Operations other than a conversion are acknowledged.
    Answer,
    /// As `Answer`, with a result that no command line may hold.
    AnswerForbidden,
    /// As `Answer`, with the number of another request.
    AnswerToAnother,
    /// Sends the first half of an answer and stays silent.
    HalfAnAnswer,
    /// Sends nothing; the connection stays.
    Silence,
    /// Ends the connection.
    Close,
    /// Sends this line, in which `ID` becomes the number of the request.
    Say(String),
    /// Sends this line, closes the connection and removes the socket.
    SayAndLeave(String),
}

impl Reaction {
    /// It replies from the table.
    fn answers(&self) -> bool {
        use Reaction::*;
        matches!(self, Answer | AnswerForbidden | AnswerToAnother | HalfAnAnswer)
    }
}

/// A reply of a daemon of this version with `buffer`, which must be written as JSON.
pub fn result(version: &str, buffer: &str) -> Reaction {
    Reaction::Say(format!(
        r#"{{"v":1,"id":ID,"daemon":"{version}","result":{{"buffer":{buffer},"cursor":0,"route":"scanner","confidence":0.9,"alternatives":["ok","b\u0007d"],"spans":[],"micros":1,"message":null}}}}"#
    ))
}

/// A daemon that listens until it is dropped.
pub struct FakeDaemon {
    socket: PathBuf,
    received: Receiver<String>,
    shared: Arc<Shared>,
}

/// What the threads of the connections share.
struct Shared {
    socket: PathBuf,
    /// The reactions to come, the next one first. The last one stays.
    reactions: Mutex<Vec<Reaction>>,
    /// Whether replies may be sent.
    open: Mutex<bool>,
    opened: Condvar,
    ended: AtomicBool,
}

impl FakeDaemon {
    /// Replies from its table.
    pub fn listen(home: &Home) -> FakeDaemon {
        FakeDaemon::reacting(home, &[Reaction::Answer])
    }

    /// Replies from its table, once the test calls [`FakeDaemon::release`].
    pub fn held(home: &Home) -> FakeDaemon {
        FakeDaemon::start(home, &[Reaction::Answer], false)
    }

    /// Each line that comes, on whichever connection, meets the next reaction; the last reaction is for all the rest.
    pub fn reacting(home: &Home, reactions: &[Reaction]) -> FakeDaemon {
        FakeDaemon::start(home, reactions, true)
    }

    fn start(home: &Home, reactions: &[Reaction], open: bool) -> FakeDaemon {
        if !home.socket_folder().exists() {
            home.make_socket_folder(0o700);
        }
        let socket = home.socket();
        let listener = UnixListener::bind(&socket).unwrap();
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o600)).unwrap();
        let shared = Arc::new(Shared {
            socket: socket.clone(),
            reactions: Mutex::new(reactions.to_vec()),
            open: Mutex::new(open),
            opened: Condvar::new(),
            ended: AtomicBool::new(false),
        });
        let (sender, received) = channel();
        let its = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if its.ended.load(Ordering::Relaxed) {
                    return;
                }
                let (sender, shared) = (sender.clone(), Arc::clone(&its));
                thread::spawn(move || shared.serve(&stream.unwrap(), &sender));
            }
        });
        FakeDaemon { socket, received, shared }
    }

    /// The next request that was received; waits for it.
    ///
    /// # Panics
    /// When none comes, or when it is malformed.
    #[track_caller]
    pub fn request(&self) -> Request {
        let line = self.received.recv_timeout(PATIENCE).expect("a request should have come");
        frame::decode(line.trim_end().as_bytes()).unwrap_or_else(|bad| panic!("{bad:?}: {line}"))
    }

    /// Every line that was received and not taken yet.
    pub fn heard(&self) -> Vec<String> {
        self.received.try_iter().collect()
    }

    /// Whether every request that came was taken.
    pub fn is_idle(&self) -> bool {
        self.received.try_recv().is_err()
    }

    /// Lets a daemon that was [held](FakeDaemon::held) reply.
    pub fn release(&self) {
        *self.shared.open.lock().unwrap() = true;
        self.shared.opened.notify_all();
    }
}

impl Drop for FakeDaemon {
    fn drop(&mut self) {
        self.release();
        self.shared.ended.store(true, Ordering::Relaxed);
        // Wakes the accepting thread, which then sees that it has ended.
        let _ = UnixStream::connect(&self.socket);
        let _ = fs::remove_file(&self.socket);
    }
}

impl Shared {
    /// The reaction to the next line.
    fn next(&self) -> Reaction {
        let mut reactions = self.reactions.lock().unwrap();
        if reactions.len() > 1 { reactions.remove(0) } else { reactions[0].clone() }
    }

    fn serve(&self, stream: &UnixStream, received: &Sender<String>) {
        let mut writer = stream;
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
            let line = std::mem::take(&mut line);
            let request = frame::decode(line.trim_end().as_bytes());
            if let Ok(request) = &request
                && request.op != Op::Convert
                && self.reactions.lock().unwrap()[0].answers()
            {
                let _ = writer.write_all(&encode(request.id, Outcome::Result(Body::Done {})));
                continue;
            }
            let reaction = self.next();
            // A test that has ended receives nothing.
            let _ = received.send(line.clone());
            if reaction.answers() {
                let Ok(request) = request else { return };
                let open = self.opened.wait_while(self.open.lock().unwrap(), |open| !*open);
                drop(open);
                let _ = writer.write_all(&answer(&request, &reaction));
                continue;
            }
            match reaction {
                Reaction::Silence => {}
                Reaction::Say(reply) => drop(writeln!(writer, "{}", numbered(&reply, &line))),
                Reaction::SayAndLeave(reply) => {
                    let _ = writeln!(writer, "{}", numbered(&reply, &line));
                    let _ = fs::remove_file(&self.socket);
                    return;
                }
                _ => return,
            }
        }
    }
}

/// A reply with the number of the request in `line` in place of `ID`.
fn numbered(reply: &str, line: &str) -> String {
    let request: serde_json::Value = serde_json::from_str(line).unwrap();
    reply.replace("ID", &request["id"].to_string())
}

/// What is sent to a request by a reaction that answers from the table.
fn answer(request: &Request, reaction: &Reaction) -> Vec<u8> {
    let id = if *reaction == Reaction::AnswerToAnother { request.id + 1000 } else { request.id };
    let mut outcome = outcome(&request.text);
    if let (Reaction::AnswerForbidden, Outcome::Result(Body::Converted(answer))) = (reaction, &mut outcome) {
        answer.buffer.push_str("\u{202e}\u{1b}[2J");
    }
    let mut reply = encode(id, outcome);
    if *reaction == Reaction::HalfAnAnswer {
        reply.truncate(reply.len() / 2);
    }
    reply
}

fn encode(id: u64, outcome: Outcome) -> Vec<u8> {
    frame::encode_reply(Reply::new(id, env!("CARGO_PKG_VERSION"), outcome))
}

/// Conversions of the table: what is dictated, the command with `|` for the cursor, then other readings.
const TABLE: &[(&str, &[&str])] = &[
    ("git space status space dash s", &["git status -s|", "git status -S", "git status - s"]),
    ("echo space one", &["echo one|"]),
    ("echo space quote quote", &["echo \"|\""]),
    ("echo space é", &["echo é|\\\"x\\\\y"]),
    ("git status", &["git status|"]),
    ("echo space a\necho space b", &["echo a\necho b|"]),
    ("two lines", &["one\ntwo|"]),
    ("sue do echo", &["echo hi|"]),
];

fn outcome(text: &str) -> Outcome {
    let Some((_, lines)) = TABLE.iter().find(|(said, _)| *said == text) else {
        return Outcome::Error(Fault::new(Code::Internal, "this does not look like a dictated command"));
    };
    let cursor = lines[0].chars().position(|c| c == '|').unwrap();
    Outcome::Result(Body::Converted(Box::new(Answer {
        buffer: lines[0].replacen('|', "", 1),
        cursor,
        route: "strict".into(),
        confidence: 0.99,
        alternatives: lines[1..].iter().map(|line| (*line).to_owned()).collect(),
        spans: vec![],
        micros: 10,
        message: None,
        units: None,
    })))
}
