//! The decoder of a language model, on the processor or with MLX.

use crate::checkpoint::Checkpoint;
use crate::cpu;
use crate::error::DecoderError;
use crate::memory::Memory;
#[cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
use crate::mlx;

/// A decoder that keeps the text that it has read, so that texts which begin alike are read once.
///
/// `stop` is asked between layers, or with MLX between passes. Where it says so, the pass ends with
/// [`DecoderError::Stopped`] and the decoder holds a beginning of what it was to hold.
pub enum Decoder {
    /// On the processor.
    Cpu(Box<cpu::Decoder>),
    /// With MLX, on Apple silicon.
    #[cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
    Mlx(Box<mlx::Decoder>),
}

/// The same expression for whichever decoder it is.
macro_rules! either {
    ($self:expr, $decoder:ident => $expression:expr) => {
        match $self {
            Decoder::Cpu($decoder) => $expression,
            #[cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
            Decoder::Mlx($decoder) => $expression,
        }
    };
}

impl Decoder {
    /// The decoder for this machine: with MLX on Apple silicon, elsewhere on the processor with so many threads.
    ///
    /// # Errors
    /// Weights that it cannot compute with, too little memory, or threads that cannot be started.
    pub fn open(checkpoint: &Checkpoint, threads: usize, positions: usize) -> Result<Decoder, DecoderError> {
        #[cfg(all(target_os = "macos", target_arch = "aarch64"))]
        {
            // MLX has threads of its own.
            let _ = threads;
            let options = mlx::Options { positions, exact: false };
            Ok(Decoder::Mlx(Box::new(mlx::Decoder::new(checkpoint, options)?)))
        }
        #[cfg(not(all(target_os = "macos", target_arch = "aarch64")))]
        {
            let options = cpu::Options { threads, positions, exact: false };
            Ok(Decoder::Cpu(Box::new(cpu::Decoder::new(checkpoint, options)?)))
        }
    }

    /// What it takes of memory.
    pub fn memory(&self) -> Memory {
        either!(self, decoder => decoder.memory())
    }

    /// Tokens that it has room for.
    pub fn positions(&self) -> usize {
        either!(self, decoder => decoder.positions())
    }

    /// Forgets the text from `length` on.
    pub fn truncate(&mut self, length: usize) {
        either!(self, decoder => decoder.truncate(length));
    }

    /// Makes `text` the text that was read: keeps what is the same at the beginning and reads the rest, at least the last
    /// token.
    ///
    /// # Errors
    /// An empty text, a token that the model does not have, a text that does not fit, or a stop.
    pub fn prefill(&mut self, text: &[u32], stop: &dyn Fn() -> bool) -> Result<(), DecoderError> {
        either!(self, decoder => decoder.prefill(text, stop))
    }

    /// Reads more text.
    ///
    /// # Errors
    /// As [`Decoder::prefill`].
    pub fn extend(&mut self, text: &[u32], stop: &dyn Fn() -> bool) -> Result<(), DecoderError> {
        either!(self, decoder => decoder.extend(text, stop))
    }

    /// The logits of the token after the text: (vocab_size). `None` when nothing was read since the text was cut.
    ///
    /// # Errors
    /// MLX says only now what went wrong while it computed.
    pub fn logits(&mut self) -> Result<Option<&[f32]>, DecoderError> {
        match self {
            Decoder::Cpu(decoder) => Ok(decoder.logits()),
            #[cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
            Decoder::Mlx(decoder) => decoder.logits(),
        }
    }

    /// For each candidate the logarithm of the probability of each of its tokens behind `prefix` and `text`: one pass over
    /// `text` and the candidates, where `prefix` has been read before. Afterwards `prefix` is what was read.
    ///
    /// # Errors
    /// As [`Decoder::prefill`].
    pub fn rescore(
        &mut self,
        prefix: &[u32],
        text: &[u32],
        candidates: &[&[u32]],
        stop: &dyn Fn() -> bool,
    ) -> Result<Vec<Vec<f32>>, DecoderError> {
        either!(self, decoder => decoder.rescore(prefix, text, candidates, stop))
    }
}
