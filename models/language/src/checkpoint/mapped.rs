//! The one place where a file becomes memory.
#![allow(unsafe_code)]

use super::{CheckpointError, file};
use memmap2::{Advice, Mmap};
use std::path::Path;

/// A file mapped to be read: its pages are in memory once, for all who use it, and the system may drop them.
///
/// # Invariant
/// The file is not changed while it is mapped. sayso writes model files aside and renames them into place, and removes
/// them by unlinking, so its own work never changes a mapped file: a mapping keeps the old file until it ends. Where
/// somebody else writes into a mapped file, the weights change under the decoder, which then computes nonsense but
/// reads no other memory; where somebody cuts it short, the system ends the process at the next read of the missing
/// part (SIGBUS). Nothing but numbers is read from a mapping after it was checked: shapes and names are copied out.
#[derive(Debug)]
pub struct Mapped(Mmap);

impl Mapped {
    /// Maps a file.
    ///
    /// # Errors
    /// When it is not there, not a file or cannot be read.
    pub fn open(path: &Path) -> Result<Mapped, CheckpointError> {
        let file = file::open(path)?;
        // SAFETY: the file is not changed while it is mapped; see the type's invariant, and what happens otherwise.
        let map = unsafe { Mmap::map(&file) }.map_err(CheckpointError::unreadable(path))?;
        // A hint that the weights are wanted soon; a system that does not take it reads them when they are touched.
        let _ = map.advise(Advice::WillNeed);
        Ok(Mapped(map))
    }

    /// The whole file.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}
