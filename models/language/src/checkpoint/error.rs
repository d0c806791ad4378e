//! What can be wrong with a model folder.

use std::path::{Path, PathBuf};

/// Why a model folder cannot be used. Each message names the file, the entry or the tensor that is wrong.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// A file of the folder is not there or cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A folder, a pipe or a device stands where a file should.
    #[error("{} is not a file", .0.display())]
    NotAFile(PathBuf),
    /// A JSON file is larger than any of its kind.
    #[error("{} has {bytes} bytes; more than {limit} cannot be right", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// A JSON file that is none, or that lacks an entry.
    #[error("{}: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Line, column and what is wrong there.
        source: serde_json::Error,
    },
    /// An entry of a JSON file says what cannot be, or what this program cannot do.
    #[error("{}: {problem}", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// The entry and what is wrong with it.
        problem: String,
    },
    /// A weights file that was made by Python's `pickle`: it could run code, and is never read.
    #[error("{} is a pickle, not safetensors; convert it where you trust it", .0.display())]
    Pickle(PathBuf),
    /// A weights file that is cut short, overwritten or made to mislead.
    #[error("{} is damaged: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A tensor that the model needs is not there.
    #[error("tensor {0} is missing")]
    Missing(String),
    /// A tensor that the model has no use for: the configuration is of another model, or says nothing of quantization.
    #[error("tensor {0} is not part of the model that config.json describes")]
    Surplus(String),
    /// A tensor has another shape than the configuration says.
    #[error("tensor {name} has shape {found:?} where {expected:?} is expected")]
    Misshapen {
        /// Its name.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// The shape that follows from `config.json`.
        expected: Vec<usize>,
    },
    /// A tensor holds another kind of numbers.
    #[error("tensor {name} holds {found} where {expected} is expected")]
    Mistyped {
        /// Its name.
        name: String,
        /// Its type in the file.
        found: String,
        /// The types that can be used.
        expected: &'static str,
    },
    /// A number that is none, or infinite.
    #[error("tensor {0} holds a number that is not finite")]
    NotFinite(String),
}

impl CheckpointError {
    /// An error of the system at a file.
    pub(crate) fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> CheckpointError + '_ {
        move |source| CheckpointError::Unreadable { path: path.to_owned(), source }
    }

    /// An entry that is wrong.
    pub(crate) fn entry(path: &Path, problem: impl Into<String>) -> CheckpointError {
        CheckpointError::Entry { path: path.to_owned(), problem: problem.into() }
    }

    /// A weights file that is wrong.
    pub(crate) fn damaged(path: &Path, problem: impl Into<String>) -> CheckpointError {
        CheckpointError::Damaged { path: path.to_owned(), problem: problem.into() }
    }
}
