//! Converts text to tokens and back, with the `tokenizer.json` of a model folder.

pub(crate) mod config;
mod parts;

pub use config::{CHAT_TEMPLATE, GENERATION_CONFIG, TOKENIZER_CONFIG};

use crate::checkpoint::{CheckpointError, Config, Files};
use config::TokenizerConfig;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokenizers::DecoderWrapper;

/// The name of the file in a model folder.
pub const TOKENIZER: &str = "tokenizer.json";

/// Limit of `tokenizer.json`, in bytes. Real ones have 2 to 20 megabytes. Hand-chosen, 2026-11-23.
const LIMIT: u64 = 128 << 20;

/// Why text cannot be encoded, or tokens cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// The vocabulary cannot spell a text.
    #[error("the tokenizer cannot encode this text: {0}")]
    Encode(String),
    /// The library failed in a way that it does not expect, which is a fault of the file.
    #[error("the tokenizer failed on this text, so its file is damaged")]
    Panic,
    /// The tokens cannot be joined into a text.
    #[error("the tokenizer cannot decode these tokens: {0}")]
    Decode(String),
}

/// The tokenizer of a model.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    ends: Vec<u32>,
    end: u32,
    special: Vec<String>,
    /// The tokens of `special`, sorted.
    added: Vec<u32>,
    spelling: Spelling,
    /// Rows of the model's embedding.
    rows: usize,
}

/// How a vocabulary spells the bytes of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// One character per byte, as in GPT-2.
    Bytes,
    /// Text, with U+2581 for a space and `<0xNN>` for a byte, as in SentencePiece.
    Text,
    /// In another way, which is not supported.
    Unknown,
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tokenizer").field("ends", &self.ends).finish_non_exhaustive()
    }
}

impl Tokenizer {
    /// Opens the tokenizer of a model folder and checks it against the model: every token must have
    /// a row in the embedding, and at least one token must end a text.
    ///
    /// # Errors
    /// [`CheckpointError`] names the file and what is wrong with it.
    pub fn open<'a>(files: impl Into<Files<'a>>, model: &Config) -> Result<Tokenizer, CheckpointError> {
        let files = files.into();
        let path = files.path(TOKENIZER);
        let damaged = |error: tokenizers::Error| CheckpointError::damaged(&path, error.to_string());
        let json = files.bytes(TOKENIZER, LIMIT)?;
        parts::check(&json).map_err(|problem| CheckpointError::damaged(&path, problem))?;
        let read = || tokenizers::Tokenizer::from_bytes(&json);
        let mut inner = caught(read)
            .ok_or_else(|| CheckpointError::damaged(&path, "it makes the library fail"))?
            .map_err(damaged)?;
        drop(json);
        // Some folders have these left over from training. A prompt must not be truncated or
        // padded.
        inner.with_truncation(None).map_err(damaged)?;
        inner.with_padding(None);
        // It would only add what the chat template writes already.
        inner.with_post_processor(None::<tokenizers::PostProcessorWrapper>);

        // The tokens are looked up one by one, because a copy of the whole vocabulary would take
        // some ten megabytes.
        let rows = model.vocab_size;
        let fitting = (0..rows as u32).filter(|id| inner.id_to_token(*id).is_some()).count();
        let tokens = inner.get_vocab_size(true);
        if fitting < tokens {
            let problem =
                format!("{} of its {tokens} tokens are beyond the embedding's {rows} rows", tokens - fitting);
            return Err(CheckpointError::entry(&path, problem));
        }
        let path = files.path(TOKENIZER_CONFIG);
        let mut ends = config::ends(files)?;
        let mut end = ends.first().copied();
        if let Some(token) = TokenizerConfig::open(files)?.eos_token {
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
            return Err(CheckpointError::entry(&files.path(GENERATION_CONFIG), problem));
        }
        let (mut added, mut special): (Vec<u32>, Vec<String>) =
            inner.get_added_tokens_decoder().into_iter().map(|(id, token)| (id, token.content)).unzip();
        added.sort_unstable();
        special.sort_unstable();
        let spelling = spelling(inner.get_decoder());
        Ok(Tokenizer { inner, ends, end, special, added, spelling, rows })
    }

    /// Encodes a text. Special tokens that are written out in it become single tokens. None are
    /// added, because the chat template writes all that are needed.
    ///
    /// # Errors
    /// [`TokenizerError::Encode`] if the vocabulary cannot spell the text.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let encoding = caught(|| self.inner.encode_fast(text, false));
        encoding
            .ok_or(TokenizerError::Panic)?
            .map(|encoding| encoding.get_ids().to_vec())
            .map_err(|error| TokenizerError::Encode(error.to_string()))
    }

    /// Decodes tokens into a text, leaving out special ones. An incomplete character at the end
    /// becomes U+FFFD.
    ///
    /// # Errors
    /// [`TokenizerError::Decode`] if they cannot be joined into a text.
    pub fn decode(&self, tokens: &[u32]) -> Result<String, TokenizerError> {
        caught(|| self.inner.decode(tokens, true))
            .ok_or(TokenizerError::Panic)?
            .map_err(|error| TokenizerError::Decode(error.to_string()))
    }

    /// The bytes that a token stands for, which may be a part of a character. `None` if it is not
    /// text, such as a token of a chat template, or if there is no such token.
    pub fn bytes(&self, token: u32) -> Option<Vec<u8>> {
        if self.added.binary_search(&token).is_ok() {
            return None;
        }
        let piece = self.inner.id_to_token(token)?;
        match self.spelling {
            Spelling::Bytes => piece.chars().map(byte_of).collect(),
            Spelling::Text => {
                let byte = piece.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
                match byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                    Some(byte) => Some(vec![byte]),
                    None => Some(piece.replace('\u{2581}', " ").into_bytes()),
                }
            }
            Spelling::Unknown => None,
        }
    }

    /// The number of rows of the model's embedding. Every token is below it.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The token that ends an answer: the `eos_token` or, if none is named, the first token that
    /// ends a text.
    pub fn end(&self) -> u32 {
        self.end
    }

    /// Whether a token ends a text.
    pub fn is_end(&self, token: u32) -> bool {
        self.ends.contains(&token)
    }

    /// A special token that is written out in a text, if there is one. Such a text could imitate
    /// the template around it.
    pub fn special_in(&self, text: &str) -> Option<&str> {
        self.special.iter().map(String::as_str).find(|special| text.contains(special))
    }
}

