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
use sayso_corpus::sampler::Sampler;
use sayso_engine::{Engine, Preferences};
use sayso_eval::guard::{self, Count};
use sayso_eval::habits;
use sayso_tagger::weights::Weights;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Lines of a step. Hand-chosen, 2026-11-29.
const BATCH: usize = 64;
/// The share of a person's own lines: one in so many.
const OWN_ONE_OF: usize = 10;
/// Hand-chosen, 2026-11-30, beside 4e-4 and 1e-3 (docs/EXPERIMENTS.md).
const RATE: f32 = 5e-4;
/// Habits are looked for in so many lines of the stream: one for so many that are trained on. Hand-chosen, 2026-11-30.
const HABITS_ONE_OF: usize = 2;
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

/// Parts of what was learnt that are tried, the largest first, until nothing is lost. Chosen on 2026-11-30 on simulated
/// people: with all of it other people's lines lose 1.3 points (docs/EXPERIMENTS.md).
const SHARES: [f32; 4] = [0.85, 0.7, 0.5, 0.3];

/// What came of it.
#[derive(Debug)]
pub struct Adapted {
    /// The new weights file.
    pub bytes: Vec<u8>,
    /// Which part of the change is in it, 0 to 1.
    pub share: f32,
    /// The sets that nothing may lose, with the old weights and with the new ones.
    pub sets: [(Count, Count); 4],
    /// The person's lines that taught.
    pub used: usize,
    /// Those that no path of the lattice writes, or that are too long.
    pub unusable: usize,
}

impl Adapted {
    /// The sets that lose more than they may.
    pub fn lost(&self) -> impl Iterator<Item = &'static str> {
        self.sets
            .iter()
            .filter(|(before, after)| guard::is_lost(before, after))
            .map(|(before, _)| before.name)
    }

    /// Writes the weights into a file, which replaces an earlier one only when it is complete.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        checkpoint::write_aside(path, &self.bytes)
    }
}

/// Learns from `pairs` of what was heard and what was meant, on `samples` lines, of which one in ten is the person's; habits
/// that the pairs show are shown on other lines too. Of the change as much is kept as loses nothing on the sets of
/// [`guard`]; if it loses something however little is kept, [`Adapted::lost`] says so. The same seed gives the same weights.
///
/// # Errors
/// If the weights are none of the tagger, too few of the lines can be learnt, or the loss is no longer a number.
pub fn adapt(
    weights: &[u8],
    pairs: &[(String, String)],
    samples: usize,
    seed: u64,
) -> anyhow::Result<Adapted> {
    let engine = |weights: &[u8]| anyhow::Ok(Engine::with_weights(Arc::new(Weights::read(weights)?)));
    let old = engine(weights)?;
    let preferences = habits::learn(&old, pairs);
    let (new, used) = train(weights, pairs, &preferences, samples, seed)?;
    let before = guard::counts(&old, &preferences)?;
    let calibration = Weights::read(weights)?.calibration();
    let (from, to) = (checkpoint::read_weights(weights)?, checkpoint::read_weights(&new)?);
    let with = |share: f32| -> anyhow::Result<Adapted> {
        let bytes = checkpoint::quantized(&checkpoint::between(&from, &to, share)?, calibration)?;
        let after = guard::counts(&engine(&bytes)?, &preferences)?;
        let sets = std::array::from_fn(|at| (before[at], after[at]));
        Ok(Adapted { bytes, share, sets, used, unusable: pairs.len() - used })
    };
    let [first, rest @ ..] = SHARES;
    let mut adapted = with(first)?;
    for share in rest {
        if adapted.lost().next().is_some() {
            adapted = with(share)?;
        }
    }
    Ok(adapted)
}

/// Lines of the stream: what is dictated, and what it means.
fn stream(count: usize, seed: u64) -> anyhow::Result<Vec<(String, String)>> {
    let commands = Commands::shipped()?;
    let mut sampler = Sampler::new(&commands, MIX, seed);
    let samples = std::iter::repeat_with(|| sampler.next_sample()).take(count).flatten();
    Ok(samples.map(|sample| (sample.dictated.text, sample.expected)).collect())
}

