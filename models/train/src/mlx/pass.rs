//! What goes through a model beside the tokens.

use mlx_rs::Array;

/// What a pass through the model needs beside its input.
#[derive(Debug, Clone, Copy)]
pub struct Pass<'a> {
    /// The trained weights.
    pub trained: &'a [Array],
    /// (rows, 1, width, width) of booleans: which tokens see which. `None` if each sees all before
    /// it.
    pub seen: Option<&'a Array>,
    /// The seed of dropout; `None` outside of training.
    pub dropout: Option<u64>,
}
