//! The errors of decoders.

use crate::checkpoint::CheckpointError;

/// Why a model cannot be used, or did not finish.
#[derive(Debug, thiserror::Error)]
pub enum DecoderError {
    /// The model folder is invalid.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A matrix in a format that the decoder does not support.
    #[error("tensor {name}: {source}")]
    Unfit {
        /// The tensor's name without the last part.
        name: String,
        /// What is not supported.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A tensor of another shape where a matrix is expected.
    #[error("tensor {name} has shape {found:?} where a matrix is expected")]
    Shape {
        /// Its name.
        name: String,
        /// Its shape.
        found: Vec<usize>,
    },
    /// A tensor that holds something other than floating-point numbers.
    #[error("tensor {name} holds {found} where F32, F16 or BF16 is expected")]
    Type {
        /// Its name.
        name: String,
        /// Its type.
        found: String,
    },
    /// Scales and biases differ in type.
    #[error("{0}.scales and {0}.biases hold different types of numbers")]
    ScaleTypes(String),
    /// There is not enough memory for the weights, or for keys and values.
    #[error("not enough memory for the model: {0}")]
    Memory(std::io::Error),
    /// The system cannot start a thread.
    #[error("cannot start a thread for the model: {0}")]
    Threads(std::io::Error),
    /// A tensor that is too large for MLX.
    #[error("tensor {name} has {bytes} bytes; MLX accepts less than 2 GiB per tensor")]
    TooLarge {
        /// Its name.
        name: String,
        /// Its size in bytes.
        bytes: usize,
    },
    /// MLX failed, usually because it ran out of memory.
    #[error("MLX: {0}")]
    Mlx(String),
    /// The text is empty.
    #[error("the text is empty; a model needs at least one token")]
    Empty,
    /// A token outside the model's vocabulary.
    #[error("token {token} is not in the model's vocabulary of {vocabulary}")]
    Token {
        /// The token.
        token: u32,
        /// Size of the vocabulary, in tokens.
        vocabulary: usize,
    },
    /// The text is longer than the capacity of the decoder.
    #[error("{needed} tokens do not fit into the capacity of {positions}")]
    Full {
        /// Tokens of the text and its continuations.
        needed: usize,
        /// The capacity, in tokens.
        positions: usize,
    },
    /// The caller cancelled, or the deadline passed.
    #[error("stopped before it was done")]
    Stopped,
}
