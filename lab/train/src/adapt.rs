//! Adapts the tagger to one person: it goes on from finished weights with the person's own lines, one to nine
//! of the stream that comes with this program, so that nothing else is forgotten.

use crate::checkpoint;
use crate::config::Config;
use crate::example::{Example, encode};
use crate::loader::batches;
use crate::network::Tables;
use crate::optimizer::{Optimizer, WORKERS};
use crate::run::train_step;
use anyhow::{Context, bail};
use fastrand::Rng;
use sayso_corpus::command_source::Commands;
use sayso_corpus::dialect::Dialect;
use sayso_corpus::mix::Mix;
use sayso_corpus::progress::Progress;
use sayso_corpus::sample::{LabelledText, Sample};
use sayso_tagger::weights::Weights;
use std::path::{Path, PathBuf};

/// Lines of a step. Hand-chosen, 2026-11-29.
const BATCH: usize = 64;
/// The share of a person's own lines: one in so many.
const OWN_ONE_OF: usize = 10;
/// A fifth of the rate of tagger-talk.toml. Hand-chosen, 2026-11-29, and not measured apart.
const RATE: f32 = 4e-4;
/// Fewer lines teach nothing but themselves. Hand-chosen, 2026-11-29.
const FEWEST: usize = 10;

/// What the stream is made of: what people write and how engines write it, round the commands of the written lines.
const MIX: Mix = Mix {
    nl2bash: 0.0,
    free: 0.20,
    talk: 0.08,
    noise: 0.10,
    prose: 0.03,
    strict: 0.02,
    typed: 0.05,
    written: 0.15,
    recombined: 0.25,
    engine: 0.12,
    pairs: 0.0,
};

/// What came of it.
#[derive(Debug)]
pub struct Adapted {
    /// The new weights file.
    pub bytes: Vec<u8>,
    /// The person's lines that taught.
    pub used: usize,
    /// Those that no path of the lattice writes, or that are too long.
    pub unusable: usize,
}

impl Adapted {
    /// Writes the weights into a file, which replaces an earlier one only when it is complete.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        checkpoint::write_aside(path, &self.bytes)
    }
}

/// Trains on `samples` lines, of which one in ten is the person's: `pairs` of what was heard and what was meant. The same seed
/// gives the same weights.
///
/// # Errors
/// If the weights are none of the tagger, too few of the lines can be learnt, or the loss is no longer a number.
pub fn adapt(
    weights: &[u8],
    pairs: &[(String, String)],
    samples: usize,
    seed: u64,
) -> anyhow::Result<Adapted> {
    let calibration = Weights::read(weights)?.calibration();
    let own: Vec<Example> = pairs
        .iter()
        .filter_map(|(heard, meant)| {
            let sample = Sample::dictation(LabelledText::unlabelled(heard.as_str()), meant, Dialect::Written);
            encode(&sample, None).ok().filter(|example| !example.gold.is_empty())
        })
        .collect();
    if own.len() < FEWEST {
        bail!(
            "of {} lines {} can be learnt, fewer than {FEWEST}: nothing was trained. A line can be learnt if everything in \
             the command was said",
            pairs.len(),
            own.len()
        );
    }
    let steps = samples.div_ceil(BATCH) as u64;
    let config = Config {
        corpus: PathBuf::new(),
        seed,
        samples: steps as usize * BATCH,
        epochs: 1,
        batch: BATCH,
        learning_rate: RATE,
        warm_up: 20,
        decay: 0.05,
        dropout: 0.1,
        feature_dropout: 0.1,
        averaging: 0.99,
        clip: 1.0,
        vectors: None,
        start: None,
        mix: MIX,
        finish: None,
    };
    let (network, mut optimizer) = (checkpoint::read_weights(weights)?, Optimizer::default());
    let commands = Commands::shipped()?;
    let tables: Vec<Tables> = (0..WORKERS).map(|_| Tables::new()).collect();
    let progress = Progress::new(steps as usize, "steps");
    let mut random = Rng::with_seed(seed);
    let mut order: Vec<usize> = Vec::new();
    std::thread::scope(|scope| -> anyhow::Result<()> {
        for (step, (mut examples, _)) in batches(scope, &config, &commands, 0, steps).into_iter().enumerate()
        {
            for at in 0..BATCH / OWN_ONE_OF {
                if order.is_empty() {
                    order = (0..own.len()).collect();
                    random.shuffle(&mut order);
                }
                let next = order.pop().context("there is a line of the person")?;
                examples[at * OWN_ONE_OF] = own[next].clone();
            }
            train_step(&network, &mut optimizer, &tables, &examples, &config, step as u64)?;
            progress.step();
        }
        Ok(())
    })?;
    let bytes = checkpoint::quantized(&checkpoint::averaged(&network, &optimizer)?, calibration)?;
    Ok(Adapted { bytes, used: own.len(), unusable: pairs.len() - own.len() })
}
