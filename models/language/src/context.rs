//! The text that a decoder has read.

use crate::error::DecoderError;

/// The tokens whose keys and values are cached, and what may be added to them.
#[derive(Debug)]
pub(crate) struct Context {
    tokens: Vec<u32>,
    /// Tokens that there is room for.
    positions: usize,
    /// Tokens that the model has.
    vocabulary: usize,
}

impl Context {
    /// Nothing read yet. Its memory is taken now.
    pub(crate) fn new(positions: usize, vocabulary: usize) -> Context {
        Context { tokens: Vec::with_capacity(positions), positions, vocabulary }
    }

    /// The text so far.
    pub(crate) fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// Adds tokens that were read.
    pub(crate) fn push(&mut self, tokens: &[u32]) {
        self.tokens.extend_from_slice(tokens);
    }

    /// Forgets the text from `length` on; says whether there was any.
    pub(crate) fn truncate(&mut self, length: usize) -> bool {
        let is_longer = length < self.tokens.len();
        self.tokens.truncate(length);
        is_longer
    }

    /// How many tokens at the beginning of `text` need not be read again. The last one always is, so that there are logits.
    ///
    /// # Errors
    /// An empty text, a text that does not fit, or a token that the model does not have.
    pub(crate) fn shared(&self, text: &[u32]) -> Result<usize, DecoderError> {
        let Some(last) = text.len().checked_sub(1) else { return Err(DecoderError::Empty) };
        self.fits(text.len())?;
        self.check(text)?;
        Ok(self.tokens.iter().zip(&text[..last]).take_while(|(a, b)| a == b).count())
    }

    /// Whether `text` may be read behind what is there.
    ///
    /// # Errors
    /// A token that the model does not have, or a text that does not fit.
    pub(crate) fn admit(&self, text: &[u32]) -> Result<(), DecoderError> {
        self.check(text)?;
        self.fits(self.tokens.len() + text.len())
    }

    /// Whether there is room for so many tokens in all.
    ///
    /// # Errors
    /// [`DecoderError::Full`].
    pub(crate) fn fits(&self, needed: usize) -> Result<(), DecoderError> {
        let positions = self.positions;
        if needed > positions { Err(DecoderError::Full { needed, positions }) } else { Ok(()) }
    }

    /// Whether the model has all of these tokens.
    ///
    /// # Errors
    /// [`DecoderError::Token`] for the first that it does not have.
    pub(crate) fn check(&self, tokens: &[u32]) -> Result<(), DecoderError> {
        let vocabulary = self.vocabulary;
        match tokens.iter().find(|token| **token as usize >= vocabulary) {
            Some(&token) => Err(DecoderError::Token { token, vocabulary }),
            None => Ok(()),
        }
    }
}
