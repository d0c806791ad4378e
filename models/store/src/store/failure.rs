//! Remembers which model could not be loaded, beside the choice. A folder that ends the daemon would
//! end each new one too, at its first line that needs a model.

use super::StoreError;
use super::source::is_name;
use sayso_language::checkpoint::file::{self, Links};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The name of the file in the folder of models. No model can have this name.
const FAILURE: &str = ".failed";
/// Limit of the file, in bytes. Hand-chosen, 2026-11-28.
const LIMIT: u64 = 64 << 10;

/// A model that could not be loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The name of the model.
    pub model: String,
    /// What was in its folder; another digest is another model.
    digest: String,
    /// Why it could not be loaded.
    pub reason: String,
}

impl Failure {
    /// The failure of a model as its folder is now.
    ///
    /// # Errors
    /// Errors of the system.
    pub(super) fn of(folder: &Path, model: &str, reason: &str) -> Result<Failure, StoreError> {
        Ok(Failure { model: model.to_owned(), digest: digest(folder)?, reason: reason.to_owned() })
    }

    /// The failure that is remembered, if it is that of a model as its folder is now.
    pub(super) fn find(store: &Path, folder: &Path, model: &str) -> Option<Failure> {
        let bytes = file::bytes(&store.join(FAILURE), LIMIT, Links::Refuse).ok()?;
        let failure: Failure = serde_json::from_slice(&bytes).ok()?;
        (failure.model == model && digest(folder).is_ok_and(|now| now == failure.digest)).then_some(failure)
    }

    /// Remembers this failure, and syncs it to the disk.
    ///
    /// # Errors
    /// Errors of the system.
    pub(super) fn write(&self, store: &Path) -> Result<(), StoreError> {
        let path = store.join(FAILURE);
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::Builder::new().prefix(".failed-").tempfile_in(store)?;
            file.write_all(&serde_json::to_vec(self)?)?;
            file.as_file().sync_all()?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(StoreError::io(&path))
    }
}

/// Forgets what failed.
///
/// # Errors
/// Errors of the system.
pub(super) fn clear(store: &Path) -> Result<(), StoreError> {
    let path = store.join(FAILURE);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::io(&path)(error)),
        _ => Ok(()),
    }
}

/// A digest of the names, sizes, times and places of the files in a folder. Their contents are not
/// read, because weights are large, and because no file changes without one of these.
fn digest(folder: &Path) -> Result<String, StoreError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(StoreError::io(folder))? {
        let entry = entry.map_err(StoreError::io(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_name(&name) {
            let it = entry.metadata().map_err(StoreError::io(folder))?;
            files.push(format!("{name} {} {} {} {}\n", it.size(), it.mtime(), it.mtime_nsec(), it.ino()));
        }
    }
    files.sort_unstable();
    let hash = Sha256::digest(files.concat());
    Ok(hash.iter().map(|byte| format!("{byte:02x}")).collect())
}
