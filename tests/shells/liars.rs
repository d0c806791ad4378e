//! Whoever sits on the socket lies to the shells: the line stays as it was or is answered, the shell listens again soon
//! after the deadline, and nothing reaches the terminal that could command it.

use sayso_protocol::line::Splitter;
use sayso_protocol::{Form, MAX_FRAME_BYTES, frame};
use sayso_testing::{Home, MEANT, SAID, Setup, Shell, Terminal};
use serde_json::json;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a key press waits.
const DEADLINE: Duration = Duration::from_millis(400);
/// How long the shell may be held. zsh asks by itself and then through the client, and the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(5);
/// Stands behind each control character, so that it is found in what the shell drew.
const MARK: &str = "PWN";
/// What no terminal may get from a daemon.
const CONTROLS: [&str; 6] = ["\u{1b}[31;7m", "\u{9b}31;7m", "\u{202e}", "\u{7}", "\u{200b}", "\u{8}\u{8}"];

/// What an answer says.
#[derive(Debug, Clone)]
struct Answer {
    version: u32,
    /// Added to the number of the request.
    other_id: u64,
    buffer: String,
    cursor: &'static str,
    hint: String,
    alternative: String,
    note: String,
    error: Option<String>,
}

/// How it is said. What follows the last word is silence, unless the connection ends.
#[derive(Debug, Clone, Copy)]
enum Manner {
    Plainly,
    /// The first half, and then the end where this says so.
    Half {
        ends: bool,
    },
    WithoutNewline,
    /// One byte at a time, which takes longer than the deadline.
    Slowly,
    Twice,
    /// The end, before or after the request was read.
    Closes,
    ClosesUnread,
    Silent,
    /// These bytes so many times in place of the answer.
    Noise(&'static [u8], usize),
}

/// A lie by its name.
type Lie = (String, Answer, Manner);

fn honest() -> Answer {
    Answer {
        version: 1,
        other_id: 0,
        buffer: MEANT.to_owned(),
        cursor: "13",
        hint: String::new(),
        alternative: "git status -S".to_owned(),
        note: String::new(),
        error: None,
    }
}

fn lies() -> Vec<Lie> {
    use Manner::{Closes, ClosesUnread, Half, Noise, Plainly, Silent, Slowly, Twice, WithoutNewline};
    let manners = [
        ("the end before the request is read", ClosesUnread),
        ("the end", Closes),
        ("silence", Silent),
        ("half an answer, then silence", Half { ends: false }),
        ("half an answer, then the end", Half { ends: true }),
        ("an answer without its end", WithoutNewline),
        ("an answer that drips", Slowly),
        ("the answer twice", Twice),
        ("text without an end", Noise(b"x", 3 << 20)),
        ("empty lines", Noise(b"\n", 100_000)),
        ("lines of another protocol", Noise(b"HTTP/1.1 200 OK\r\n", 1000)),
        ("nothing but NUL", Noise(b"\0", 5000)),
        ("no UTF-8", Noise(b"\xff\xfe\x80\n", 100)),
        ("brackets", Noise(b"[", 500_000)),
        ("what no JSON may hold", Noise(b"{\"v\":1,\"id\":1e999,\"result\":{}}\n", 10)),
        ("fields without an end", Noise(b"99999\0PWN\0", 10_000)),
        ("commands to the terminal", Noise(b"\x1b[31;7mPWN\x07\x1b]0;PWN\x07\n", 100)),
    ];
    let mut lies: Vec<Lie> =
        manners.into_iter().map(|(name, manner)| (name.to_owned(), honest(), manner)).collect();
    let mut say = |name: &str, answer| lies.push((name.to_owned(), answer, Plainly));
    say("the answer to another", Answer { other_id: 7, ..honest() });
    say("another protocol", Answer { version: 99, ..honest() });
    say("a cursor beyond the line", Answer { cursor: "99999999999999999999", ..honest() });
    say("a cursor before the line", Answer { cursor: "-1", ..honest() });
    say("a line that is too long", Answer { buffer: "x".repeat(200_000), ..honest() });
    say("a line break at the end", Answer { buffer: format!("{MARK}\n"), ..honest() });
    say("a NUL in the line", Answer { buffer: format!("{MARK}\0{MARK}"), ..honest() });
    for control in CONTROLS {
        let text = format!("ls {control}{MARK}");
        let named = |part: &str| format!("{:?} in {part}", control);
        say(&named("the line"), Answer { buffer: text.clone(), ..honest() });
        say(&named("the hint"), Answer { hint: text.clone(), ..honest() });
        say(&named("another reading"), Answer { alternative: text.clone(), note: text.clone(), ..honest() });
        say(&named("a reason"), Answer { error: Some(text), ..honest() });
    }
    lies
}

impl Answer {
    /// The answer as a daemon would send it that checks nothing.
    fn bytes(&self, id: u64, form: Form) -> Vec<u8> {
        let (id, daemon) = (id + self.other_id, env!("CARGO_PKG_VERSION"));
        if form == Form::Json {
            let cursor: serde_json::Value = serde_json::from_str(self.cursor).unwrap();
            let outcome = match &self.error {
                Some(message) => json!({"code": "internal", "message": message}),
                None => json!({
                    "buffer": self.buffer, "cursor": cursor, "route": "strict", "confidence": 0.9, "spans": [],
                    "alternatives": [self.alternative], "micros": 1, "message": null, "hint": self.hint,
                    "notes": [self.note, self.note],
                }),
            };
            let name = if self.error.is_some() { "error" } else { "result" };
            return format!("{}\n", json!({"v": self.version, "id": id, "daemon": daemon, name: outcome}))
                .into_bytes();
        }
        let mut fields = vec![self.version.to_string(), id.to_string(), daemon.to_owned()];
        match &self.error {
            Some(message) => fields.extend(["internal".to_owned(), message.clone()]),
            None => fields.extend(
                ["ok", &self.hint, "strict", "90", self.cursor, &self.buffer]
                    .map(str::to_owned)
                    .into_iter()
                    .chain(match form {
                        Form::Noted => vec![self.note.clone(), self.alternative.clone(), self.note.clone()],
                        _ => vec![self.alternative.clone()],
                    }),
            ),
        }
        format!("{}\0{}\0\n", fields.len(), fields.join("\0")).into_bytes()
    }
}

/// Tells one lie to everybody who connects, until it is dropped.
struct Liar {
    socket: PathBuf,
    accepting: Option<JoinHandle<()>>,
}

impl Liar {
    fn tell(home: &Home, (_, answer, manner): &Lie) -> Liar {
        let socket = home.socket();
        let listener = UnixListener::bind(&socket).unwrap();
        let (answer, manner) = (answer.clone(), *manner);
        let accepting = thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                // The one that wakes this thread to end it says nothing.
                let mut first = [0];
                let peeked = nix::sys::socket::recv(
                    std::os::fd::AsRawFd::as_raw_fd(&stream),
                    &mut first,
                    nix::sys::socket::MsgFlags::MSG_PEEK,
                );
                if peeked == Ok(0) {
                    return;
                }
                let answer = answer.clone();
                thread::spawn(move || lie(&stream, &answer, manner));
            }
        });
        Liar { socket, accepting: Some(accepting) }
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        let wake = UnixStream::connect(&self.socket);
        let _ = fs::remove_file(&self.socket);
        drop(wake);
        if let Some(accepting) = self.accepting.take() {
            accepting.join().unwrap();
        }
    }
}

