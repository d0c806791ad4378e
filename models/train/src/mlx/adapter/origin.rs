//! What adapters were trained on: base, tokenizer and prompt.

use crate::{TrainError, file};
use sayso_language::chat::{Conversation, TrainedPrompt};
use sayso_language::checkpoint::Checkpoint;
use sayso_language::tokenizer::TOKENIZER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// The name of the file beside the adapters.
const FILE: &str = "trained_on.json";

/// How much of each tensor is hashed, in bytes: enough to tell two models apart.
/// Hand-chosen, 2026-11-29.
const SAMPLE: usize = 4096;

/// What adapters were trained on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// SHA-256 of the names, types, shapes and first bytes of all tensors of the base.
    base: String,
    /// SHA-256 of `tokenizer.json`.
    tokenizer: String,
    /// The system prompt.
    pub system_prompt: String,
    /// What stood around every dictation.
    pub prompt: TrainedPrompt,
    /// The chat template, if it is not that of the base.
    pub template: Option<String>,
}

impl Origin {
    /// Describes a training on this base.
    ///
    /// # Errors
    /// The tokenizer cannot be read.
    pub fn new(
        folder: &Path,
        checkpoint: &Checkpoint,
        system_prompt: String,
        prompt: TrainedPrompt,
        template: Option<String>,
    ) -> Result<Origin, TrainError> {
        let (base, tokenizer) = (fingerprint(checkpoint)?, tokenizer(folder)?);
        Ok(Origin { base, tokenizer, system_prompt, prompt, template })
    }

    /// Reads the file of a folder; `None` if there is none, as with adapters of `mlx_lm`.
    ///
    /// # Errors
    /// It is damaged.
    pub fn open(folder: &Path) -> Result<Option<Origin>, TrainError> {
        let path = folder.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(TrainError::read(&path))?,
        };
        let read = serde_json::from_str(&text);
        read.map(Some).map_err(|error| TrainError::Unfit(format!("{} is damaged: {error}", path.display())))
    }

    /// Writes the file.
    ///
    /// # Errors
    /// The disk is full, or the folder may not be written to.
    pub fn save(&self, folder: &Path) -> Result<(), TrainError> {
        let path = folder.join(FILE);
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| TrainError::Unfit(format!("{}: {error}", path.display())))?;
        file::replace(&path, format!("{text}\n").as_bytes())
    }

    /// Refuses a base, tokenizer or prompt that adapters in `folder` were not trained on.
    ///
    /// # Errors
    /// [`TrainError::Foreign`] says which differs.
    pub fn check(&self, folder: &Path, base: &Path, checkpoint: &Checkpoint) -> Result<(), TrainError> {
        let foreign =
            |what, problem: String| TrainError::Foreign { folder: folder.to_owned(), what, problem };
        if tokenizer(base)? != self.tokenizer {
            let problem = format!("{TOKENIZER} in {} is not the one of their training", base.display());
            return Err(foreign("tokenizer", problem));
        }
        if fingerprint(checkpoint)? != self.base {
            let problem = format!("the weights in {} are not those of their training", base.display());
            return Err(foreign("base", problem));
        }
        self.check_prompt(folder, base)
    }

    /// Refuses a base whose prompt is not the one that adapters in `folder` were trained with.
    ///
    /// # Errors
    /// [`TrainError::Foreign`] says how it differs.
    pub fn check_prompt(&self, folder: &Path, base: &Path) -> Result<(), TrainError> {
        let conversation = Conversation::open(base, self.template.as_deref())?;
        let found = conversation.chat(&self.system_prompt)?.trained();
        match found == self.prompt {
            true => Ok(()),
            false => Err(TrainError::Foreign {
                folder: folder.to_owned(),
                what: "template",
                problem: format!(
                    "they were trained with {:?} before a dictation and {:?} after it; the template in {} writes {:?} and {:?}",
                    self.prompt.before,
                    self.prompt.after,
                    base.display(),
                    found.before,
                    found.after
                ),
            }),
        }
    }
}

fn fingerprint(checkpoint: &Checkpoint) -> Result<String, TrainError> {
    let mut hash = Sha256::new();
    for name in checkpoint.names() {
        let tensor = checkpoint.tensor(name)?;
        hash.update(format!("{name} {} {:?}\n", tensor.dtype, tensor.shape));
        hash.update(&tensor.bytes[..tensor.bytes.len().min(SAMPLE)]);
    }
    Ok(hex(&hash.finalize()))
}

fn tokenizer(folder: &Path) -> Result<String, TrainError> {
    let path = folder.join(TOKENIZER);
    Ok(hex(&Sha256::digest(std::fs::read(&path).map_err(TrainError::read(&path))?)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
