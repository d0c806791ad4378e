//! The command line of `sayso`: help, man pages and completions come from this definition.

use crate::init::Shell;
use crate::service::command::Action;
use clap::{Args, Parser, Subcommand, ValueHint, value_parser};
use sayso_learning_cli::Learn;
use sayso_model_cli::{Model, Tagger};
use sayso_protocol::Route;
use sayso_text::MAX_DEADLINE_MS;
use std::ffi::OsString;
use std::path::PathBuf;

/// Turns a dictated shell line into the command you meant.
///
/// Speak, let your dictation tool type what it heard, press Ctrl-X Ctrl-V: the line becomes the command. Nothing is
/// ever executed. To bind the key, add one line to your shell's start file:
///
///   zsh   eval "$(sayso init zsh)"
///
///   fish  sayso init fish | source
///
///   bash  eval "$(sayso init bash)"
///
/// Exit status: 0 success, 1 failure (a line is then left as it was), 2 wrong usage.
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
    Pick(Pick),
    /// Try dictations: type or dictate above, and see below what becomes of it
    ///
    /// A command that is typed or pasted is shown as it is said. Ctrl-C ends it and leaves no trace.
    Try,
    Words(Words),
    Trust(Trust),
    /// Print the shell code that binds the key
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
    /// Show the daemon's status
    ///
    /// Exit status 1 if no daemon answers. Does not start one.
    Status {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Check everything that a key press needs, and say how to fix what is wrong
    ///
    /// Exit status 1 if a check fails.
    Doctor {
        /// Print one JSON object per check: {"check", "level", "found", "advice"}
        #[arg(long)]
        json: bool,
    },
    /// Start the daemon at login (systemd or launchd), or stop doing so
    ///
    /// Optional: without a service, `sayso` starts the daemon when it is first needed.
    Service {
        /// What to do
        #[command(subcommand)]
        action: Action,
    },
    /// Show which names of this folder, of your shell and of your history can be read from what you say
    ///
    /// Nothing of it is logged or sent anywhere. The section `[here]` of the settings switches each source off.
    Here {
        /// Print one JSON object: {"folder", "sources": [{"source", "names", "examples", "seconds"}], "bytes", "micros"}
        #[arg(long)]
        json: bool,
        /// List all names of one source instead of a few of each
        #[arg(long, value_name = "SOURCE")]
        all: Option<String>,
    },
    Model(Model),
    Tagger(Tagger),
    Learn(Learn),
    /// Train the tagger on your own lines, or a language model
    ///
    /// `sayso train adapt` teaches the tagger the lines that you corrected. `sayso train lora RECIPE.toml`, and `full`, `fuse`,
    /// `quantize` and `cut`, make language models, see docs/TRAINING.md. Behind each, --help tells more.
    ///
    /// Two programs do it that are not installed with sayso: `sh install.sh --train` in a checkout builds and installs them.
    Train {
        /// A command, and its arguments
        #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    Report(Report),
    /// Show and check the settings
    Config {
        /// What to do
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Print the shell code that completes `sayso` commands
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

/// What may be said, and what comes of it: a test of the engine converts each line.
const CONVERT_EXAMPLES: &str = "\
Examples of what you say and what is printed:
  git commit dash m quote fix login bug quote  →  git commit -m \"fix login bug\"
  okay so git push no wait git pull  →  git pull
  docker run dash p eighty eighty colon eighty nginx  →  docker run -p 8080:80 nginx
  cat camel case user profile dot ts pipe head dash n 5  →  cat userProfile.ts | head -n 5
  echo literal dash  →  echo dash";

/// Print the command for a dictated line
///
/// Reads the line from standard input if no TEXT is given, or if TEXT is `-`: other users of the machine can see
/// arguments, but not what goes through a pipe. A line in which nothing sounds dictated is printed as it is, with a
/// message on standard error and exit status 0. If a line cannot be converted, for example because it is empty, nothing
/// is printed but an error, and the exit status is 1.
#[derive(Debug, Args)]
#[command(after_help = CONVERT_EXAMPLES)]
pub(crate) struct Convert {
    /// The dictation; several words are joined by spaces
    pub(crate) text: Vec<String>,

    /// Print one JSON object: {buffer, cursor, route, confidence, alternatives, spans, dropped, micros,
    /// message}
    ///
    /// or {"error":{code,message}}.
    #[arg(long, group = "form")]
    pub(crate) json: bool,

    /// Convert every line of standard input and print one JSON object for each, in order
    ///
    /// If a line could not be converted, its object has an `error` member.
    #[arg(long, group = "form", conflicts_with_all = ["text", "cursor"])]
    pub(crate) lines: bool,

    /// Print fields that each end in a NUL byte, for shells without a JSON parser
    ///
    /// They are `ok`, a message, the stage, how sure it is in percent, the cursor, the new line, and its alternatives; or,
    /// if the line stays as it was, an error code and a message. A newline at the end of standard input is part of the
    /// line.
    #[arg(long, group = "form", conflicts_with = "no_daemon")]
    pub(crate) fields: bool,

    /// With --fields: a note about the dictation behind the new line, and one behind each alternative
    ///
    /// A note is what to show below the line while that reading is on it.
    #[arg(long, requires = "fields")]
    pub(crate) notes: bool,

    /// Convert without a daemon, in a process that ends with the line
    ///
    /// Cannot be combined with --deadline-ms, --session, --fields and --no-start, which need the daemon.
    #[arg(long, conflicts_with_all = ["deadline_ms", "session"])]
    pub(crate) no_daemon: bool,

    /// Fail instead of starting the daemon if it is not running
    #[arg(long, conflicts_with = "no_daemon")]
    pub(crate) no_start: bool,

    /// Which stage may answer
    #[arg(long, value_name = "STAGE", default_value = "auto", value_parser = route_parser())]
    pub(crate) route: Route,

    /// Give up after this many milliseconds [default: the setting deadline_ms]
    #[arg(long, value_name = "MS", value_parser = value_parser!(u64).range(1..=MAX_DEADLINE_MS))]
    pub(crate) deadline_ms: Option<u64>,

    /// Name of the line editor that asks
    ///
    /// A newer request from the same session cancels the older one; a line that the session
    /// recently got as a result is left as it is.
    #[arg(long, value_name = "NAME")]
    pub(crate) session: Option<String>,

    /// Position of the cursor in the line, in characters [default: its end]
    #[arg(long, value_name = "N")]
    pub(crate) cursor: Option<usize>,

    /// Convert the line from its Nth character on; what stands before it is read with it, and is not printed
    ///
    /// For example, `sayso convert --from 8 kubectl get pods dash n dev` prints `get pods -n dev`. All positions count from
    /// that character.
    #[arg(long, value_name = "N", conflicts_with = "lines")]
    pub(crate) from: Option<usize>,
}

/// Choose among the readings of a dictated line, below the cursor
///
/// 1-9 or the arrows choose a reading, Enter takes it, Esc leaves the line. Typing filters. Tab goes to the words: left and
/// right go to a word, up and down through its readings, and the rest of the line is chosen again around it.
///
/// Prints the reading that was taken. Exit status 1 if none was. Without TEXT the line is read from standard input.
#[derive(Debug, Args)]
pub(crate) struct Pick {
    /// The dictation; several words are joined by spaces; read from standard input if absent or `-`
    pub(crate) text: Vec<String>,

    /// Print a numbered list and ask for a number, for screen readers
    #[arg(long)]
    pub(crate) plain: bool,

    /// Print the answer as `convert --fields --notes` does, for the shells
    #[arg(long)]
    pub(crate) fields: bool,

    /// Position of the cursor in the line, in characters [default: its end]
    #[arg(long, value_name = "N")]
    pub(crate) cursor: Option<usize>,

    /// Name of the line editor that asks
    #[arg(long, value_name = "NAME")]
    pub(crate) session: Option<String>,
}

/// Show word by word what was heard, what was taken, and which two readings came nearest
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The dictation; several words are joined by spaces; read from standard input if absent or `-`
    pub(crate) text: Vec<String>,

    /// Explain the line that this shell had converted last
    ///
    /// The daemon keeps the last line of each shell in memory, and nowhere else.
    #[arg(long, conflicts_with = "text")]
    pub(crate) last: bool,

    /// Show all readings of each word, and why one was taken
    #[arg(long)]
    pub(crate) all: bool,

    /// Print the JSON object of `convert --json`, with `units`
    #[arg(long)]
    pub(crate) json: bool,

    /// Which stage may answer
    #[arg(long, value_name = "STAGE", default_value = "auto", value_parser = route_parser())]
    pub(crate) route: Route,
}

/// List the spoken words and what they write, your own words first; add and remove your own
///
/// Your own words bind: where you say one, nothing else is written. Of several that begin alike, the longest counts. A
/// change takes effect at once. Words of a project are in `.sayso.toml`, see `sayso trust --help`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Words {
    /// What to do instead of listing
    #[command(subcommand)]
    pub(crate) action: Option<WordsAction>,

    /// List only entries that contain this
    pub(crate) filter: Option<String>,

    /// Print one JSON object per line: {"writes", "kind", "spoken"}
    #[arg(long)]
    pub(crate) json: bool,
}

/// What to do with a person's own words.
#[derive(Debug, Subcommand)]
pub(crate) enum WordsAction {
    /// Add a word: sayso words add "kay eight s" k8s
    Add {
        /// What you say, as your dictation tool writes it
        spoken: String,
        /// What it writes
        written: String,
        /// Another way to say it; may be given several times
        #[arg(long, value_name = "SPOKEN")]
        also: Vec<String>,
    },
    /// Remove the word that is said like this, or else all that write it
    Remove {
        /// What is said, or what it writes
        word: String,
    },
    /// Add all words of a list
    ///
    /// The list has two columns with a tab between them (what is said, what it writes), or is a Talon `.talon-list`, or
    /// the JSON export of superwhisper or VoiceInk. An entry that cannot be a word is left out and reported. Words that
    /// you have already are replaced.
    Import {
        /// The list; `-` reads standard input
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Print your own words in two columns, as `import` reads them
    Export,
}

/// Let a project's words count
///
/// A project may bring words of its own, under `[words]` in a file `.sayso.toml` in its folder, or any folder above the one
/// you are in. As the words of a stranger could write anything, the file counts only if it belongs to you and you have
/// trusted it. When it changes, trust it again.
///
/// Without --yes, shows the words and asks.
#[derive(Debug, Args)]
pub(crate) struct Trust {
    /// The folder of the project, or its file [default: the nearest `.sayso.toml` here or above]
    #[arg(value_hint = ValueHint::AnyPath)]
    pub(crate) path: Option<PathBuf>,

    /// Trust the file no longer
    #[arg(long, conflicts_with = "yes")]
    pub(crate) revoke: bool,

    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// Write a file about a wrong answer, for an issue
///
/// It holds the version, the system, the settings without your words, and, if you give one, the dictation with its answer
/// and the reasons. Nothing is sent anywhere.
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// The dictation; several words are joined by spaces; `-` reads standard input. Left out: no dictation is in the report
    pub(crate) text: Vec<String>,

    /// The command that you meant
    #[arg(long, value_name = "COMMAND", requires = "text")]
    pub(crate) expected: Option<String>,

    /// The file, which must not exist yet; `-` prints the report
    #[arg(long, short, value_name = "FILE", default_value = "sayso-report.md", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,
}

/// What to do with the settings.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum ConfigAction {
    /// Print the path of the settings file, whether or not it exists
    Path,
    /// Print the settings in force
    Show,
    /// Check the settings file and show where a mistake is
    Check,
    /// Write a commented settings file with the defaults, unless there is one
    Init,
}

/// Reads a stage by its name in the protocol.
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
