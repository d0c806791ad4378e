//! What is asked of a decoder, whatever it computes with.

use super::Options;
use crate::checkpoint::Checkpoint;
pub use crate::cpu::Memory;
use crate::cpu::{self, DecoderError};
#[cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
use crate::mlx;

/// The decoder that this machine computes with: MLX on Apple silicon, else that of the processor.
///
/// # Errors
/// Weights that it cannot compute with, too little memory, or threads that cannot be started.
#[cfg(all(target_os = "macos", target_arch = "aarch64"))]
pub(super) fn open(checkpoint: &Checkpoint, options: &Options) -> Result<Box<dyn Decode>, DecoderError> {
    let options = mlx::Options { positions: options.positions, exact: false };
    Ok(Box::new(mlx::Decoder::new(checkpoint, options)?))
}

/// The decoder that this machine computes with: MLX on Apple silicon, else that of the processor.
///
/// # Errors
/// Weights that it cannot compute with, too little memory, or threads that cannot be started.
#[cfg(not(all(target_os = "macos", target_arch = "aarch64")))]
pub(super) fn open(checkpoint: &Checkpoint, options: &Options) -> Result<Box<dyn Decode>, DecoderError> {
    let Options { threads, positions } = *options;
    Ok(Box::new(cpu::Decoder::new(checkpoint, cpu::Options { threads, positions, exact: false })?))
}

/// A decoder that keeps the text that it has read, so that texts which begin alike are read once.
///
/// `stop` is asked between layers, or with MLX between passes; when it says so, the pass ends with [`DecoderError::Stopped`] and the decoder holds
/// a beginning of what it was to hold. Errors are those of [`cpu::Decoder`], whose methods these are.
pub trait Decode {
    /// What it takes of memory.
    fn memory(&self) -> Memory;

    /// Tokens that it has room for.
    fn positions(&self) -> usize;

    /// The text that it has read.
    fn tokens(&self) -> &[u32];

    /// Forgets the text from `length` on.
    fn truncate(&mut self, length: usize);

    /// Makes `text` the text that was read: keeps what is the same at the beginning and reads the rest, at least the
    /// last token.
    ///
    /// # Errors
    /// An empty text, a token that is none, a text that does not fit, or a stop.
    fn prefill(&mut self, text: &[u32], stop: &dyn Fn() -> bool) -> Result<(), DecoderError>;

    /// Reads more text.
    ///
    /// # Errors
    /// As [`Decode::prefill`].
    fn extend(&mut self, text: &[u32], stop: &dyn Fn() -> bool) -> Result<(), DecoderError>;

    /// The logits of the token after the text: (vocab_size). None when nothing was read since the text was cut.
    ///
    /// # Errors
    /// MLX says only now what went wrong while it computed.
    fn logits(&mut self) -> Result<Option<&[f32]>, DecoderError>;

    /// For each candidate the logarithm of the probability of each of its tokens behind `prefix` and `text`: one pass
    /// over `text` and the candidates, where the prefix is what is read already. Afterwards it is what was read.
    ///
    /// # Errors
    /// As [`Decode::prefill`].
    fn judge(
        &mut self,
        prefix: &[u32],
        text: &[u32],
        candidates: &[&[u32]],
        stop: &dyn Fn() -> bool,
    ) -> Result<Vec<Vec<f32>>, DecoderError>;
}

impl Decode for cpu::Decoder {
    fn memory(&self) -> Memory {
        cpu::Decoder::memory(self)
    }

    fn positions(&self) -> usize {
        cpu::Decoder::positions(self)
    }

    fn tokens(&self) -> &[u32] {
        cpu::Decoder::tokens(self)
    }

    fn truncate(&mut self, length: usize) {
        cpu::Decoder::truncate(self, length);
    }

    fn prefill(&mut self, text: &[u32], stop: &dyn Fn() -> bool) -> Result<(), DecoderError> {
        cpu::Decoder::prefill(self, text, stop)
    }

    fn extend(&mut self, text: &[u32], stop: &dyn Fn() -> bool) -> Result<(), DecoderError> {
        cpu::Decoder::extend(self, text, stop)
    }

    fn logits(&mut self) -> Result<Option<&[f32]>, DecoderError> {
        Ok(cpu::Decoder::logits(self))
    }

    fn judge(
        &mut self,
        prefix: &[u32],
        text: &[u32],
        candidates: &[&[u32]],
        stop: &dyn Fn() -> bool,
    ) -> Result<Vec<Vec<f32>>, DecoderError> {
        cpu::Decoder::judge_each(self, prefix, text, candidates, stop)
    }
}

#[cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
impl Decode for mlx::Decoder {
    fn memory(&self) -> Memory {
        mlx::Decoder::memory(self)
    }

    fn positions(&self) -> usize {
        mlx::Decoder::positions(self)
    }

    fn tokens(&self) -> &[u32] {
        mlx::Decoder::tokens(self)
    }

    fn truncate(&mut self, length: usize) {
        mlx::Decoder::truncate(self, length);
    }

    fn prefill(&mut self, text: &[u32], stop: &dyn Fn() -> bool) -> Result<(), DecoderError> {
        mlx::Decoder::prefill(self, text, stop)
    }

    fn extend(&mut self, text: &[u32], stop: &dyn Fn() -> bool) -> Result<(), DecoderError> {
        mlx::Decoder::extend(self, text, stop)
    }

    fn logits(&mut self) -> Result<Option<&[f32]>, DecoderError> {
        mlx::Decoder::logits(self)
    }

    fn judge(
        &mut self,
        prefix: &[u32],
        text: &[u32],
        candidates: &[&[u32]],
        stop: &dyn Fn() -> bool,
    ) -> Result<Vec<Vec<f32>>, DecoderError> {
        mlx::Decoder::judge_each(self, prefix, text, candidates, stop)
    }
}
