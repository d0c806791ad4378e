//! How weights follow from gradients: the formulas of `mlx.optimizers`, whose results they are held
//! to. Those of mlx-rs lack Muon and bias correction, and the saved state of its Adafactor loses
//! all but the last part of a name.

use super::Trained;
use crate::TrainError;
use crate::recipe::{self, OptimizerName};
use mlx_rs::error::Exception;
use mlx_rs::{Array, Dtype, ops, transforms};
use std::collections::BTreeMap;

/// Added to denominators of Adam and AdamW. Hand-chosen, 2026-11-23.
const EPSILON: f32 = 1e-8;

/// An optimizer and its state.
#[derive(Debug, Clone)]
pub struct Optimizer {
    recipe: recipe::Optimizer,
    /// By the name of the weight and of the mean, such as `….lora_a.m`; 32-bit floats.
    pub state: BTreeMap<String, Array>,
    /// Steps done.
    pub steps: usize,
}

impl Optimizer {
    /// An optimizer that has done no step.
    pub fn new(recipe: &recipe::Optimizer) -> Optimizer {
        Optimizer { recipe: recipe.clone(), state: BTreeMap::new(), steps: 0 }
    }

    /// Does a step with this learning rate and waits for its result.
    ///
    /// # Errors
    /// Whatever MLX refuses, or too little memory.
    pub fn step(
        &mut self,
        trained: &mut Trained,
        gradients: Vec<Array>,
        rate: f32,
    ) -> Result<(), TrainError> {
        self.steps += 1;
        let gradients = match self.recipe.clip {
            Some(most) => clipped(gradients, most)?,
            None => gradients,
        };
        for ((name, weight), gradient) in trained.names.iter().zip(&mut trained.arrays).zip(gradients) {
            let dtype = weight.dtype();
            let gradient = gradient.as_dtype(Dtype::Float32)?;
            let old = weight.as_dtype(Dtype::Float32)?;
            let new = match self.recipe.name {
                OptimizerName::Adam | OptimizerName::AdamW => self.adam(name, &old, &gradient, rate)?,
                OptimizerName::Sgd => self.sgd(name, &old, &gradient, rate)?,
                OptimizerName::Adafactor => self.adafactor(name, &old, &gradient, rate)?,
                OptimizerName::Muon => self.muon(name, &old, &gradient, rate)?,
            };
            *weight = new.as_dtype(dtype)?;
        }
        transforms::eval(trained.arrays.iter().chain(self.state.values()))?;
        Ok(())
    }

    /// The mean of this name, which starts at zero with the shape of `like`.
    fn mean(&self, name: &str, part: &str, shape: &[i32]) -> Result<Array, Exception> {
        match self.state.get(&format!("{name}.{part}")) {
            Some(array) => Ok(array.clone()),
            None => Array::zeros::<f32>(shape),
        }
    }

    fn keep(&mut self, name: &str, part: &str, array: &Array) {
        self.state.insert(format!("{name}.{part}"), array.clone());
    }

    fn adam(&mut self, name: &str, old: &Array, gradient: &Array, rate: f32) -> Result<Array, Exception> {
        let decay = match self.recipe.name {
            OptimizerName::AdamW => self.recipe.weight_decay.unwrap_or(0.01),
            _ => 0.0,
        };
        let [beta1, beta2] = self.recipe.betas;
        let m = running(&self.mean(name, "m", gradient.shape())?, gradient, beta1)?;
        let v = running(&self.mean(name, "v", gradient.shape())?, &gradient.square()?, beta2)?;
        self.keep(name, "m", &m);
        self.keep(name, "v", &v);
        let (numerator, root) = match self.recipe.bias_correction {
            true => {
                // A run has far fewer than 2³¹ steps.
                let steps = self.steps as i32;
                (rate / (1.0 - beta1.powi(steps)), (1.0 - beta2.powi(steps)).sqrt())
            }
            false => (rate, 1.0),
        };
        let step =
            times(&m, numerator)?.divide(times(&v.sqrt()?, 1.0 / root)?.add(Array::from_f32(EPSILON))?)?;
        let old = if decay > 0.0 { times(old, 1.0 - rate * decay)? } else { old.clone() };
        old.subtract(step)
    }

    fn sgd(&mut self, name: &str, old: &Array, gradient: &Array, rate: f32) -> Result<Array, Exception> {
        let decay = self.recipe.weight_decay.unwrap_or(0.0);
        let gradient = gradient.add(times(old, decay)?)?;
        let step = match self.recipe.momentum {
            None | Some(0.0) => gradient,
            Some(momentum) => {
                let v = times(&self.mean(name, "v", gradient.shape())?, momentum)?.add(gradient)?;
                self.keep(name, "v", &v);
                v
            }
        };
        old.subtract(times(&step, rate)?)
    }

