//! `sayso-lab train`: makes the models that are shipped.

use crate::config::Config;
use crate::run::Run;
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
        }
    }
}
