//! The tagger's network for training, with candle. `sayso_tagger::network` computes the same
//! without a framework.

use crate::batch::Batch;
use crate::op::{
    DropoutMask, TableGradient, add_rows, add_with_dropout, attention, bag, choice, mean, neighbours, norm,
    rectify, score, with_dropout,
};
use crate::vectors::Vectors;
use candle_core::{Device, Result, Tensor, Var};
use fastrand::Rng;
use sayso_tagger::feature::{CROSS_ROWS, ROWS};
use sayso_tagger::shape::{HIDDEN, Init, LAYERS, ROW, parameters};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The tables. Their gradients are accumulated in [`Tables`] and not by candle.
pub(super) const TABLES: [&str; 2] = ["rows", "cross"];

/// All parameters that are trained, by name. Names are those of the weights file.
pub(super) struct Network {
    /// The parameters by their names in the weights file.
    pub parameters: BTreeMap<String, Var>,
    /// The table of word vectors, which stays as it is.
    pub vectors: Arc<Vectors>,
}

/// The gradients of [`TABLES`].
#[derive(Debug, Clone)]
pub(super) struct Tables {
    pub rows: TableGradient,
    pub cross: TableGradient,
}

impl Tables {
    /// Gradients of zero.
    pub(super) fn new() -> Tables {
        Tables { rows: TableGradient::new(ROWS * ROW), cross: TableGradient::new(CROSS_ROWS * HIDDEN) }
    }
}

/// The network's output for a batch.
pub(super) struct Output {
    /// One score for each candidate (candidates); `None` if the batch has no candidates.
    pub candidates: Option<Tensor>,
    /// One score for each class (lines × `CLASSES`).
    pub classes: Tensor,
}

/// Weight of the loss of a line's class relative to that of a step. Hand-chosen; not measured
/// separately.
const CLASS_WEIGHT: f64 = 0.2;

impl Network {
    /// Parameters as they are before training, without any word vector.
    pub(super) fn new(seed: u64) -> Result<Network> {
        let mut random = Rng::with_seed(seed);
        let mut uniform = |count: usize, deviation: f32| -> Vec<f32> {
            // Values that are uniform between ±√3 have a standard deviation of 1.
            (0..count).map(|_| (random.f32() * 2.0 - 1.0) * deviation * 3f32.sqrt()).collect()
        };
        let trained = parameters().filter(|(_, parameter)| parameter.init != Init::Frozen);
        let parameters = trained.map(|(name, parameter)| {
            let count = parameter.shape.iter().product();
            let values = match parameter.init {
                Init::Constant(value) => vec![value; count],
                Init::Frozen => vec![0.0; count],
                Init::Uniform(deviation) => uniform(count, deviation),
                Init::Scaled { inputs, gain } => uniform(count, (1.0 / inputs as f32).sqrt() * gain),
            };
            Ok((name, Var::from_tensor(&Tensor::from_vec(values, parameter.shape, &Device::Cpu)?)?))
        });
        Ok(Network { parameters: parameters.collect::<Result<_>>()?, vectors: Arc::new(Vectors::none()) })
    }

    fn get(&self, name: &str) -> &Tensor {
        self.parameters[name].as_tensor()
    }

    /// The number of parameters that are trained.
    pub(super) fn size(&self) -> usize {
        self.parameters.values().map(|var| var.elem_count()).sum()
    }

    /// Encodes the units of a batch (units × `WIDTH`).
    fn encode(&self, batch: &Batch, mask: Option<DropoutMask>, tables: &Tables) -> Result<Tensor> {
        let at = |place: u64| mask.map(|mask| mask.at(place));
        let sums = bag(self.get("rows"), &batch.units, &tables.rows)?;
        let sums = sums.matmul(self.get("input.weight"))?;
        let words = self.vectors.look_up(&batch.vectors)?.matmul(self.get("vector.weight"))?;
        let x = norm(&(sums + words)?, self.get("input.norm"))?;
        let x = with_dropout(&x, at(1))?;
        let y = neighbours(&x, &batch.line_ends)?.matmul(self.get("neighbours.weight"))?;
        let mut x = (x + rectify(&y, self.get("neighbours.bias"))?)?;
        for layer in 0..LAYERS {
            let get = |part: &str| self.get(&format!("layers.{layer}.{part}"));
            let y = norm(&x, get("attend.norm"))?.matmul(get("attend.weight"))?;
            let y = attention(&y, get("distance"), &batch.line_ends)?.matmul(get("merge.weight"))?;
            x = add_with_dropout(&x, &y, at(2 + 2 * layer as u64))?;
            let y = norm(&x, get("forward.norm"))?.matmul(get("widen.weight"))?;
            let y = rectify(&y, get("widen.bias"))?.matmul(get("narrow.weight"))?;
            x = add_with_dropout(&x, &y, at(3 + 2 * layer as u64))?;
        }
        norm(&x, self.get("output.norm"))
    }

    /// Scores all candidates, and the classes of each line.
    pub(super) fn output(&self, batch: &Batch, mask: Option<DropoutMask>, tables: &Tables) -> Result<Output> {
        let encoded = self.encode(batch, mask, tables)?;
        let candidates =
            if batch.steps.gold.is_empty() { None } else { Some(self.score(batch, &encoded, mask, tables)?) };
        let classes = mean(&encoded, &batch.line_ends)?.matmul(&self.get("gate.weight").t()?)?;
        let classes = classes.broadcast_add(self.get("gate.bias"))?;
        Ok(Output { candidates, classes })
    }

    fn score(
        &self,
        batch: &Batch,
        encoded: &Tensor,
        mask: Option<DropoutMask>,
        tables: &Tables,
    ) -> Result<Tensor> {
        let of_units = |name: &str| encoded.matmul(self.get(name));
        let rows = |bags| bag(self.get("rows"), bags, &tables.rows);
        let query = rows(&batch.history)?.matmul(self.get("history.weight"))?;
        let query = query.broadcast_add(self.get("query.bias"))?;
        let query = add_rows(&query, &of_units("query.weight")?, &batch.step_units)?;
        let reading = rows(&batch.readings)?.matmul(self.get("reading.weight"))?;
        let reading = add_rows(&reading, &of_units("last.weight")?, &batch.reading_last)?;
        let reading = add_rows(&reading, &of_units("next.weight")?, &batch.reading_next)?;
        let flat = |name: &str| self.get(name).flatten_all();
        let layer = Tensor::cat(&[flat("hidden.weight")?, flat("hidden.bias")?, flat("score.weight")?], 0)?;
        let cross = (self.get("cross"), &tables.cross);
        let mask = mask.map(|mask| mask.at(40));
        score([&query, &reading, &layer], cross, &batch.candidates, mask)
    }

    /// The loss: the mean cross-entropy of the right candidate over `steps`, plus [`CLASS_WEIGHT`]
    /// times the mean cross-entropy of the right class over `lines`. The batch may be a part of a
    /// training step; `steps` and `lines` count the whole training step.
    pub(super) fn loss(
        &self,
        batch: &Batch,
        mask: Option<DropoutMask>,
        tables: &Tables,
        (steps, lines): (usize, usize),
    ) -> Result<Tensor> {
        let output = self.output(batch, mask, tables)?;
        let class = choice(&output.classes, &batch.classes)?;
        let class = (class * (CLASS_WEIGHT / lines.max(1) as f64))?;
        let Some(candidates) = output.candidates else { return Ok(class) };
        let path = choice(&candidates, &batch.steps)?;
        (path / steps.max(1) as f64)? + class
    }
}
