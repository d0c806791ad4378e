//! The text that a decoder has read.

use crate::error::DecoderError;

/// Maximum number of tokens that are guessed ahead. Hand-chosen, 2026-11-30.
pub(crate) const MAX_GUESS: usize = 16;

/// The tokens whose keys and values are cached, and the limits for adding more.
#[derive(Debug)]
pub(crate) struct Context {
    tokens: Vec<u32>,
    /// Capacity, in tokens.
    positions: usize,
    /// Size of the model's vocabulary, in tokens.
    vocabulary: usize,
}

impl Context {
    /// An empty text. Its memory is allocated now.
    pub(crate) fn new(positions: usize, vocabulary: usize) -> Context {
        Context { tokens: Vec::with_capacity(positions), positions, vocabulary }
    }

    /// The tokens read so far.
    pub(crate) fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// Adds tokens that were read.
    pub(crate) fn push(&mut self, tokens: &[u32]) {
        self.tokens.extend_from_slice(tokens);
    }

    /// Truncates the text to `length` tokens. Returns whether it was longer.
    pub(crate) fn truncate(&mut self, length: usize) -> bool {
        let is_longer = length < self.tokens.len();
        self.tokens.truncate(length);
        is_longer
    }

    /// How many tokens at the beginning of `text` need not be read again. The last token always is,
    /// so that there are logits.
    ///
    /// # Errors
    /// An empty text, a text that does not fit, or a token outside the vocabulary.
    pub(crate) fn shared(&self, text: &[u32]) -> Result<usize, DecoderError> {
        let Some(last) = text.len().checked_sub(1) else { return Err(DecoderError::Empty) };
        self.fits(text.len())?;
        self.check(text)?;
        Ok(self.tokens.iter().zip(&text[..last]).take_while(|(a, b)| a == b).count())
    }

    /// As much of a guess as is read after a text of `length` tokens: at most [`MAX_GUESS`] tokens, and what fits.
    ///
    /// # Errors
    /// A token outside the vocabulary.
    pub(crate) fn admit_guess<'g>(&self, length: usize, guess: &'g [u32]) -> Result<&'g [u32], DecoderError> {
        self.check(guess)?;
        Ok(&guess[..guess.len().min(MAX_GUESS).min(self.positions.saturating_sub(length))])
    }

    /// Checks that `text` can be read after the current text.
    ///
    /// # Errors
    /// A token outside the vocabulary, or a text that does not fit.
    pub(crate) fn admit(&self, text: &[u32]) -> Result<(), DecoderError> {
        self.check(text)?;
        self.fits(self.tokens.len() + text.len())
    }

    /// Checks that `needed` tokens fit in all.
    ///
    /// # Errors
    /// [`DecoderError::Full`].
    pub(crate) fn fits(&self, needed: usize) -> Result<(), DecoderError> {
        let positions = self.positions;
        if needed > positions { Err(DecoderError::Full { needed, positions }) } else { Ok(()) }
    }

    /// Checks that all tokens are in the vocabulary.
    ///
    /// # Errors
    /// [`DecoderError::Token`] for the first token that is not.
    pub(crate) fn check(&self, tokens: &[u32]) -> Result<(), DecoderError> {
        let vocabulary = self.vocabulary;
        match tokens.iter().find(|token| **token as usize >= vocabulary) {
            Some(&token) => Err(DecoderError::Token { token, vocabulary }),
            None => Ok(()),
        }
    }
}
