//! The command line of `saysod`: help and man page come from this definition.

use crate::command::convert::Convert;
use crate::command::here::Here;
use crate::command::pick::Pick;
use clap::{Parser, Subcommand};
use sayso_learning_cli::Learn;
use sayso_model_cli::{Model, Tagger};
use std::path::PathBuf;
use std::time::Duration;

/// The resident half of sayso: listens on the user's socket and converts dictated lines.
///
/// You need not start it: `sayso` starts an absent daemon, and `sayso service install` hands it to systemd or
/// launchd. It stays in the foreground, and ends on SIGTERM, SIGINT or SIGHUP after it has answered what it was asked.
///
/// Only one daemon runs for a user: a second one says so and ends.
#[derive(Debug, Parser)]
#[command(name = "saysod", version, max_term_width = 100, after_help = AFTER, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    /// Instead of listening.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Listen here instead of the usual place
    ///
    /// Takes the part of SAYSO_SOCKET. The folder must belong to you and be closed to others (mode 0700).
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,

    /// End after so many minutes without a request, fractions allowed; 0 means never
    ///
    /// The next request starts the daemon again. Without this flag the settings decide.
    #[arg(long, value_name = "N", value_parser = minutes)]
    pub(crate) idle_minutes: Option<Duration>,

    /// Unload the language model after so many minutes without a line, fractions allowed; 0 means never
    ///
    /// The next line loads it again. Without this flag the settings decide.
    #[arg(long, value_name = "N", value_parser = minutes)]
    pub(crate) unload_minutes: Option<Duration>,

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

/// What this program does besides being the daemon.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    // People type `sayso convert --no-daemon`.
    #[command(hide = true)]
    Convert(Convert),
    // People type `sayso here`.
    #[command(hide = true)]
    Here(Here),
    // People type `sayso model`.
    #[command(hide = true)]
    Model(Model),
    // People type `sayso tagger`.
    #[command(hide = true)]
    Tagger(Tagger),
    // People type `sayso learn`.
    #[command(hide = true)]
    Learn(Learn),
    // People type `sayso pick`.
    #[command(hide = true)]
    Pick(Pick),
    // People type `sayso try`.
    #[command(hide = true)]
    Try,
}

const AFTER: &str = "\
Socket:    $XDG_RUNTIME_DIR/sayso/sayso.sock, else sayso-UID/sayso.sock in the temporary folder; SAYSO_SOCKET overrides
Settings:  `sayso config path`; changes are noticed without a restart, those in [log] at the next start
State:     `sayso status`, `sayso doctor`";

/// Longest idle time, in minutes: a year.
const MAX_MINUTES: f64 = 366.0 * 24.0 * 60.0;

fn minutes(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(minutes) if (0.0..=MAX_MINUTES).contains(&minutes) => Ok(Duration::from_secs_f64(minutes * 60.0)),
        _ => Err(format!("a number between 0 and {MAX_MINUTES} is expected")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn minutes_may_be_fractions_within_reason() {
        assert_eq!(minutes("1.5"), Ok(Duration::from_secs(90)));
        assert_eq!(minutes("0"), Ok(Duration::ZERO));
        for wrong in ["-1", "NaN", "inf", "1e9", "ten", ""] {
            assert!(minutes(wrong).is_err(), "{wrong}");
        }
    }
}
