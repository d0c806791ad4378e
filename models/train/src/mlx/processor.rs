//! A run whose losses, gradients and steps are computed by [`crate::kernels`] instead of MLX.
//!
//! While the run goes on, weights and means stand in lists of this; [`Processor::hand_over`] copies them to
//! where everything else expects them: MLX's arrays.

use super::model::Model;
use super::optimizer::Optimizer;
use super::{HAS_GRAPHICS, Trained};
use crate::TrainError;
use crate::data::Batch;
use crate::kernels::round;
use crate::kernels::{self, Adam, Input, Place, Precision, Teacher, clip};
use crate::recipe::{self, Backend, OptimizerName, Recipe};
use mlx_rs::{Array, Dtype};
use sayso_language::checkpoint::{Checkpoint, Config, Quantization};
use std::collections::HashMap;

/// The state of such a run.
#[derive(Debug)]
pub struct Processor {
    model: kernels::Model,
    recipe: recipe::Optimizer,
    names: Vec<String>,
    /// The trained weights, and what belongs to each.
    weights: Vec<Vec<f32>>,
    gradients: Vec<Vec<f32>>,
    /// Sums of gradients since the last step, if several batches make one.
    sums: Option<Vec<Vec<f32>>>,
    means: Vec<Vec<f32>>,
    squares: Vec<Vec<f32>>,
    /// Whether there was a step since weights and means were handed over.
    is_ahead: bool,
    teacher: Option<(kernels::Model, f32)>,
    /// Whether the means were loaded from an earlier run.
    resumed: bool,
    /// Whether the recipe rounds weights in the end, for which memory is needed.
    rounds: bool,
    /// The weights as they were multiplied last where they are rounded before; empty until then.
    rounded: Vec<Vec<f32>>,
}

/// Why a recipe needs MLX.
fn needs_mlx(recipe: &Recipe, full: bool, checkpoint: &Checkpoint) -> Option<&'static str> {
    let is_packed = !recipe.dequantize && checkpoint.names().any(|name| name.ends_with(".scales"));
    match () {
        () if checkpoint.config().delta_net.is_some() => Some("the gated delta-nets of Qwen3.5"),
        () if is_packed => Some("a base of few bits"),
        () if !full && recipe.adapter.magnitude => Some("DoRA"),
        () if !full && recipe.adapter.dropout > 0.0 => Some("dropout"),
        () if !full && recipe.rounding.is_some() => Some("rounded adapters"),
        () if !matches!(recipe.optimizer.name, OptimizerName::Adam | OptimizerName::AdamW) => {
            Some("another optimizer than adam and adamw")
        }
        () => None,
    }
}

impl Processor {
    /// Takes over a run, if the recipe and the machine want that.
    ///
    /// # Errors
    /// A recipe that asks for it and cannot have it.
    pub fn new(
        recipe: &Recipe,
        full: bool,
        checkpoint: &Checkpoint,
        model: &Model,
        trained: &Trained,
        optimizer: &Optimizer,
    ) -> Result<Option<Processor>, TrainError> {
        match (recipe.run.backend, needs_mlx(recipe, full, checkpoint)) {
            (Backend::Mlx, _) | (Backend::Auto, Some(_)) if recipe.teacher.is_some() => {
                return Err(TrainError::Unfit(
                    "only run.backend = \"processor\" can learn from a teacher".to_owned(),
                ));
            }
            (Backend::Mlx, _) | (Backend::Auto, Some(_)) => return Ok(None),
            (Backend::Auto, None) if HAS_GRAPHICS && recipe.teacher.is_none() => return Ok(None),
            (Backend::Processor, Some(what)) => {
                return Err(TrainError::Unfit(format!(
                    "run.backend is \"processor\", which cannot compute {what}; leave it out"
                )));
            }
            (Backend::Auto | Backend::Processor, None) => {}
        }
        let own = own_model(checkpoint.config(), recipe.adapter.scale, recipe.run.precision, model, trained)?;
        let weights = trained.arrays.iter().map(numbers).collect::<Result<Vec<_>, _>>()?;
        let mean = |part: &str| -> Result<Vec<Vec<f32>>, TrainError> {
            let of =
                |(name, weight): (&String, &Vec<f32>)| match optimizer.state.get(&format!("{name}.{part}")) {
                    Some(array) => numbers(array),
                    None => Ok(vec![0.0; weight.len()]),
                };
            trained.names.iter().zip(&weights).map(of).collect()
        };
        Ok(Some(Processor {
            model: own,
            recipe: recipe.optimizer.clone(),
            names: trained.names.clone(),
            gradients: zeros(&weights),
            is_ahead: false,
            sums: None,
            means: mean("m")?,
            squares: mean("v")?,
            resumed: !optimizer.state.is_empty(),
            rounds: recipe.rounding.is_some(),
            rounded: Vec::new(),
            weights,
            teacher: recipe
                .teacher
                .as_ref()
                .map(|teacher| load(teacher, checkpoint.config(), recipe.run.precision))
                .transpose()?,
        }))
    }

