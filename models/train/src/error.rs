//! Why training, fusing or quantizing fails. Every error says what happened and, where something
//! was saved, what was kept.

use sayso_language::LanguageError;
use sayso_language::checkpoint::CheckpointError;
use sayso_language::tokenizer::TokenizerError;
use std::io;
use std::path::{Path, PathBuf};

/// Why work on a model did not finish.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The recipe is invalid.
    #[error("recipe {path}: {problem}")]
    Recipe {
        /// The recipe.
        path: PathBuf,
        /// What is wrong, and with which entry.
        problem: String,
    },
    /// The model folder is invalid.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The decoder failed while held-out lines were written.
    #[error(transparent)]
    Language(#[from] LanguageError),
    /// A text cannot be encoded.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A file cannot be read.
    #[error("cannot read {path}: {error}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// A file cannot be written: the disk is full, or may not be written to.
    #[error("cannot write {path}: {error}; {kept}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
        /// What is on the disk now.
        kept: &'static str,
    },
    /// A line of a data file is invalid.
    #[error("{path}, line {line}: {problem}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// A set has no example that can be used.
    #[error("the {set} set has no example that can be used: {reason}")]
    Empty {
        /// Which set.
        set: &'static str,
        /// Where they went.
        reason: String,
    },
    /// Most answers of a set repeat their dictation, so it teaches nothing, or has its fields swapped.
    #[error(
        "{same} of the {all} answers of the {set} set are their dictation unchanged: the set is mislabelled"
    )]
    Mislabelled {
        /// Which set.
        set: &'static str,
        /// How many.
        same: usize,
        /// Of how many.
        all: usize,
    },
    /// Adapters do not belong to this base.
    #[error("the adapters in {folder} are for another {what}: {problem}")]
    Foreign {
        /// The adapters' folder.
        folder: PathBuf,
        /// What differs: base, tokenizer or template.
        what: &'static str,
        /// How it differs.
        problem: String,
    },
    /// A loss or weight is not a finite number.
    #[error(
        "the loss of iteration {iteration} is not a number, so training stopped; {kept}. A lower learning rate, a warm-up or `clip` prevents it"
    )]
    NotFinite {
        /// The iteration, from 1.
        iteration: usize,
        /// What is on the disk now.
        kept: String,
    },
    /// The run that `--resume` continues had other settings.
    #[error("cannot resume from {folder}: {problem}")]
    Resume {
        /// The folder of the state.
        folder: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// It would take more memory than there is.
    #[error("this run needs about {needed} MB of memory and {available} MB are free: {advice}")]
    Memory {
        /// Estimated, in 10⁶ bytes.
        needed: u64,
        /// Free now, in 10⁶ bytes.
        available: u64,
        /// What takes less.
        advice: String,
    },
    /// The fused model is worse than the adapters by more than is allowed.
    #[error(
        "fused into few bits, {after} of {lines} held-out lines are right instead of {before}; nothing was written. `--dequantize` keeps 16 bits, training with `--qat` makes up for the rounding, `--anyway` accepts the loss"
    )]
    Loses {
        /// Right lines with base and adapters in 16 bits.
        before: usize,
        /// Right lines afterwards.
        after: usize,
        /// Of how many.
        lines: usize,
    },
    /// A shape that cannot be computed with.
    #[error("{0}")]
    Unfit(String),
    /// MLX failed.
    #[error("MLX: {0}")]
    Mlx(String),
}

impl TrainError {
    /// For `map_err` after reading a file.
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> TrainError + use<> {
        let path = path.to_owned();
        move |error| TrainError::Read { path, error }
    }

    /// For `map_err` after writing a file that replaces an earlier one only when it is complete.
    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> TrainError + use<> {
        let path = path.to_owned();
        move |error| TrainError::Write { path, error, kept: "what was saved before is unchanged" }
    }
}
