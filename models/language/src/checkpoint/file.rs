//! Reads files, with a limit on their size.

use super::CheckpointError;
use nix::fcntl::OFlag;
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Limit of a JSON file, in bytes. `config.json` and the like have a few kilobytes, an index of
/// shards has a few hundred. Hand-chosen, 2026-11-23.
pub(crate) const SMALL: u64 = 16 << 20;

/// What to do about a link where a file is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// Follow it: the hub's own cache consists of links.
    Follow,
    /// Refuse it: sayso puts none where it keeps models, so somebody else did.
    Refuse,
}

/// Opens a regular file for reading.
///
/// # Errors
/// [`CheckpointError::Unreadable`]; or [`CheckpointError::NotAFile`], for example for a pipe, which
/// would block until somebody writes into it, or for a device, which may never end.
pub fn open(path: &Path, links: Links) -> Result<File, CheckpointError> {
    // The name is looked at first, because merely opening a device may do something. What was opened
    // is looked at again, because another file may have got the name meanwhile; until then nothing
    // waits for a writer.
    let look = match links {
        Links::Follow => std::fs::metadata(path),
        Links::Refuse => std::fs::symlink_metadata(path),
    };
    let not_a_file = || CheckpointError::NotAFile(path.to_owned());
    if !look.map_err(CheckpointError::unreadable(path))?.is_file() {
        return Err(not_a_file());
    }
    let mut flags = OFlag::O_NONBLOCK;
    flags.set(OFlag::O_NOFOLLOW, links == Links::Refuse);
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path);
    let file = file.map_err(CheckpointError::unreadable(path))?;
    match file.metadata().map_err(CheckpointError::unreadable(path))?.is_file() {
        true => Ok(file),
        false => Err(not_a_file()),
    }
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// [`CheckpointError::TooLarge`], and the errors of opening the file.
pub fn bytes(path: &Path, limit: u64, links: Links) -> Result<Vec<u8>, CheckpointError> {
    let file = open(path, links)?;
    let length = file.metadata().map_err(CheckpointError::unreadable(path))?.len();
    if length > limit {
        return Err(CheckpointError::TooLarge { path: path.to_owned(), bytes: length, limit });
    }
    // The file may grow while it is read, so the limit holds here too.
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).map_err(CheckpointError::unreadable(path))?;
    Ok(bytes)
}