    /// With the given learning rate and without a first moment; the rate is scaled by the size of
    /// the weight, as the paper has it.
    fn adafactor(
        &mut self,
        name: &str,
        old: &Array,
        gradient: &Array,
        rate: f32,
    ) -> Result<Array, Exception> {
        const FLOOR: f32 = 1e-30;
        const SMALLEST_SCALE: f32 = 1e-3;
        let beta = 1.0 - (self.steps as f32).powf(-0.8);
        let rms = |x: &Array| x.square()?.mean(false)?.sqrt();
        let rate = times(&ops::maximum(Array::from_f32(SMALLEST_SCALE), rms(old)?)?, rate)?;
        let squares = gradient.square()?.add(Array::from_f32(FLOOR))?;
        let shape = gradient.shape();
        let scale = match shape {
            [rows, columns] => {
                let by_row =
                    running(&self.mean(name, "row", &[*rows])?, &squares.mean_axis(-1, false)?, beta)?;
                let by_column =
                    running(&self.mean(name, "column", &[*columns])?, &squares.mean_axis(-2, false)?, beta)?;
                self.keep(name, "row", &by_row);
                self.keep(name, "column", &by_column);
                let by_row = by_row.divide(by_row.mean_axis(-1, true)?)?.rsqrt()?;
                by_row.expand_dims(-1)?.multiply(by_column.rsqrt()?.expand_dims(-2)?)?
            }
            _ => {
                let v = running(&self.mean(name, "v", shape)?, &squares, beta)?;
                self.keep(name, "v", &v);
                v.rsqrt()?
            }
        };
        let step = scale.multiply(gradient)?;
        let step = step.divide(ops::maximum(Array::from_f32(1.0), rms(&step)?)?)?.multiply(&rate)?;
        let decay = self.recipe.weight_decay.unwrap_or(0.0);
        let old = old.subtract(times(&old.multiply(&rate)?, decay)?)?;
        old.subtract(step)
    }

    fn muon(&mut self, name: &str, old: &Array, gradient: &Array, rate: f32) -> Result<Array, Exception> {
        let momentum = self.recipe.momentum.unwrap_or(0.95);
        let gradient = gradient.add(times(old, self.recipe.weight_decay.unwrap_or(0.01))?)?;
        let v = running(&self.mean(name, "v", gradient.shape())?, &gradient, momentum)?;
        self.keep(name, "v", &v);
        // Nesterov's look ahead.
        let step = running(&v, &gradient, momentum)?;
        let (step, rate) = match *step.shape() {
            [rows, columns] => {
                let taller = (rows as f32 / columns as f32).max(1.0).sqrt();
                (orthogonal(&step)?, rate * taller)
            }
            _ => (step, rate),
        };
        old.subtract(times(&step, rate)?)
    }
}

/// mean · beta + new · (1 − beta)
fn running(mean: &Array, new: &Array, beta: f32) -> Result<Array, Exception> {
    times(mean, beta)?.add(times(new, 1.0 - beta)?)
}

fn times(array: &Array, factor: f32) -> Result<Array, Exception> {
    array.multiply(Array::from_f32(factor))
}

/// The nearest orthogonal matrix, roughly: five steps of a Newton-Schulz iteration with the
/// coefficients of Jordan, "Muon: An optimizer for hidden layers in neural networks", 2024.
fn orthogonal(matrix: &Array) -> Result<Array, Exception> {
    const A: f32 = 3.4445;
    const B: f32 = -4.7750;
    const C: f32 = 2.0315;
    let tall = matrix.dim(0) > matrix.dim(1);
    let x = if tall { matrix.transpose()? } else { matrix.clone() };
    let norm = x.square()?.sum(false)?.sqrt()?;
    let mut x = x.divide(norm.add(Array::from_f32(1e-7))?)?;
    for _ in 0..5 {
        let square = x.matmul(x.transpose()?)?;
        let polynomial = times(&square, B)?.add(times(&square.matmul(&square)?, C)?)?;
        x = times(&x, A)?.add(polynomial.matmul(&x)?)?;
    }
    if tall { x.transpose() } else { Ok(x) }
}

/// Shortens gradients if their norm together is above `most`.
fn clipped(gradients: Vec<Array>, most: f32) -> Result<Vec<Array>, Exception> {
    let mut sum = Array::from_f32(0.0);
    for gradient in &gradients {
        sum = sum.add(gradient.as_dtype(Dtype::Float32)?.square()?.sum(false)?)?;
    }
    let factor = Array::from_f32(most).divide(sum.sqrt()?.add(Array::from_f32(1e-6))?)?;
    let factor = ops::minimum(factor, Array::from_f32(1.0))?;
    gradients.iter().map(|gradient| gradient.multiply(&factor)).collect()
}
