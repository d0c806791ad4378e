//! The files of a model: in a folder, or in the program.

use super::file::{self, Links};
use super::{CheckpointError, Mapped};
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Where the files of a model are.
#[derive(Debug, Clone, Copy)]
pub enum Files<'a> {
    /// In a folder.
    Folder(&'a Path),
    /// In the program.
    BuiltIn(&'static BuiltIn),
}

/// A model that is part of the program.
#[derive(Debug)]
pub struct BuiltIn {
    /// The names and contents of its files, as a model folder has them.
    pub files: &'static [(&'static str, &'static [u8])],
}

impl PartialEq for BuiltIn {
    /// Whether this is the same model; models are not compared number by number.
    fn eq(&self, other: &BuiltIn) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for BuiltIn {}

impl BuiltIn {
    /// Its name, which no other model can have.
    pub const NAME: &'static str = "built-in";

    /// The size of all its files, in bytes.
    pub fn bytes(&self) -> usize {
        self.files.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    fn find(&self, name: &str) -> Option<&'static [u8]> {
        self.files.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes)
    }
}

impl<'a> From<&'a Path> for Files<'a> {
    fn from(folder: &'a Path) -> Files<'a> {
        Files::Folder(folder)
    }
}

impl<'a> From<&'a PathBuf> for Files<'a> {
    fn from(folder: &'a PathBuf) -> Files<'a> {
        Files::Folder(folder)
    }
}

impl From<&'static BuiltIn> for Files<'_> {
    fn from(model: &'static BuiltIn) -> Self {
        Files::BuiltIn(model)
    }
}

impl Files<'_> {
    /// The folder; what is built in has its name instead.
    pub(crate) fn place(self) -> PathBuf {
        match self {
            Files::Folder(folder) => folder.to_owned(),
            Files::BuiltIn(_) => PathBuf::from(BuiltIn::NAME),
        }
    }

    /// The path of a file, for messages.
    pub(crate) fn path(self, name: &str) -> PathBuf {
        self.place().join(name)
    }

    /// Whether there is a file of this name.
    pub(crate) fn has(self, name: &str) -> bool {
        match self {
            Files::Folder(folder) => folder.join(name).exists(),
            Files::BuiltIn(model) => model.find(name).is_some(),
        }
    }

    /// Reads a file of at most `limit` bytes.
    ///
    /// # Errors
    /// The file is missing, is no file, cannot be read, or is too large.
    pub(crate) fn bytes(self, name: &str, limit: u64) -> Result<Cow<'static, [u8]>, CheckpointError> {
        match self {
            Files::Folder(folder) => file::bytes(&folder.join(name), limit, Links::Follow).map(Cow::Owned),
            Files::BuiltIn(model) => model.find(name).map(Cow::Borrowed).ok_or_else(|| self.missing(name)),
        }
    }

    /// Reads a text of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Files::bytes`], or it is no UTF-8.
    pub(crate) fn text(self, name: &str, limit: u64) -> Result<String, CheckpointError> {
        String::from_utf8(self.bytes(name, limit)?.into_owned())
            .map_err(|error| CheckpointError::entry(&self.path(name), error.to_string()))
    }

    /// Reads a JSON file of at most [`file::SMALL`] bytes.
    ///
    /// # Errors
    /// As [`Files::bytes`], or [`CheckpointError::Json`].
    pub(crate) fn json<T: DeserializeOwned>(self, name: &str) -> Result<T, CheckpointError> {
        serde_json::from_slice(&self.bytes(name, file::SMALL)?)
            .map_err(|source| CheckpointError::Json { path: self.path(name), source })
    }

    /// Reads a JSON file; `None` if it does not exist.
    ///
    /// # Errors
    /// As [`Files::json`], except for a missing file.
    pub(crate) fn optional<T: DeserializeOwned>(self, name: &str) -> Result<Option<T>, CheckpointError> {
        match self.json(name) {
            Err(CheckpointError::Unreadable { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                Ok(None)
            }
            found => found.map(Some),
        }
    }

    /// Maps a file into memory, unless it is there already.
    ///
    /// # Errors
    /// The file is missing, is no regular file, or cannot be read.
    pub(super) fn map(self, name: &str) -> Result<Mapped, CheckpointError> {
        match self {
            Files::Folder(folder) => Mapped::open(&folder.join(name)),
            Files::BuiltIn(model) => model.find(name).map(Mapped::BuiltIn).ok_or_else(|| self.missing(name)),
        }
    }

    fn missing(self, name: &str) -> CheckpointError {
        CheckpointError::unreadable(&self.path(name))(std::io::ErrorKind::NotFound.into())
    }
}
