//! A training run. After each epoch it writes a checkpoint and a line of the log, and at the end
//! the weights.

use crate::batch::Batch;
use crate::calibrate::calibrate;
use crate::checkpoint::{self, Checkpoint};
use crate::checks;
use crate::config::Config;
use crate::example::Example;
use crate::loader::{MAX_UNUSABLE, batches};
use crate::network::{Network, Tables};
use crate::op::DropoutMask;
use crate::optimizer::{Optimizer, Rate, WORKERS};
use crate::start::warm_start;
use crate::vectors::Vectors;
use anyhow::{Context, anyhow, bail};
use candle_core::backprop::GradStore;
use fastrand::Rng;
use safetensors::SafeTensors;
use sayso_corpus::command_source::Commands;
use sayso_corpus::progress::Progress;
use sayso_tagger::weights::{Calibration, Weights};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A run and its state after the last finished epoch.
pub(crate) struct Run<'a> {
    config: &'a Config,
    /// Folder for checkpoints, log and weights.
    output: &'a Path,
    commands: Commands,
    network: Network,
    optimizer: Optimizer,
    checks: Vec<(&'static str, Vec<Example>)>,
    /// The gradients of the tables, for each worker.
    tables: Vec<Tables>,
    /// Number of finished epochs.
    epoch: usize,
}

/// The result of an epoch.
struct Outcome {
    /// Mean loss of a step.
    loss: f64,
    /// Number of samples that could not be used.
    unusable: usize,
}

