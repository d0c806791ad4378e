//! How much memory a model takes.

/// What a model takes of memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// The matrices.
    pub weights: usize,
    /// Keys and values, once all positions have been used.
    pub cache: usize,
    /// Scratch buffers of the passes.
    pub room: usize,
}
