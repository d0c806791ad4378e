//! `sayso-lab train`: makes the models that are shipped.

use crate::batch::Batch;
use crate::calibration::fit_calibration;
use crate::checkpoint::{self, Checkpoint};
use crate::config::Config;
use crate::example::{self, Example, encode};
use crate::network::{Network, Tables};
use crate::op::{Blur, log_shares};
use crate::optimizer::{Optimizer, Rate, WORKERS};
use anyhow::{Context, anyhow, bail};
use candle_core::backprop::GradStore;
use fastrand::Rng;
use sayso_corpus::cases;
use sayso_corpus::progress::Progress;
use sayso_corpus::sample::Sample;
use sayso_corpus::sampler::{Commands, Stream};
use sayso_speech::render::render;
use sayso_tagger::beam::{self, Desk};
use sayso_tagger::beam::{self, Desk};
use sayso_tagger::beam::{self, Desk};
use sayso_tagger::weights::{Calibration, Weights};
use sayso_tagger::weights::{Calibration, Weights};
use sayso_tagger::weights::{Calibration, Weights};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Instant;

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

/// What everything is chosen on.
const CHOOSING: &str = "nl2bash/valid.jsonl";
/// Paths that are kept, as in use.
const BEAM: usize = 4;
/// Steps for which examples are made ahead.
const AHEAD: usize = 16;
/// So many samples in a row without one that can be used, and there will never be one.
const MOST_UNUSABLE: usize = 10_000;

impl Train {
    /// Trains. Fails where the data is empty, the loss is no number any more, or a file cannot be written.
    pub fn run(&self) -> anyhow::Result<()> {
        match &self.what {
            What::Tagger(tagger) => tagger.run(),
        }
    }
}

impl Tagger {
    fn run(&self) -> anyhow::Result<()> {
        let config = Config::read(&self.config)?;
        let commands = Commands::read(&config.corpus)?;
        std::fs::create_dir_all(&self.output)
            .with_context(|| format!("cannot make {}", self.output.display()))?;
        let (mut network, mut optimizer) = (Network::new(config.seed)?, Optimizer::default());
        let mut epoch = 0;
        if let Some(folder) = config.start.as_deref().filter(|_| !self.resume) {
            let mut before = Optimizer::default();
            Checkpoint::read(folder)?.restore(&mut network, &mut before)?;
            network = checkpoint::averaged(&network, &before)?;
        }
        if self.resume {
            let checkpoint = Checkpoint::read(&self.output)?;
            epoch = checkpoint.epoch;
            checkpoint.restore(&mut network, &mut optimizer)?;
            eprintln!("Going on behind epoch {epoch}");
        }
        eprintln!("{} parameters", network.size());
        let checks = checks(&config, &commands)?;
        let steps_an_epoch = (config.samples / config.batch) as u64;
        let all_steps = steps_an_epoch * config.epochs as u64;
        let mut step = epoch as u64 * steps_an_epoch;
        let tables: Vec<Tables> = (0..WORKERS).map(|_| Tables::new()).collect();
        while epoch < config.epochs {
            let start = Instant::now();
            let progress = Progress::new(steps_an_epoch as usize, "steps");
            let (mut losses, mut unusable) = (0.0, 0usize);
            std::thread::scope(|scope| -> anyhow::Result<()> {
                let batches = batches(scope, &config, &commands, step, steps_an_epoch);
                let mut made = 0;
                for (examples, skipped) in batches {
                    made += 1;
                    unusable += skipped;
                    let mut random = Rng::with_seed(config.seed ^ (step << 20));
                    let (loss, gradients) = gradients(&network, &examples, &config, &tables, &mut random)?;
                    let rate = Rate {
                        learning: learning_rate(&config, step, all_steps),
                        decay: config.decay,
                        averaging: config.averaging.min(1.0 - 1.0 / (step as f32 + 2.0)),
                        clip: config.clip,
                        step,
                    };
                    let length = optimizer.step(&network.parameters, &gradients, rate)?;
                    if !loss.is_finite() || !length.is_finite() {
                        bail!(
                            "the loss is no number at step {step}: lower learning_rate and go on from the \
                             last checkpoint with --resume"
                        );
                    }
                    losses += f64::from(loss);
                    step += 1;
                    progress.step();
                }
                if made < steps_an_epoch {
                    bail!(
                        "of {MOST_UNUSABLE} samples in a row none can be used: look at `sayso-lab samples`"
                    );
                }
                Ok(())
            })?;
            drop(progress);
            epoch += 1;
            let averaged = checkpoint::averaged(&network, &optimizer)?;
            let mut report = BTreeMap::new();
            for (name, examples) in &checks {
                report.insert(*name, check(&averaged, examples, config.batch)?);
            }
            let line = json!({
                "epoch": epoch,
                "loss": losses / steps_an_epoch as f64,
                "seconds": start.elapsed().as_secs(),
                "unusable": unusable,
                "checks": report.iter().map(|(name, (loss, right))| (name.to_string(), json!({"loss": loss, "right": right}))).collect::<serde_json::Map<_, _>>(),
            });
            eprintln!("{line}");
            self.log(&line.to_string())?;
            Checkpoint::write(&self.output, epoch, &network, &optimizer)?;
        }
        let averaged = checkpoint::averaged(&network, &optimizer)?;
        let path = self.output.join("tagger.safetensors");
        checkpoint::write_weights(&path, &averaged, Calibration::NONE)?;
        let calibration = calibration(&std::fs::read(&path)?, &config)?;
        eprintln!("temperature {}, bias {}", calibration.temperature, calibration.bias);
        checkpoint::write_weights(&path, &averaged, calibration)
    }

