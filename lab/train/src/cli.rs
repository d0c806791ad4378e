//! `sayso-lab train`: trains the models that are shipped.

use crate::config::Config;
use crate::run::{Run, calibrate_file, convert};
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
    Calibrate(Calibrate),
}

/// Trains the tagger.
///
/// Writes these files into the output folder: a checkpoint after each epoch; tagger.safetensors
/// with the averaged weights; log.jsonl with the loss and, for each check, the share of lines that
/// are right at every step; curves.svg, which draws the log.
#[derive(Debug, clap::Args)]
struct Tagger {
    /// The configuration of the run, a TOML file
    #[arg(value_name = "CONFIG.toml")]
    config: PathBuf,
    /// Folder for checkpoints, log and weights
    #[arg(long, value_name = "FOLDER")]
    output: PathBuf,
    /// Resume from the last checkpoint in the output folder
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

/// Fits anew how sure finished weights say they are, on the sets of cases that settings are chosen on.
#[derive(Debug, clap::Args)]
struct Calibrate {
    /// The weights, which are written in place
    #[arg(value_name = "WEIGHTS.safetensors")]
    weights: PathBuf,
    /// Folder of the corpora
    #[arg(long, value_name = "FOLDER", default_value = "../shared/corpus")]
    corpus: PathBuf,
}

impl Train {
    /// Trains the model and writes it into the output folder.
    ///
    /// # Errors
    /// If the configuration or the data cannot be read or used, if the loss is no longer a number,
    /// or if a file cannot be written.
    pub fn run(&self) -> anyhow::Result<()> {
        match &self.what {
            What::Tagger(Tagger { config, output, resume }) => {
                Run::start(&Config::read(config)?, output, *resume)?.finish()
            }
            What::Convert(Convert { weights, vectors, output }) => {
                convert(weights, vectors.as_deref(), output)
            }
            What::Calibrate(Calibrate { weights, corpus }) => calibrate_file(weights, corpus),
        }
    }
}
