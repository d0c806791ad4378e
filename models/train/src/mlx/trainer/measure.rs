//! Measurements on held-out examples during a run, and what is the best so far.

use super::Run;
use crate::TrainError;
use crate::data::{Batch, Batches, Line};
use crate::log::Entry;
use crate::mlx::evaluation::{self, Exact};
use crate::mlx::fuse::{Fused, Packing};
use crate::mlx::gradient::{self, Input};
use crate::recipe::Recipe;

/// What is measured, and when.
pub(super) struct Measure {
    held: Option<Batches>,
    lines: Vec<Line>,
    validate_every: usize,
    exact_every: usize,
}

/// What was measured so far.
pub(super) struct Measured {
    before: Option<Exact>,
    validate_every: Option<usize>,
    exact_every: Option<usize>,
    loss_is_due: bool,
    exact_is_due: bool,
}

impl Measure {
    pub(super) fn new(recipe: &Recipe, held: Option<Batches>, lines: &[Line]) -> Measure {
        Measure {
            held,
            lines: evaluation::spread(lines, recipe.run.exact_lines),
            validate_every: recipe.run.validate_every,
            exact_every: recipe.run.exact_every,
        }
    }

    /// Whether held-out lines are written.
    pub(super) fn writes(&self) -> bool {
        self.exact_every > 0 && !self.lines.is_empty()
    }

    pub(super) fn begin(&self) -> Measured {
        Measured {
            before: None,
            validate_every: self.held.as_ref().map(|_| self.validate_every),
            exact_every: self.writes().then_some(self.exact_every),
            loss_is_due: false,
            exact_is_due: false,
        }
    }
}

impl Measured {
    /// Whether something is due after so many iterations; it stays due until it is done.
    pub(super) fn is_due(&mut self, iterations: usize, is_last: bool) -> bool {
        let due =
            |every: Option<usize>| every.is_some_and(|every| is_last || iterations.is_multiple_of(every));
        self.loss_is_due |= due(self.validate_every);
        self.exact_is_due |= due(self.exact_every);
        self.loss_is_due || self.exact_is_due
    }
}

impl Run<'_> {
    /// Measures what is due and keeps the weights if they are the best so far. Returns whether the
    /// run has not become better for too long.
    pub(super) fn measure(&mut self, measure: &Measure, measured: &mut Measured) -> Result<bool, TrainError> {
        let (iteration, stop) = (self.progress.iterations, self.how.stop);
        // The higher the better; exact match counts where it is measured.
        let mut quality = None;
        if let Some(held) = measure.held.as_ref().filter(|_| measured.loss_is_due) {
            let most = self.recipe.run.validation_batches;
            let of_batch = |batch: &Batch| match &self.processor {
                Some(processor) => Ok(processor.loss(batch)),
                None => {
                    let mean = gradient::loss(&self.model, &self.trained.arrays, &Input::new(batch), None)?;
                    Ok(mean.try_item_exact()?)
                }
            };
            let Some(loss) = evaluation::loss(held, most, stop, of_batch)? else { return Ok(false) };
            measured.loss_is_due = false;
            self.view.held(iteration, loss);
            self.log.write(&Entry::Validation { iteration, loss })?;
            if !loss.is_finite() {
                return Err(TrainError::NotFinite { iteration, kept: self.kept() });
            }
            quality = (!measure.writes()).then_some(-loss);
        }
        if measured.exact_is_due {
            self.hand_over()?;
            let fused = Fused {
                model: &self.model,
                trained: &self.trained,
                base: &self.recipe.base,
                checkpoint: &self.checkpoint,
                origin: Some(&self.origin),
            };
            let place = &self.recipe.output;
            let exact = evaluation::exact(&fused, Packing::Plain, place, &measure.lines, stop)?;
            let Some(exact) = exact else { return Ok(false) };
            measured.exact_is_due = false;
            let (kinds, commands) = exact.tallies(&measure.lines, measured.before.as_ref());
            let (right, along, lines) = (exact.count(), exact.count_along(), measure.lines.len());
            self.view.exact(iteration, [right, along, lines], &kinds, &commands);
            self.log.write(&Entry::Exact { iteration, right, along, lines, kinds, commands })?;
            quality = Some(right as f64);
            measured.before = Some(exact);
        }
        let Some(quality) = quality else { return Ok(false) };
        if self.progress.best.is_none_or(|best| quality > best) {
            self.progress.best = Some(quality);
            self.progress.best_iteration = iteration;
            self.progress.since = 0;
            self.keep_best()?;
            return Ok(false);
        }
        self.progress.since += 1;
        Ok(self.recipe.run.patience.is_some_and(|patience| self.progress.since >= patience))
    }
}
