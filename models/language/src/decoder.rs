//! The decoder of a language model, on the CPU or with MLX.

use crate::checkpoint::Checkpoint;
use crate::cpu;
use crate::error::DecoderError;
use crate::memory::Memory;
#[cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
use crate::mlx;

/// A decoder that caches the text that it has read, so that a common beginning of several texts is
/// read once.
///
/// `stop` is checked between layers, or with MLX between passes. If it returns true, the call ends
/// with [`DecoderError::Stopped`], and the decoder holds a prefix of the text that it was to read.
pub enum Decoder {
    /// On the CPU.
    Cpu(Box<cpu::Decoder>),
    /// With MLX, on Apple silicon.
    #[cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
    Mlx(Box<mlx::Decoder>),
}

/// Evaluates the same expression for either decoder.
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
    /// Opens the decoder for this machine: MLX on Apple silicon, otherwise the CPU with `threads`
    /// threads. It holds `positions` tokens.
    ///
    /// # Errors
    /// Weights in an unsupported format, too little memory, or threads that cannot be started.
    pub fn open(checkpoint: &Checkpoint, threads: usize, positions: usize) -> Result<Decoder, DecoderError> {
        #[cfg(all(target_os = "macos", target_arch = "aarch64"))]
        {
            // MLX has its own threads.
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

    /// How much memory it takes.
    pub fn memory(&self) -> Memory {
        either!(self, decoder => decoder.memory())
    }

    /// Its capacity, in tokens.
    pub fn positions(&self) -> usize {
        either!(self, decoder => decoder.positions())
    }

    /// Truncates the text to `length` tokens.
    pub fn truncate(&mut self, length: usize) {
        either!(self, decoder => decoder.truncate(length));
    }

    /// Makes `text` the text that was read: keeps the common beginning and reads the rest, at least
    /// the last token.
    ///
    /// # Errors
    /// An empty text, a token outside the vocabulary, a text that does not fit, or a stop.
    pub fn prefill(&mut self, text: &[u32], stop: &dyn Fn() -> bool) -> Result<(), DecoderError> {
        either!(self, decoder => decoder.prefill(text, stop))
    }

    /// Makes `prefix` the text that was read, for what will be asked about it: it is the common beginning of requests, and
    /// nothing is read if it is cached.
    ///
    /// # Errors
    /// As for [`Decoder::prefill`].
    pub fn prepare(&mut self, prefix: &[u32], stop: &dyn Fn() -> bool) -> Result<(), DecoderError> {
        either!(self, decoder => decoder.prepare(prefix, stop))
    }

    /// As [`Decoder::prefill`], and reads what may come next in the same pass: if the text does go on like that, it need
    /// not be read then. The guess is short, and only as much of it is read as fits.
    ///
    /// # Errors
    /// As for [`Decoder::prefill`].
    pub fn prefill_guessing(
        &mut self,
        text: &[u32],
        guess: &[u32],
        stop: &dyn Fn() -> bool,
    ) -> Result<(), DecoderError> {
        either!(self, decoder => decoder.prefill_guessing(text, guess, stop))
    }

    /// Reads more text.
    ///
    /// # Errors
    /// As for [`Decoder::prefill`].
    pub fn extend(&mut self, text: &[u32], stop: &dyn Fn() -> bool) -> Result<(), DecoderError> {
        either!(self, decoder => decoder.extend(text, stop))
    }

    /// The logits of the token after the text: (vocab_size). `None` if no token was read since the
    /// text was truncated.
    ///
    /// # Errors
    /// MLX reports only now what went wrong while it computed.
    pub fn logits(&mut self) -> Result<Option<&[f32]>, DecoderError> {
        match self {
            Decoder::Cpu(decoder) => Ok(decoder.logits()),
            #[cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
            Decoder::Mlx(decoder) => decoder.logits(),
        }
    }

    /// For each candidate, the log-probabilities of its tokens after `prefix` and `text`. If
    /// `prefix` is cached, only `text` and the candidates are read. Afterwards `prefix` is the text
    /// that was read.
    ///
    /// # Errors
    /// As for [`Decoder::prefill`].
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
