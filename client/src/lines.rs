//! `sayso convert --lines`: reads one dictation per line and prints one JSON object per line, in
//! order and in bounded memory.

use crate::cli::Convert;
use crate::convert::answer;
use crate::daemon_client::{self, DaemonClient};
use crate::settings;
use anyhow::Result;
use sayso_protocol::connection::{Connection, ConnectionError};
use sayso_protocol::line::{self, Input};
use sayso_protocol::{Answer, Code, ErrorReply, Op, Reply, Request, cli_format, frame};
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How many lines are in flight at once. Enough to hide the latency of the socket, and few enough
/// that no line waits long behind the others, because waiting counts against its deadline.
/// Hand-chosen, 2026-11-23.
const WINDOW: usize = 16;
/// How often the daemon may die without answering any line of the window. Hand-chosen, 2026-11-23.
const ATTEMPTS: usize = 3;

/// Converts every line of standard input.
pub(crate) fn run(cli: &Convert) -> Result<ExitCode> {
    let settings = settings::load_or_warn();
    let pattern = cli.request(&settings, String::new());
    let mut pipeline = Pipeline::new(pattern, !cli.no_start);
    let mut out = io::BufWriter::new(io::stdout().lock());
    line::each_dictation(io::stdin().lock(), |input| match input {
        Input::Line(text) => match pipeline.take(text) {
            true => pipeline.flush(&mut out),
            false => Ok(()),
        },
        Input::Pause => pipeline.flush(&mut out),
    })?;
    Ok(if pipeline.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Lines in flight to the daemon and back.
struct Pipeline {
    /// The request, without its text and number.
    pattern: Request,
    may_start: bool,
    connection: Option<Connection>,
    /// The lines in order: each has its text and, once it is known, its outcome.
    window: Vec<(String, Option<Result<Answer, ErrorReply>>)>,
    /// Why the daemon is no longer asked.
    given_up: Option<ErrorReply>,
    /// Whether a line has failed for a reason other than its content.
    failed: bool,
}

impl Pipeline {
    fn new(pattern: Request, may_start: bool) -> Pipeline {
        Pipeline { pattern, may_start, connection: None, window: Vec::new(), given_up: None, failed: false }
    }

    /// Takes a line. Returns whether the window is full.
    fn take(&mut self, text: Result<&str, ErrorReply>) -> bool {
        self.window.push(match text {
            Ok(text) => (text.to_owned(), None),
            Err(fault) => (String::new(), Some(Err(fault))),
        });
        self.window.len() >= WINDOW
    }

    /// Gets all lines of the window answered, and prints the answers.
    fn flush(&mut self, out: &mut impl Write) -> io::Result<()> {
        let mut lost = 0;
        while self.window.iter().any(|(_, outcome)| outcome.is_none()) {
            let fault = match (self.given_up.clone(), self.answer()) {
                (None, Ok(())) => continue,
                // A daemon that died may have been unlucky, so it is asked again. If it dies too
                // often without a single answer in between, these lines are the cause.
                (None, Err(Broken::Lost { progress: true })) => {
                    lost = 0;
                    continue;
                }
                (None, Err(Broken::Lost { progress: false })) if lost + 1 < ATTEMPTS => {
                    lost += 1;
                    continue;
                }
                (None, Err(Broken::Lost { .. })) => {
                    let message = format!("the daemon died {ATTEMPTS} times on this line or one near it");
                    ErrorReply::new(Code::Unreachable, message)
                }
                (None, Err(Broken::Silent(fault))) => self.given_up.insert(fault).clone(),
                (Some(fault), _) => fault,
            };
            self.failed = true;
            for (_, outcome) in self.window.iter_mut().filter(|(_, outcome)| outcome.is_none()) {
                *outcome = Some(Err(fault.clone()));
            }
        }
        for (_, outcome) in self.window.drain(..) {
            if let Some(outcome) = outcome {
                writeln!(out, "{}", cli_format::json(&outcome))?;
            }
        }
        out.flush()
    }

    /// Sends the lines that have no answer yet, and waits for the answers.
    fn answer(&mut self) -> Result<(), Broken> {
        let patience = Duration::from_millis(self.pattern.deadline_ms.unwrap_or_default());
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(self.may_start, patience)?,
        };
        let mut frames = Vec::new();
        let mut asked = 0;
        for (at, (text, outcome)) in self.window.iter_mut().enumerate() {
            if outcome.is_none() {
                let request = Request { id: at as u64 + 1, text: text.clone(), ..self.pattern.clone() };
                match frame::encode(&request) {
                    Ok(frame) => {
                        frames.extend_from_slice(&frame);
                        asked += 1;
                    }
                    Err(fault) => *outcome = Some(Err(fault)),
                }
            }
        }
        let mut answered = 0;
        let window = &mut self.window;
        let exchanged = if asked == 0 {
            Ok(())
        } else {
            connection.exchange(&frames, patience + patience / 10, |reply: Reply| {
                let at = usize::try_from(reply.id).unwrap_or(0).wrapping_sub(1);
                if let Some((text, outcome @ None)) = window.get_mut(at) {
                    let text = std::mem::take(text);
                    *outcome = Some(answer(reply, &text));
                    answered += 1;
                }
                answered < asked
            })
        };
        match exchanged {
            Ok(()) => {
                self.connection = Some(connection);
                Ok(())
            }
            Err(ConnectionError::Closed) => Err(Broken::Lost { progress: answered > 0 }),
            Err(error) => Err(Broken::Silent(daemon_client::no_answer(&error))),
        }
    }
}

/// Why lines have no answer.
enum Broken {
    /// The daemon went away, after at least one answer or before any.
    Lost { progress: bool },
    /// There is no daemon, or it does not answer. Asking again for every line would take for ever.
    Silent(ErrorReply),
}

/// A connection to a daemon that is not older than this client.
fn connect(may_start: bool, patience: Duration) -> Result<Connection, Broken> {
    let end = Instant::now() + patience;
    let mut client = DaemonClient::new(may_start).map_err(Broken::Silent)?;
    // Settles who answers: an older daemon is replaced before the first line is sent.
    client.ask(&Request::new(1, Op::Status), end).map_err(Broken::Silent)?;
    client.connect(end).map_err(Broken::Silent)
}
