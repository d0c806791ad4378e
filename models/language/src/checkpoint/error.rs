//! What can be wrong with a model folder.

use std::path::{Path, PathBuf};

/// Why a model folder cannot be used. Each message names the file, the entry or the tensor that is wrong.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// A file of the folder is missing or cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// A folder, a pipe or a device stands where a file should, or a link where none is followed.
    #[error("{} is not a plain file", .0.display())]
    NotAFile(PathBuf),
    /// A file is larger than any valid file of its kind.
    #[error("{} has {bytes} bytes; the limit is {limit}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        bytes: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// A file that is not valid JSON, or that lacks an entry.
    #[error("{}: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Line, column and what is wrong there.
        source: serde_json::Error,
    },
    /// An entry of a JSON file that is invalid or not supported.
    #[error("{}: {problem}", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// The entry and what is wrong with it.
        problem: String,
    },
    /// A weights file in Python's `pickle` format. It could run code, so it is never read.
    #[error("{} is a pickle, not safetensors; sayso never reads pickles, because they can run code", .0.display())]
    Pickle(PathBuf),
    /// A weights file that is truncated, overwritten or crafted to mislead.
    #[error("{} is damaged: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A tensor that the model needs is missing.
    #[error("tensor {0} is missing")]
    Missing(String),
    /// A tensor that the model does not use: the configuration belongs to another model, or says
    /// nothing about quantization.
    #[error("tensor {0} is not part of the model that config.json describes")]
    Surplus(String),
    /// A tensor does not have the shape that the configuration implies.
    #[error("tensor {name} has shape {found:?} where {expected:?} is expected")]
    Misshapen {
        /// Its name.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// The shape that follows from `config.json`.
        expected: Vec<usize>,
    },
    /// A tensor holds numbers of an unsupported type.
    #[error("tensor {name} holds {found} where {expected} is expected")]
    Mistyped {
        /// Its name.
        name: String,
        /// Its type in the file.
        found: String,
        /// The types that can be used.
        expected: &'static str,
    },
    /// A tensor holds a number that is infinite or NaN.
    #[error("tensor {0} holds a number that is not finite")]
    NotFinite(String),
}

impl CheckpointError {
    /// A system error about a file.
    pub(crate) fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> CheckpointError + '_ {
        move |source| CheckpointError::Unreadable { path: path.to_owned(), source }
    }

    /// An invalid entry.
    pub(crate) fn entry(path: &Path, problem: impl Into<String>) -> CheckpointError {
        CheckpointError::Entry { path: path.to_owned(), problem: problem.into() }
    }

    /// A damaged weights file.
    pub(crate) fn damaged(path: &Path, problem: impl Into<String>) -> CheckpointError {
        CheckpointError::Damaged { path: path.to_owned(), problem: problem.into() }
    }
}
