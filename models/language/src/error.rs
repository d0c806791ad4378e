//! Why a decoder cannot be used, or has no answer.

use crate::checkpoint::CheckpointError;

/// Why a model cannot be used, or did not finish.
#[derive(Debug, thiserror::Error)]
pub enum DecoderError {
    /// The folder is not as it should be.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A matrix that the decoder cannot multiply by.
    #[error("tensor {name}: {source}")]
    Unfit {
        /// Its name without the last part.
        name: String,
        /// What is not as it should be.
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
    #[error("no memory for the model: {0}")]
    Memory(std::io::Error),
    /// The system does not start a thread.
    #[error("cannot start a thread for the model: {0}")]
    Threads(std::io::Error),
    /// A tensor that is too large for MLX.
    #[error("tensor {name} has {bytes} bytes; MLX takes over less than 2 GiB at a time")]
    TooLarge {
        /// Its name.
        name: String,
        /// Its size in bytes.
        bytes: usize,
    },
    /// MLX failed; most of the time it ran out of memory.
    #[error("MLX: {0}")]
    Mlx(String),
    /// There is nothing to read.
    #[error("the text is empty; a model needs at least one token")]
    Empty,
    /// A token that the model does not have.
    #[error("token {token} is not among the model's {vocabulary}")]
    Token {
        /// The token.
        token: u32,
        /// How many there are.
        vocabulary: usize,
    },
    /// The text is longer than what was set aside.
    #[error("{needed} tokens do not fit into the {positions} that were set aside")]
    Full {
        /// Tokens of the text and its continuations.
        needed: usize,
        /// Tokens there is room for.
        positions: usize,
    },
    /// Somebody asked it to stop, or the deadline passed.
    #[error("stopped before it was done")]
    Stopped,
}
