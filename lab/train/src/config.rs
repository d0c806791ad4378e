//! The configuration of a training run, a TOML file.

use anyhow::{Context, bail};
use sayso_corpus::mix::{Mix, not_below_zero};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The configuration of a training run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder of the corpora.
    pub corpus: PathBuf,
    /// Seed of the parameters and of the data.
    pub seed: u64,
    /// Samples in an epoch.
    pub samples: usize,
    /// Number of epochs.
    pub epochs: usize,
    /// Lines in a step.
    pub batch: usize,
    /// Highest learning rate.
    pub learning_rate: f32,
    /// Steps of the linear warm-up of the learning rate.
    pub warm_up: u64,
    /// Weight decay, as a share of the learning rate.
    pub decay: f32,
    /// Share of activations that dropout sets to zero, 0 to below 1.
    pub dropout: f32,
    /// Share of features that are left out, 0 to below 1.
    pub feature_dropout: f32,
    /// Share of the old average of the weights that is kept at each step, 0 to below 1.
    pub averaging: f32,
    /// Largest norm of the gradient; a larger gradient is scaled down to it.
    pub clip: f32,
    /// A file with the table of word vectors, either from `sayso-lab vectors` or a weights file. Without it, the table
    /// of `start`.
    pub vectors: Option<PathBuf>,
    /// The source of this run's first weights: the folder of a finished run, for its averaged weights, or a weights
    /// file. New parameters that a file lacks change nothing at first.
    pub start: Option<PathBuf>,
    /// Shares of the kinds of samples.
    pub mix: Mix,
    /// Other shares for the last part of the run.
    pub finish: Option<Finish>,
}

/// The last part of a run.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finish {
    /// The share of the steps after which it begins, 0 to 1.
    pub from: f32,
    /// Shares of the kinds of samples in this part.
    pub mix: Mix,
}

/// Most lines in a step. The limit bounds memory, because a step holds all its lines at once and
/// batches are made ahead. Hand-chosen, 2026-11-23.
const MOST_LINES: usize = 4096;
/// Most samples in a run. That is some years on two cores, and the counter of steps cannot
/// overflow. Hand-chosen, 2026-11-23.
const MOST_SAMPLES: usize = 1 << 32;

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// If the file cannot be read or parsed (the error names the line), or if a value makes
    /// training impossible (the error names the entry).
    pub fn read(path: &Path) -> anyhow::Result<Config> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let config: Config =
            toml::from_str(&text).with_context(|| format!("cannot parse {}", path.display()))?;
        config.check().with_context(|| format!("cannot train with {}", path.display()))?;
        Ok(config)
    }

    /// Rejects values with which training would divide by zero, never end or learn nothing.
    fn check(&self) -> anyhow::Result<()> {
        for (name, number) in [("samples", self.samples), ("epochs", self.epochs), ("batch", self.batch)] {
            if number == 0 {
                bail!("`{name}` is 0, and must be at least 1");
            }
        }
        if self.batch > MOST_LINES {
            bail!("`batch` is {}, and must be at most {MOST_LINES}", self.batch);
        }
        if self.samples < self.batch {
            bail!(
                "`samples` is {}, less than a `batch` of {}: an epoch would have no step",
                self.samples,
                self.batch
            );
        }
        if self.samples.checked_mul(self.epochs).is_none_or(|all| all > MOST_SAMPLES) {
            bail!(
                "`samples` times `epochs` is {} times {}, and must be at most {MOST_SAMPLES}",
                self.samples,
                self.epochs
            );
        }
        for (name, figure) in [("learning_rate", self.learning_rate), ("clip", self.clip)] {
            if !(figure > 0.0 && figure.is_finite()) {
                bail!("`{name}` is {figure}, and must be above 0");
            }
        }
        not_below_zero("decay", self.decay)?;
        // With a share of 1, all features are left out or the average never changes.
        for (name, share) in [
            ("dropout", self.dropout),
            ("feature_dropout", self.feature_dropout),
            ("averaging", self.averaging),
        ] {
            if !(0.0..1.0).contains(&share) {
                bail!("`{name}` is {share}, and must be from 0 to below 1");
            }
        }
        self.mix.check().context("in [mix]")?;
        let Some(finish) = &self.finish else { return Ok(()) };
        if !(0.0..=1.0).contains(&finish.from) {
            bail!("`from` in [finish] is {}, and must be from 0 to 1", finish.from);
        }
        finish.mix.check().context("in [finish.mix]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../config/tagger.toml");

    /// The error for the shipped configuration with `change` in place of the line of the same name.
    fn problem(change: &str) -> Option<String> {
        let name = change.split(' ').next().unwrap();
        let lines = SHIPPED.lines().map(|line| match line.split(' ').next() == Some(name) {
            true => change,
            false => line,
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        assert!(text.contains(change), "{name} is not in the configuration");
        let config: Config = toml::from_str(&text).unwrap();
        config.check().err().map(|error| format!("{error:#}"))
    }

    #[test]
    fn the_configuration_that_is_shipped_is_accepted() {
        toml::from_str::<Config>(SHIPPED).unwrap().check().unwrap();
    }

    #[test]
    fn what_nothing_can_be_learnt_by_is_refused_by_name() {
        for (change, message) in [
            ("samples = 0", "`samples` is 0"),
            ("epochs = 0", "`epochs` is 0"),
            ("batch = 0", "`batch` is 0"),
            ("batch = 9223372036854775807", "`batch` is 9223372036854775807, and must be at most 4096"),
            ("samples = 127", "`samples` is 127, less than a `batch` of 128"),
            ("epochs = 9223372036854775807", "`samples` times `epochs` is 96000 times 9223372036854775807"),
            ("learning_rate = 0.0", "`learning_rate` is 0"),
            ("learning_rate = -1e-3", "`learning_rate` is -0.001"),
            ("learning_rate = nan", "`learning_rate` is NaN"),
            ("clip = inf", "`clip` is inf"),
            ("decay = -0.1", "`decay` is -0.1"),
            ("dropout = 1.0", "`dropout` is 1, and must be from 0 to below 1"),
            ("feature_dropout = nan", "`feature_dropout` is NaN"),
            ("averaging = 1.5", "`averaging` is 1.5"),
            ("talk = -1.0", "in [mix]: `talk` is -1"),
            ("pairs = 1.5", "in [mix]: `pairs` is 1.5"),
            ("prose = inf", "in [mix]: `prose` is inf"),
        ] {
            let found = problem(change).expect(change);
            assert!(found.starts_with(message), "{change}: {found}");
        }
        assert_eq!(problem("batch = 4096"), None);
        assert_eq!(problem("learning_rate = 1e30"), None, "the loss reveals a rate that is too high");
        let config: Config = toml::from_str(SHIPPED).unwrap();
        let none = Mix { written: 0.0, recombined: 0.0, engine: 0.0, ..config.mix };
        let silent = Mix { nl2bash: 0.0, free: 0.0, talk: 0.0, noise: 0.0, ..none };
        assert!(silent.check().is_err());
        let mut config: Config = toml::from_str(SHIPPED).unwrap();
        config.finish = Some(Finish { from: 1.5, mix: config.mix });
        assert!(config.check().is_err());
        config.finish = Some(Finish { from: 0.5, mix: silent });
        assert!(config.check().is_err());
    }
}