/// Trains on `samples` lines, of which one in ten is the person's: `pairs` of what was heard and what was meant, and others
/// that show the same habits. Returns the new weights and how many of the pairs could be learnt.
fn train(
    weights: &[u8],
    pairs: &[(String, String)],
    preferences: &Preferences,
    samples: usize,
    seed: u64,
) -> anyhow::Result<(Vec<u8>, usize)> {
    let calibration = Weights::read(weights)?.calibration();
    let example = |(heard, meant): &(String, String)| {
        let sample = Sample::dictation(LabelledText::unlabelled(heard.as_str()), meant, Dialect::Written);
        encode(&sample, None).ok().filter(|example| !example.gold.is_empty())
    };
    let mut own: Vec<Example> = pairs.iter().filter_map(example).collect();
    let used = own.len();
    if own.len() < FEWEST {
        bail!(
            "of {} lines {} can be learnt, fewer than {FEWEST}: nothing was trained. A line can be learnt if everything in \
             the command was said",
            pairs.len(),
            own.len()
        );
    }
    let more = habits::show(preferences, stream(samples / HABITS_ONE_OF, seed)?);
    own.extend(more.iter().filter_map(example));
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
    Ok((bytes, used))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Somebody who writes a number at its flag.
    fn pairs(count: usize) -> Vec<(String, String)> {
        let numbers = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
        let files = ["access dot log", "notes dot txt"];
        let all = files
            .iter()
            .flat_map(|file| numbers.iter().zip((20..100).step_by(10)).map(move |number| (file, number)));
        all.map(|(file, (spoken, digits))| {
            (
                format!("head dash n {spoken} {file}"),
                format!("head -n{digits} {}", file.replace(" dot ", ".")),
            )
        })
        .take(count)
        .collect()
    }

    #[test]
    fn the_same_lines_give_the_same_weights() {
        let old = sayso_tagger::embedded_bytes();
        let learn =
            |pairs: &[(String, String)], habits: &Preferences| train(old, pairs, habits, 128, 7).unwrap();
        let none = Preferences::default();
        let (first, again) = (learn(&pairs(12), &none), learn(&pairs(12), &none));
        let with_habits = learn(&pairs(12), &habits::learn(Engine::embedded(), &pairs(12)));
        assert!(first == again && first.0 != old && first.0 != with_habits.0);
        assert_eq!((first.1, with_habits.1), (12, 12));
        // Nobody said this.
        let odd = [pairs(12), vec![("git status".to_owned(), "rm notes.txt".to_owned())]].concat();
        assert_eq!(learn(&odd, &none).1, 12);
        // A part of the change.
        let calibration = Weights::read(old).unwrap().calibration();
        let between = |new: &[u8], share: f32| {
            let read = |bytes: &[u8]| checkpoint::read_weights(bytes).unwrap();
            let network = checkpoint::between(&read(old), &read(new), share).unwrap();
            checkpoint::quantized(&network, calibration).unwrap()
        };
        let half = between(&first.0, 0.5);
        assert!(half != old && half != first.0);
        assert_eq!(between(&first.0, 0.0), between(old, 1.0));
    }

    #[test]
    fn too_few_lines_are_refused() {
        let old = sayso_tagger::embedded_bytes();
        let none = Preferences::default();
        let error = train(old, &pairs(9), &none, 64, 0).unwrap_err().to_string();
        assert!(error.contains("of 9 lines 9 can be learnt, fewer than 10"), "{error}");
        assert!(train(b"none", &pairs(12), &none, 64, 0).is_err());
    }

    #[test]
    fn the_stream_is_the_same_for_a_seed() {
        let lines = stream(40, 3).unwrap();
        assert!(lines.len() > 20 && lines == stream(40, 3).unwrap() && lines != stream(40, 4).unwrap());
    }

    #[test]
    fn a_habit_is_shown_on_other_lines() {
        let preferences = habits::learn(Engine::embedded(), &pairs(4));
        let line = |heard: &str, meant: &str| (heard.to_owned(), meant.to_owned());
        let others = vec![
            line(
                "tail dash n fifteen errors dot log pipe head dash n five",
                "tail -n 15 errors.log | head -n 5",
            ),
            line("git status", "git status"),
        ];
        let shown = habits::show(&preferences, others.clone());
        assert_eq!(shown, [(others[0].0.clone(), "tail -n15 errors.log | head -n5".to_owned())]);
        // One correction is not yet a habit.
        let preferences = habits::learn(Engine::embedded(), &pairs(1));
        assert_eq!(habits::show(&preferences, others), []);
    }
}