    /// The gradients of a batch, added to those since the last step. Returns the loss. With `rounding`, matrices are
    /// rounded to few bits before, and gradients pass that as if it were not there.
    pub fn add(&mut self, batch: &Batch, rounding: Option<Quantization>) -> f32 {
        let loss = self.gradients(batch, rounding);
        match &mut self.sums {
            None => self.sums = Some(std::mem::take(&mut self.gradients)),
            Some(sums) => sums
                .iter_mut()
                .zip(&self.gradients)
                .for_each(|(sum, gradient)| sum.iter_mut().zip(gradient).for_each(|(sum, x)| *sum += x)),
        }
        loss
    }

    /// Computes the gradients of a batch and forgets them.
    pub fn gradients(&mut self, batch: &Batch, rounding: Option<Quantization>) -> f32 {
        if self.gradients.is_empty() {
            self.gradients = zeros(&self.weights);
        }
        let weights = match rounding {
            None => &self.weights,
            Some(few) => {
                if self.rounded.is_empty() {
                    self.rounded = zeros(&self.weights);
                }
                for ((name, weight), rounded) in self.names.iter().zip(&self.weights).zip(&mut self.rounded) {
                    match is_matrix(name) {
                        true => round(weight, few.bits, few.group_size, rounded),
                        false => rounded.copy_from_slice(weight),
                    }
                }
                &self.rounded
            }
        };
        let weights: Vec<&[f32]> = weights.iter().map(Vec::as_slice).collect();
        let input = Input::new(batch);
        let taught = self.teacher.as_ref().map(|(model, share)| (model.probabilities(&[], &input), *share));
        let teacher = taught.as_ref().map(|(probabilities, share)| Teacher { probabilities, share: *share });
        self.model.loss_and_gradients(&weights, &input, teacher, &mut self.gradients)
    }

    /// The loss of a batch.
    pub fn loss(&self, batch: &Batch) -> f32 {
        let weights: Vec<&[f32]> = self.weights.iter().map(Vec::as_slice).collect();
        self.model.loss(&weights, &Input::new(batch))
    }

    /// A step of the optimizer, the `step`-th from 1, with the mean of the gradients of `count`
    /// batches.
    pub fn step(&mut self, rate: f32, step: usize, count: usize) {
        let Some(sums) = self.sums.take() else { return };
        let recipe = &self.recipe;
        let mean = 1.0 / count as f32;
        let shorten = match recipe.clip {
            Some(most) => mean * clip(sums.iter().map(Vec::as_slice), most / mean),
            None => mean,
        };
        let decay = match recipe.name {
            OptimizerName::AdamW => recipe.weight_decay.unwrap_or(0.01),
            _ => 0.0,
        };
        // A run has far fewer than 2³¹ steps.
        let [first, second] = recipe.betas.map(|beta| 1.0 - beta.powi(step as i32));
        let (rate_now, root) = match recipe.bias_correction {
            true => (rate / first, 1.0 / second.sqrt()),
            false => (rate, 1.0),
        };
        let adam = Adam { betas: recipe.betas, rate: rate_now, root, keep: 1.0 - rate * decay, shorten };
        let means = self.means.iter_mut().zip(&mut self.squares);
        for ((weight, gradient), (mean, square)) in self.weights.iter_mut().zip(&sums).zip(means) {
            adam.step(weight, gradient, mean, square);
        }
        // The memory is used again.
        self.gradients = sums;
        self.is_ahead = true;
    }

    /// Whether gradients wait for their step.
    pub fn has_sums(&self) -> bool {
        self.sums.is_some()
    }

    /// Copies weights and means to MLX's arrays, if there was a step since the last time.
    ///
    /// # Errors
    /// Whatever MLX refuses, or too little memory.
    pub fn hand_over(&mut self, trained: &mut Trained, optimizer: &mut Optimizer) -> Result<(), TrainError> {
        if !std::mem::take(&mut self.is_ahead) {
            return Ok(());
        }
        for (at, name) in self.names.iter().enumerate() {
            let old = &mut trained.arrays[at];
            let shape = old.shape().to_vec();
            let array = |numbers: &[f32]| Array::from_slice(numbers, &shape);
            *old = array(&self.weights[at]).as_dtype(old.dtype())?;
            old.eval()?;
            optimizer.state.insert(format!("{name}.m"), array(&self.means[at]));
            optimizer.state.insert(format!("{name}.v"), array(&self.squares[at]));
        }
        Ok(())
    }

