//! A training run from its recipe to its last saved state.

mod measure;

use super::adapter::{self, AdapterConfig, Origin};
use super::estimate::{self, Estimate};
use super::evaluation;
use super::gradient::{self, Input, dropout_seed};
use super::model::Model;
use super::optimizer::Optimizer;
use super::pass::Training;
use super::processor::Processor;
use super::state;
use super::{HAS_GRAPHICS, Trained, fuse};
use crate::curves;
use crate::data::{Batch, Batches, Layout, PAD, Sets};
use crate::log::{self, Entry, Log};
use crate::progress::Progress;
use crate::recipe::{Numbers, Recipe};
use crate::{TrainError, file};
use measure::Measure;
use mlx_rs::{Array, Dtype, memory};
use sayso_language::checkpoint::Checkpoint;
use sayso_language::tokenizer::Tokenizer;
use std::time::{Duration, Instant};

/// Iterations from which on the time of a run is tried before it starts. Hand-chosen, 2026-11-29.
const TRIED_FROM: usize = 20;

/// How a run is to be done.
#[derive(Clone, Copy)]
pub struct How<'a> {
    /// Train every weight, and not adapters.
    pub full: bool,
    /// Go on from the saved state.
    pub resume: bool,
    /// Whether the run is to be saved and ended; asked before every iteration.
    pub stop: &'a dyn Fn() -> bool,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The loss of every iteration, in nats a token.
    pub losses: Vec<f32>,
    /// Why it ended.
    pub reason: String,
    /// What it was expected to take.
    pub expected: Estimate,
    /// Peak of MLX's memory, in bytes.
    pub bytes: f64,
    /// Time of the iterations, in seconds, without measurements.
    pub seconds: f64,
}

/// The parts of a run.
struct Run<'a> {
    recipe: &'a Recipe,
    how: How<'a>,
    checkpoint: Checkpoint,
    model: Model,
    trained: Trained,
    optimizer: Optimizer,
    /// What computes instead of MLX, if something does.
    processor: Option<Processor>,
    batches: Batches,
    origin: Origin,
    progress: state::Progress,
    log: Log,
    view: Progress,
}

/// Trains a model as the recipe says.
///
/// # Errors
/// [`TrainError`] says what happened and what was kept.
pub fn train(recipe: &Recipe, how: How<'_>) -> Result<Outcome, TrainError> {
    let checkpoint = Checkpoint::open(&recipe.base)?;
    let tokenizer = Tokenizer::open(&recipe.base, checkpoint.config())?;
    let sets = Sets::open(&recipe.data, &recipe.base, &tokenizer)?;
    tracing::info!("training set: {}; held out: {}", sets.trained, sets.held);
    let layout = |batch| Layout {
        batch,
        as_mlx_lm: recipe.data.as_mlx_lm.then_some(recipe.data.max_tokens),
        packed: recipe.data.packing.then_some(recipe.data.max_tokens),
        pad: if HAS_GRAPHICS || recipe.data.as_mlx_lm { PAD } else { 1 },
        seed: recipe.seed,
    };
    let Some(batches) = Batches::new(&sets.train, layout(recipe.run.batch)) else {
        let reason = format!("{}, fewer than a batch of {}", sets.trained, recipe.run.batch);
        return Err(TrainError::Empty { set: "training", reason });
    };
    // A held-out set that is smaller than a batch is measured in a smaller one.
    let held = Batches::new(&sets.valid, layout(recipe.run.batch.min(sets.valid.len()).max(1)));
    let origin = Origin::new(
        &recipe.base,
        &checkpoint,
        sets.system.clone(),
        sets.chat.trained(),
        sets.template.clone(),
    )?;

    let mut model = Model::load(&checkpoint, numbers(recipe.numbers, &checkpoint)?, recipe.dequantize)?;
    let mut trained = match how.full {
        true => model.unfreeze(&recipe.full)?,
        false => model.adapt(&recipe.adapter, recipe.seed)?,
    };
    if let Some(start) = recipe.adapter.start.as_deref().filter(|_| !how.full) {
        if let Some(origin) = Origin::open(start)? {
            origin.check(start, &recipe.base, &checkpoint)?;
        }
        adapter::load_into(&mut trained, start, false)?;
    }
    let mut optimizer = Optimizer::new(&recipe.optimizer);
    let progress = match how.resume {
        true => state::Progress::load(recipe, how.full, &mut trained, &mut optimizer)?,
        false => state::Progress::new(recipe, how.full),
    };
    let processor = Processor::new(recipe, how.full, &checkpoint, &model, &trained, &optimizer)?;
    let log = Log::open(&recipe.output, how.resume)?;
    let view = Progress::new(recipe.run.iterations, progress.iterations);
    let layers = checkpoint.config().num_hidden_layers;
    AdapterConfig::of(recipe, how.full, layers).save(&recipe.output)?;
    origin.save(&recipe.output)?;
    evaluation::save_held_out(&sets.lines, &recipe.output)?;
    let mut run = Run {
        recipe,
        how,
        checkpoint,
        model,
        trained,
        optimizer,
        processor,
        batches,
        origin,
        progress,
        log,
        view,
    };
    let measure = Measure::new(recipe, held, &sets.lines);
    let expected = run.estimate(measure.writes())?;
    let outcome = run.iterate(&measure, expected);
    run.view.finish();
    // The curves of a run that failed are of use too.
    let drawn = run.draw();
    let outcome = outcome?;
    drawn?;
    Ok(outcome)
}

