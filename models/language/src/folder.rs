//! Checks of whole model folders.

use crate::chat::Chat;
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::language;
use crate::tokenizer::Tokenizer;
use std::path::Path;

/// Opens everything in a model folder that will be used, without loading the model.
///
/// # Errors
/// What is wrong with the first file that cannot be used.
pub fn check(folder: &Path) -> Result<(), CheckpointError> {
    let checkpoint = Checkpoint::open(folder)?;
    Tokenizer::open(folder, checkpoint.config())?;
    Chat::open(folder)?;
    language::weight(folder)?;
    Ok(())
}
