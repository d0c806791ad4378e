//! What a training run is told: a TOML file.

use anyhow::Context;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A training run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder of the corpora.
    pub corpus: PathBuf,
    /// Seed of the parameters and of the data.
    pub seed: u64,
    /// Samples an epoch.
    pub samples: usize,
    /// Epochs.
    pub epochs: usize,
    /// Lines a step.
    pub batch: usize,
    /// Highest learning rate.
    pub learning_rate: f32,
    /// Steps until it is reached.
    pub warm_up: u64,
    /// Decay of the weights, as a share of the learning rate.
    pub decay: f32,
    /// Share of activations that are set to zero.
    pub dropout: f32,
    /// Share of features that are left out.
    pub feature_dropout: f32,
    /// Share of the old average of the weights that stays at each step.
    pub averaging: f32,
    /// Longest gradient.
    pub clip: f32,
    /// Folder of a finished run whose averaged weights are the first ones of this run.
    pub start: Option<PathBuf>,
    /// What the samples are made of.
    pub mix: Mix,
    /// What they are made of towards the end, and from which share of the run on.
    pub finish: Option<Finish>,
}

/// The last part of a run.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finish {
    /// From this share of the steps on.
    pub from: f32,
    /// What the samples are made of then.
    pub mix: Mix,
}

/// Shares of the dialects; they are weighed against each other.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// The dialect of the public series.
    pub nl2bash: f32,
    /// As people speak, without talk around the command.
    pub free: f32,
    /// With talk around the command and inside it.
    pub talk: f32,
    /// What a speech engine makes of it.
    pub noise: f32,
    /// Talk without a command: all of it is to be dropped.
    pub prose: f32,
    /// Of the nl2bash dialect, the share of pairs of its own training set.
    pub pairs: f32,
}

impl Mix {
    /// The dialect at `point` of the shares laid end to end, from 0 to 1.
    pub fn dialect(&self, point: f32) -> &'static str {
        let all = self.nl2bash + self.free + self.talk + self.noise + self.prose;
        let mut point = point * all;
        let named =
            [("nl2bash", self.nl2bash), ("free", self.free), ("talk", self.talk), ("prose", self.prose)];
        for (name, share) in named {
            if point < share {
                return name;
            }
            point -= share;
        }
        "noise"
    }
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// Where it cannot be read or understood, with the line of the mistake.
    pub fn read(path: &Path) -> anyhow::Result<Config> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not understood", path.display()))
    }
}
