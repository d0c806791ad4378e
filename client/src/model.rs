//! `sayso model`: the daemon's program carries it out, because it knows models.

use crate::program;
use anyhow::{Context, Result};
use std::env;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// Becomes the daemon's program, under this one's name and with the same arguments. Returns only if that fails.
pub(crate) fn run() -> Result<ExitCode> {
    let daemon = program::daemon();
    let failed = Command::new(&daemon).arg0("sayso").args(env::args_os().skip(1)).exec();
    Err(failed).with_context(|| format!("{} cannot be started", daemon.display()))
}