    /// Memory that training takes beside what is loaded now, in bytes, for batches of so many (tokens, learnt tokens):
    /// gradients, means of the optimizer, and what the layers keep.
    pub fn memory(&self, config: &Config, accumulation: usize, batches: &[(usize, usize)]) -> f64 {
        let trained: f64 = self.weights.iter().map(|weight| weight.len() as f64 * 4.0).sum();
        let queries = (config.num_attention_heads * config.head_dim) as f64;
        let keys = (config.num_key_value_heads * config.head_dim) as f64;
        let (hidden, between) = (config.hidden_size as f64, config.intermediate_size as f64);
        let of_layer = 2.0 * hidden + 2.0 * queries + 2.0 * keys + 2.0 * between;
        let working = 4.0 * hidden + 3.0 * queries + 2.0 * keys + 2.0 * between;
        let of_batch = |(tokens, learnt): &(usize, usize)| {
            let kept = of_layer * config.num_hidden_layers as f64 + working;
            let probabilities = if self.teacher.is_some() { 2.0 } else { 1.0 };
            4.0 * (*tokens as f64 * kept + probabilities * (*learnt * config.vocab_size) as f64)
        };
        let passes = batches.iter().map(of_batch).fold(0.0, f64::max);
        let gradients = if accumulation > 1 { 2.0 } else { 1.0 };
        let rounded = if self.rounds { 1.0 } else { 0.0 };
        // Two means, and again once they are handed over to be saved. A run that goes on has loaded them.
        let means = if self.resumed { 0.0 } else { 4.0 };
        trained * (gradients + rounded + means) + passes
    }
}

/// Whether a weight of this name is packed when a model is quantized: matrices and the embedding.
fn is_matrix(name: &str) -> bool {
    name.ends_with("_proj.weight") || name.ends_with("embed_tokens.weight") || name == "lm_head.weight"
}

/// The teacher of a recipe, all of whose weights stay, and how much it counts.
fn load(
    teacher: &recipe::Teacher,
    student: &Config,
    precision: Precision,
) -> Result<(kernels::Model, f32), TrainError> {
    let checkpoint = Checkpoint::open(&teacher.folder)?;
    let config = checkpoint.config();
    if config.vocab_size != student.vocab_size {
        return Err(TrainError::Foreign {
            folder: teacher.folder.clone(),
            what: "vocabulary",
            problem: format!(
                "the teacher has {} tokens and the student {}",
                config.vocab_size, student.vocab_size
            ),
        });
    }
    if config.delta_net.is_some() {
        return Err(TrainError::Unfit(format!(
            "{}: run.backend = \"processor\" cannot compute the gated delta-nets of Qwen3.5, so it cannot teach",
            teacher.folder.display()
        )));
    }
    let model = Model::load(&checkpoint, Dtype::Float32, true)?;
    let model = own_model(config, 1.0, precision, &model, &Trained::default())?;
    Ok((model, teacher.share))
}

/// The model for the kernels: the trained weights by their places, and copies of the others.
///
/// # Errors
/// Whatever MLX refuses, or too little memory.
pub fn own_model(
    config: &Config,
    scale: f32,
    precision: Precision,
    model: &Model,
    trained: &Trained,
) -> Result<kernels::Model, TrainError> {
    let mut places: HashMap<String, Place> = HashMap::new();
    let mut freeze = |name: String, array: Array| -> Result<(), TrainError> {
        if !trained.names.contains(&name) {
            places.insert(name, Place::Frozen(numbers(&array)?));
        }
        Ok(())
    };
    for linear in model.linears() {
        freeze(format!("{}.weight", linear.name), linear.plain(&trained.arrays)?)?;
        if let Some(bias) = &linear.bias {
            freeze(format!("{}.bias", linear.name), bias.of(&trained.arrays).clone())?;
        }
    }
    for (name, norm) in model.norms() {
        freeze(name, norm.of(&trained.arrays).clone())?;
    }
    let trained = trained.names.iter().enumerate().map(|(at, name)| (name.clone(), Place::Trained(at)));
    places.extend(trained);
    kernels::Model::new(config, scale, precision, |name| places.remove(name))
        .map_err(|name| TrainError::Unfit(format!("the model has no {name}")))
}

fn zeros(like: &[Vec<f32>]) -> Vec<Vec<f32>> {
    like.iter().map(|numbers| vec![0.0; numbers.len()]).collect()
}

fn numbers(array: &Array) -> Result<Vec<f32>, TrainError> {
    let array = array.as_dtype(Dtype::Float32)?.contiguous()?;
    array.eval()?;
    Ok(array.to_vec_exact::<f32>()?)
}
