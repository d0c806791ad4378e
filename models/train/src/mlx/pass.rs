//! What goes through a model beside the tokens.

use mlx_rs::Array;
use sayso_language::checkpoint::Quantization;

/// What a pass through the model needs beside its input.
#[derive(Debug, Clone, Copy)]
pub struct Pass<'a> {
    /// The trained weights.
    pub trained: &'a [Array],
    /// (rows, 1, width, width) of booleans: which tokens see which. `None` if each sees all before
    /// it.
    pub seen: Option<&'a Array>,
    /// What is different while training.
    pub training: Training,
}

/// What a pass does only while training. A seed alone is one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Training {
    /// The seed of dropout.
    pub dropout: Option<u64>,
    /// The few bits that matrices are rounded to before they are multiplied.
    pub rounding: Option<Quantization>,
}

impl From<Option<u64>> for Training {
    fn from(dropout: Option<u64>) -> Training {
        Training { dropout, rounding: None }
    }
}
