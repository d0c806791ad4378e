//! The state of a run, from which it can be continued: weights, optimizer, iteration, and what was
//! the best so far. Order of the data and dropout follow from the seed and the iteration.

use super::optimizer::Optimizer;
use super::{Trained, adapter, tensors};
use crate::recipe::Recipe;
use crate::{TrainError, file};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the state, in the folder of the run.
const FOLDER: &str = "state";
const OPTIMIZER: &str = "optimizer.safetensors";
const PROGRESS: &str = "progress.json";

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The recipe, which must not change.
    pub recipe: Recipe,
    /// Whether every weight is trained.
    pub full: bool,
    /// Iterations done.
    pub iterations: usize,
    /// Steps of the optimizer done.
    pub steps: usize,
    /// Tokens learnt.
    pub tokens: usize,
    /// The best measurement: the higher the better.
    pub best: Option<f64>,
    /// The iteration of the best measurement.
    pub best_iteration: usize,
    /// Measurements since then.
    pub since: usize,
}

impl Progress {
    /// The beginning of a run.
    pub fn new(recipe: &Recipe, full: bool) -> Progress {
        Progress {
            recipe: recipe.clone(),
            full,
            iterations: 0,
            steps: 0,
            tokens: 0,
            best: None,
            best_iteration: 0,
            since: 0,
        }
    }

    /// Saves the state of a run. The earlier one is there until the new one is complete.
    ///
    /// # Errors
    /// The disk is full, or the folder may not be written to.
    pub fn save(&self, folder: &Path, trained: &Trained, optimizer: &Optimizer) -> Result<(), TrainError> {
        let (place, new, old) = places(folder);
        let failed = |path: &PathBuf| TrainError::write(path);
        remove(&new)?;
        fs::create_dir_all(&new).map_err(failed(&new))?;
        let write = || -> Result<(), TrainError> {
            adapter::save(trained, &new)?;
            let state = optimizer.state.iter().map(|(name, array)| (name.as_str(), array));
            tensors::write(&new.join(OPTIMIZER), state)?;
            let text = serde_json::to_string_pretty(self)
                .map_err(|error| TrainError::Unfit(format!("{PROGRESS}: {error}")))?;
            file::replace(&new.join(PROGRESS), text.as_bytes())
        };
        if let Err(error) = write() {
            // Half a state is of no use, and the disk may be full.
            let _ = fs::remove_dir_all(&new);
            return Err(error);
        }
        remove(&old)?;
        if place.exists() {
            fs::rename(&place, &old).map_err(failed(&place))?;
        }
        fs::rename(&new, &place).map_err(failed(&place))?;
        remove(&old)
    }

    /// Loads the state of a run into its weights and optimizer.
    ///
    /// # Errors
    /// There is none, it is damaged, or the run had another recipe.
    pub fn load(
        recipe: &Recipe,
        full: bool,
        trained: &mut Trained,
        optimizer: &mut Optimizer,
    ) -> Result<Progress, TrainError> {
        let (place, _, old) = places(&recipe.output);
        // Between two renamings only the old one is there.
        let place = if place.exists() { place } else { old };
        let problem = |problem: String| TrainError::Resume { folder: place.clone(), problem };
        let path = place.join(PROGRESS);
        if !path.exists() {
            return Err(problem("there is no saved state; start without --resume".to_owned()));
        }
        let text = fs::read_to_string(&path).map_err(TrainError::read(&path))?;
        let progress: Progress = serde_json::from_str(&text)
            .map_err(|error| problem(format!("{PROGRESS} is damaged: {error}")))?;
        if progress.full != full {
            return Err(problem(format!("it is of a `{}` run", if full { "lora" } else { "full" })));
        }
        // A run may be made longer only if the learning rate does not depend on its length.
        let mut same = progress.recipe.clone();
        if same.schedule.course == crate::recipe::Course::Constant {
            same.run.iterations = recipe.run.iterations;
        }
        same.base.clone_from(&recipe.base);
        same.output.clone_from(&recipe.output);
        if same != *recipe {
            return Err(problem(
                "its recipe was another one; take that, or another `output` and start without --resume"
                    .to_owned(),
            ));
        }
        adapter::load_into(trained, &place, false)?;
        optimizer.state = tensors::read(&place.join(OPTIMIZER))?;
        optimizer.steps = progress.steps;
        Ok(progress)
    }
}

/// Where the state is, where the next one is written, and where the last one waits.
fn places(folder: &Path) -> (PathBuf, PathBuf, PathBuf) {
    let place = |name: &str| folder.join(format!("{FOLDER}{name}"));
    (place(""), place(".new"), place(".old"))
}

fn remove(folder: &Path) -> Result<(), TrainError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(TrainError::write(folder)(error)),
        _ => Ok(()),
    }
}
