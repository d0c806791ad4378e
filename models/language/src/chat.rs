//! The prompt of a language model: what the chat template of its folder makes of the system prompt
//! of its training and of a dictation.

use crate::checkpoint::{CheckpointError, file};
use crate::template::{self, Frame};
use crate::tokenizer::config::TokenizerConfig;
use crate::tokenizer::{Tokenizer, TokenizerError};
use std::path::Path;

/// The system prompt of the training. It must match to the letter: models of the series lose 28
/// points with another one.
pub const SYSTEM_PROMPT: &str =
    "Reconstruct the intended syntax from the dictated text. Output only the result.";

/// The file of a model folder that holds its system prompt. A folder without it gets [`SYSTEM_PROMPT`].
pub const SYSTEM_PROMPT_FILE: &str = "system_prompt.txt";

/// Limit of a system prompt, in bytes; real ones are far smaller.
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
    pub fn open(folder: &Path) -> Result<Chat, CheckpointError> {
        let mut config = TokenizerConfig::open(folder)?;
        let mut tokens = Vec::new();
        for (name, token) in [
            ("bos_token", config.bos_token.take()),
            ("eos_token", config.eos_token.take()),
            ("unk_token", config.unk_token.take()),
            ("pad_token", config.pad_token.take()),
        ] {
            tokens.extend(token.map(|token| (name, token.text().to_owned())));
        }
        let template = config.chat_template(folder)?;
        let frame = template::render(&template, &system_prompt(folder)?, &tokens);
        frame.map(|frame| Chat { frame }).map_err(|error| CheckpointError::entry(folder, error.to_string()))
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

/// The system prompt of a folder, without the newline that editors add at the end.
fn system_prompt(folder: &Path) -> Result<String, CheckpointError> {
    let path = folder.join(SYSTEM_PROMPT_FILE);
    if !path.exists() {
        return Ok(SYSTEM_PROMPT.to_owned());
    }
    let text = String::from_utf8(file::bytes(&path, SYSTEM_PROMPT_LIMIT, file::Links::Follow)?)
        .map_err(|error| CheckpointError::entry(&path, error.to_string()))?;
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}