    /// Adds a line to the log and draws all of it anew.
    fn log(&self, line: &str) -> anyhow::Result<()> {
        let path = self.output.join("log.jsonl");
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path)?;
        writeln!(file, "{line}").with_context(|| format!("cannot write {}", path.display()))?;
        // A run is worth more than its picture: an older line that cannot be drawn does not end it.
        let drawn = std::fs::read_to_string(&path).map_err(anyhow::Error::from).and_then(|log| {
            let drawing = crate::curves::draw(&log)?;
            Ok(std::fs::write(self.output.join("curves.svg"), drawing)?)
        });
        if let Err(error) = drawn {
            eprintln!("no curves of {}: {error:#}", path.display());
        }
        Ok(())
    }
}

/// The loss of one step and its gradients, each worker with a share of the examples.
fn gradients(
    network: &Network,
    examples: &[Example],
    config: &Config,
    tables: &[Tables],
    random: &mut Rng,
) -> anyhow::Result<(f32, Vec<(GradStore, Tables)>)> {
    let size = (examples.iter().map(|example| example.gold.len()).sum(), examples.len());
    // Lines of all lengths for each.
    let share = |worker: usize| examples.iter().skip(worker).step_by(WORKERS).collect::<Vec<_>>();
    let seeds: Vec<u64> = (0..WORKERS).map(|_| random.u64(..)).collect();
    let work = |worker: usize| -> anyhow::Result<(f32, GradStore)> {
        let mut random = Rng::with_seed(seeds[worker]);
        let batch = Batch::new(&share(worker), Some((config.feature_dropout, &mut random)));
        let blur = Blur { dropout: config.dropout, seed: random.u64(..) };
        let loss = network.loss(&batch, Some(blur), &tables[worker], size)?;
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

/// What makes the weights as sure on NL2Bash `valid` as they are right.
fn calibration(weights: &[u8], config: &Config) -> anyhow::Result<Calibration> {
    let weights = Weights::read(weights)?;
    let mut desk = Desk::default();
    let mut outcomes = Vec::new();
    for case in cases::read(&config.corpus.join(CHOOSING), "dictated")? {
        let lattice = example::lattice(&case.dictated);
        if let Some(best) = beam::search(&weights, &lattice, BEAM, &mut desk).into_iter().next() {
            let text = render(&lattice, &best.steps).text;
            let exact = text.split_whitespace().eq(case.expected.split_whitespace());
            outcomes.push((best.score, exact));
        }
    }
    Ok(fit_calibration(&outcomes))
}

/// Warms up linearly and falls by a cosine to zero.
fn learning_rate(config: &Config, step: u64, all: u64) -> f32 {
    let warm = (step as f32 + 1.0) / config.warm_up.max(1) as f32;
    let gone = step as f32 / all.max(1) as f32;
    config.learning_rate * warm.min(1.0) * 0.5 * (1.0 + (std::f32::consts::PI * gone).cos())
}

/// Examples of one step, and how many samples could not be used on the way to them.
type Prepared = (Vec<Example>, usize);

/// Makes batches on threads of their own, so that training never waits for them.
fn batches<'scope>(
    scope: &'scope std::thread::Scope<'scope, '_>,
    config: &'scope Config,
    commands: &'scope Commands,
    first_step: u64,
    steps: u64,
) -> Receiver<Prepared> {
    let (sender, receiver) = sync_channel(AHEAD);
    scope.spawn(move || {
        let all = (config.samples / config.batch * config.epochs) as f32;
        let mut random = Rng::with_seed(config.seed ^ first_step.wrapping_mul(0x9e37));
        let mut stream = Stream::new(commands, config.mix, random.u64(..));
        for sent in 0..steps {
            let gone = (first_step + sent) as f32 / all;
            if let Some(finish) = config.finish.filter(|finish| gone >= finish.from) {
                stream.mix = finish.mix;
            }
            let mut examples = Vec::with_capacity(config.batch);
            let (mut unusable, mut in_a_row) = (0, 0);
            while examples.len() < config.batch {
                match stream.draw().map(|sample| encode(&sample, Some(&mut random))) {
                    Some(Ok(example)) if !example.units.is_empty() => {
                        examples.push(example);
                        in_a_row = 0;
                    }
                    _ => {
                        unusable += 1;
                        in_a_row += 1;
                    }
                }
                if in_a_row == MOST_UNUSABLE {
                    return;
                }
            }
            if sender.send((examples, unusable)).is_err() {
                return;
            }
        }
    });
    receiver
}

/// What training is measured on after each epoch: NL2Bash `valid`, talk by another author, held-out pages said freely.
fn checks(config: &Config, commands: &Commands) -> anyhow::Result<Vec<(&'static str, Vec<Example>)>> {
    let samples = |name: &str, dialect: &'static str| -> anyhow::Result<Vec<Sample>> {
        let cases = cases::read(&config.corpus.join(name), "dictated")?;
        Ok(cases
            .into_iter()
            .map(|case| Sample {
                dictated: case.dictated,
                expected: case.expected,
                known: Vec::new(),
                dialect,
            })
            .collect())
    };
    let mut stream = Stream::held_out(commands, config.mix, 77);
    let held_out: Vec<Sample> = std::iter::repeat_with(|| stream.draw()).take(600).flatten().collect();
    let all = [
        ("nl2bash", samples(CHOOSING, "nl2bash")?),
        ("talk", samples("talk/dev.jsonl", "talk")?),
        ("transcripts", samples("transcripts/sample.jsonl", "noise")?),
        ("held out", held_out),
    ];
    all.into_iter()
        .map(|(name, samples)| {
            let count = samples.len();
            let examples: Vec<Example> = samples
                .iter()
                .filter_map(|sample| encode(sample, None).ok())
                .filter(|example| !example.gold.is_empty())
                .collect();
            eprintln!("{name}: {} of {count} cases can be reached", examples.len());
            if examples.is_empty() {
                bail!("no case of {name} can be reached: there is nothing to measure on");
            }
            Ok((name, examples))
        })
        .collect()
}

