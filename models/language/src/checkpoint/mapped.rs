//! The only place that maps files into memory.
#![allow(unsafe_code)]

use super::CheckpointError;
use super::file::{self, Links};
use memmap2::{Advice, Mmap};
use std::path::Path;

/// The bytes of a weights file: mapped for reading, or part of the program. All users of the file share its
/// pages in memory, and the system may evict them.
///
/// # Invariant
/// The file does not change while it is mapped. sayso itself keeps to that: it writes model files
/// under another name and renames them into place, and it removes them by unlinking, after which a
/// mapping still refers to the old file. If another program writes into a mapped file, the weights
/// change and the decoder computes nonsense, but it reads no other memory. If another program
/// truncates the file, the system kills the process at the next read of the missing part (SIGBUS).
/// After the check, only numbers are read from a mapping; shapes and names have been copied out.
#[derive(Debug)]
pub enum Mapped {
    /// A mapping.
    File(Mmap),
    /// What the program contains, which is mapped with it.
    BuiltIn(&'static [u8]),
}

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
        Ok(Mapped::File(map))
    }

    /// Lets go of the memory of a file that is part of the program, whose pages count as the program's own: a decoder
    /// has its own copy of the weights by then. Whoever reads them again gets them from the program's file.
    fn let_go(bytes: &'static [u8]) {
        #[cfg(target_os = "linux")]
        {
            /// No Linux system of ours has larger pages; where they are smaller, this is a whole number of them.
            const PAGE: usize = 1 << 16;
            let skipped = bytes.as_ptr().align_offset(PAGE);
            let Some(rest) = bytes.get(skipped..) else { return };
            let whole = rest.len() / PAGE * PAGE;
            // SAFETY: the range lies within `bytes`, and no memory changes by being paged out.
            unsafe { libc::madvise(rest.as_ptr().cast_mut().cast(), whole, libc::MADV_PAGEOUT) };
        }
        #[cfg(not(target_os = "linux"))]
        let _ = bytes;
    }

    /// The whole file.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Mapped::File(map) => map,
            Mapped::BuiltIn(bytes) => bytes,
        }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        if let Mapped::BuiltIn(bytes) = self {
            Mapped::let_go(bytes);
        }
    }
}
