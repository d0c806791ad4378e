//! `sayso-lab train`: makes the models that are shipped.

use crate::config::Config;
use crate::run::{Run, convert};
use std::path::PathBuf;

/// Trains a model.
#[derive(Debug, clap::Args)]
pub struct Train {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Tagger(Tagger),
    Convert(Convert),
}

/// Trains the tagger.
///
/// Writes into the output folder: a checkpoint after each epoch, the averaged weights, and log.jsonl with the loss and the share of
/// lines that are right at every step, per dialect; curves.svg draws the log.
#[derive(Debug, clap::Args)]
struct Tagger {
    /// What to train: a TOML file
    #[arg(value_name = "CONFIG.toml")]
    config: PathBuf,
    /// Where checkpoints, log and weights go
    #[arg(long, value_name = "FOLDER")]
    output: PathBuf,
    /// Go on from the last checkpoint in the output folder
    #[arg(long)]
    resume: bool,
}

/// Brings weights of an earlier shape into that of today, without training.
///
/// They answer as before: new layers and word vectors add nothing until they are trained.
#[derive(Debug, clap::Args)]
struct Convert {
    /// The weights
    #[arg(value_name = "WEIGHTS.safetensors")]
    weights: PathBuf,
    /// Word vectors, as `sayso-lab vectors` writes them, in place of those in the weights
    #[arg(long, value_name = "FILE.safetensors")]
    vectors: Option<PathBuf>,
    /// Where the new weights go
    #[arg(long, value_name = "FILE.safetensors")]
    output: PathBuf,
}

impl Train {
    /// Trains.
    ///
    /// # Errors
    /// Where the data is empty, the loss is no number any more, or a file cannot be written.
    pub fn run(&self) -> anyhow::Result<()> {
        match &self.what {
            What::Tagger(Tagger { config, output, resume }) => {
                Run::start(&Config::read(config)?, output, *resume)?.finish()
            }
            What::Convert(Convert { weights, vectors, output }) => {
                convert(weights, vectors.as_deref(), output)
            }
        }
    }
}