impl<'a> Run<'a> {
    /// Reads the data and prepares the network: with `resume` from the last checkpoint in `output`,
    /// otherwise from the run that the configuration names, or with random parameters if it names
    /// none.
    pub(crate) fn start(config: &'a Config, output: &'a Path, resume: bool) -> anyhow::Result<Run<'a>> {
        let commands = Commands::read(&config.corpus, true)?;
        std::fs::create_dir_all(output).with_context(|| format!("cannot create {}", output.display()))?;
        let (mut network, mut optimizer) = (Network::new(config.seed)?, Optimizer::default());
        let mut epoch = 0;
        let mut given = None;
        if let Some(path) = config.vectors.as_ref().filter(|_| !resume) {
            given = Some(Arc::new(Vectors::read(path)?));
        }
        if resume {
            let checkpoint = Checkpoint::read(output)?;
            epoch = checkpoint.epoch;
            checkpoint.restore(&mut network, &mut optimizer)?;
            eprintln!("resuming after epoch {epoch}");
        } else if let Some(file) = config.start.as_ref().filter(|start| start.is_file()) {
            start_from(file, &mut network, given.is_none())
                .with_context(|| format!("cannot start from {}", file.display()))?;
        } else if let Some(folder) = &config.start {
            let mut before = Optimizer::default();
            Checkpoint::read(folder)?.restore(&mut network, &mut before)?;
            network = checkpoint::averaged(&network, &before)?;
        }
        if let Some(vectors) = given {
            network.vectors = vectors;
        }
        eprintln!("{} parameters, and {} word vectors", network.size(), network.vectors.count());
        let checks = checks::read(config, &commands)?;
        let tables = (0..WORKERS).map(|_| Tables::new()).collect();
        Ok(Run { config, output, commands, network, optimizer, checks, tables, epoch })
    }

    /// Trains the remaining epochs and writes the weights.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        while self.epoch < self.config.epochs {
            let start = Instant::now();
            let outcome = self.train_epoch()?;
            self.epoch += 1;
            let line = self.report(&outcome, start.elapsed())?;
            eprintln!("{line}");
            self.log(&line.to_string())?;
            Checkpoint::write(self.output, self.epoch, &self.network, &self.optimizer)?;
        }
        self.write_weights()
    }

    fn steps_an_epoch(&self) -> u64 {
        (self.config.samples / self.config.batch) as u64
    }

    fn train_epoch(&mut self) -> anyhow::Result<Outcome> {
        let (config, steps) = (self.config, self.steps_an_epoch());
        let first = self.epoch as u64 * steps;
        let progress = Progress::new(steps as usize, "steps");
        let Run { commands, network, optimizer, tables, .. } = self;
        let (mut losses, mut unusable) = (0.0, 0usize);
        std::thread::scope(|scope| -> anyhow::Result<()> {
            let mut step = first;
            for (examples, skipped) in batches(scope, config, commands, first, steps) {
                unusable += skipped;
                losses += f64::from(train_step(network, optimizer, tables, &examples, config, step)?);
                step += 1;
                progress.step();
            }
            if step < first + steps {
                bail!("none of {MAX_UNUSABLE} samples in a row can be used; see `sayso-lab samples`");
            }
            Ok(())
        })?;
        Ok(Outcome { loss: losses / steps as f64, unusable })
    }

    /// Runs the checks and returns the line of the log for the epoch that has just finished.
    fn report(&self, outcome: &Outcome, time: Duration) -> anyhow::Result<Value> {
        let averaged = checkpoint::averaged(&self.network, &self.optimizer)?;
        let mut checks = serde_json::Map::new();
        for (name, examples) in &self.checks {
            let (loss, right) = checks::measure(&averaged, examples, self.config.batch)?;
            checks.insert((*name).to_owned(), json!({ "loss": loss, "right": right }));
        }
        Ok(json!({
            "epoch": self.epoch,
            "loss": outcome.loss,
            "seconds": time.as_secs(),
            "unusable": outcome.unusable,
            "checks": checks,
        }))
    }

    /// Adds a line to the log and draws the whole log again.
    fn log(&self, line: &str) -> anyhow::Result<()> {
        let path = self.output.join("log.jsonl");
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path)?;
        writeln!(file, "{line}").with_context(|| format!("cannot write {}", path.display()))?;
        // A log that cannot be drawn must not end the run.
        let drawn = std::fs::read_to_string(&path).map_err(anyhow::Error::from).and_then(|log| {
            let drawing = crate::curves::draw(&log)?;
            Ok(std::fs::write(self.output.join("curves.svg"), drawing)?)
        });
        if let Err(error) = drawn {
            eprintln!("cannot draw {}: {error:#}", path.display());
        }
        Ok(())
    }

    /// Calibrates the averaged weights and writes them in the form in which they are shipped.
    fn write_weights(&self) -> anyhow::Result<()> {
        let averaged = checkpoint::averaged(&self.network, &self.optimizer)?;
        let weights = Arc::new(Weights::read(&checkpoint::quantized(&averaged, Calibration::NONE)?)?);
        let calibration = calibrate(&weights, &self.config.corpus)?;
        eprintln!("temperature {}, bias {}", calibration.temperature, calibration.bias);
        let bytes = checkpoint::quantized(&averaged, calibration)?;
        checkpoint::write_aside(&self.output.join("tagger.safetensors"), &bytes)
    }
}

/// Puts the weights of a file into a newly made network, with its word vectors if `with_vectors`, and names the new
/// parameters.
fn start_from(file: &Path, network: &mut Network, with_vectors: bool) -> anyhow::Result<()> {
    let bytes = std::fs::read(file)?;
    let new = warm_start(&bytes, network)?;
    if !new.is_empty() {
        eprintln!("New beside {}: {}", file.display(), new.join(", "));
    }
    if with_vectors && let Some(vectors) = Vectors::in_file(&SafeTensors::deserialize(&bytes)?)? {
        network.vectors = Arc::new(vectors);
    }
    Ok(())
}

/// Writes a file's weights of an earlier shape in today's shape, with the word vectors of the file `vectors` or their
/// own. They answer as before, and keep their calibration.
///
/// # Errors
/// If a file cannot be read or written, or contains no weights to start from.
pub(crate) fn convert(weights: &Path, vectors: Option<&Path>, output: &Path) -> anyhow::Result<()> {
    let given = vectors.map(Vectors::read).transpose()?;
    let mut network = Network::new(0)?;
    start_from(weights, &mut network, given.is_none())
        .with_context(|| format!("cannot start from {}", weights.display()))?;
    if let Some(vectors) = given {
        network.vectors = Arc::new(vectors);
    }
    let bytes = checkpoint::converted(&network, &std::fs::read(weights)?)?;
    Weights::read(&bytes)?;
    checkpoint::write_aside(output, &bytes)
}

