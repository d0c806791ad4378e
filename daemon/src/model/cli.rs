//! The command line of `sayso model`. The client reads it too, for its help and completions, and hands the arguments on.

use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

/// Get, choose, check and remove language models
///
/// Without one, sayso is whole: the first stage, which is part of it, answers in less than a millisecond. A language
/// model judges between readings where the first stage is not sure. It runs in the daemon, on this machine, and nothing
/// that you say leaves it.
///
///   sayso model pull qwen3-0.6b      bring a model from the hub
///
///   sayso model use qwen3-0.6b       the daemon loads it when it first needs it
///
///   sayso status                     what it does and what memory it takes
///
/// Exit status: 0 done, 1 it could not be done, 2 the command line was wrong.
#[derive(Debug, Args)]
pub(crate) struct Model {
    /// What to do
    #[command(subcommand)]
    pub(crate) action: Action,

    /// Print JSON: one object for each model, or one with what came of it; {"error":{"message"}} where it failed
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What to do with language models.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List the models that are here, the chosen one marked, and those that can be pulled by a short name
    List,
    /// Bring a model from the hub
    ///
    /// The revision is taken as the commit that it is now. Every file is held to the size and the digest that the hub
    /// states, and the model is there whole or not at all. qwen3-0.6b has some 331 MB. After a break, or Ctrl-C, the same command goes on where it
    /// was. Weights in safetensors, JSON and text are fetched, nothing that could run. HF_ENDPOINT names another hub.
    Pull {
        /// A short name that `list` shows, or OWNER/REPOSITORY; with @REVISION where it is not to be `main`
        #[arg(value_hint = ValueHint::Other)]
        model: String,
    },
    /// Make a model of a GGUF file, its weights unchanged
    ///
    /// F32, F16, BF16, Q8_0, Q4_0 and Q4_1 weights are read; llama, qwen2 and qwen3 models with their tokenizer.
    Import {
        /// The file
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// What it is called from now on [default: the name of the file without its ending]
        #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
        name: Option<String>,
    },
    /// Make a model the one that judges
    ///
    /// It is opened and checked first. A daemon that runs goes over to it without losing a request: what it is asked
    /// meanwhile is answered by the first stage. To have no model judge, set `judge = false` in the section `model` of the
    /// settings.
    Use {
        /// Its name, as `list` shows it
        #[arg(value_hint = ValueHint::Other)]
        name: String,
    },
    /// Read models to the last byte, and say what is not as it was when they came
    Verify {
        /// The name of one [default: all]
        #[arg(value_hint = ValueHint::Other)]
        name: Option<String>,
    },
    /// Remove a model, and what is left of pulls of it
    ///
    /// A daemon that has it loaded lets go of it with the next line that it is asked to convert.
    Remove {
        /// Its name, as `list` shows it
        #[arg(value_hint = ValueHint::Other)]
        name: String,
    },
    /// Load a model and measure how fast it reads, writes and judges
    ///
    /// With the threads of the settings, and beside whatever else the machine does.
    Bench {
        /// Its name [default: the one that judges]
        #[arg(value_hint = ValueHint::Other)]
        name: Option<String>,
        /// How often each thing is measured
        #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
    },
}
