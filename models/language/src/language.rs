//! A language model that is ready for use: an open model folder that answers requests.
//!
//! [`Language`] is one model with its tokenizer and chat template. [`ModelHandle`] is a handle to
//! the thread that owns one; anyone may hold a clone of it. A [`Decoder`] does the computation.

mod guess;
mod handle;
pub mod measure;
mod stop;
mod vocabulary;
mod writer;

pub use handle::ModelHandle;
pub use stop::Stop;
pub use writer::Written;

use crate::budget;
use crate::chat::{Chat, ChatError};
use crate::checkpoint::{Checkpoint, CheckpointError, Files};
use crate::cpu;
use crate::decoder::Decoder;
use crate::error::DecoderError;
use crate::memory::Memory;
use crate::mix::Mix;
use crate::tokenizer::{Tokenizer, TokenizerError};
use std::path::Path;
use vocabulary::Vocabulary;

/// What keys, values and the buffers of the passes may take, in bytes. A model of 8 billion
/// parameters takes 60 MB for them. Hand-chosen, 2026-11-28.
const CACHE_LIMIT: usize = 512 << 20;

/// Why a language model cannot be used, or has no answer.
#[derive(Debug, thiserror::Error)]
pub enum LanguageError {
    /// The model folder is invalid.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The weights have an unsupported format, the text does not fit, or the work was stopped.
    #[error(transparent)]
    Decoder(#[from] DecoderError),
    /// This dictation cannot be made into a prompt.
    #[error(transparent)]
    Chat(#[from] ChatError),
    /// This text cannot be encoded, or the tokens cannot be decoded.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A log-probability is not a finite number, so the weights are unusable.
    #[error("the language model computed a probability that is not a number: its weights are unusable")]
    NotFinite,
    /// The thread of the model has ended because of a bug, and the model with it.
    #[error("the language model has stopped after an internal error; load it again")]
    Gone,
    /// The folder makes the model take more memory than any real one does.
    #[error("the language model took more than {} MB beside its weights, which no sound one does", budget::BESIDE_WEIGHTS >> 20)]
    Budget,
    /// The folder takes longer to open than any real one does.
    #[error("opening the language model took more than {} s", .0.as_secs())]
    Slow(std::time::Duration),
    /// The system cannot start a thread.
    #[error("cannot start a thread for the language model: {0}")]
    Thread(std::io::Error),
}

impl LanguageError {
    /// Whether the work was stopped, by its deadline or by the caller.
    pub fn is_stopped(&self) -> bool {
        matches!(self, LanguageError::Decoder(DecoderError::Stopped))
    }
}

/// How a model runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Threads that compute; see [`cpu::default_threads`].
    pub threads: usize,
    /// Capacity, in tokens: of the prompt and all candidates together, or of the prompt and the
    /// answer.
    pub positions: usize,
}

impl Default for Options {
    /// [`cpu::default_threads`] threads and 384 tokens. About 40 tokens stand before every
    /// dictation, and a dictation of 60 tokens with four candidates that share nothing takes 300.
    /// Each token takes 115 kB with a model of 0.6 billion parameters.
    fn default() -> Options {
        Options { threads: cpu::default_threads(), positions: 384 }
    }
}

/// How likely a model considers one continuation of its prompt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likelihood {
    /// Log-probability: the sum over the tokens, including the one that ends the text, but without
    /// digits.
    pub sum: f32,
    /// Number of tokens in the sum; at least 1.
    pub tokens: usize,
}

impl Likelihood {
    /// The mean log-probability per token.
    pub fn mean(self) -> f32 {
        self.sum / self.tokens as f32
    }
}

/// A model with its tokenizer and its prompt. The beginning of the prompt, which all dictations
/// share, has been read already.
pub struct Language {
    decoder: Decoder,
    tokenizer: Tokenizer,
    chat: Chat,
    /// The tokens of the prompt before the dictation.
    head: Vec<u32>,
    vocabulary: Vocabulary,
    mix: Mix,
}

impl std::fmt::Debug for Language {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Language").field("memory", &self.memory()).finish_non_exhaustive()
    }
}

