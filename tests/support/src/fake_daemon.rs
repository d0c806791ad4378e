//! A daemon that answers as a test wants it to, well or badly.

use crate::{Home, PATIENCE};
use sayso_protocol::line::Splitter;
use sayso_protocol::message::{Op, Request};
use sayso_protocol::reply::{Answer, Body};
use sayso_protocol::{Code, ErrorReply, MAX_FRAME_BYTES, Outcome, Reply, frame};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// What the fake daemon does with a message that it receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reaction {
    /// Replies as the real daemon does, from a table of its own. Operations other than a conversion are acknowledged.
    Answer,
    /// As `Answer`, with a result that no command line may hold.
    AnswerForbidden,
    /// As `Answer`, with the number of another request.
    AnswerToAnother,
    /// As `Answer`, from a daemon that is newer than everything else.
    AnswerOfNewer,
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
        matches!(self, Answer | AnswerForbidden | AnswerToAnother | AnswerOfNewer | HalfAnAnswer)
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
    received: Receiver<Vec<u8>>,
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

    /// Each message that comes, on whichever connection, meets the next reaction; the last reaction is for all the rest.
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
        let message = self.received.recv_timeout(PATIENCE).expect("a request should have come");
        frame::decode(&message).unwrap_or_else(|bad| panic!("{bad:?}: {}", String::from_utf8_lossy(&message)))
    }

    /// Every message that was received and not taken yet.
    pub fn heard(&self) -> Vec<String> {
        self.received.try_iter().map(|message| String::from_utf8_lossy(&message).into_owned()).collect()
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
    /// The reaction to the next message.
    fn next(&self) -> Reaction {
        let mut reactions = self.reactions.lock().unwrap();
        if reactions.len() > 1 { reactions.remove(0) } else { reactions[0].clone() }
    }

    fn serve(&self, stream: &UnixStream, received: &Sender<Vec<u8>>) {
        let mut writer = stream;
        let mut splitter = Splitter::new(MAX_FRAME_BYTES);
        while let Some(message) = read(stream, &mut splitter) {
            let request = frame::decode(&message);
            if let Ok(request) = &request
                && request.op != Op::Convert
                && self.reactions.lock().unwrap()[0].answers()
            {
                let done = Reply::new(request.id, VERSION, Outcome::Result(Body::Done {}));
                let _ = writer.write_all(&frame::encode_reply(done, request.form));
                continue;
            }
            let reaction = self.next();
            // A test that has ended receives nothing.
            let _ = received.send(message.clone());
            if reaction.answers() {
                let Ok(request) = request else { return };
                let open = self.opened.wait_while(self.open.lock().unwrap(), |open| !*open);
                drop(open);
                let _ = writer.write_all(&answer(&request, &reaction));
                continue;
            }
            match reaction {
                Reaction::Silence => {}
                Reaction::Say(reply) => drop(writeln!(writer, "{}", numbered(&reply, &message))),
                Reaction::SayAndLeave(reply) => {
                    let _ = writeln!(writer, "{}", numbered(&reply, &message));
                    let _ = fs::remove_file(&self.socket);
                    return;
                }
                _ => return,
            }
        }
    }
}

/// Version of the daemon that the client belongs to.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The next message without its newline, in whichever form; `None` at the end of the connection.
fn read(mut stream: &UnixStream, splitter: &mut Splitter) -> Option<Vec<u8>> {
    loop {
        if let Some(message) = splitter.next_message() {
            return Some(message.expect("no test sends more than a daemon reads").to_vec());
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk) {
            Ok(read) if read > 0 => splitter.push(&chunk[..read]),
            _ => return None,
        }
    }
}

/// A reply with the number of the request in `message` in place of `ID`.
fn numbered(reply: &str, message: &[u8]) -> String {
    let id = frame::decode(message).map_or_else(|rejected| rejected.to.id, |request| request.id);
    reply.replace("ID", &id.to_string())
}

/// What is sent to a request by a reaction that answers from the table.
fn answer(request: &Request, reaction: &Reaction) -> Vec<u8> {
    let id = if *reaction == Reaction::AnswerToAnother { request.id + 1000 } else { request.id };
    let version = if *reaction == Reaction::AnswerOfNewer { "99.0.0" } else { VERSION };
    let mut outcome = outcome(&request.text);
    if let (Reaction::AnswerForbidden, Outcome::Result(Body::Converted(answer))) = (reaction, &mut outcome) {
        answer.buffer.push_str("\u{202e}\u{1b}[2J");
    }
    let mut reply = frame::encode_reply(Reply::new(id, version, outcome), request.form);
    if *reaction == Reaction::HalfAnAnswer {
        reply.truncate(reply.len() / 2);
    }
    reply
}

/// Conversions of the table: what is dictated, the command with `|` for the cursor, then other readings.
const TABLE: &[(&str, &[&str])] = &[
    ("git space status space dash s", &["git status -s|", "git status -S", "git status - s"]),
    ("echo space one", &["echo one|"]),
    ("echo space quote quote", &["echo \"|\""]),
    ("echo space é", &["echo é|\\\"x\\\\y"]),
    ("git status", &["git status|"]),
    ("first column", &["|ls"]),
    ("echo space a\necho space b", &["echo a\necho b|"]),
    ("two lines", &["one\ntwo|"]),
    ("sue do echo", &["echo hi|"]),
    ("ls dash capital l like", &["ls -L|", "ls -l"]),
];

/// What the answers of the table say below the line.
const HINTS: &[(&str, &str)] =
    &[("ls dash capital l like", "unsure, 41 % · 2 readings · next: -l · left out: like")];

fn outcome(text: &str) -> Outcome {
    let Some((_, lines)) = TABLE.iter().find(|(said, _)| *said == text) else {
        return Outcome::Error(ErrorReply::new(Code::Internal, "this does not look like a dictated command"));
    };
    let cursor = lines[0].chars().position(|c| c == '|').unwrap();
    Outcome::Result(Body::Converted(Box::new(Answer {
        buffer: lines[0].replacen('|', "", 1),
        cursor,
        route: "strict".into(),
        confidence: 0.99,
        alternatives: lines[1..].iter().map(|line| (*line).to_owned()).collect(),
        spans: vec![],
        dropped: Vec::new(),
        added: Vec::new(),
        micros: 10,
        message: None,
        hint: HINTS.iter().find(|(said, _)| *said == text).map(|(_, hint)| (*hint).to_owned()),
        notes: (2..=lines.len())
            .map(|n| format!("{n} of {}", lines.len()))
            .chain(["as dictated".into()])
            .collect(),
        dictation: None,
        units: None,
    })))
}
