//! What `tokenizer_config.json` and its neighbours add to the vocabulary: the roles of special
//! tokens, the chat template, and the tokens that end a text.

use crate::checkpoint::{CONFIG, CheckpointError, Files};
use crate::template::TEMPLATE_LIMIT;
use serde::Deserialize;

/// The name of the file in a model folder.
pub const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
/// Settings for sampling. Only the tokens that end a text are read from it.
pub const GENERATION_CONFIG: &str = "generation_config.json";
/// The chat template in a file of its own. It takes precedence over the one in
/// [`TOKENIZER_CONFIG`].
pub const CHAT_TEMPLATE: &str = "chat_template.jinja";

/// The entries that are used.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct TokenizerConfig {
    pub(crate) bos_token: Option<Token>,
    pub(crate) eos_token: Option<Token>,
    pub(crate) unk_token: Option<Token>,
    pub(crate) pad_token: Option<Token>,
    chat_template: Option<Template>,
}

/// A token by its text, with or without the rules for matching it, which `tokenizer.json` has too.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Token {
    Text(String),
    Added { content: String },
}

impl Token {
    /// Its text.
    pub(crate) fn text(&self) -> &str {
        match self {
            Token::Text(content) | Token::Added { content } => content,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Template {
    One(String),
    Named(Vec<NamedTemplate>),
}

#[derive(Debug, Deserialize)]
struct NamedTemplate {
    name: String,
    template: String,
}

impl TokenizerConfig {
    /// Reads `tokenizer_config.json`.
    ///
    /// # Errors
    /// The file is missing or damaged.
    pub(crate) fn open(files: Files<'_>) -> Result<TokenizerConfig, CheckpointError> {
        files.json(TOKENIZER_CONFIG)
    }

    /// The chat template of a folder.
    ///
    /// # Errors
    /// There is no template, or it cannot be read.
    pub(crate) fn chat_template(self, files: Files<'_>) -> Result<String, CheckpointError> {
        if files.has(CHAT_TEMPLATE) {
            return files.text(CHAT_TEMPLATE, TEMPLATE_LIMIT);
        }
        let found = match self.chat_template {
            Some(Template::One(template)) => Some(template),
            Some(Template::Named(templates)) => {
                templates.into_iter().find(|named| named.name == "default").map(|named| named.template)
            }
            None => None,
        };
        found.ok_or_else(|| {
            let problem = format!("it has no chat_template, and there is no {CHAT_TEMPLATE}");
            CheckpointError::entry(&files.path(TOKENIZER_CONFIG), problem)
        })
    }
}

#[derive(Default, Deserialize)]
struct Ends {
    eos_token_id: Option<Ids>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Ids {
    One(u32),
    Many(Vec<u32>),
}

/// The tokens that end a text: those of `generation_config.json` or, if it names none, those of
/// `config.json`.
///
/// # Errors
/// One of the files is damaged.
pub(crate) fn ends(files: Files<'_>) -> Result<Vec<u32>, CheckpointError> {
    let own: Ends = files.optional(GENERATION_CONFIG)?.unwrap_or_default();
    let ids = match own.eos_token_id {
        Some(ids) => Some(ids),
        None => files.json::<Ends>(CONFIG)?.eos_token_id,
    };
    Ok(match ids {
        None => Vec::new(),
        Some(Ids::One(id)) => vec![id],
        Some(Ids::Many(ids)) => ids,
    })
}
