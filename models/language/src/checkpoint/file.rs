//! Reads the small files of a model folder, with a limit on their size.

use super::CheckpointError;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Limit of a JSON file, in bytes. `config.json` and the like have a few kilobytes, an index of
/// shards has a few hundred.
pub(crate) const SMALL: u64 = 16 << 20;
/// Opens a file for reading. Links are followed, because the hub's cache consists of them.
///
/// # Errors
/// [`CheckpointError::Unreadable`]; or [`CheckpointError::NotAFile`], for example for a pipe, which
/// would block until somebody writes into it.
pub(super) fn open(path: &Path) -> Result<File, CheckpointError> {
    let kind = std::fs::metadata(path).map_err(CheckpointError::unreadable(path))?;
    match kind.is_file() {
        true => File::open(path).map_err(CheckpointError::unreadable(path)),
        false => Err(CheckpointError::NotAFile(path.to_owned())),
    }
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// [`CheckpointError::TooLarge`], and the errors of opening the file.
pub fn bytes(path: &Path, limit: u64) -> Result<Vec<u8>, CheckpointError> {
    let file = open(path)?;
    let length = file.metadata().map_err(CheckpointError::unreadable(path))?.len();
    if length > limit {
        return Err(CheckpointError::TooLarge { path: path.to_owned(), bytes: length, limit });
    }
    // The file may grow while it is read, so the limit holds here too.
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).map_err(CheckpointError::unreadable(path))?;
    Ok(bytes)
}

/// Reads a JSON file of at most [`SMALL`] bytes.
///
/// # Errors
/// [`CheckpointError::Json`], and the errors of [`bytes`].
pub(crate) fn json<T: DeserializeOwned>(path: &Path) -> Result<T, CheckpointError> {
    serde_json::from_slice(&bytes(path, SMALL)?)
        .map_err(|source| CheckpointError::Json { path: path.to_owned(), source })
}

/// Reads a JSON file; `None` if it does not exist.
///
/// # Errors
/// The errors of [`json`], except for a missing file.
pub(crate) fn optional<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, CheckpointError> {
    match json(path) {
        Err(CheckpointError::Unreadable { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            Ok(None)
        }
        found => found.map(Some),
    }
}
