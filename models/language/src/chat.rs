//! The prompt of a language model: what the chat template of its folder makes of the system prompt
//! of its training and of a dictation.

use crate::checkpoint::{CheckpointError, Files};
use crate::template::{self, Frame, Template};
use crate::tokenizer::config::TokenizerConfig;
use crate::tokenizer::{Tokenizer, TokenizerError};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The system prompt of the training. It must match to the letter: models of the series lose 28
/// points with another one.
pub const SYSTEM_PROMPT: &str =
    "Reconstruct the intended syntax from the dictated text. Output only the result.";

/// The file of a model folder that holds its system prompt. A folder without it gets [`SYSTEM_PROMPT`].
pub const SYSTEM_PROMPT_FILE: &str = "system_prompt.txt";

/// The file of a trained model folder that holds the prompt of its training, as [`TrainedPrompt`]
/// in JSON. A folder that has it is refused if its template makes another prompt.
pub const TRAINED_PROMPT_FILE: &str = "trained_prompt.json";

/// Limit of a system prompt, in bytes; real ones are far smaller. Hand-chosen, 2026-11-23.
const SYSTEM_PROMPT_LIMIT: u64 = 64 << 10;

/// Why a dictation cannot be made into a prompt.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// The dictation contains a special token, so it could imitate the template around it.
    #[error("the dictation contains the model's special token {0}")]
    Special(String),
    /// The tokenizer failed.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
}

/// What stood around every dictation while a model was trained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainedPrompt {
    /// What stood before the dictation.
    pub before: String,
    /// What stood after it, up to the answer.
    pub after: String,
}

/// The prompt of a model folder, around any dictation.
#[derive(Debug)]
pub struct Chat {
    frame: Frame,
}

impl Chat {
    /// Reads the template and the system prompt of a model folder, and renders them. The template
    /// is not used again.
    ///
    /// # Errors
    /// [`CheckpointError`] names the file and what is wrong with it.
    pub fn open<'a>(files: impl Into<Files<'a>>) -> Result<Chat, CheckpointError> {
        let files = files.into();
        let (template, tokens) = parts(files)?;
        let chat = Chat::of(files, &template, &tokens, &system_prompt(files)?)?;
        match files.optional::<TrainedPrompt>(TRAINED_PROMPT_FILE)? {
            Some(trained) if trained != chat.trained() => Err(CheckpointError::entry(
                &files.path(TRAINED_PROMPT_FILE),
                format!(
                    "the model was trained with {:?} before a dictation and {:?} after it, but its template and {SYSTEM_PROMPT_FILE} make another prompt",
                    trained.before, trained.after
                ),
            )),
            _ => Ok(chat),
        }
    }

    fn of(
        files: Files<'_>,
        template: &str,
        tokens: &[(&'static str, String)],
        system: &str,
    ) -> Result<Chat, CheckpointError> {
        let frame = template::render(template, system, tokens);
        frame
            .map(|frame| Chat { frame })
            .map_err(|error| CheckpointError::entry(&files.place(), error.to_string()))
    }

    /// What stands around every dictation, for [`TRAINED_PROMPT_FILE`].
    pub fn trained(&self) -> TrainedPrompt {
        TrainedPrompt { before: self.frame.head.clone(), after: self.frame.tail.clone() }
    }

    /// The prompt for a dictation, as tokens.
    ///
    /// # Errors
    /// [`ChatError`] says what is wrong with the dictation.
    pub fn prompt(&self, tokenizer: &Tokenizer, dictation: &str) -> Result<Vec<u32>, ChatError> {
        match tokenizer.special_in(dictation) {
            Some(special) => Err(ChatError::Special(special.to_owned())),
            None => Ok(tokenizer.encode(&self.render(dictation))?),
        }
    }

    /// The tokens of everything before the dictation, which a cache can keep for all prompts. Every
    /// prompt begins with them, unless its dictation begins with something that merges with the
    /// last of them, such as a newline.
    ///
    /// # Errors
    /// As for [`Chat::prompt`].
    pub fn head(&self, tokenizer: &Tokenizer) -> Result<Vec<u32>, ChatError> {
        Ok(tokenizer.encode(&self.frame.head)?)
    }

    /// The text of a prompt: the system prompt, the dictation as the user's message, and the
    /// beginning of the answer.
    pub fn render(&self, dictation: &str) -> String {
        self.frame.around(dictation)
    }
}

/// The chat template of a model folder for whole conversations, which training needs.
pub struct Conversation {
    /// Where errors are said to be.
    folder: std::path::PathBuf,
    text: String,
    tokens: Special,
    template: Template,
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Conversation").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Conversation {
    /// The template of a folder, or `other` instead of it with the special tokens of the folder.
    ///
    /// # Errors
    /// [`CheckpointError`] names the file and what is wrong with it.
    pub fn open(folder: &Path, other: Option<&str>) -> Result<Conversation, CheckpointError> {
        let (text, tokens) = match other {
            Some(text) => (text.to_owned(), tokens(&mut TokenizerConfig::open(folder.into())?)),
            None => parts(folder.into())?,
        };
        let template = Template::new(&text, &tokens)
            .map_err(|error| CheckpointError::entry(folder, error.to_string()))?;
        Ok(Conversation { folder: folder.to_owned(), text, tokens, template })
    }

    /// The template itself.
    pub fn template(&self) -> &str {
        &self.text
    }

    /// The text of messages, each a role and what it says. `answers` adds the beginning of an
    /// answer.
    ///
    /// # Errors
    /// The template refuses these messages.
    pub fn render(&self, messages: &[(&str, &str)], answers: bool) -> Result<String, CheckpointError> {
        let rendered = self.template.render(messages, answers);
        rendered.map_err(|error| CheckpointError::entry(&self.folder, error.to_string()))
    }

    /// The prompt around any dictation, with this system prompt.
    ///
    /// # Errors
    /// The template does not write a dictation once and as it is.
    pub fn chat(&self, system: &str) -> Result<Chat, CheckpointError> {
        Chat::of((&self.folder).into(), &self.text, &self.tokens, system)
    }
}

/// Special tokens, each with the name that templates use.
type Special = Vec<(&'static str, String)>;

/// The chat template and the special tokens of a folder.
fn parts(files: Files<'_>) -> Result<(String, Special), CheckpointError> {
    let mut config = TokenizerConfig::open(files)?;
    let tokens = tokens(&mut config);
    Ok((config.chat_template(files)?, tokens))
}

/// The special tokens, under the names that templates use.
fn tokens(config: &mut TokenizerConfig) -> Special {
    let named = [
        ("bos_token", config.bos_token.take()),
        ("eos_token", config.eos_token.take()),
        ("unk_token", config.unk_token.take()),
        ("pad_token", config.pad_token.take()),
    ];
    let known = named.into_iter().filter_map(|(name, token)| Some((name, token?.text().to_owned())));
    known.collect()
}

/// The system prompt of a folder, without the newline that editors add at the end.
///
/// # Errors
/// The file cannot be read.
pub fn system_prompt<'a>(files: impl Into<Files<'a>>) -> Result<String, CheckpointError> {
    let files = files.into();
    if !files.has(SYSTEM_PROMPT_FILE) {
        return Ok(SYSTEM_PROMPT.to_owned());
    }
    let text = files.text(SYSTEM_PROMPT_FILE, SYSTEM_PROMPT_LIMIT)?;
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}
