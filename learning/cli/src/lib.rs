//! The command line of `sayso learn`: the client has its help and completions from here, the daemon's program carries it
//! out.

use clap::{Args, Subcommand};

/// Learn from the lines that you correct, on this machine only
///
/// Off by default. When it is on and you edit a converted line and run it, or choose another reading and run that, sayso
/// keeps what was dictated, what it wrote and what you ran, with the time and a hash of the folder. From that it learns
/// two things: words that your dictation tool writes for others, and which reading you prefer (`-n5` or `-n 5`). Nothing
/// else is learnt, nothing leaves the machine, and everything fades in 90 days.
///
/// Lines with a leading space, with secrets, and those that `ignore` under `[learn]` in the settings names are never kept.
///
/// Exit status: 0 success, 1 failure, 2 wrong usage.
#[derive(Debug, Args)]
pub struct Learn {
    /// What to do
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with what is learnt.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Turn learning on, after saying what is kept and where, and asking
    On {
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Turn learning off: the file of what was learnt is not opened any more, and stays
    Off,
    /// Say whether learning is on, what is kept, and what was learnt
    Status {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Look through the words that were learnt: accept, reject or edit each
    ///
    /// An accepted word is added to your own words (`sayso words`) and binds. One that was seen twice is offered as a
    /// reading until then. The words stand below the prompt: a accepts, r rejects, e edits, Esc ends.
    Review {
        /// Print the words as a list instead: heard, written, and how often, with tabs between them
        #[arg(long)]
        list: bool,
        /// Ask about one word after the other in plain lines, for screen readers
        #[arg(long, conflicts_with = "list")]
        plain: bool,
    },
    /// Delete the last line that was kept, and what it taught
    Undo,
    /// Delete the kept lines that contain a text, and what they taught
    Forget {
        /// The text
        #[arg(required_unless_present = "all")]
        text: Option<String>,
        /// Delete everything, and the file
        #[arg(long, conflicts_with = "text")]
        all: bool,
    },
    /// Print every line that is kept, one JSON object each: {"time", "folder", "heard", "answer", "ran"}
    Export,
    // The shells call it.
    /// Tell the daemon what was run: the dictation, the answer and the line on standard input, each ended by a NUL byte
    #[command(hide = true)]
    Note {
        /// Give up after this many milliseconds
        #[arg(long, value_name = "MS", default_value_t = 200)]
        deadline_ms: u64,
    },
}
