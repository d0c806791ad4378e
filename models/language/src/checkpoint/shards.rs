//! The weights files of a folder: one file, or several with an index.

use super::{CheckpointError, Files};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The weights file of a model that fits into one file.
pub const WEIGHTS: &str = "model.safetensors";
/// The index, which says which file holds which tensor.
pub const INDEX: &str = "model.safetensors.index.json";

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// The names of the weights files and, if there is an index, the file of each tensor.
pub(super) struct Shards {
    pub(super) files: Vec<String>,
    pub(super) index: Option<BTreeMap<String, String>>,
}

impl Shards {
    /// Finds the weights files of a folder. Only the index says which they are; no file name
    /// pattern is used.
    ///
    /// # Errors
    /// The index cannot be read, is empty, or names a file outside the folder.
    pub(super) fn find(files: Files<'_>) -> Result<Shards, CheckpointError> {
        let path = files.path(INDEX);
        let Some(Index { weight_map }) = files.optional(INDEX)? else {
            return Ok(Shards { files: vec![WEIGHTS.to_owned()], index: None });
        };
        let files: BTreeSet<&String> = weight_map.values().collect();
        if let Some(name) = files.iter().find(|name| !is_plain(name)) {
            return Err(CheckpointError::entry(
                &path,
                format!("{name:?} is not the name of a safetensors file"),
            ));
        }
        if files.is_empty() {
            return Err(CheckpointError::entry(&path, "weight_map is empty"));
        }
        Ok(Shards { files: files.into_iter().cloned().collect(), index: Some(weight_map) })
    }
}

/// Whether this names a safetensors file in the same folder.
fn is_plain(name: &str) -> bool {
    name.ends_with(".safetensors") && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}
