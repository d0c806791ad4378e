//! The tagger's network, as it is trained. `sayso_models::tagger::network` is the same without a framework.

use super::bag::bag;
use super::batch::Batch;
use candle_core::{D, Device, Result, Tensor, Var};
use fastrand::Rng;
use sayso_models::tagger::feature::{CROSS_ROWS, ROWS};
use sayso_models::tagger::shape::{FORWARD, HEADS, HIDDEN, LAYERS, REACH, ROW, WIDTH};
use std::collections::BTreeMap;

/// All parameters by name. Names are those of the weights file.
pub(super) struct Network {
    /// Name → parameter.
    pub parameters: BTreeMap<String, Var>,
}

/// How strongly training blurs what it sees.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blur {
    /// Share of activations that are set to zero.
    pub dropout: f32,
    /// Drawn from.
    pub seed: u64,
}

impl Network {
    /// Random parameters.
    pub(super) fn new(seed: u64) -> Result<Network> {
        let mut network = Network { parameters: BTreeMap::new() };
        let mut random = Rng::with_seed(seed);
        let mut add = |name: &str, shape: &[usize], scale: f32| -> Result<()> {
            let count: usize = shape.iter().product();
            // Uniform with the standard deviation `scale`.
            let values: Vec<f32> =
                (0..count).map(|_| (random.f32() * 2.0 - 1.0) * scale * 3f32.sqrt()).collect();
            let var = Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu)?)?;
            network.parameters.insert(name.to_owned(), var);
            Ok(())
        };
        let fan = |inputs: usize| (1.0 / inputs as f32).sqrt();
        add("rows", &[ROWS, ROW], 0.2)?;
        add("cross", &[CROSS_ROWS, HIDDEN], 0.05)?;
        add("input.weight", &[ROW, WIDTH], fan(ROW))?;
        add("neighbours.weight", &[3 * WIDTH, WIDTH], fan(3 * WIDTH))?;
        for layer in 0..LAYERS {
            add(&format!("layers.{layer}.attend.weight"), &[WIDTH, 3 * WIDTH], fan(WIDTH))?;
            add(&format!("layers.{layer}.merge.weight"), &[WIDTH, WIDTH], fan(WIDTH) * 0.5)?;
            add(&format!("layers.{layer}.distance"), &[HEADS, 2 * REACH + 1], 0.1)?;
            add(&format!("layers.{layer}.widen.weight"), &[WIDTH, FORWARD], fan(WIDTH))?;
            add(&format!("layers.{layer}.narrow.weight"), &[FORWARD, WIDTH], fan(FORWARD) * 0.5)?;
        }
        add("query.weight", &[WIDTH, HIDDEN], fan(WIDTH))?;
        add("history.weight", &[ROW, HIDDEN], fan(ROW))?;
        add("reading.weight", &[ROW, HIDDEN], fan(ROW))?;
        add("next.weight", &[WIDTH, HIDDEN], fan(WIDTH))?;
        add("last.weight", &[WIDTH, HIDDEN], fan(WIDTH))?;
        add("hidden.weight", &[HIDDEN, HIDDEN], fan(HIDDEN))?;
        add("score.weight", &[HIDDEN, 1], fan(HIDDEN))?;
        let mut constant = |name: &str, length: usize, value: f32| -> Result<()> {
            let var = Var::from_tensor(&Tensor::full(value, length, &Device::Cpu)?)?;
            network.parameters.insert(name.to_owned(), var);
            Ok(())
        };
        constant("input.norm", WIDTH, 1.0)?;
        constant("neighbours.bias", WIDTH, 0.0)?;
        for layer in 0..LAYERS {
            constant(&format!("layers.{layer}.attend.norm"), WIDTH, 1.0)?;
            constant(&format!("layers.{layer}.forward.norm"), WIDTH, 1.0)?;
            constant(&format!("layers.{layer}.widen.bias"), FORWARD, 0.0)?;
        }
        constant("output.norm", WIDTH, 1.0)?;
        constant("query.bias", HIDDEN, 0.0)?;
        constant("hidden.bias", HIDDEN, 0.0)?;
        Ok(network)
    }

    fn get(&self, name: &str) -> &Tensor {
        self.parameters[name].as_tensor()
    }

    /// The number of parameters.
    pub(super) fn size(&self) -> usize {
        self.parameters.values().map(|var| var.elem_count()).sum()
    }

    /// The encoder: (lines · units + 1) × [`WIDTH`]. The last row is zero: what stands behind a line.
    fn encode(&self, batch: &Batch, blur: Option<Blur>) -> Result<Tensor> {
        let (lines, units) = (batch.lines, batch.units_a_line);
        let sums = bag(self.get("rows"), batch.units.clone())?;
        let x = norm(&sums.matmul(self.get("input.weight"))?, self.get("input.norm"))?;
        let x = dropped(x, blur, 1)?;
        let x = self.neighbours(&x.reshape((lines, units, WIDTH))?)?;
        let near = nearness(units)?;
        let mut x = x.reshape((lines * units, WIDTH))?;
        for layer in 0..LAYERS {
            let name = |part: &str| format!("layers.{layer}.{part}");
            let y = norm(&x, self.get(&name("attend.norm")))?;
            let y = self.attend(&y, batch, layer, &near)?;
            x = (x + dropped(y, blur, 2 + 2 * layer as u64)?)?;
            let y = norm(&x, self.get(&name("forward.norm")))?;
            let y =
                y.matmul(self.get(&name("widen.weight")))?.broadcast_add(self.get(&name("widen.bias")))?;
            let y = y.relu()?.matmul(self.get(&name("narrow.weight")))?;
            x = (x + dropped(y, blur, 3 + 2 * layer as u64)?)?;
        }
        let x = norm(&x, self.get("output.norm"))?;
        Tensor::cat(&[x, Tensor::zeros((1, WIDTH), candle_core::DType::F32, &Device::Cpu)?], 0)
    }

    /// Adds to each unit what stands beside it.
    fn neighbours(&self, x: &Tensor) -> Result<Tensor> {
        let (lines, units, width) = x.dims3()?;
        let none = Tensor::zeros((lines, 1, width), x.dtype(), x.device())?;
        let before = Tensor::cat(&[&none, &x.narrow(1, 0, units - 1)?], 1)?;
        let after = Tensor::cat(&[&x.narrow(1, 1, units - 1)?, &none], 1)?;
        let three = Tensor::cat(&[&before, x, &after], 2)?.reshape((lines * units, 3 * width))?;
        let y = three.matmul(self.get("neighbours.weight"))?.broadcast_add(self.get("neighbours.bias"))?;
        x.add(&y.relu()?.reshape((lines, units, width))?)
    }

    fn attend(&self, x: &Tensor, batch: &Batch, layer: usize, near: &Tensor) -> Result<Tensor> {
        let (lines, units) = (batch.lines, batch.units_a_line);
        let size = WIDTH / HEADS;
        let all = x.matmul(self.get(&format!("layers.{layer}.attend.weight")))?;
        let all = all.reshape((lines, units, 3, HEADS, size))?.permute((2, 0, 3, 1, 4))?;
        let part = |at: usize| all.get(at)?.contiguous();
        let (query, key, value) = (part(0)?, part(1)?, part(2)?);
        let scores = (query.matmul(&key.transpose(2, 3)?.contiguous()?)? * (size as f64).powf(-0.5))?;
        let distance = self.get(&format!("layers.{layer}.distance")).index_select(near, 1)?;
        let scores = scores.broadcast_add(&distance.reshape((1, HEADS, units, units))?)?;
        let scores = scores.broadcast_add(&batch.mask)?;
        let scores = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?.detach())?.exp()?;
        let weights = scores.broadcast_div(&scores.sum_keepdim(D::Minus1)?)?;
        let y = weights.matmul(&value)?.permute((0, 2, 1, 3))?.contiguous()?;
        y.reshape((lines * units, WIDTH))?.matmul(self.get(&format!("layers.{layer}.merge.weight")))
    }

    /// The logarithm of each candidate's probability among those of its step.
    pub(super) fn scores(&self, batch: &Batch, blur: Option<Blur>) -> Result<Tensor> {
        let seen = self.encode(batch, blur)?;
        let select = |tokens: &Tensor, name: &str| seen.index_select(tokens, 0)?.matmul(self.get(name));
        let history = bag(self.get("rows"), batch.history.clone())?.matmul(self.get("history.weight"))?;
        let query = (select(&batch.step_tokens, "query.weight")? + history)?;
        let query = query.broadcast_add(self.get("query.bias"))?;
        let reading = bag(self.get("rows"), batch.readings.clone())?.matmul(self.get("reading.weight"))?;
        let reading = (reading + select(&batch.reading_last, "last.weight")?)?;
        let reading = (reading + select(&batch.reading_next, "next.weight")?)?;
        let hidden = bag(self.get("cross"), batch.cross.clone())?;
        let hidden = (hidden + query.index_select(&batch.candidate_steps, 0)?)?;
        let hidden = (hidden + reading.index_select(&batch.candidate_readings, 0)?)?;
        let hidden = dropped(hidden.relu()?, blur, 40)?;
        let more = hidden.matmul(self.get("hidden.weight"))?.broadcast_add(self.get("hidden.bias"))?;
        let hidden = (hidden + more.relu()?)?;
        let scores = hidden.matmul(self.get("score.weight"))?.squeeze(1)?;
        // Normalised over the candidates of each step; a score is far from where e^x ends.
        let scores = (scores.clamp(-60f32, 60f32))?;
        let steps = batch.gold_count();
        let sums = Tensor::zeros(steps, scores.dtype(), scores.device())?.index_add(
            &batch.candidate_steps,
            &scores.exp()?,
            0,
        )?;
        scores - sums.log()?.index_select(&batch.candidate_steps, 0)?
    }

    /// The mean over steps of the negative logarithm of the right candidate's probability.
    pub(super) fn loss(&self, batch: &Batch, blur: Option<Blur>) -> Result<Tensor> {
        self.scores(batch, blur)?.index_select(&batch.gold, 0)?.mean_all()?.neg()
    }
}

