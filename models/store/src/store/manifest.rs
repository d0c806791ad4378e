//! The manifest of a model folder: where it came from, and the size and SHA-256 of each file.

use super::StoreError;
use super::digest::Digests;
use sayso_language::checkpoint::{CheckpointError, file};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// The name of the manifest in a model folder.
pub const MANIFEST: &str = "manifest.json";

/// Limit of a manifest, in bytes. Real ones list a few dozen files. Hand-chosen, 2026-11-23.
const LIMIT: u64 = 1 << 20;

/// The manifest of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Where it came from.
    pub origin: Origin,
    /// Its files, by name.
    pub files: BTreeMap<String, FileRecord>,
}

/// Where a model came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A repository of the hub.
    Hub {
        /// `OWNER/NAME`.
        repository: String,
        /// The commit, in hexadecimal.
        commit: String,
    },
    /// A model folder on this machine.
    Folder {
        /// Its name without the folder that it is in.
        folder: String,
    },
    /// A GGUF file.
    Gguf {
        /// Its name without its folder.
        file: String,
    },
}

/// A file of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// Reads the manifest of a model folder.
    ///
    /// # Errors
    /// [`StoreError::Manifest`] if it is missing or cannot be read.
    pub fn open(folder: &Path) -> Result<Manifest, StoreError> {
        let path = folder.join(MANIFEST);
        let damaged = |problem: String| StoreError::Manifest { path: path.clone(), problem };
        let bytes = file::bytes(&path, LIMIT, file::Links::Refuse).map_err(|error| match error {
            CheckpointError::Unreadable { source, .. } => damaged(source.to_string()),
            other => damaged(other.to_string()),
        })?;
        serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))
    }

    /// The size of all files together, in bytes.
    pub fn bytes(&self) -> u64 {
        self.files.values().fold(0, |sum, file| sum.saturating_add(file.bytes))
    }

    /// Records the files in a folder, writes the manifest, and syncs it to the disk.
    pub(super) fn record(folder: &Path, origin: Origin) -> Result<Manifest, StoreError> {
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(folder).map_err(StoreError::io(folder))? {
            let entry = entry.map_err(StoreError::io(folder))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name != MANIFEST {
                let path = entry.path();
                if let Some(Digests { bytes, sha256, .. }) =
                    Digests::of(&path, None, |_| ()).map_err(StoreError::Read)?
                {
                    files.insert(name, FileRecord { bytes, sha256 });
                }
            }
        }
        let manifest = Manifest { origin, files };
        let path = folder.join(MANIFEST);
        let mut text = serde_json::to_vec_pretty(&manifest)
            .map_err(|error| StoreError::Manifest { path: path.clone(), problem: error.to_string() })?;
        text.push(b'\n');
        let mut file = File::create(&path).map_err(StoreError::io(&path))?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(StoreError::io(&path))?;
        Ok(manifest)
    }
}
