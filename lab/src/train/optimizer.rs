//! AdamW (Loshchilov and Hutter 2019) with a running average of the weights, in one pass over each parameter.

use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, InplaceOp2, Layout, Result, Tensor, Var};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// What AdamW keeps of a parameter.
#[derive(Debug, Clone, Default)]
pub(super) struct Moments {
    /// Running mean of the gradient.
    pub mean: Vec<f32>,
    /// Running mean of its square.
    pub square: Vec<f32>,
    /// Running average of the parameter.
    pub average: Vec<f32>,
}

/// Figures of one step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    /// Learning rate.
    pub learning: f32,
    /// Decay of the weights, as a share of the learning rate.
    pub decay: f32,
    /// Share of the old average that stays.
    pub averaging: f32,
    /// Longest gradient over all parameters; longer ones are cut to it.
    pub clip: f32,
    /// Steps done before this one.
    pub step: u64,
}

const BETA: (f32, f32) = (0.9, 0.98);
const EPSILON: f32 = 1e-8;

/// The state of all parameters.
#[derive(Debug, Default)]
pub(super) struct Optimizer {
    /// Name → what is kept of it.
    pub moments: BTreeMap<String, Mutex<Moments>>,
}

struct Update<'a> {
    moments: &'a Mutex<Moments>,
    rate: Rate,
    scale: f32,
    decays: bool,
}

impl InplaceOp2 for Update<'_> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(
        &self,
        weights: &mut CpuStorage,
        _: &Layout,
        gradient: &CpuStorage,
        at: &Layout,
    ) -> Result<()> {
        let CpuStorage::F32(weights) = weights else { candle_core::bail!("a parameter is not of f32") };
        let gradient = &gradient.as_slice::<f32>()?[at.start_offset()..];
        let mut moments = self.moments.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if moments.mean.is_empty() {
            moments.mean = vec![0.0; weights.len()];
            moments.square = vec![0.0; weights.len()];
            moments.average = weights.clone();
        }
        let Moments { mean, square, average } = &mut *moments;
        let rate = self.rate;
        let steps = rate.step as i32 + 1;
        let correction = (1.0 - BETA.0.powi(steps), 1.0 - BETA.1.powi(steps));
        let decay = if self.decays { rate.learning * rate.decay } else { 0.0 };
        for at in 0..weights.len() {
            let slope = gradient[at] * self.scale;
            mean[at] = BETA.0 * mean[at] + (1.0 - BETA.0) * slope;
            square[at] = BETA.1 * square[at] + (1.0 - BETA.1) * slope * slope;
            let step = (mean[at] / correction.0) / ((square[at] / correction.1).sqrt() + EPSILON);
            weights[at] -= rate.learning * step + decay * weights[at];
            average[at] = rate.averaging * average[at] + (1.0 - rate.averaging) * weights[at];
        }
        Ok(())
    }
}

impl Optimizer {
    /// Changes all parameters by one step. Returns the length of the gradient before it was cut; where that is no
    /// number, nothing was changed.
    pub(super) fn step(
        &mut self,
        parameters: &BTreeMap<String, Var>,
        gradients: &GradStore,
        rate: Rate,
    ) -> Result<f32> {
        let mut squares = 0.0;
        for var in parameters.values() {
            if let Some(gradient) = gradients.get(var) {
                squares += gradient.sqr()?.sum_all()?.to_scalar::<f32>()?;
            }
        }
        let length = squares.sqrt();
        if !length.is_finite() {
            return Ok(length);
        }
        let scale = if length > rate.clip { rate.clip / length } else { 1.0 };
        for (name, var) in parameters {
            let Some(gradient) = gradients.get(var) else { continue };
            let moments = self.moments.entry(name.clone()).or_default();
            let decays = name.ends_with(".weight");
            let gradient: Tensor = gradient.contiguous()?;
            var.as_tensor().inplace_op2(&gradient, &Update { moments, rate, scale, decays })?;
        }
        Ok(length)
    }
}
