//! The command line of `sayso`: help, man pages and completions come from this definition.

use crate::init::Shell;
use crate::model::cli::Model;
use crate::service;
use clap::{Args, Parser, Subcommand, value_parser};
use sayso_protocol::Route;
use sayso_text::MAX_DEADLINE_MS;
use std::path::PathBuf;

/// Turns a dictated shell line into the command you meant.
///
/// Speak, let your dictation tool type what it heard, press Ctrl-X Ctrl-V: the line becomes the command. Nothing is
/// ever executed. To have the key in your shell, add one line to its start file:
///
///   zsh   eval "$(sayso init zsh)"
///
///   fish  sayso init fish | source
///
///   bash  eval "$(sayso init bash)"
///
/// Exit status: 0 done, 1 it could not be done (a line is then left as it was), 2 the command line was wrong.
#[derive(Debug, Parser)]
#[command(name = "sayso", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What `sayso` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Convert(Convert),
    Explain(Explain),
    Words(Words),
    /// Print what a shell evaluates to have the key
    ///
    /// zsh:  eval "$(sayso init zsh)"
    ///
    /// fish: sayso init fish | source
    ///
    /// bash: eval "$(sayso init bash)"
    Init {
        /// The shell
        shell: Shell,
    },
    /// Say how the daemon is
    ///
    /// Exit status 1 where none answers. Does not start one.
    Status {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Check everything that a key press needs, and say what to do about what is wrong
    ///
    /// Exit status 1 where something is wrong.
    Doctor {
        /// Print one JSON object a check: {"check", "level", "found", "advice"}
        #[arg(long)]
        json: bool,
    },
    /// Hand the daemon to systemd or launchd, or take it back
    ///
    /// Nobody needs this: without a service, `sayso` starts the daemon when it is first needed.
    Service {
        /// What to do
        #[command(subcommand)]
        action: service::Action,
    },
    Model(Model),
    /// Show and check the settings
    Config {
        /// What to do
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Print what a shell needs to complete `sayso` commands
    ///
    /// For example: sayso completions fish > ~/.config/fish/completions/sayso.fish
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the man pages into a folder
    #[command(hide = true)]
    Man {
        /// The folder, which must exist
        folder: PathBuf,
    },
}

/// Print the command for a dictated line
///
/// Reads the line from standard input where no TEXT is given, or where TEXT is `-`: other users of the machine can see
/// arguments, but not what goes through a pipe. The line is left as it was, with exit status 1, where it cannot be
/// converted.
#[derive(Debug, Args)]
pub(crate) struct Convert {
    /// What was dictated; several words are joined by spaces
    pub(crate) text: Vec<String>,

    /// Print one JSON object: {buffer, cursor, route, confidence, alternatives, spans, micros, message}
    ///
    /// or {"error":{code,message}}.
    #[arg(long, group = "form")]
    pub(crate) json: bool,

    /// Convert every line of standard input and print one JSON object for each, in order
    ///
    /// An object has an `error` member where its line could not be converted.
    #[arg(long, group = "form", conflicts_with_all = ["text", "cursor"])]
    pub(crate) lines: bool,

    /// Print fields that each end in a NUL byte, for shells without a JSON parser
    ///
    /// `ok`, a message, the stage, how sure it is in percent, the cursor, the new line, then its alternatives. Or, where
    /// the line stays: an error code and a message. Standard input is taken to the byte, with no newline cut off.
    #[arg(long, group = "form", conflicts_with = "no_daemon")]
    pub(crate) fields: bool,

    /// Convert in this process (by `sayso-lab convert`) instead of asking the daemon
    ///
    /// What only a daemon can heed is refused beside it.
    #[arg(long, conflicts_with_all = ["deadline_ms", "session", "shell"])]
    pub(crate) no_daemon: bool,

    /// Fail rather than start an absent daemon
    #[arg(long, conflicts_with = "no_daemon")]
    pub(crate) no_start: bool,

    /// Which stage may answer
    #[arg(long, value_name = "STAGE", default_value = "auto", value_parser = route_parser())]
    pub(crate) route: Route,

    /// Leave the line as it was after so many milliseconds [default: the setting deadline_ms]
    #[arg(long, value_name = "MS", value_parser = value_parser!(u64).range(1..=MAX_DEADLINE_MS))]
    pub(crate) deadline_ms: Option<u64>,

    /// Name of the line editor: a newer request of it cancels the older, and its results stay as they are
    #[arg(long, value_name = "NAME")]
    pub(crate) session: Option<String>,

    /// Where the cursor is in the line, in characters [default: at its end]
    #[arg(long, value_name = "N")]
    pub(crate) cursor: Option<usize>,

    /// The shell that the line is for
    #[arg(long, value_name = "NAME")]
    pub(crate) shell: Option<String>,
}

/// Say unit by unit what was heard, which readings there were, which was taken, and why
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// What was dictated; several words are joined by spaces; from standard input where absent or `-`
    pub(crate) text: Vec<String>,

    /// Print one JSON object: that of `convert --json`, with `units`
    #[arg(long)]
    pub(crate) json: bool,

    /// Which stage may answer
    #[arg(long, value_name = "STAGE", default_value = "auto", value_parser = route_parser())]
    pub(crate) route: Route,
}

/// List what can be said and what it writes, your own words first
#[derive(Debug, Args)]
pub(crate) struct Words {
    /// Only what is said or written with this in it
    pub(crate) filter: Option<String>,

    /// Print one JSON object a line: {"writes", "kind", "spoken"}
    #[arg(long)]
    pub(crate) json: bool,
}

/// What to do with the settings.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum ConfigAction {
    /// Print where the settings file is, or would be
    Path,
    /// Print the settings in force
    Show,
    /// Say whether the settings file is understood; name the place of a mistake
    Check,
    /// Write a commented settings file with the defaults; never overwrites one
    Init,
}

/// Reads a stage by the name that the wire uses.
fn route_parser() -> impl clap::builder::TypedValueParser<Value = Route> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    PossibleValuesParser::new(Route::ALL.map(Route::as_str))
        .map(|name| Route::ALL.into_iter().find(|route| route.as_str() == name).unwrap_or_default())
}

impl From<Shell> for clap_complete::Shell {
    fn from(shell: Shell) -> clap_complete::Shell {
        match shell {
            Shell::Zsh => clap_complete::Shell::Zsh,
            Shell::Fish => clap_complete::Shell::Fish,
            Shell::Bash => clap_complete::Shell::Bash,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, ValueEnum};

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
        assert_eq!(Shell::value_variants().len(), 3);
    }
}
