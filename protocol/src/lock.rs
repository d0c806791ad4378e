//! One process at a time: a lock that ends with the process that holds it, however that ends.

use nix::fcntl::OFlag;
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// A held lock. Dropping it, or the end of the process, lets go.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Whether `path` is still the file that is locked: it may have been removed, with its folder, and made anew.
    pub fn is_at(&self, path: &Path) -> bool {
        let identity = |it: Metadata| (it.dev(), it.ino());
        match (self.file.metadata(), path.symlink_metadata()) {
            (Ok(held), Ok(there)) => identity(held) == identity(there),
            _ => false,
        }
    }
}

/// Takes the lock at `path`, creating the file where it is missing; `None` where another process holds it.
///
/// # Errors
/// Whatever opening or locking the file reports; a symbolic link at `path` is refused.
pub fn try_take(path: &Path) -> io::Result<Option<Lock>> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_holds_it_and_dropping_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sayso.lock");
        let held = try_take(&path).unwrap();
        assert!(held.is_some());
        assert!(try_take(&path).unwrap().is_none());
        assert!(held.as_ref().unwrap().is_at(&path));
        std::fs::remove_file(&path).unwrap();
        assert!(!held.as_ref().unwrap().is_at(&path));
        assert!(try_take(&path).unwrap().is_some());
        assert!(!held.as_ref().unwrap().is_at(&path));
        drop(held);
        assert!(try_take(&path).unwrap().is_some());
    }

    #[test]
    fn a_symbolic_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sayso.lock");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &path).unwrap();
        assert!(try_take(&path).is_err());
        assert!(!folder.path().join("elsewhere").exists());
    }
}
