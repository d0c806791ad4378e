//! `saysod pick` and `saysod try`, which `sayso pick` and `sayso try` become so that the client stays small.

use crate::print_error;
use anyhow::{Context, Result};
use sayso_picker::{Look, Picked, pick, pick_plainly, play};
use sayso_protocol::connection::{Connection, ConnectionError};
use sayso_protocol::fields::Notes;
use sayso_protocol::reply::Body;
use sayso_protocol::{Answer, Chosen, Code, ErrorReply, Op, Outcome, Request, SocketPaths, cli_format, line};
use sayso_settings::Settings;
use sayso_text::MAX_TEXT_BYTES;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::process::ExitCode;
use std::time::Instant;

/// Choose among the readings of a dictated line, below the cursor
#[derive(Debug, clap::Args)]
pub(crate) struct Pick {
    /// The dictation; several words are joined by spaces; from standard input where absent or `-`
    text: Vec<String>,
    /// Print the answer in fields, as `sayso convert --fields --notes` does
    #[arg(long)]
    fields: bool,
    /// Ask in plain lines
    #[arg(long)]
    plain: bool,
    /// The cursor in the line, in characters
    #[arg(long, value_name = "N")]
    cursor: Option<usize>,
    /// Name of the line editor that asks
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
}

/// Shows the readings until one is taken, and prints it. Exit status 1 if the line stays as it was.
pub(crate) fn run(cli: &Pick) -> Result<ExitCode> {
    let outcome = answer(cli)?;
    match &outcome {
        _ if cli.fields => io::stdout().write_all(&cli_format::fields(&outcome, Notes::With))?,
        Ok(answer) => writeln!(io::stdout(), "{}", answer.buffer)?,
        Err(fault) if fault.code == Code::Cancelled => {}
        Err(fault) => print_error(&fault.to_string()),
    }
    Ok(if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Lets somebody try dictations.
pub(crate) fn run_try() -> Result<ExitCode> {
    let mut daemon = Daemon::new(Op::Convert, None, None)?;
    play(&mut |text, chosen| daemon.ask(text, chosen), Look::of_environment())?;
    Ok(ExitCode::SUCCESS)
}

fn answer(cli: &Pick) -> Result<Result<Answer, ErrorReply>> {
    let text = match dictation(&cli.text)? {
        Ok(text) => text,
        Err(fault) => return Ok(Err(fault)),
    };
    let mut daemon = Daemon::new(Op::Explain, cli.session.clone(), cli.cursor)?;
    let answer = match daemon.ask(&text, &[]) {
        Ok(answer) => answer,
        Err(fault) => return Ok(Err(fault)),
    };
    let picked = if cli.plain {
        // Standard input may hold the dictation.
        let terminal = File::open("/dev/tty").context("--plain asks at a terminal, and there is none")?;
        pick_plainly(&text, &answer, &mut BufReader::new(terminal), &mut io::stderr())?
    } else {
        pick(&text, &answer, &mut |text, chosen| daemon.ask(text, chosen), Look::of_environment())?
    };
    Ok(match picked {
        Picked::Taken(answer) => Ok(*answer),
        Picked::Cancelled => {
            Err(ErrorReply::new(Code::Cancelled, "nothing was chosen; the line stays as it was"))
        }
    })
}

/// The dictation: the arguments, or standard input to its end.
fn dictation(arguments: &[String]) -> Result<Result<String, ErrorReply>> {
    if !arguments.is_empty() && arguments != ["-"] {
        return Ok(Ok(arguments.join(" ")));
    }
    let mut bytes = Vec::new();
    let input = io::stdin().lock();
    input.take(MAX_TEXT_BYTES as u64 + 2).read_to_end(&mut bytes).context("standard input cannot be read")?;
    Ok(line::whole_text(&bytes, true).map(str::to_owned))
}

/// The daemon, which `sayso` has started if there was none.
struct Daemon {
    paths: SocketPaths,
    connection: Option<Connection>,
    settings: Settings,
    op: Op,
    session: Option<String>,
    cursor: Option<usize>,
    asked: u64,
}

impl Daemon {
    fn new(op: Op, session: Option<String>, cursor: Option<usize>) -> Result<Daemon> {
        let (settings, _) = Settings::load_usable();
        let paths = SocketPaths::locate()?;
        Ok(Daemon { paths, connection: None, settings, op, session, cursor, asked: 0 })
    }

    /// Asks for a line around what was chosen by hand. If the daemon has closed the connection, opens it once more.
    fn ask(&mut self, text: &str, chosen: &[Chosen]) -> Result<Answer, ErrorReply> {
        self.asked += 1;
        let deadline = Instant::now() + self.settings.deadline;
        let mut request = Request {
            text: text.to_owned(),
            chosen: chosen.to_vec(),
            session: self.session.clone(),
            cursor: self.cursor,
            deadline_ms: Some(u64::try_from(self.settings.deadline.as_millis()).unwrap_or(u64::MAX)),
            ..Request::new(self.asked, self.op)
        };
        request.context.cwd =
            std::env::current_dir().ok().and_then(|cwd| cwd.into_os_string().into_string().ok());
        let reply = match self.exchange(&request, deadline) {
            Err(ConnectionError::Closed) => self.exchange(&request, deadline),
            other => other,
        };
        match reply.map_err(|error| no_answer(&error))? {
            Outcome::Result(Body::Converted(answer)) => answer.verified(text),
            Outcome::Error(fault) => Err(fault),
            Outcome::Result(Body::Done {}) | Outcome::Status(_) => {
                Err(ErrorReply::new(Code::Internal, "the daemon sent the wrong kind of reply"))
            }
        }
    }

    fn exchange(&mut self, request: &Request, deadline: Instant) -> Result<Outcome, ConnectionError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                self.paths.check().map_err(io::Error::other)?;
                Connection::open(&self.paths, deadline)?
            }
        };
        let reply = connection.ask(request, deadline)?;
        self.connection = Some(connection);
        Ok(reply.outcome)
    }
}

fn no_answer(error: &ConnectionError) -> ErrorReply {
    match error {
        ConnectionError::Garbled(fault) => fault.clone(),
        ConnectionError::TimedOut => ErrorReply::new(Code::Deadline, "no answer in time"),
        error => ErrorReply::new(Code::Unreachable, error.to_string()),
    }
}
