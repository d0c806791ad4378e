//! The command line of `saysod`: help and man page come from this definition.

use clap::{Parser, value_parser};
use std::path::PathBuf;

/// The resident half of sayso: listens on the user's socket and converts dictated lines.
///
/// Nobody needs to start it: `sayso` starts an absent daemon, and `sayso service install` hands it to systemd or
/// launchd. It stays in the foreground, and ends on SIGTERM, SIGINT or SIGHUP after it has answered what it was asked.
///
/// Only one daemon runs for a user: a second one says so and ends.
#[derive(Debug, Parser)]
#[command(name = "saysod", version, max_term_width = 100, after_help = AFTER)]
pub(crate) struct Cli {
    /// Listen here instead of the usual place
    ///
    /// Takes the part of SAYSO_SOCKET. The folder must belong to you and be closed to others (mode 0700).
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,

    /// End after so many minutes without a request; 0 means never
    ///
    /// The next request starts the daemon again. Without this flag the settings decide.
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(0..=527_040))]
    pub(crate) idle_minutes: Option<u64>,

    /// Write what is dictated into the log, which otherwise never holds it
    #[arg(long)]
    pub(crate) log_text: bool,

    /// Started by the client: leave its terminal, say on standard output when ready, then let go of it
    #[arg(long, hide = true)]
    pub(crate) handshake: bool,

    /// Print the man page
    #[arg(long, hide = true)]
    pub(crate) man: bool,
}

const AFTER: &str = "\
Socket:    $XDG_RUNTIME_DIR/sayso/sayso.sock, else sayso-UID/sayso.sock in the temporary folder; SAYSO_SOCKET overrides
Settings:  `sayso config path`; changes are noticed without a restart
State:     `sayso status`, `sayso doctor`";
