//! What can go wrong with the store.

use crate::gguf::ImportError;
use sayso_language::checkpoint::CheckpointError;
use std::io;
use std::path::{Path, PathBuf};

/// Why the store could not do what was asked. Nothing is half in place after any of them.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What was given cannot be the name of a model, a repository or a revision.
    #[error(
        "{0:?} is no name for a model: it has letters, digits and . - _ only; the hub knows models as OWNER/REPOSITORY[@REVISION]"
    )]
    Name(String),
    /// No model of this name is here.
    #[error("there is no model {0} here")]
    Unknown(String),
    /// A model of this name is here, and is another one; nothing is overwritten.
    #[error("there is another model {0} here: remove it first")]
    Exists(String),
    /// Another process or thread pulls, imports or removes a model of this name.
    #[error("the model {0} is being pulled, imported or removed by another process")]
    Busy(String),
    /// The disk is full.
    #[error("{}: the disk is full; what a pull has brought is kept, and the next one goes on from there", .0.display())]
    DiskFull(PathBuf),
    /// The system refuses.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The hub cannot be reached, or its answer about the repository is none.
    #[error("the hub cannot be asked about {repository}: {problem}")]
    Hub {
        /// The repository.
        repository: String,
        /// What is wrong.
        problem: String,
    },
    /// What the hub states about a repository is incomplete or cannot be right.
    #[error("what the hub states about {repository} cannot be used: {problem}")]
    Listing {
        /// The repository.
        repository: String,
        /// What is wrong.
        problem: String,
    },
    /// The hub does not give a file.
    #[error("{file}: the server answers {status}")]
    Refused {
        /// The file.
        file: String,
        /// The status of the answer.
        status: u16,
    },
    /// The connection broke again and again.
    #[error(
        "{file}: the connection broke after {received} of {bytes} bytes, which are kept for the next pull: {problem}"
    )]
    Broken {
        /// The file.
        file: String,
        /// What is here of it, in bytes.
        received: u64,
        /// Its size.
        bytes: u64,
        /// How it broke.
        problem: String,
    },
    /// A server gives a file of another length than the hub states.
    #[error("{file}: the hub states {bytes} bytes, the server gives {given}")]
    Length {
        /// The file.
        file: String,
        /// The size that the hub states.
        bytes: u64,
        /// What the server says or does instead.
        given: String,
    },
    /// A server gives a file of another content than the hub states. It is thrown away.
    #[error("{file}: the hub states the digest {stated}, what the server gave has {found}")]
    Content {
        /// The file.
        file: String,
        /// The digest that the hub states.
        stated: String,
        /// The digest of what came.
        found: String,
    },
    /// All came as stated, but it is no model that can be used. It is thrown away.
    #[error("it makes no usable model: {0}")]
    Unusable(#[source] CheckpointError),
    /// A GGUF file cannot be imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The manifest of a model is missing or damaged.
    #[error("{}: {problem}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

impl StoreError {
    /// An error of the system at a path.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> StoreError + '_ {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                StoreError::DiskFull(path.to_owned())
            }
            _ => StoreError::Io { path: path.to_owned(), source },
        }
    }
}
