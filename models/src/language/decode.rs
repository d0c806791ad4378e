//! What is asked of a decoder, whatever it computes with.

pub use crate::cpu::Memory;
use crate::cpu::{self, DecoderError};

/// A decoder that keeps the text that it has read, so that texts which begin alike are read once.
///
/// `stop` is asked between layers; when it says so, the pass ends with [`DecoderError::Stopped`] and the decoder holds
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
    fn logits(&mut self) -> Option<&[f32]>;

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

    fn logits(&mut self) -> Option<&[f32]> {
        cpu::Decoder::logits(self)
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
