//! Text to tokens and back, by the `tokenizer.json` of a model folder.

pub(crate) mod config;

pub use config::{CHAT_TEMPLATE, GENERATION_CONFIG, TOKENIZER_CONFIG};

use crate::checkpoint::{CheckpointError, Config, file};
use config::TokenizerConfig;
use std::path::Path;

/// The name of the file in a model folder.
pub const TOKENIZER: &str = "tokenizer.json";

/// It has 2 to 20 megabytes; more than this, in bytes, is not read.
const LIMIT: u64 = 128 << 20;

/// Why a text has no tokens, or tokens no text.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// The vocabulary cannot spell a text.
    #[error("the tokenizer cannot encode this text: {0}")]
    Encode(String),
    /// Tokens cannot be put together.
    #[error("the tokenizer cannot decode these tokens: {0}")]
    Decode(String),
}

/// The tokenizer of a model.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    ends: Vec<u32>,
    end: u32,
    special: Vec<String>,
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tokenizer").field("ends", &self.ends).finish_non_exhaustive()
    }
}

impl Tokenizer {
    /// Opens the tokenizer of a model folder, and holds it to the model: each token must have a row in the embedding,
    /// and at least one must end a text.
    ///
    /// # Errors
    /// [`CheckpointError`] names the file and what is wrong with it.
    pub fn open(folder: &Path, model: &Config) -> Result<Tokenizer, CheckpointError> {
        let path = folder.join(TOKENIZER);
        let damaged = |error: tokenizers::Error| CheckpointError::damaged(&path, error.to_string());
        let mut inner = tokenizers::Tokenizer::from_bytes(file::bytes(&path, LIMIT)?).map_err(damaged)?;
        // Left over from training in some folders; a prompt must not be cut or filled up.
        inner.with_truncation(None).map_err(damaged)?;
        inner.with_padding(None);

        // Asked one by one: a copy of the whole vocabulary would cost some ten megabytes.
        let rows = model.vocab_size;
        let fitting = (0..rows as u32).filter(|id| inner.id_to_token(*id).is_some()).count();
        let tokens = inner.get_vocab_size(true);
        if fitting < tokens {
            let problem =
                format!("{} of its {tokens} tokens are beyond the embedding's {rows} rows", tokens - fitting);
            return Err(CheckpointError::entry(&path, problem));
        }
        let path = folder.join(TOKENIZER_CONFIG);
        let mut ends = config::ends(folder)?;
        let mut end = ends.first().copied();
        if let Some(token) = TokenizerConfig::open(folder)?.eos_token {
            let id = inner.token_to_id(token.text()).ok_or_else(|| {
                CheckpointError::entry(&path, format!("eos_token {:?} is not in {TOKENIZER}", token.text()))
            })?;
            ends.push(id);
            end = Some(id);
        }
        ends.sort_unstable();
        ends.dedup();
        let Some(end) = end else {
            return Err(CheckpointError::entry(&path, "it has no eos_token, so no text would ever end"));
        };
        if let Some(id) = ends.iter().find(|id| inner.id_to_token(**id).is_none()) {
            let problem = format!("eos_token_id {id} is not in {TOKENIZER}");
            return Err(CheckpointError::entry(&folder.join(GENERATION_CONFIG), problem));
        }
        let mut special: Vec<String> =
            inner.get_added_tokens_decoder().into_values().map(|token| token.content).collect();
        special.sort_unstable();
        Ok(Tokenizer { inner, ends, end, special })
    }

    /// The tokens of a text. Special tokens that are written in it become theirs; none are added, as a chat template
    /// writes all that belong there.
    ///
    /// # Errors
    /// [`TokenizerError::Encode`] when the vocabulary cannot spell it.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let encoding = self.inner.encode_fast(text, false);
        encoding
            .map(|encoding| encoding.get_ids().to_vec())
            .map_err(|error| TokenizerError::Encode(error.to_string()))
    }

    /// The text of tokens, special ones left out. Where they end within a character, U+FFFD stands for its part.
    ///
    /// # Errors
    /// [`TokenizerError::Decode`] when they cannot be put together.
    pub fn decode(&self, tokens: &[u32]) -> Result<String, TokenizerError> {
        self.inner.decode(tokens, true).map_err(|error| TokenizerError::Decode(error.to_string()))
    }

    /// A token as the vocabulary writes it: not always as text has it. None where there is none.
    pub fn piece(&self, token: u32) -> Option<String> {
        self.inner.id_to_token(token)
    }

    /// The token that an answer ends with: the eos_token, or where none is named, the first one that ends a text.
    pub fn end(&self) -> u32 {
        self.end
    }

    /// Whether a token ends a text.
    pub fn is_end(&self, token: u32) -> bool {
        self.ends.contains(&token)
    }

    /// A special token that is written out in a text. Such a text could pass for the template around it.
    pub fn special_in(&self, text: &str) -> Option<&str> {
        self.special.iter().map(String::as_str).find(|special| text.contains(special))
    }
}
