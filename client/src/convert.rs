//! `sayso convert`: one dictated line.

use crate::cli::Convert;
use crate::daemon_client::DaemonClient;
use crate::program;
use crate::settings;
use crate::stderr::say;
use anyhow::{Context, Result};
use sayso_protocol::fields::Notes;
use sayso_protocol::message::MAX_NAMES_BYTES;
use sayso_protocol::reply::{Body, printable};
use sayso_protocol::{Answer, Code, ErrorReply, Op, Outcome, Reply, Request, cli_format, line};
use sayso_settings::Settings;
use sayso_text::MAX_TEXT_BYTES;
use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

/// Converts one line and prints the result.
pub(crate) fn run(cli: &Convert) -> Result<ExitCode> {
    let (settings, mistake) = settings::load();
    let mut outcome = read(&cli.text, !cli.fields)?
        .and_then(|text| ask(&mut DaemonClient::new(!cli.no_start)?, &cli.request(&settings, text)));
    let mut out = io::stdout().lock();
    if cli.fields {
        if let (Ok(answer), Some(mistake)) = (&mut outcome, mistake) {
            // Without a hint, the message is what is shown.
            match &mut answer.hint {
                Some(hint) => *hint = format!("{hint} · {mistake}"),
                None => drop(answer.message.get_or_insert(mistake)),
            }
        }
        let notes = if cli.notes { Notes::With } else { Notes::Without };
        out.write_all(&cli_format::fields(&outcome, notes))?;
        out.flush()?;
        return Ok(exit(&outcome));
    }
    if let Some(mistake) = mistake {
        settings::warn(&mistake);
    }
    if cli.json {
        writeln!(out, "{}", cli_format::json(&outcome))?;
        return Ok(exit(&outcome));
    }
    match &outcome {
        Ok(answer) => {
            writeln!(out, "{}", answer.buffer)?;
            if let Some(message) = &answer.message {
                say(message);
            }
        }
        Err(fault) => say(fault),
    }
    Ok(exit(&outcome))
}

/// Becomes `saysod convert`, which runs the same engine in its own process. Returns only if that fails.
pub(crate) fn without_daemon(cli: &Convert) -> Result<ExitCode> {
    let program = program::daemon();
    let mut command = Command::new(&program);
    command.arg0("sayso").arg("convert").args(["--route", cli.route.as_str()]);
    command.args(cli.json.then_some("--json")).args(cli.lines.then_some("--lines"));
    command.args(cli.cursor.map(|cursor| format!("--cursor={cursor}")));
    command.args(cli.from.map(|from| format!("--from={from}")));
    if !from_stdin(&cli.text) {
        command.arg("--").arg(cli.text.join(" "));
    }
    Err(command.exec()).with_context(|| format!("{} cannot be started", program.display()))
}

/// The dictation: the arguments, or one line typed into a terminal, or standard input to its end. With `cut_newline` a
/// newline at the end of standard input is not part of it.
pub(crate) fn read(arguments: &[String], cut_newline: bool) -> Result<Result<String, ErrorReply>> {
    if !from_stdin(arguments) {
        return Ok(Ok(arguments.join(" ")));
    }
    let mut bytes = Vec::new();
    let mut input = io::stdin().lock().take(MAX_TEXT_BYTES as u64 + 2);
    if io::stdin().is_terminal() {
        say("dictate a line and press Enter");
        input.read_until(b'\n', &mut bytes)
    } else {
        input.read_to_end(&mut bytes)
    }
    .context("standard input cannot be read")?;
    Ok(line::whole_text(&bytes, cut_newline).map(str::to_owned))
}

fn from_stdin(arguments: &[String]) -> bool {
    arguments.is_empty() || arguments == ["-"]
}

/// The request for `text`, with the deadline of the settings and the working directory.
pub(crate) fn request(settings: &Settings, op: Op, text: String) -> Request {
    let mut request = Request {
        text,
        deadline_ms: Some(u64::try_from(settings.deadline.as_millis()).unwrap_or(u64::MAX)),
        ..Request::new(1, op)
    };
    request.context.cwd =
        std::env::current_dir().ok().and_then(|cwd| cwd.into_os_string().into_string().ok());
    request.context.names = shell_names();
    request
}

/// What the shell that started this process knows: the PATH and the names of the environment, which it handed on, and its
/// aliases and functions from the file that `SAYSO_SHELL_NAMES` names, or the functions in `SAYSO_SHELL_FUNCTIONS`. Values
/// of the environment are not looked at.
fn shell_names() -> String {
    let mut names = String::new();
    let mut add = |kind: &str, name: &str| {
        if names.len() + name.len() + kind.len() + 2 <= MAX_NAMES_BYTES && !name.contains('\n') {
            names.extend([kind, " ", name, "\n"]);
        }
    };
    add("path", &std::env::var("PATH").unwrap_or_default());
    for (name, _) in std::env::vars_os() {
        if let Ok(name) = name.into_string() {
            add("variable", &name);
        }
    }
    for name in std::env::var("SAYSO_SHELL_FUNCTIONS").unwrap_or_default().split_whitespace() {
        add("function", name);
    }
    if let Some(file) = std::env::var_os("SAYSO_SHELL_NAMES").and_then(|file| File::open(file).ok()) {
        let mut bytes = Vec::new();
        // What cannot be read is not known.
        let _ = file.take(MAX_NAMES_BYTES as u64).read_to_end(&mut bytes);
        for line in String::from_utf8_lossy(&bytes).lines() {
            if let Some((kind @ ("alias" | "function"), name)) = line.split_once(' ') {
                add(kind, name);
            }
        }
    }
    names
}

impl Convert {
    /// The request for `text`, with the options of the command line.
    pub(crate) fn request(&self, settings: &Settings, text: String) -> Request {
        let (before, text) = line::split(&text, self.from.unwrap_or(0));
        let mut request = request(settings, Op::Convert, text.to_owned());
        before.clone_into(&mut request.context.prebuffer);
        request.session.clone_from(&self.session);
        request.cursor = self.cursor;
        request.route = self.route;
        request.deadline_ms = self.deadline_ms.or(request.deadline_ms);
        request
    }
}

/// Asks the daemon, and checks that the line may be replaced by its answer. The deadline counts
/// from here, so a dictation may take as long as it needs to arrive, typed into a terminal or
/// through a slow pipe.
///
/// # Errors
/// Says why the line stays as it was.
pub(crate) fn ask(client: &mut DaemonClient, request: &Request) -> Result<Answer, ErrorReply> {
    let deadline = Instant::now() + Duration::from_millis(request.deadline_ms.unwrap_or_default());
    // The daemon checks it too. A request that it would refuse must not start it first.
    request.check()?;
    answer(client.ask(request, deadline)?, &request.text)
}

/// The answer in a reply to the dictation `text`, checked.
pub(crate) fn answer(reply: Reply, text: &str) -> Result<Answer, ErrorReply> {
    match reply.outcome {
        Outcome::Result(Body::Converted(answer)) => answer.verified(text),
        Outcome::Error(fault) => Err(ErrorReply::new(fault.code, printable(&fault.message))),
        Outcome::Result(Body::Done {}) | Outcome::Status(_) => Err(ErrorReply::new(
            Code::Internal,
            "the daemon sent the wrong kind of reply; the line stays as it was",
        )),
    }
}

fn exit(outcome: &Result<Answer, ErrorReply>) -> ExitCode {
    if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
