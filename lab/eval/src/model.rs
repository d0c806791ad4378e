//! The language model that a command line names.

use anyhow::Context;
use sayso_engine::{ModelHandle, Stop};
use sayso_language::Options;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The language model that may be asked, and for how long.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Model {
    /// A model folder, or built-in: this language model is asked where the first stages are not sure (or by --route model, always)
    #[arg(long = "model", value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Milliseconds that it may take for a line; no limit when left out
    #[arg(long = "model-deadline", value_name = "MS")]
    deadline: Option<u64>,
}

/// Loads the model in a folder, or the built-in one.
pub fn open(folder: &Path) -> anyhow::Result<ModelHandle> {
    ModelHandle::open(sayso_small::in_folder(folder), &Options::default())
        .with_context(|| format!("cannot use the language model in {}", folder.display()))
}

impl Model {
    /// Loads the model, if one is named.
    pub fn open(&self) -> anyhow::Result<Option<ModelHandle>> {
        self.folder.as_deref().map(open).transpose()
    }

    /// The folder of the model.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// How long the model may take for a line, in milliseconds; `None` for as long as it likes.
    pub fn deadline(&self) -> Option<u64> {
        self.deadline
    }

    /// The time by which it must be done with a line that arrives now.
    pub fn stop(&self) -> Stop {
        match self.deadline {
            Some(ms) => Stop::at(Instant::now() + Duration::from_millis(ms)),
            None => Stop::never(),
        }
    }
}
