//! The command lines of `sayso model` and `sayso tagger`: the client has its help and completions from here, the daemon's program
//! carries them out.

mod tagger;

pub use tagger::{Tagger, TaggerAction};

use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

/// Get, choose, check and remove language models
///
/// sayso's tagger answers in less than a millisecond. When it is not sure, a language model decides between its
/// readings: a small one that is part of sayso, or a larger one that you get. It runs in the daemon, on this machine, and
/// nothing that you say leaves it.
///
///   sayso model pull qwen3-0.6b      download a model from Hugging Face
///
///   sayso model use qwen3-0.6b       the daemon loads it when it first needs it
///
///   sayso status                     whether it is loaded, and how much memory it takes
///
/// Exit status: 0 success, 1 failure, 2 wrong usage.
#[derive(Debug, Args)]
pub struct Model {
    /// What to do
    #[command(subcommand)]
    pub action: Action,

    /// Print JSON: one object per model, or one with the result; {"error":{"message"}} on failure
    #[arg(long, global = true)]
    pub json: bool,
}

/// Which names to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Names {
    /// Names of the installed models.
    Installed,
    /// Short names of models that are not installed.
    Absent,
}

/// What to do with language models.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// List the installed models, the one in use marked, and the models that have a short name for `pull`
    List {
        /// Print names only: those of the installed models, or the short names of the others. The shells' completions ask
        #[arg(long, hide = true, value_enum, value_name = "WHICH", conflicts_with = "json")]
        names: Option<Names>,
    },
    /// Download a model from Hugging Face
    ///
    /// The revision is pinned to its current commit. Every file is checked against the size and the digest that the hub
    /// states, and a model is installed whole or not at all. qwen3-0.6b has about 331 MB. After an interruption, run the
    /// same command again to resume. Only weights in safetensors, JSON and text are fetched, nothing that could run. Set
    /// HF_ENDPOINT to use another hub.
    Pull {
        /// A short name that `list` shows, or OWNER/REPOSITORY; append @REVISION for another revision than `main`
        #[arg(value_hint = ValueHint::Other)]
        model: String,
    },
    /// Import a GGUF file as a model, without changing its weights, or copy a model folder
    ///
    /// A folder is one as `mlx_lm` and `sayso-train` write it. Of GGUF it supports llama, qwen2 and qwen3 models with their tokenizer, and F32, F16, BF16, Q8_0, Q4_0 and Q4_1 weights.
    Import {
        /// The file or folder
        #[arg(value_hint = ValueHint::AnyPath)]
        file: PathBuf,
        /// The name of the model [default: the name of the file without its extension]
        #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
        name: Option<String>,
    },
    /// Choose which model decides unclear lines
    ///
    /// The model is opened and checked first. A running daemon switches to it without losing a request; until it is
    /// loaded, the tagger answers alone. `built-in` is the one that is part of sayso. To use no model, set `judge = false`
    /// in the section `model` of the settings.
    Use {
        /// Its name, as `list` shows it
        #[arg(value_hint = ValueHint::Other)]
        name: String,
    },
    /// Check model files against their checksums
    Verify {
        /// The name of a model [default: all]
        #[arg(value_hint = ValueHint::Other)]
        name: Option<String>,
    },
    /// Remove a model and its unfinished downloads
    ///
    /// A daemon that has it loaded unloads it when it converts the next line.
    Remove {
        /// Its name, as `list` shows it
        #[arg(value_hint = ValueHint::Other)]
        name: String,
    },
    /// Load a model and measure how fast it reads, writes and compares readings
    ///
    /// Uses the number of threads from the settings. Other work on the machine affects the result.
    Bench {
        /// Its name [default: the one in use]
        #[arg(value_hint = ValueHint::Other)]
        name: Option<String>,
        /// How many times to measure
        #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
    },
}
