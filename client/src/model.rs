//! `sayso model`, which the daemon's program carries out: it knows models, and this one does not.

use crate::reach;
use anyhow::{Context, Result};
use std::env;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

#[allow(dead_code, reason = "what was understood goes on as it was written")]
#[path = "../../daemon/src/model/cli.rs"]
pub(crate) mod cli;

/// Becomes the daemon's program, under this one's name; returns only where that fails.
pub(crate) fn run() -> Result<ExitCode> {
    let program = reach::daemon_program();
    let failed = Command::new(&program).arg0("sayso").args(env::args_os().skip(1)).exec();
    Err(failed).with_context(|| format!("{} cannot be started", program.display()))
}