/// Root mean square normalisation (Zhang and Sennrich 2019).
fn norm(x: &Tensor, gain: &Tensor) -> Result<Tensor> {
    let size = (x.sqr()?.mean_keepdim(D::Minus1)? + 1e-5)?.sqrt()?;
    x.broadcast_div(&size)?.broadcast_mul(gain)
}

/// For each pair of units the index of their distance, cut at [`REACH`].
fn nearness(units: usize) -> Result<Tensor> {
    let reach = REACH as i64;
    let index = |from: usize, to: usize| (to as i64 - from as i64).clamp(-reach, reach) + reach;
    let all: Vec<u32> =
        (0..units).flat_map(|from| (0..units).map(move |to| index(from, to) as u32)).collect();
    Tensor::new(all, &Device::Cpu)
}

/// Sets a share of `x` to zero and the rest higher.
fn dropped(x: Tensor, blur: Option<Blur>, place: u64) -> Result<Tensor> {
    let Some(Blur { dropout, seed }) = blur.filter(|blur| blur.dropout > 0.0) else { return Ok(x) };
    let mut random = Rng::with_seed(seed.wrapping_mul(97).wrapping_add(place));
    let (limit, kept) = ((dropout * 256.0) as u8, 1.0 / (1.0 - dropout));
    let count = x.elem_count();
    let mut mask = Vec::with_capacity(count + 8);
    while mask.len() < count {
        for byte in random.u64(..).to_le_bytes() {
            mask.push(if byte < limit { 0.0 } else { kept });
        }
    }
    mask.truncate(count);
    let mask = Tensor::from_vec(mask, x.shape(), x.device())?;
    x * mask
}
