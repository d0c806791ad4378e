//! The errors of the store.

use crate::gguf::ImportError;
use sayso_language::LanguageError;
use sayso_language::checkpoint::{BuiltIn, CheckpointError};
use std::io;
use std::path::{Path, PathBuf};

/// Why the store could not do what was asked. None of these leaves a model half in place.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The text cannot be the name of a model, a repository or a revision.
    #[error(
        "{0:?} is not a model name: it may have only letters, digits and . - _, or be OWNER/REPOSITORY[@REVISION] on the hub"
    )]
    Name(String),
    /// The name of the model that is part of the program.
    #[error(
        "{} is the model that is part of sayso: it can be used, but neither replaced nor removed; `judge = false` in the section `model` of the settings turns it off",
        BuiltIn::NAME
    )]
    BuiltIn,
    /// No model of this name is installed.
    #[error("no model named {0} is installed")]
    Unknown(String),
    /// Another model of this name is installed; nothing is overwritten.
    #[error("another model named {0} is installed; remove it first")]
    Exists(String),
    /// Another process or thread is pulling, importing or removing a model of this name.
    #[error("the model {0} is being pulled, imported or removed by another process")]
    Busy(String),
    /// The disk is full.
    #[error("{}: the disk is full; a pull keeps what it has downloaded, and the next one resumes from there", .0.display())]
    DiskFull(PathBuf),
    /// There is a link, a pipe, a device or a folder where sayso keeps a file. It was not opened.
    #[error("{} is not a plain file, so it was not opened; remove it", .0.display())]
    NotAFile(PathBuf),
    /// The file that names the chosen model cannot be read.
    #[error("the choice of the model cannot be read: {0}; `sayso model use NAME` writes it anew")]
    Choice(#[source] CheckpointError),
    /// A file of a model cannot be read.
    #[error(transparent)]
    Read(CheckpointError),
    /// The disk has no room for the model. Nothing was downloaded.
    #[error("{}: a model of {needed} MB does not fit on the disk, which has {free} MB free", path.display())]
    Room {
        /// The folder.
        path: PathBuf,
        /// What is still to be downloaded, in megabytes.
        needed: u64,
        /// What is free, in megabytes.
        free: u64,
    },
    /// Another error of the system.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The hub cannot be reached, or does not answer the question about the repository.
    #[error("cannot ask the hub about {repository}: {problem}")]
    Hub {
        /// The repository.
        repository: String,
        /// What is wrong.
        problem: String,
    },
    /// What the hub states about a repository is incomplete or invalid.
    #[error("what the hub states about {repository} cannot be used: {problem}")]
    Listing {
        /// The repository.
        repository: String,
        /// What is wrong.
        problem: String,
    },
    /// The hub does not send a file.
    #[error("{file}: the server answers {status}")]
    Refused {
        /// The file.
        file: String,
        /// The HTTP status.
        status: u16,
    },
    /// The server sends from one address to the next.
    #[error("{file}: the server redirects more than {most} times")]
    Redirects {
        /// The file.
        file: String,
        /// How many times it may.
        most: u32,
    },
    /// The connection broke again and again.
    #[error(
        "{file}: the connection broke after {received} of {bytes} bytes, which are kept for the next pull: {problem}"
    )]
    Broken {
        /// The file.
        file: String,
        /// How much of it was received, in bytes.
        received: u64,
        /// Its size.
        bytes: u64,
        /// How it broke.
        problem: String,
    },
    /// A server sends a file of another length than the hub states.
    #[error("{file}: the hub states {bytes} bytes, but the server sends {given}")]
    Length {
        /// The file.
        file: String,
        /// The size that the hub states.
        bytes: u64,
        /// What the server states or sends instead.
        given: String,
    },
    /// A server sends a file with another digest than the hub states. The file is deleted.
    #[error("{file}: the hub states the digest {stated}, but what the server sent has {found}")]
    Content {
        /// The file.
        file: String,
        /// The digest that the hub states.
        stated: String,
        /// The digest of what was received.
        found: String,
    },
    /// All files came as stated, but the model cannot be used. It is deleted.
    #[error("the model cannot be used: {0}")]
    Unusable(#[source] LanguageError),
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
    /// An error of the system about a path.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> StoreError + '_ {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                StoreError::DiskFull(path.to_owned())
            }
            _ => StoreError::Io { path: path.to_owned(), source },
        }
    }
}
