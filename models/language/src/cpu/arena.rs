//! One allocation for all weights, in the order in which a pass reads them.

use super::matrix::Line;
use memmap2::MmapMut;
use std::ops::Range;

/// The lines of all matrices of a model. No file backs this memory, so changing or truncating a
/// model file while the model is in use does no harm.
#[derive(Debug)]
pub(super) struct Arena(MmapMut);

impl Arena {
    /// Allocates this many lines, all zero.
    ///
    /// # Errors
    /// The system has too little memory.
    pub(super) fn new(lines: usize) -> std::io::Result<Arena> {
        let bytes = lines.checked_mul(size_of::<Line>()).ok_or(std::io::ErrorKind::OutOfMemory)?;
        let map = MmapMut::map_anon(bytes.max(1))?;
        // With small pages, reading stalls at every 4 KiB to look up the next page. This is only a
        // hint, because not every system has large pages.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Ok(Arena(map))
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.len()
    }

    pub(super) fn lines(&self, range: Range<usize>) -> &[Line] {
        &self.0.as_chunks().0[range]
    }

    pub(super) fn lines_mut(&mut self, range: Range<usize>) -> &mut [Line] {
        &mut self.0.as_chunks_mut().0[range]
    }
}
