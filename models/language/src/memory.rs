//! How much memory a model takes.

/// How much memory a model takes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// The matrices.
    pub weights: usize,
    /// Keys and values, if all positions are used.
    pub cache: usize,
    /// Scratch buffers of the passes.
    pub scratch: usize,
}