/// The mean loss of a step, and the share of lines of which every step is right.
fn check(network: &Network, examples: &[Example], size: usize) -> anyhow::Result<(f64, f64)> {
    let (mut loss, mut steps, mut right) = (0.0, 0, 0);
    let tables = Tables::new();
    let mut sorted: Vec<&Example> = examples.iter().collect();
    sorted.sort_by_key(|example| example.units.len());
    for examples in sorted.chunks(size) {
        let batch = Batch::new(examples, None);
        let output = network.output(&batch, None, &tables)?;
        let Some(scores) = output.candidates else { continue };
        let scores = log_shares(&scores.to_vec1::<f32>()?, &batch.steps);
        for example in examples.iter().scan(0, |first, example| {
            let at = *first;
            *first += example.candidates.len();
            Some((at, *example))
        }) {
            let (first, example) = example;
            let scores = &scores[first..first + example.candidates.len()];
            let mut best = vec![f32::MIN; example.gold.len()];
            for (score, (step, _)) in scores.iter().zip(&example.candidates) {
                best[*step as usize] = best[*step as usize].max(*score);
            }
            let gold = |step: usize| scores[example.gold[step] as usize];
            right += usize::from((0..example.gold.len()).all(|step| gold(step) >= best[step]));
            loss -= (0..example.gold.len()).map(|step| f64::from(gold(step))).sum::<f64>();
            steps += example.gold.len();
        }
    }
    Ok((loss / steps as f64, right as f64 / examples.len() as f64))
}