/// Calibrates finished weights anew, in place.
///
/// # Errors
/// If the weights or the cases cannot be read, or the file cannot be written.
pub(crate) fn calibrate_file(path: &Path, corpus: &Path) -> anyhow::Result<()> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let weights = Arc::new(Weights::read(&bytes).with_context(|| format!("in {}", path.display()))?);
    let calibration = calibrate(&weights, corpus)?;
    eprintln!("temperature {}, bias {}", calibration.temperature, calibration.bias);
    checkpoint::write_aside(path, &checkpoint::with_calibration(&bytes, calibration)?)
}

/// One step of training. Returns its loss.
pub(crate) fn train_step(
    network: &Network,
    optimizer: &mut Optimizer,
    tables: &[Tables],
    examples: &[Example],
    config: &Config,
    step: u64,
) -> anyhow::Result<f32> {
    let mut random = Rng::with_seed(config.seed ^ (step << 20));
    let (loss, gradients) = gradients(network, examples, config, tables, &mut random)?;
    let rate = Rate {
        learning: learning_rate(config, step),
        decay: config.decay,
        averaging: config.averaging.min(1.0 - 1.0 / (step as f32 + 2.0)),
        clip: config.clip,
        step,
    };
    let length = optimizer.step(&network.parameters, &gradients, rate)?;
    if !loss.is_finite() || !length.is_finite() {
        bail!(
            "the loss is not a number at step {step}: lower learning_rate and continue from the last checkpoint \
             with --resume"
        );
    }
    Ok(loss)
}

/// Returns the loss of one step and the gradients of each worker, which computes a share of the
/// examples.
fn gradients(
    network: &Network,
    examples: &[Example],
    config: &Config,
    tables: &[Tables],
    random: &mut Rng,
) -> anyhow::Result<(f32, Vec<(GradStore, Tables)>)> {
    let size = (examples.iter().map(|example| example.gold.len()).sum(), examples.len());
    // Every worker gets lines of all lengths.
    let share = |worker: usize| examples.iter().skip(worker).step_by(WORKERS).collect::<Vec<_>>();
    let seeds: Vec<u64> = (0..WORKERS).map(|_| random.u64(..)).collect();
    let work = |worker: usize| -> anyhow::Result<(f32, GradStore)> {
        let mut random = Rng::with_seed(seeds[worker]);
        let batch = Batch::new(&share(worker), Some((config.feature_dropout, &mut random)));
        let mask = DropoutMask { dropout: config.dropout, seed: random.u64(..) };
        let loss = network.loss(&batch, Some(mask), &tables[worker], size)?;
        Ok((loss.to_scalar::<f32>()?, loss.backward()?))
    };
    std::thread::scope(|scope| {
        let work = &work;
        let others: Vec<_> = (1..WORKERS).map(|worker| scope.spawn(move || work(worker))).collect();
        let mut found = vec![work(0)?];
        for other in others {
            found.push(other.join().map_err(|_| anyhow!("a worker of the training panicked"))??);
        }
        let loss = found.iter().map(|(loss, _)| loss).sum();
        let stores = found.into_iter().map(|(_, store)| store);
        Ok((loss, stores.zip(tables.iter().cloned()).collect()))
    })
}

/// The learning rate of a step: a linear warm-up, times a cosine that falls from 1 to 0 over the
/// run.
fn learning_rate(config: &Config, step: u64) -> f32 {
    let all = (config.samples / config.batch * config.epochs) as u64;
    let warm = (step as f32 + 1.0) / config.warm_up.max(1) as f32;
    let gone = step as f32 / all.max(1) as f32;
    config.learning_rate * warm.min(1.0) * 0.5 * (1.0 + (std::f32::consts::PI * gone).cos())
}