/// Runs the library, which panics on some files; `None` if it does. It changes nothing that lasts
/// while it encodes or decodes, except a cache whose entries are whole or absent.
fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

fn spelling(decoder: Option<&DecoderWrapper>) -> Spelling {
    match decoder {
        Some(DecoderWrapper::ByteLevel(_)) => Spelling::Bytes,
        Some(DecoderWrapper::Metaspace(_) | DecoderWrapper::ByteFallback(_)) => Spelling::Text,
        Some(DecoderWrapper::Sequence(sequence)) => {
            let parts = sequence.get_decoders().iter().map(|part| spelling(Some(part)));
            parts.fold(Spelling::Unknown, |found, part| if part == Spelling::Unknown { found } else { part })
        }
        _ => Spelling::Unknown,
    }
}

/// The byte that a character stands for in the vocabularies of GPT-2 and its successors. Printable
/// characters of Latin-1 stand for themselves; the other bytes follow in order from U+0100 on.
fn byte_of(character: char) -> Option<u8> {
    let is_itself = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    match u32::from(character) {
        code @ 0..0x100 => u8::try_from(code).ok().filter(|byte| is_itself(*byte)),
        code => (0..=u8::MAX).filter(|byte| !is_itself(*byte)).nth(code as usize - 0x100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_vocabularies_are_bytes() {
        let alphabet = tokenizers::pre_tokenizers::byte_level::ByteLevel::alphabet();
        let mut bytes: Vec<u8> = alphabet.into_iter().map(|character| byte_of(character).unwrap()).collect();
        bytes.sort_unstable();
        assert_eq!(bytes, (0..=u8::MAX).collect::<Vec<_>>());
        for (character, byte) in
            [('a', Some(b'a')), ('Ġ', Some(b' ')), ('Ċ', Some(b'\n')), (' ', None), ('▁', None)]
        {
            assert_eq!(byte_of(character), byte, "{character:?}");
        }
    }
}
