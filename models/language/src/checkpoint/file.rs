//! Reading the small files of a model folder, never more of them than is sensible.

use super::CheckpointError;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// `config.json` and its like have a few kilobytes; an index of shards has some hundred.
pub(crate) const SMALL: u64 = 16 << 20;
/// Opens a file to read. A link is followed: the hub's cache is made of them.
///
/// # Errors
/// [`CheckpointError::Unreadable`], and [`CheckpointError::NotAFile`] for a pipe, which would wait for a writer.
pub(super) fn open(path: &Path) -> Result<File, CheckpointError> {
    let kind = std::fs::metadata(path).map_err(CheckpointError::unreadable(path))?;
    match kind.is_file() {
        true => File::open(path).map_err(CheckpointError::unreadable(path)),
        false => Err(CheckpointError::NotAFile(path.to_owned())),
    }
}

/// The bytes of a file that has at most `limit`.
///
/// # Errors
/// [`CheckpointError::TooLarge`] and those of opening it.
pub fn bytes(path: &Path, limit: u64) -> Result<Vec<u8>, CheckpointError> {
    let file = open(path)?;
    let length = file.metadata().map_err(CheckpointError::unreadable(path))?.len();
    if length > limit {
        return Err(CheckpointError::TooLarge { path: path.to_owned(), bytes: length, limit });
    }
    // It may grow while it is read.
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).map_err(CheckpointError::unreadable(path))?;
    Ok(bytes)
}

/// A JSON file of at most [`SMALL`] bytes.
///
/// # Errors
/// [`CheckpointError::Json`] and those of reading it.
pub(crate) fn json<T: DeserializeOwned>(path: &Path) -> Result<T, CheckpointError> {
    serde_json::from_slice(&bytes(path, SMALL)?)
        .map_err(|source| CheckpointError::Json { path: path.to_owned(), source })
}

/// A JSON file that need not be there.
///
/// # Errors
/// Those of [`json`] when it is there.
pub(crate) fn optional<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, CheckpointError> {
    match json(path) {
        Err(CheckpointError::Unreadable { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            Ok(None)
        }
        found => found.map(Some),
    }
}
