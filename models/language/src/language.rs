//! A language model at work: a model folder opened, its prompt filled, and what is asked of it answered.
//!
//! [`Language`] is one model with its tokenizer and chat template; [`ModelHandle`] is the thread that owns one, which
//! anyone may ask. A [`Decoder`] is what a model computes with.

mod handle;
pub mod measure;
mod stop;
mod vocabulary;
mod writer;

pub use handle::ModelHandle;
pub use stop::Stop;
pub use writer::Written;

use crate::chat::{Chat, ChatError};
use crate::checkpoint::{Checkpoint, CheckpointError, file};
use crate::cpu;
use crate::decoder::Decoder;
use crate::error::DecoderError;
use crate::memory::Memory;
use crate::tokenizer::{Tokenizer, TokenizerError};
use std::path::Path;
use vocabulary::Vocabulary;

/// The file of a model folder that says what a nat of the model's counts for beside one of the tagger's: a number, as
/// `sayso-lab judge` finds it. It is in no folder that was not measured.
pub const WEIGHT_FILE: &str = "judge_weight.txt";

/// The largest weight that is taken.
const HEAVIEST: f32 = 10.0;

/// Why a language model cannot be used, or has no answer.
#[derive(Debug, thiserror::Error)]
pub enum LanguageError {
    /// The folder is not as it should be.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The weights cannot be computed with, the text does not fit, or it was stopped.
    #[error(transparent)]
    Decoder(#[from] DecoderError),
    /// There is no prompt for this dictation.
    #[error(transparent)]
    Chat(#[from] ChatError),
    /// There are no tokens for this text.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A logarithm of a probability that is none: weights of no use.
    #[error("the language model computes numbers that are none: its weights are of no use")]
    NotFinite,
    /// The thread of the model ended, by a defect; it was the model's last.
    #[error("the language model has ended; load it again")]
    Gone,
    /// The system starts no thread.
    #[error("cannot start a thread for the language model: {0}")]
    Thread(std::io::Error),
}

impl LanguageError {
    /// Whether it was asked to stop, by its deadline or by who asked.
    pub fn is_stopped(&self) -> bool {
        matches!(self, LanguageError::Decoder(DecoderError::Stopped))
    }
}

/// How a model runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Threads that compute; see [`cpu::default_threads`].
    pub threads: usize,
    /// Tokens that it has room for: the prompt and all candidates together, or the prompt and what is written.
    pub positions: usize,
}

impl Default for Options {
    /// As many threads as [`cpu::default_threads`] says, and 384 tokens: some 40 stand before every dictation, and one
    /// of 60 with four candidates has 300 if they share nothing. Each takes 115 kB of a model of 0.6 billion.
    fn default() -> Options {
        Options { threads: cpu::default_threads(), positions: 384 }
    }
}

/// How likely a model finds one continuation of its prompt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likelihood {
    /// The logarithm of its probability: the sum over its tokens, the one that ends the text included, digits not.
    pub sum: f32,
    /// How many tokens were summed: at least 1.
    pub tokens: usize,
}

impl Likelihood {
    /// The mean over its tokens.
    pub fn mean(self) -> f32 {
        self.sum / self.tokens as f32
    }
}

/// A model with its tokenizer and its prompt. The beginning of the prompt that all dictations share has been read.
pub struct Language {
    decoder: Decoder,
    tokenizer: Tokenizer,
    chat: Chat,
    /// The tokens before the dictation.
    head: Vec<u32>,
    vocabulary: Vocabulary,
    weight: Option<f32>,
}

impl std::fmt::Debug for Language {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Language").field("memory", &self.memory()).finish_non_exhaustive()
    }
}

impl Language {
    /// Opens a model folder and reads what stands before every dictation: system prompt and the head of the template.
    ///
    /// # Errors
    /// The folder is not as it should be, memory or threads are wanting, or the head alone does not fit.
    pub fn open(folder: &Path, options: &Options) -> Result<Language, LanguageError> {
        let checkpoint = Checkpoint::open(folder)?;
        let tokenizer = Tokenizer::open(folder, checkpoint.config())?;
        let chat = Chat::open(folder)?;
        let language =
            Language::new(Decoder::open(&checkpoint, options.threads, options.positions)?, tokenizer, chat)?;
        Ok(Language { weight: weight(folder)?, ..language })
    }

    /// Of its parts, which belong to one folder.
    ///
    /// # Errors
    /// As [`Language::open`], for what stands before every dictation.
    pub fn new(mut decoder: Decoder, tokenizer: Tokenizer, chat: Chat) -> Result<Language, LanguageError> {
        let head = chat.head(&tokenizer)?;
        if !head.is_empty() {
            decoder.prefill(&head, &|| false)?;
        }
        let vocabulary = Vocabulary::new(&tokenizer);
        Ok(Language { decoder, tokenizer, chat, head, vocabulary, weight: None })
    }

    /// What it takes of memory, but for what the tokenizer takes, which does not tell.
    pub fn memory(&self) -> Memory {
        let memory = self.decoder.memory();
        Memory { room: memory.room + self.vocabulary.memory(), ..memory }
    }

    /// How likely each candidate is as the answer to a dictation: one pass over what of the prompt is not cached, and
    /// over all candidates, which share their beginnings.
    ///
    /// Digits are not for the model to choose: each is a 0 in what it reads, and none is counted.
    ///
    /// # Errors
    /// A dictation that cannot stand in the prompt, one that does not fit together with its candidates, or a stop.
    pub fn judge(
        &mut self,
        dictation: &str,
        candidates: &[String],
        stop: &Stop,
    ) -> Result<Vec<Likelihood>, LanguageError> {
        let prompt = self.chat.prompt(&self.tokenizer, &masked(dictation))?;
        // At least one token is left to be read.
        let most = prompt.len().saturating_sub(1);
        let shared = prompt[..most].iter().zip(&self.head).take_while(|(a, b)| a == b).count();
        let (prefix, text) = prompt.split_at(shared);
        let ended = |candidate: &String| -> Result<Vec<u32>, LanguageError> {
            let mut tokens = self.tokenizer.encode(&masked(candidate))?;
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

/// What [`WEIGHT_FILE`] says, where it is there.
pub(crate) fn weight(folder: &Path) -> Result<Option<f32>, CheckpointError> {
    const LIMIT: u64 = 64;
    let path = folder.join(WEIGHT_FILE);
    if !path.exists() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&file::bytes(&path, LIMIT)?).trim().to_owned();
    match text.parse::<f32>() {
        Ok(weight) if (0.0..=HEAVIEST).contains(&weight) => Ok(Some(weight)),
        _ => Err(CheckpointError::entry(&path, format!("{text:?} is no number from 0 to {HEAVIEST}"))),
    }
}

/// A text with a 0 for each digit.
fn masked(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}
