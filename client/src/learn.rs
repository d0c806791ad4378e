//! `sayso learn note`: tells the daemon what was run. The daemon's program carries out the rest of `sayso learn`.

use crate::convert::request;
use crate::daemon_client::DaemonClient;
use crate::{handover, settings};
use anyhow::{Context, Result, bail};
use sayso_learning_cli::{Action, Learn};
use sayso_protocol::{Correction, Op, Outcome, Request};
use sayso_text::MAX_TEXT_BYTES;
use std::io::{self, Read};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Carries out the command.
pub(crate) fn run(learn: &Learn) -> Result<ExitCode> {
    match learn.action {
        Action::Note { deadline_ms } => note(Duration::from_millis(deadline_ms)),
        _ => handover::run(),
    }
}

/// Reads a dictation, what sayso wrote and what was run from standard input, each ended by a NUL byte. A daemon that does
/// not run is not started: it knows nothing of the dictation.
fn note(patience: Duration) -> Result<ExitCode> {
    let settings = settings::load().0;
    if !settings.learn.enabled {
        return Ok(ExitCode::SUCCESS);
    }
    let mut bytes = Vec::new();
    let mut input = io::stdin().lock().take(3 * MAX_TEXT_BYTES as u64 + 4);
    input.read_to_end(&mut bytes).context("standard input cannot be read")?;
    let text = String::from_utf8(bytes).context("the lines are not UTF-8")?;
    let fields: Vec<&str> = text.strip_suffix('\0').unwrap_or(&text).split('\0').collect();
    let [heard, answer, ran] = fields.as_slice() else {
        bail!("expected three lines, each ended by a NUL byte: the dictation, the answer, and what was run");
    };
    let correction = Correction { answer: (*answer).to_owned(), ran: (*ran).to_owned() };
    let request =
        Request { correction: Some(correction), ..request(&settings, Op::Learn, (*heard).to_owned()) };
    request.check()?;
    match DaemonClient::new(false)?.ask(&request, Instant::now() + patience)?.outcome {
        Outcome::Error(fault) => Err(fault.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}
