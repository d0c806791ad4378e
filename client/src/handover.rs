//! The sub-commands that other programs carry out. The daemon's: `sayso model`, `sayso tagger`, `sayso learn` and `sayso here`,
//! because it knows models, what was learnt and places; `sayso pick` and `sayso try`, because they draw in the terminal and this
//! program stays small. `sayso train` is two programs that are installed on demand.

use crate::daemon_client::DaemonClient;
use crate::{program, settings};
use anyhow::{Context, Result};
use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::Instant;

/// Becomes the daemon's program, as [`run`], once a daemon listens: that program does not start one.
pub(crate) fn run_with_daemon() -> Result<ExitCode> {
    let deadline = Instant::now() + settings::load_or_warn().deadline;
    DaemonClient::new(true)?.connect(deadline)?;
    run()
}

/// Becomes the daemon's program, under this one's name and with the same arguments. Returns only if that fails.
pub(crate) fn run() -> Result<ExitCode> {
    let daemon = program::daemon();
    let failed = Command::new(&daemon).arg0("sayso").args(env::args_os().skip(1)).exec();
    Err(failed).with_context(|| format!("{} cannot be started", daemon.display()))
}

/// Becomes the program that trains the tagger (`adapt`) or language models (everything else). Returns only if that fails.
pub(crate) fn train(arguments: &[OsString]) -> Result<ExitCode> {
    let (name, arguments) = match arguments {
        [first, rest @ ..] if first == "adapt" => ("sayso-adapt", rest),
        all => ("sayso-train", all),
    };
    let program = program::find(name).with_context(|| {
        format!(
            "{name} is not installed, because it comes on demand. In a checkout of sayso, `sh install.sh --train` builds and \
             installs it"
        )
    })?;
    let failed = Command::new(&program).args(arguments).exec();
    Err(failed).with_context(|| format!("{} cannot be started", program.display()))
}
