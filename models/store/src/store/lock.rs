//! One writer for each model: the others are told, and do not wait.

use super::StoreError;
use std::fs::{File, TryLockError};
use std::path::Path;

/// Holds a model until it is dropped, or its process ends in whatever way.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a model. Its file stays when the lock is given up: whoever removed it could remove the one
    /// that another has just locked.
    pub(super) fn take(store: &Path, name: &str) -> Result<Lock, StoreError> {
        std::fs::create_dir_all(store).map_err(StoreError::io(store))?;
        let path = store.join(format!(".{name}.lock"));
        let file = File::create(&path).map_err(StoreError::io(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Busy(name.to_owned())),
            Err(TryLockError::Error(source)) => Err(StoreError::io(&path)(source)),
        }
    }
}