/// The numbers to compute with.
fn numbers(numbers: Numbers, checkpoint: &Checkpoint) -> Result<Dtype, TrainError> {
    match numbers {
        Numbers::Float32 => Ok(Dtype::Float32),
        Numbers::Auto if !HAS_GRAPHICS => Ok(Dtype::Float32),
        Numbers::Auto | Numbers::Base => fuse::dtype_of(checkpoint),
    }
}

impl Run<'_> {
    /// Says what the run will take, and refuses it if there is not enough memory. `writes`: held-out lines are written.
    fn estimate(&mut self, writes: bool) -> Result<Estimate, TrainError> {
        let (recipe, done) = (self.recipe, self.progress.iterations);
        let numbers: usize = self
            .model
            .linears()
            .map(|linear| {
                let (outputs, inputs) = linear.shape(&self.trained.arrays);
                outputs as usize * inputs as usize
            })
            .sum();
        // What is freed after loading is not kept.
        memory::clear_cache()?;
        let loaded = match self.processor.as_ref().and_then(|_| estimate::resident()) {
            Some(resident) => resident,
            None => memory::active_memory()? as f64,
        };
        let bytes = match &self.processor {
            None => estimate::memory_of(recipe, &self.model, &self.trained, &mut self.batches, done)?,
            Some(processor) => {
                let places = self.batches.places(done..recipe.run.iterations);
                let shapes: Vec<(usize, usize)> = places
                    .into_iter()
                    .map(|place| self.batches.shape(place))
                    .map(|(rows, width, learnt)| (rows * width, learnt))
                    .collect();
                let more = processor.memory(self.checkpoint.config(), recipe.run.accumulation, &shapes);
                loaded + more + if writes { estimate::WRITING * numbers as f64 } else { 0.0 }
            }
        };
        let free = estimate::available();
        if let Some(free) = free.filter(|free| bytes - loaded > *free) {
            let mut advice = Vec::new();
            if !recipe.run.checkpointing {
                advice.push("`checkpointing = true` keeps a fraction");
            }
            if recipe.run.batch > 1 {
                advice.push("halve `batch` and double `accumulation`");
            }
            if self.how.full {
                advice.push("`lora` trains a hundredth of the weights");
            } else if !self.checkpoint.names().any(|name| name.ends_with(".scales")) {
                advice.push("a base of 4 bits takes a quarter");
            }
            return Err(TrainError::Memory {
                needed: (bytes / 1e6) as u64,
                available: ((free + loaded) / 1e6) as u64,
                advice: advice.join("; "),
            });
        }
        let seconds = match recipe.run.iterations - done.min(recipe.run.iterations) {
            left if left >= TRIED_FROM => {
                let Run { model, trained, processor, batches, .. } = self;
                let gradients = |batch: &Batch| match processor {
                    Some(processor) => {
                        processor.gradients(batch, None);
                        Ok(())
                    }
                    None => {
                        let (input, layered) = (Input::new(batch), recipe.run.checkpointing);
                        gradient::loss_and_gradients(model, &trained.arrays, &input, None, layered).map(drop)
                    }
                };
                Some(estimate::tried(recipe, batches, done, gradients)?)
            }
            _ => None,
        };
        memory::reset_peak_memory()?;
        self.view.say(&format!(
            "{} of about {} million numbers are trained; {} batches an epoch; about {:.0} MB of memory{}",
            self.trained.parameters(),
            numbers / 1_000_000,
            self.batches.len(),
            bytes / 1e6,
            seconds.map_or(String::new(), |seconds| format!(" and {}", spoken(seconds))),
        ));
        self.log.write(&Entry::Start {
            iteration: done,
            trained: self.trained.parameters(),
            parameters: numbers,
            expected_mb: bytes / 1e6,
            expected_seconds: seconds,
        })?;
        Ok(Estimate { bytes, seconds })
    }

    fn iterate(&mut self, measure: &Measure, expected: Estimate) -> Result<Outcome, TrainError> {
        let Recipe { run, schedule, optimizer, seed, .. } = self.recipe;
        let steps = run.iterations.div_ceil(run.accumulation);
        let mut sums: Option<Vec<Array>> = None;
        let (mut losses, mut reported) = (Vec::new(), Report::new());
        let (mut spent, mut peak) = (Duration::ZERO, 0.0_f64);
        let mut measured = measure.begin();
        let reason = loop {
            let iteration = self.progress.iterations;
            if iteration >= run.iterations {
                break "it is done".to_owned();
            }
            if (self.how.stop)() {
                break "it was stopped; `--resume` goes on".to_owned();
            }
            let begun = Instant::now();
            let batch = self.batches.get(iteration);
            let rounding = self.recipe.rounding.as_ref();
            let rounding = rounding.and_then(|rounding| rounding.at(iteration, run.iterations));
            let (loss, gradients) = match &mut self.processor {
                Some(processor) => (processor.add(&batch, rounding), None),
                None => {
                    let training = Training { dropout: Some(dropout_seed(*seed, iteration)), rounding };
                    let (model, trained) = (&self.model, &self.trained.arrays);
                    let (input, layered) = (Input::new(&batch), run.checkpointing);
                    let (loss, gradients) =
                        gradient::loss_and_gradients(model, trained, &input, training, layered)?;
                    (loss, Some(gradients))
                }
            };
            if !loss.is_finite() {
                return Err(TrainError::NotFinite { iteration: iteration + 1, kept: self.kept() });
            }
            if let Some(gradients) = gradients {
                sums = Some(added(sums, gradients)?);
            }
            let is_last = iteration + 1 == run.iterations;
            if (iteration + 1).is_multiple_of(run.accumulation) || is_last {
                let count = iteration % run.accumulation + 1;
                let rate = schedule.rate(optimizer.learning_rate, self.progress.steps, steps);
                match &mut self.processor {
                    Some(processor) => processor.step(rate, self.progress.steps + 1, count),
                    None => {
                        let gradients = mean(sums.take().unwrap_or_default(), count)?;
                        self.optimizer.step(&mut self.trained, gradients, rate)?;
                    }
                }
                self.progress.steps += 1;
                reported.rate = rate;
            }
            self.progress.iterations += 1;
            self.progress.tokens += batch.targets.len();
            losses.push(loss);
            spent += begun.elapsed();
            peak = peak.max(self.peak()?);
            reported.add(loss, batch.targets.len(), begun.elapsed());
            self.view.advance();
            self.report(&mut reported, peak)?;
            let is_step = sums.is_none() && !self.processor.as_ref().is_some_and(Processor::has_sums);
            if measured.is_due(self.progress.iterations, is_last) && is_step {
                memory::clear_cache()?;
                if self.measure(measure, &mut measured)? {
                    self.save()?;
                    break format!(
                        "nothing was better than iteration {} for {} measurements",
                        self.progress.best_iteration, self.progress.since
                    );
                }
                // What a measurement takes is not that of training.
                memory::reset_peak_memory()?;
            }
            if is_step && (self.progress.iterations.is_multiple_of(run.save_every) || is_last) {
                self.save()?;
            }
        };
        // Gradients that were added up since the last step are computed again after a resume.
        let has_sums = sums.is_some() || self.processor.as_ref().is_some_and(Processor::has_sums);
        self.progress.iterations -= if has_sums { self.progress.iterations % run.accumulation } else { 0 };
        self.save()?;
        if self.progress.best.is_none() {
            self.keep_best()?;
        }
        peak = peak.max(self.peak()?);
        let seconds = spent.as_secs_f64();
        self.log.write(&Entry::End {
            iteration: self.progress.iterations,
            reason: reason.clone(),
            peak_mb: peak / 1e6,
            seconds,
        })?;
        Ok(Outcome { losses, reason, expected, bytes: peak, seconds })
    }

    /// Reports the loss where it is due.
    fn report(&mut self, reported: &mut Report, peak: f64) -> Result<(), TrainError> {
        let iteration = self.progress.iterations;
        if !iteration.is_multiple_of(self.recipe.run.report_every) && iteration != self.recipe.run.iterations
        {
            return Ok(());
        }
        let (loss, speed) = (reported.loss(), reported.speed());
        self.view.loss(iteration, loss, speed, peak / 1e6);
        let rate = f64::from(reported.rate);
        let entry = Entry::Loss { iteration, loss, rate, tokens_per_second: speed, peak_mb: peak / 1e6 };
        *reported = Report { rate: reported.rate, ..Report::new() };
        self.log.write(&entry)
    }

    /// The most memory so far, in bytes.
    fn peak(&self) -> Result<f64, TrainError> {
        let all = self.processor.as_ref().and_then(|_| estimate::peak());
        Ok(match all {
            Some(all) => all,
            None => memory::peak_memory()? as f64,
        })
    }

    /// Brings the trained weights and the optimizer up to date.
    fn hand_over(&mut self) -> Result<(), TrainError> {
        match &mut self.processor {
            Some(processor) => processor.hand_over(&mut self.trained, &mut self.optimizer),
            None => Ok(()),
        }
    }

    /// Saves the state, unless a weight is not finite.
    fn save(&mut self) -> Result<(), TrainError> {
        self.hand_over()?;
        for array in &self.trained.arrays {
            if !adapter::all_finite(array)? {
                let iteration = self.progress.iterations;
                return Err(TrainError::NotFinite { iteration, kept: self.kept() });
            }
        }
        self.progress.save(&self.recipe.output, &self.trained, &self.optimizer)?;
        self.draw()
    }

    /// Keeps the weights as those to use.
    fn keep_best(&mut self) -> Result<(), TrainError> {
        self.hand_over()?;
        adapter::save(&self.trained, &self.recipe.output)
    }

    /// What is on the disk, for an error.
    fn kept(&self) -> String {
        let state = self.progress.iterations / self.recipe.run.save_every * self.recipe.run.save_every;
        match (state, self.progress.best) {
            (0, None) => "nothing had been saved yet".to_owned(),
            (state, None) => format!("the state of iteration {state} is kept"),
            (state, Some(_)) => format!(
                "the state of iteration {state} and the best weights, of iteration {}, are kept",
                self.progress.best_iteration
            ),
        }
    }

    fn draw(&self) -> Result<(), TrainError> {
        let path = self.recipe.output.join(log::FILE);
        let text = std::fs::read_to_string(&path).map_err(TrainError::read(&path))?;
        let drawn = log::parse(&text).and_then(|entries| curves::draw(&entries));
        match drawn {
            Ok(svg) => file::replace(&self.recipe.output.join(curves::FILE), svg.as_bytes()),
            // A run of a few iterations has no loss to draw.
            Err(_) => Ok(()),
        }
    }
}

