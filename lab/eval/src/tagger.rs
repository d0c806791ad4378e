//! The tagger's weights as named on the command line.

use anyhow::Context;
use sayso_engine::Engine;
use std::path::{Path, PathBuf};

/// The weights that the tagger computes with.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Tagger {
    /// The tagger's weights, as `sayso-lab train tagger` writes them; without it, those that are built in
    #[arg(long, value_name = "FILE.safetensors")]
    weights: Option<PathBuf>,
}

impl Tagger {
    /// The file with the weights; `None` for those that are built in.
    pub fn weights(&self) -> Option<&Path> {
        self.weights.as_deref()
    }

    /// The engine with these weights.
    ///
    /// # Errors
    /// If the file cannot be read, or contains no weights of this tagger.
    pub fn engine(&self) -> anyhow::Result<Engine> {
        match &self.weights {
            Some(path) => {
                Engine::open(path).with_context(|| format!("cannot use the weights in {}", path.display()))
            }
            None => Ok(Engine::embedded().clone()),
        }
    }
}
