//! What a run will take, before it starts: memory from the shapes, time from a few gradients.

use super::Trained;
use super::model::Model;
use crate::TrainError;
use crate::data::{Batch, Batches};
use crate::recipe::{OptimizerName, Recipe};
use mlx_rs::memory;
use sayso_language::checkpoint::Config;
use std::time::Instant;

/// What computing the gradients of a layer takes, in parts of what the layer keeps. Measured on two
/// models of 2 and 30 layers, 2026-11-29.
const BACKWARD: f64 = 2.1;

/// Bytes for each number of the model while held-out lines are written: 16 bits each in the fused model, in its file, and
/// in the decoder.
pub const WRITING: f64 = 6.0;

/// What a run will take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Peak of MLX's memory, in bytes; that of all memory where our own kernels compute.
    pub bytes: f64,
    /// Time of all iterations, in seconds, without measurements; `None` if it was not tried.
    pub seconds: Option<f64>,
}

/// The peak of MLX's memory in bytes, from the shapes: weights that are loaded, gradients and
/// optimizer, and what the largest batch keeps for its gradients.
///
/// # Errors
/// Whatever MLX refuses.
pub fn memory_of(
    recipe: &Recipe,
    model: &Model,
    trained: &Trained,
    batches: &mut Batches,
    done: usize,
) -> Result<f64, TrainError> {
    let loaded = memory::active_memory()? as f64;
    let weights: f64 = trained.arrays.iter().map(|array| array.size() as f64 * 4.0).sum();
    // Means that the optimizer keeps, of the size of the weights.
    let means = match recipe.optimizer.name {
        OptimizerName::Adam | OptimizerName::AdamW => 2.0,
        OptimizerName::Muon => 1.0,
        OptimizerName::Sgd if recipe.optimizer.momentum.unwrap_or(0.0) > 0.0 => 1.0,
        OptimizerName::Sgd | OptimizerName::Adafactor => 0.0,
    };
    let sums = if recipe.run.accumulation > 1 { 1.0 } else { 0.0 };
    let kept = loaded + weights * (means + sums);
    let places = batches.places(done..recipe.run.iterations);
    let width = if model.dtype() == mlx_rs::Dtype::Float32 { 4.0 } else { 2.0 };
    let of_batch = |(rows, columns, targets): (usize, usize, usize)| {
        let layer = rows as f64 * columns as f64 * numbers_of_layer(model.config(), columns) * width;
        let layers = model.config().num_hidden_layers as f64;
        let inputs = rows as f64 * columns as f64 * model.config().hidden_size as f64 * width;
        // Logits as they are, as 32-bit numbers, and their gradients.
        let logits = targets as f64 * model.config().vocab_size as f64 * (2.0 * width + 8.0);
        match recipe.run.checkpointing {
            true => inputs * layers + (layer * (1.0 + BACKWARD)).max(logits),
            false => layer * (layers + BACKWARD) + logits,
        }
    };
    let passes = places.iter().map(|place| of_batch(batches.shape(*place))).fold(0.0, f64::max);
    Ok(kept + passes + weights)
}

/// Numbers that a layer keeps for each token until its gradients are computed. What is only added
/// up is not kept.
fn numbers_of_layer(config: &Config, columns: usize) -> f64 {
    let hidden = config.hidden_size as f64;
    let queries = (config.num_attention_heads * config.head_dim) as f64;
    let keys = (config.num_key_value_heads * config.head_dim) as f64;
    // Two sums and their norms; queries, keys and values, turned, and the heads; gate, its sigmoid,
    // up, and all multiplied.
    let own = 4.0 * hidden + 2.0 * queries + 2.0 * keys + 4.0 * config.intermediate_size as f64;
    // The softmax of the scores, for each token before.
    let attention = own + config.num_attention_heads as f64 * columns as f64;
    let Some(net) = config.delta_net else { return attention };
    // The channels before the convolution, their shifted copies, and after it as they are, normalised
    // and as 32-bit numbers; what the heads yield, normalised and gated; and five matrices of
    // tokens by tokens for each value head.
    let copies = net.linear_conv_kernel_dim as f64 + 4.0;
    let delta = 4.0 * hidden
        + copies * net.conv_dim() as f64
        + 6.0 * net.value_dim() as f64
        + 4.0 * config.intermediate_size as f64
        + 5.0 * net.linear_num_value_heads as f64 * columns as f64;
    delta.max(attention)
}

/// Tries the gradients of a short, a middle and the longest batch, and adds up the time of all
/// iterations from them. Nothing is changed.
///
/// # Errors
/// Those of `gradients`.
pub fn tried(
    recipe: &Recipe,
    batches: &mut Batches,
    done: usize,
    mut gradients: impl FnMut(&Batch) -> Result<(), TrainError>,
) -> Result<f64, TrainError> {
    let mut places = batches.places(done..recipe.run.iterations);
    let size = |place: usize| {
        let (rows, columns, _) = batches.shape(place);
        rows * columns
    };
    places.sort_by_key(|place| size(*place));
    let Some(last) = places.len().checked_sub(1) else { return Ok(0.0) };
    let mut seconds = |place: usize| -> Result<f64, TrainError> {
        let begun = Instant::now();
        gradients(&batches.at(place))?;
        Ok(begun.elapsed().as_secs_f64())
    };
    // The first one also compiles and fills caches.
    seconds(places[0])?;
    let mut points = Vec::new();
    for at in [0, last / 2, last] {
        points.push((size(places[at]) as f64, seconds(places[at])?));
    }
    let (slope, level) = line(&points);
    let all: f64 = places.iter().map(|place| (level + slope * size(*place) as f64).max(0.0)).sum();
    Ok(all / places.len() as f64 * (recipe.run.iterations - done) as f64)
}

/// The line of least squares through points: its slope and its value at 0.
fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let count = points.len() as f64;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(&|point| point.0), mean(&|point| point.1));
    let spread = mean(&|point| (point.0 - x).powi(2));
    let slope = if spread > 0.0 { mean(&|point| (point.0 - x) * (point.1 - y)) / spread } else { 0.0 };
    (slope, y - slope * x)
}

/// The most memory that this process ever had, in bytes; `None` where that cannot be asked.
pub fn peak() -> Option<f64> {
    status("/proc/self/status", "VmHWM:")
}

/// The memory that this process has now, in bytes; `None` where that cannot be asked.
pub fn resident() -> Option<f64> {
    status("/proc/self/status", "VmRSS:")
}

/// Memory that is free now, in bytes; `None` where that cannot be asked.
pub fn available() -> Option<f64> {
    status("/proc/meminfo", "MemAvailable:")
}

fn status(path: &str, entry: &str) -> Option<f64> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(entry))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_through_points_on_it() {
        let (slope, level) = line(&[(1.0, 3.0), (2.0, 5.0), (4.0, 9.0)]);
        assert!((slope - 2.0).abs() < 1e-9 && (level - 1.0).abs() < 1e-9);
        assert_eq!(line(&[(2.0, 5.0), (2.0, 7.0)]), (0.0, 6.0));
    }
}
