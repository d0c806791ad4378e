//! A daemon that answers as the test wants it to, well or badly.

use super::Home;
use sayso_protocol::message::{Op, Request};
use sayso_protocol::reply::{Answer, Body};
use sayso_protocol::{Code, Fault, Outcome, Reply, frame};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::{fs, thread};

/// How a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As the real one does, from a table of its own.
    Well,
    /// As `Well`, once the test says so.
    Held,
    /// With a line that is no JSON.
    Garbage,
    /// With the first half of an answer; then it is silent.
    Half,
    /// With an answer to another request.
    WrongId,
    /// Not at all, and the connection ends.
    Closes,
    /// With a line that no command line may hold.
    Control,
}

/// The daemon's end for the test.
pub(crate) struct Daemon {
    requests: Receiver<Request>,
    gate: Arc<(Mutex<bool>, Condvar)>,
    ended: Arc<AtomicBool>,
    socket: std::path::PathBuf,
}

impl Daemon {
    /// Listens in `home` until it is dropped.
    pub(crate) fn listen(home: &Home, manner: Manner) -> Daemon {
        let socket = home.socket();
        let listener = UnixListener::bind(&socket).unwrap();
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o600)).unwrap();
        let (sender, requests) = channel();
        let gate = Arc::new((Mutex::new(manner != Manner::Held), Condvar::new()));
        let ended = Arc::new(AtomicBool::new(false));
        let (its_gate, its_ended) = (Arc::clone(&gate), Arc::clone(&ended));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if its_ended.load(Ordering::Relaxed) {
                    return;
                }
                let (sender, gate) = (sender.clone(), Arc::clone(&its_gate));
                thread::spawn(move || serve(&stream.unwrap(), manner, &sender, &gate));
            }
        });
        Daemon { requests, gate, ended, socket }
    }

    /// The next request to convert; waits for it.
    pub(crate) fn request(&self) -> Request {
        self.requests.recv_timeout(std::time::Duration::from_secs(10)).expect("a request should have come")
    }

    /// Whether no request has come that was not taken.
    pub(crate) fn is_idle(&self) -> bool {
        self.requests.try_recv().is_err()
    }

    /// Lets [`Manner::Held`] answer.
    pub(crate) fn release(&self) {
        *self.gate.0.lock().unwrap() = true;
        self.gate.1.notify_all();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.release();
        self.ended.store(true, Ordering::Relaxed);
        // Wakes the accepting thread, which then sees that it has ended.
        let _ = UnixStream::connect(&self.socket);
        let _ = fs::remove_file(&self.socket);
    }
}

fn serve(stream: &UnixStream, manner: Manner, requests: &Sender<Request>, gate: &(Mutex<bool>, Condvar)) {
    let mut writer = stream;
    for line in BufReader::new(stream).split(b'\n') {
        let Ok(line) = line else { return };
        let request = frame::decode(&line).unwrap_or_else(|bad| panic!("{bad:?}"));
        if request.op != Op::Convert {
            let reply = Reply::new(request.id, env!("CARGO_PKG_VERSION"), Outcome::Result(Body::Done {}));
            let _ = writer.write_all(&frame::encode_reply(reply));
            continue;
        }
        let _ = requests.send(request.clone());
        let open = gate.1.wait_while(gate.0.lock().unwrap(), |open| !*open);
        drop(open);
        let id = if manner == Manner::WrongId { request.id + 1000 } else { request.id };
        let mut outcome = outcome(&request.text);
        if let (Manner::Control, Outcome::Result(Body::Converted(answer))) = (manner, &mut outcome) {
            answer.buffer.push_str("\u{202e}\u{1b}[2J");
        }
        let reply = frame::encode_reply(Reply::new(id, env!("CARGO_PKG_VERSION"), outcome));
        let _ = match manner {
            Manner::Closes => return,
            Manner::Garbage => writer.write_all(b"]]} what?\n"),
            Manner::Half => writer.write_all(&reply[..reply.len() / 2]),
            _ => writer.write_all(&reply),
        };
    }
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
