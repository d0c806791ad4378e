//! The only place that maps files into memory.
#![allow(unsafe_code)]

use super::CheckpointError;
use super::file::{self, Links};
use memmap2::{Advice, Mmap};
use std::path::Path;

/// A file mapped for reading. All users of the file share its pages in memory, and the system may
/// evict them.
///
/// # Invariant
/// The file does not change while it is mapped. sayso itself keeps to that: it writes model files
/// under another name and renames them into place, and it removes them by unlinking, after which a
/// mapping still refers to the old file. If another program writes into a mapped file, the weights
/// change and the decoder computes nonsense, but it reads no other memory. If another program
/// truncates the file, the system kills the process at the next read of the missing part (SIGBUS).
/// After the check, only numbers are read from a mapping; shapes and names have been copied out.
#[derive(Debug)]
pub struct Mapped(Mmap);

impl Mapped {
    /// Maps a file.
    ///
    /// # Errors
    /// The file is missing, is not a regular file, or cannot be read.
    pub fn open(path: &Path) -> Result<Mapped, CheckpointError> {
        let file = file::open(path, Links::Follow)?;
        // SAFETY: the file does not change while it is mapped; the type's invariant says what
        // happens if it does.
        let map = unsafe { Mmap::map(&file) }.map_err(CheckpointError::unreadable(path))?;
        // A hint that the weights are needed soon. A system that ignores it reads them when they
        // are first touched.
        let _ = map.advise(Advice::WillNeed);
        Ok(Mapped(map))
    }

    /// The whole file.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}
