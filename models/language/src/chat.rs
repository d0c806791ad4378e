//! The prompt of a language model: the chat template of its folder, rendered with the system prompt
//! of its training and with the dictation.

use crate::checkpoint::{CheckpointError, file};
use crate::tokenizer::config::TokenizerConfig;
use crate::tokenizer::{Tokenizer, TokenizerError};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, context};
use std::collections::BTreeMap;
use std::path::Path;

/// The system prompt of the training. It must match to the letter: models of the series lose 28
/// points with another one.
pub const SYSTEM_PROMPT: &str =
    "Reconstruct the intended syntax from the dictated text. Output only the result.";

/// The file of a model folder that holds its system prompt. A folder without it gets [`SYSTEM_PROMPT`].
pub const SYSTEM_PROMPT_FILE: &str = "system_prompt.txt";

/// Limit of a system prompt, in bytes; real ones are far smaller.
const SYSTEM_PROMPT_LIMIT: u64 = 64 << 10;
/// Fuel that a template may use: about one unit per step, and one per 64 bytes of output. Real
/// templates need some hundreds.
const FUEL: u64 = 1_000_000;
/// Placeholder for the dictation, which shows what the template writes before it. It is from the
/// private use area, so no template contains it.
const PLACE: &str = "\u{e000}";

/// Why a dictation cannot be made into a prompt.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// The template raises an error, or uses a feature that is not supported.
    #[error("the chat template cannot be rendered: {0}")]
    Template(#[from] Error),
    /// The dictation contains a special token, so it could imitate the template around it.
    #[error("the dictation contains the model's special token {0}")]
    Special(String),
    /// The tokenizer failed.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
}

/// The chat template of a model folder, and the values that it is rendered with.
#[derive(Debug)]
pub struct Chat {
    environment: Environment<'static>,
    system: String,
    /// The special tokens, under the names that templates use.
    tokens: Vec<(&'static str, String)>,
}

impl Chat {
    /// Reads the template and the system prompt of a model folder, and renders them once to check
    /// that they work.
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
        let wrong = |error: ChatError| CheckpointError::entry(folder, error.to_string());
        let environment = environment(template).map_err(|error| wrong(error.into()))?;
        let chat = Chat { environment, system: system_prompt(folder)?, tokens };
        match chat.render(PLACE).map_err(wrong)?.matches(PLACE).count() {
            1 => Ok(chat),
            times => {
                let problem = format!("its chat template writes the dictation {times} times instead of once");
                Err(CheckpointError::entry(folder, problem))
            }
        }
    }

    /// The prompt for a dictation, as tokens.
    ///
    /// # Errors
    /// [`ChatError`] says what is wrong with the dictation.
    pub fn prompt(&self, tokenizer: &Tokenizer, dictation: &str) -> Result<Vec<u32>, ChatError> {
        match tokenizer.special_in(dictation) {
            Some(special) => Err(ChatError::Special(special.to_owned())),
            None => Ok(tokenizer.encode(&self.render(dictation)?)?),
        }
    }

    /// The tokens of everything before the dictation, which a cache can keep for all prompts. Every
    /// prompt begins with them, unless its dictation begins with something that merges with the
    /// last of them, such as a newline.
    ///
    /// # Errors
    /// As for [`Chat::prompt`].
    pub fn head(&self, tokenizer: &Tokenizer) -> Result<Vec<u32>, ChatError> {
        let text = self.render(PLACE)?;
        let head = text.split(PLACE).next().unwrap_or_default();
        Ok(tokenizer.encode(head)?)
    }

    /// The text of a prompt: the system prompt, the dictation as the user's message, and the
    /// beginning of the answer. Thinking is switched off if the template supports that.
    ///
    /// # Errors
    /// [`ChatError::Template`] if the template raises an error.
    pub fn render(&self, dictation: &str) -> Result<String, ChatError> {
        let messages = vec![
            context! { role => "system", content => self.system.as_str() },
            context! { role => "user", content => dictation },
        ];
        let fixed = [
            ("messages", Value::from(messages)),
            ("add_generation_prompt", Value::from(true)),
            ("enable_thinking", Value::from(false)),
            ("tools", Value::from(())),
            ("documents", Value::from(())),
        ];
        let tokens = self.tokens.iter().map(|(name, token)| (*name, Value::from(token.as_str())));
        let values: BTreeMap<&str, Value> = fixed.into_iter().chain(tokens).collect();
        Ok(self.environment.get_template("chat")?.render(Value::from(values))?)
    }
}

/// An environment with the template, set up as `transformers` sets up Jinja for chat templates, but
/// without a clock: a template that would write the date falls back to a fixed one, so the same
/// dictation always gives the same prompt.
fn environment(template: String) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_fuel(Some(FUEL));
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_function("raise_exception", |message: String| -> Result<Value, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, message))
    });
    environment.add_template_owned("chat", template)?;
    Ok(environment)
}

/// The system prompt of a folder, without the newline that editors add at the end.
fn system_prompt(folder: &Path) -> Result<String, CheckpointError> {
    let path = folder.join(SYSTEM_PROMPT_FILE);
    if !path.exists() {
        return Ok(SYSTEM_PROMPT.to_owned());
    }
    let text = String::from_utf8(file::bytes(&path, SYSTEM_PROMPT_LIMIT)?)
        .map_err(|error| CheckpointError::entry(&path, error.to_string()))?;
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}