impl Language {
    /// Opens a model, such as that of a folder, and reads the prompt up to the dictation: the system prompt and the
    /// head of the template.
    ///
    /// # Errors
    /// The folder is invalid, there is too little memory, a thread cannot be started, or the head
    /// of the prompt alone does not fit.
    pub fn open<'a>(files: impl Into<Files<'a>>, options: &Options) -> Result<Language, LanguageError> {
        let files = files.into();
        let (checkpoint, tokenizer, chat) = parts(files)?;
        let beyond = checkpoint.bytes().saturating_add(CACHE_LIMIT);
        let decoder =
            budget::with_more(beyond, || Decoder::open(&checkpoint, options.threads, options.positions))?;
        let language = Language::new(decoder, tokenizer, chat)?;
        Ok(Language { mix: Mix::open(files)?, ..language })
    }

    /// Builds a model from its parts, which must belong to the same folder.
    ///
    /// # Errors
    /// As for [`Language::open`], for the head of the prompt.
    pub fn new(mut decoder: Decoder, tokenizer: Tokenizer, chat: Chat) -> Result<Language, LanguageError> {
        let head = chat.head(&tokenizer)?;
        if !head.is_empty() {
            decoder.prepare(&head, &|| false)?;
        }
        let vocabulary = Vocabulary::new(&tokenizer);
        Ok(Language { decoder, tokenizer, chat, head, vocabulary, mix: Mix::default() })
    }

    /// How much memory it takes, except for the tokenizer, whose size is not known.
    pub fn memory(&self) -> Memory {
        let memory = self.decoder.memory();
        Memory { scratch: memory.scratch + self.vocabulary.memory(), ..memory }
    }

    /// How likely each candidate is as the answer to a dictation. Only the part of the prompt that
    /// is not cached and the candidates are read; beginnings that candidates share are read once. The
    /// whole prompt is cached afterwards.
    ///
    /// The model does not choose digits: it reads each one as a 0, and their tokens are not
    /// counted.
    ///
    /// # Errors
    /// The dictation cannot be put into the prompt, it does not fit together with its candidates,
    /// or `stop` is reached.
    pub fn rescore(
        &mut self,
        dictation: &str,
        candidates: &[String],
        stop: &Stop,
    ) -> Result<Vec<Likelihood>, LanguageError> {
        let prompt = self.chat.prompt(&self.tokenizer, &mask_digits(dictation))?;
        // The dictation is kept, because the next request is often about the same one. At least one token must be
        // left to read.
        let (prefix, text) = prompt.split_at(prompt.len().saturating_sub(1));
        let ended = |candidate: &String| -> Result<Vec<u32>, LanguageError> {
            let mut tokens = self.tokenizer.encode(&mask_digits(candidate))?;
            tokens.push(self.tokenizer.end());
            Ok(tokens)
        };
        let candidates = candidates.iter().map(ended).collect::<Result<Vec<_>, _>>()?;
        let slices: Vec<&[u32]> = candidates.iter().map(Vec::as_slice).collect();
        let likely = self.decoder.rescore(prefix, text, &slices, &|| stop.reached())?;
        let count = |(tokens, likely): (&Vec<u32>, Vec<f32>)| {
            let counted = tokens.iter().zip(likely).filter(|(token, _)| !self.vocabulary.is_masked(**token));
            let (sum, tokens) = counted.fold((0.0, 0), |(sum, count), (_, likely)| (sum + likely, count + 1));
            Likelihood { sum, tokens }
        };
        let likelihoods: Vec<Likelihood> = candidates.iter().zip(likely).map(count).collect();
        match likelihoods.iter().all(|likelihood| likelihood.sum.is_finite()) {
            true => Ok(likelihoods),
            false => Err(LanguageError::NotFinite),
        }
    }
}

/// The parts of a model.
fn parts(files: Files<'_>) -> Result<(Checkpoint, Tokenizer, Chat), CheckpointError> {
    let checkpoint = Checkpoint::open(files)?;
    let tokenizer = Tokenizer::open(files, checkpoint.config())?;
    Ok((checkpoint, tokenizer, Chat::open(files)?))
}

/// Opens everything in a model folder as [`Language::open`] does, except the decoder, and makes a
/// prompt of a line with it.
///
/// # Errors
/// As for [`Language::open`].
pub(crate) fn check(folder: &Path, checkpoint: &Checkpoint) -> Result<(), LanguageError> {
    let tokenizer = Tokenizer::open(folder, checkpoint.config())?;
    let chat = Chat::open(folder)?;
    Mix::open(folder)?;
    drop(Vocabulary::new(&tokenizer));
    let head = chat.head(&tokenizer)?;
    let positions = Options::default().positions.min(checkpoint.config().max_position_embeddings);
    // Of a long name, of what people dictate, and of signs: what a pattern may be slow on, too.
    for line in ["git commit dash m fix", &"a".repeat(200), &" ".repeat(200), &"\"'-_1".repeat(40)] {
        let prompt = chat.prompt(&tokenizer, line)?;
        if let Some(token) = prompt.iter().find(|token| **token as usize >= tokenizer.rows()) {
            return Err(DecoderError::Token { token: *token, vocabulary: tokenizer.rows() }.into());
        }
    }
    match head.len() < positions {
        true => Ok(()),
        false => Err(DecoderError::Full { needed: head.len() + 1, positions }.into()),
    }
}

/// The text with every digit replaced by a 0.
pub fn mask_digits(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}