fn lie(mut stream: &UnixStream, answer: &Answer, manner: Manner) {
    if matches!(manner, Manner::ClosesUnread) {
        return;
    }
    let mut splitter = Splitter::new(MAX_FRAME_BYTES);
    let request = loop {
        if let Some(message) = splitter.next_message() {
            break frame::decode(message.unwrap()).unwrap();
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk) {
            Ok(read) if read > 0 => splitter.push(&chunk[..read]),
            _ => return,
        }
    };
    let bytes = answer.bytes(request.id, request.form);
    // Who does not hear it any more need not.
    let mut say = |bytes: &[u8]| stream.write_all(bytes).is_ok();
    match manner {
        Manner::Closes | Manner::ClosesUnread => return,
        Manner::Silent => {}
        Manner::Plainly => drop(say(&bytes)),
        Manner::Twice => drop(say(&bytes.repeat(2))),
        Manner::WithoutNewline => drop(say(&bytes[..bytes.len() - 1])),
        Manner::Half { ends } => {
            say(&bytes[..bytes.len() / 2]);
            if ends {
                return;
            }
        }
        Manner::Slowly => {
            for byte in &bytes {
                if !say(&[*byte]) {
                    return;
                }
                thread::sleep(DEADLINE / 40);
            }
        }
        Manner::Noise(bytes, times) => drop(say(&bytes.repeat(times))),
    }
    // Until the other end is gone.
    while stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {}
}

in_every_shell! {
    a_daemon_that_lies_neither_changes_the_line_nor_holds_the_shell => |shell: Shell| {
        let home = Home::without_daemon();
        home.settings(&format!("deadline_ms = {}", DEADLINE.as_millis()));
        home.make_socket_folder(0o700);
        let terminal = Terminal::open(&home, shell, Setup::default());
        let lies = lies();
        assert!(lies.len() >= 30);
        for shown in &lies {
            let name = &shown.0;
            let liar = Liar::tell(&home, shown);
            terminal.keys(&["C-e", "C-u", "C-l"]).text(SAID);
            terminal.wait(&format!("an empty screen before {name}"), |screen| screen == format!("$ {SAID}"));
            let begun = Instant::now();
            terminal.convert().wait(&format!("a word about {name}"), |screen| {
                screen.contains("sayso: ") || screen.contains(&format!("$ {MEANT}"))
            });
            let took = begun.elapsed();
            assert!(took < DEADLINE * 2 + PATIENCE, "{name} held the shell for {took:?}");
            // What was kept of it may show at the next press.
            terminal.convert().keys(&["C-e"]).text("!");
            let screen = terminal.wait(&format!("a shell that listens after {name}"), |screen| {
                screen.lines().any(|row| row.starts_with("$ ") && row.ends_with('!'))
            });
            let row = screen.lines().rfind(|row| row.ends_with('!')).unwrap();
            let kept = [SAID, MEANT, "git status -S"].iter().any(|line| row == format!("$ {line}!"));
            assert!(kept, "{name} left {row:?}\n{screen}");
            for control in CONTROLS {
                let commands = terminal.has_drawn(format!("{control}{MARK}").as_bytes());
                assert!(!commands, "{name} sent {control:?} to the terminal\n{screen}");
            }
            drop(liar);
        }
    };
}