/// Sums up gradients.
fn added(sums: Option<Vec<Array>>, gradients: Vec<Array>) -> Result<Vec<Array>, TrainError> {
    let Some(sums) = sums else { return Ok(gradients) };
    let added = sums.iter().zip(&gradients).map(|(sum, gradient)| sum.add(gradient));
    let added = added.collect::<Result<Vec<_>, _>>()?;
    mlx_rs::transforms::eval(&added)?;
    Ok(added)
}

fn mean(sums: Vec<Array>, count: usize) -> Result<Vec<Array>, TrainError> {
    if count == 1 {
        return Ok(sums);
    }
    let factor = Array::from_f32(1.0 / count as f32);
    Ok(sums.iter().map(|sum| sum.multiply(&factor)).collect::<Result<_, _>>()?)
}

/// What was done since the last report.
struct Report {
    losses: f64,
    iterations: usize,
    tokens: usize,
    time: Duration,
    rate: f32,
}

impl Report {
    fn new() -> Report {
        Report { losses: 0.0, iterations: 0, tokens: 0, time: Duration::ZERO, rate: 0.0 }
    }

    fn add(&mut self, loss: f32, tokens: usize, time: Duration) {
        self.losses += f64::from(loss);
        self.iterations += 1;
        self.tokens += tokens;
        self.time += time;
    }

    fn loss(&self) -> f64 {
        self.losses / self.iterations.max(1) as f64
    }

    fn speed(&self) -> f64 {
        self.tokens as f64 / self.time.as_secs_f64().max(1e-9)
    }
}

/// A time in words.
fn spoken(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 120.0 => format!("{seconds:.0} s"),
        seconds => format!("{:.0} minutes", seconds / 60.0),
    }
}
