//! Model folders that are made from others.

use crate::{TrainError, file};
use sayso_language::chat::{SYSTEM_PROMPT_FILE, TRAINED_PROMPT_FILE};
use sayso_language::checkpoint::CONFIG;
use sayso_language::tokenizer::{CHAT_TEMPLATE, GENERATION_CONFIG, TOKENIZER, TOKENIZER_CONFIG};
use serde_json::{Map, Value};
use std::fs;
use std::path::Path;

/// Creates a folder that must not exist, or must be empty.
pub(crate) fn create(target: &Path) -> Result<(), TrainError> {
    if fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(TrainError::Unfit(format!("{} exists already; name a new folder", target.display())));
    }
    fs::create_dir_all(target).map_err(TrainError::write(target))
}

/// Copies what belongs to a model beside its weights, and changes its configuration.
pub(crate) fn copy_files(
    from: &Path,
    to: &Path,
    change: impl FnOnce(&mut Map<String, Value>),
) -> Result<(), TrainError> {
    let others = [
        TOKENIZER,
        TOKENIZER_CONFIG,
        GENERATION_CONFIG,
        CHAT_TEMPLATE,
        SYSTEM_PROMPT_FILE,
        TRAINED_PROMPT_FILE,
        "special_tokens_map.json",
    ];
    for name in others {
        let path = from.join(name);
        if path.exists() {
            let bytes = fs::read(&path).map_err(TrainError::read(&path))?;
            file::replace(&to.join(name), &bytes)?;
        }
    }
    let path = from.join(CONFIG);
    let text = fs::read_to_string(&path).map_err(TrainError::read(&path))?;
    let mut config: Map<String, Value> = serde_json::from_str(&text)
        .map_err(|error| TrainError::Unfit(format!("{} is damaged: {error}", path.display())))?;
    change(&mut config);
    file::replace(&to.join(CONFIG), crate::python_json::to_string(&config).as_bytes())
}
