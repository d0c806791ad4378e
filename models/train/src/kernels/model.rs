//! The architecture of Llama, Qwen2 and Qwen3: forward, and backward by hand. Shapes use the names
//! of `config.json`; `tokens` are those of an [`Input`].

use super::attention::{Heads, attend, attend_back};
use super::buffer::Buffer;
use super::input::Input;
use super::matmul::{Precision, matmul};
use super::rows::{
    add_bias, add_to, rms_norm, rms_norm_back, rotate, softmax, sum_rows, swiglu, swiglu_back,
};
use super::rows::{sum2, vectorized};
use super::view::{Into, View};
use rayon::prelude::*;
use sayso_language::checkpoint::Config;

/// Where a weight is.
#[derive(Debug, Clone)]
pub enum Place {
    /// Its numbers, which stay as they are.
    Frozen(Vec<f32>),
    /// Its index in the list of those that are trained.
    Trained(usize),
}

impl Place {
    fn of<'a>(&'a self, trained: &[&'a [f32]]) -> &'a [f32] {
        match self {
            Place::Frozen(numbers) => numbers,
            Place::Trained(at) => trained[*at],
        }
    }
}

/// A low-rank change of a matrix: (inputs, rank) and (rank, outputs), both trained.
#[derive(Debug, Clone, Copy)]
struct Adapter {
    a: usize,
    b: usize,
    scale: f32,
}

/// A matrix (outputs, inputs).
#[derive(Debug, Clone)]
struct Linear {
    weight: Place,
    /// (outputs)
    bias: Option<Place>,
    adapter: Option<Adapter>,
    outputs: usize,
    inputs: usize,
    precision: Precision,
}

#[derive(Debug, Clone)]
struct Layer {
    input_layernorm: Place,
    q_proj: Linear,
    k_proj: Linear,
    v_proj: Linear,
    o_proj: Linear,
    /// (head_dim)
    q_norm: Option<Place>,
    k_norm: Option<Place>,
    post_attention_layernorm: Place,
    gate_proj: Linear,
    up_proj: Linear,
    down_proj: Linear,
}

/// A model whose gradients can be computed.
#[derive(Debug, Clone)]
pub struct Model {
    config: Config,
    heads: Heads,
    embed_tokens: Linear,
    layers: Vec<Layer>,
    norm: Place,
    lm_head: Option<Linear>,
    /// Radians per position of each pair of a head.
    angles: Vec<f32>,
}

/// What a layer keeps of its way forward for the way back.
struct Kept {
    /// (tokens, hidden_size)
    x: Buffer,
    /// Queries and keys before they are normed, if they are.
    plain: Option<[Buffer; 2]>,
    /// Rotated queries and keys, and values.
    q: Buffer,
    k: Buffer,
    v: Buffer,
    /// (tokens, num_attention_heads · head_dim)
    mixed: Buffer,
    /// (tokens, hidden_size): behind the attention.
    middle: Buffer,
    /// (tokens, intermediate_size)
    gate: Buffer,
    up: Buffer,
}

impl Model {
    /// A model of weights by their names in a checkpoint, such as `model.norm.weight`, and of the
    /// adapters among the trained ones, which have one `scale`; its matrices are multiplied with
    /// `precision`. `place` has no answer for biases and adapters that are not there.
    ///
    /// # Errors
    /// The name of a weight that is missing.
    pub fn new(
        config: &Config,
        scale: f32,
        precision: Precision,
        mut place: impl FnMut(&str) -> Option<Place>,
    ) -> Result<Model, String> {
        let mut linear = |name: &str, outputs: usize, inputs: usize| -> Result<Linear, String> {
            let weight = format!("{name}.weight");
            let mut part = |part: &str| match place(&format!("{name}.{part}")) {
                Some(Place::Trained(at)) => Some(at),
                _ => None,
            };
            let adapter = part("lora_a").zip(part("lora_b")).map(|(a, b)| Adapter { a, b, scale });
            Ok(Linear {
                weight: place(&weight).ok_or(weight)?,
                bias: place(&format!("{name}.bias")),
                adapter,
                outputs,
                inputs,
                precision,
            })
        };
        let hidden = config.hidden_size;
        let (wide, narrow) =
            (config.num_attention_heads * config.head_dim, config.num_key_value_heads * config.head_dim);
        let embed_tokens = linear("model.embed_tokens", config.vocab_size, hidden)?;
        let lm_head = match config.tie_word_embeddings {
            true => None,
            false => Some(linear("lm_head", config.vocab_size, hidden)?),
        };
        let mut projections = Vec::new();
        for index in 0..config.num_hidden_layers {
            let mut of = |part: &str, outputs, inputs| {
                linear(&format!("model.layers.{index}.{part}"), outputs, inputs)
            };
            projections.push([
                of("self_attn.q_proj", wide, hidden)?,
                of("self_attn.k_proj", narrow, hidden)?,
                of("self_attn.v_proj", narrow, hidden)?,
                of("self_attn.o_proj", hidden, wide)?,
                of("mlp.gate_proj", config.intermediate_size, hidden)?,
                of("mlp.up_proj", config.intermediate_size, hidden)?,
                of("mlp.down_proj", hidden, config.intermediate_size)?,
            ]);
        }
        let mut norm = |name: String| place(&name).ok_or(name);
        let mut layers = Vec::new();
        for (index, [q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj]) in
            projections.into_iter().enumerate()
        {
            let mut of = |part: &str| norm(format!("model.layers.{index}.{part}.weight"));
            layers.push(Layer {
                input_layernorm: of("input_layernorm")?,
                post_attention_layernorm: of("post_attention_layernorm")?,
                q_norm: if config.qk_norm { Some(of("self_attn.q_norm")?) } else { None },
                k_norm: if config.qk_norm { Some(of("self_attn.k_norm")?) } else { None },
                q_proj,
                k_proj,
                v_proj,
                o_proj,
                gate_proj,
                up_proj,
                down_proj,
            });
        }
        let heads = Heads {
            queries: config.num_attention_heads,
            keys: config.num_key_value_heads,
            width: config.head_dim,
        };
        Ok(Model {
            heads,
            embed_tokens,
            layers,
            norm: norm("model.norm.weight".to_owned())?,
            lm_head,
            angles: config.rope.angles(config.head_dim),
            config: config.clone(),
        })
    }

    /// How many numbers its weights have that are not trained.
    pub fn numbers(&self) -> usize {
        let count = |place: &Place| match place {
            Place::Frozen(numbers) => numbers.len(),
            Place::Trained(_) => 0,
        };
        let of_layer = |layer: &Layer| {
            let Layer { q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, .. } = layer;
            [q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj]
                .map(|linear| count(&linear.weight))
                .into_iter()
                .sum::<usize>()
        };
        let head = self.lm_head.as_ref().map_or(0, |head| count(&head.weight));
        count(&self.embed_tokens.weight) + head + self.layers.iter().map(of_layer).sum::<usize>()
    }

    /// The mean cross-entropy of the learnt tokens, in nats.
    pub fn loss(&self, trained: &[&[f32]], input: &Input) -> f32 {
        let mut logits = self.logits(trained, input);
        cross_entropy(&mut logits, self.config.vocab_size, &input.targets, None)
    }

    /// The probabilities of all tokens at each learnt place: (learnt, vocab_size).
    pub fn probabilities(&self, trained: &[&[f32]], input: &Input) -> Buffer {
        let mut logits = self.logits(trained, input);
        logits.par_chunks_mut(self.config.vocab_size).for_each(|row| {
            vectorized(
                #[inline(always)]
                || softmax(row),
            );
        });
        logits
    }

    /// The logits at each learnt place: (learnt, vocab_size).
    fn logits(&self, trained: &[&[f32]], input: &Input) -> Buffer {
        let turns = self.turns(input);
        let mut x = self.embed(trained, input);
        for layer in &self.layers {
            x = self.forward(layer, trained, input, &turns, x).1;
        }
        let (normed, _) = self.learnt_rows(trained, input, &x);
        self.head().forward(trained, &normed)
    }

    /// The loss, and the gradients of all trained weights, which replace what stands in
    /// `gradients`. With a `teacher`, its probabilities at the learnt places are learnt too.
    pub fn loss_and_gradients(
        &self,
        trained: &[&[f32]],
        input: &Input,
        teacher: Option<Teacher<'_>>,
        gradients: &mut [Vec<f32>],
    ) -> f32 {
        let turns = self.turns(input);
        let mut x = self.embed(trained, input);
        let mut kept = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let (layer, next) = self.forward(layer, trained, input, &turns, x);
            kept.push(layer);
            x = next;
        }
        let (normed, rows) = self.learnt_rows(trained, input, &x);
        let head = self.head();
        let mut dlogits = head.forward(trained, &normed);
        let loss = cross_entropy(&mut dlogits, self.config.vocab_size, &input.targets, teacher);
        let mut dnormed = Buffer::stale(normed.len());
        head.backward(trained, &normed, &dlogits, Some((&mut dnormed, Into::Replace)), gradients);
        drop(dlogits);
        let mut drows = Buffer::stale(rows.len());
        let norm = self.norm.of(trained);
        let dnorm = rms_norm_back(&rows, norm, self.config.rms_norm_eps, &dnormed, &mut drows, false);
        keep(&self.norm, dnorm, gradients);
        let hidden = self.config.hidden_size;
        let mut dx = Buffer::zeros(x.len());
        for (row, at) in drows.chunks_exact(hidden).zip(&input.learnt) {
            add_to(&mut dx[at * hidden..][..hidden], row);
        }
        for (layer, kept) in self.layers.iter().zip(kept).rev() {
            self.backward(layer, trained, input, &turns, kept, &mut dx, gradients);
        }
        if let Place::Trained(at) = self.embed_tokens.weight {
            let gradient = &mut gradients[at];
            if self.lm_head.is_some() {
                gradient.fill(0.0);
            }
            for (row, token) in dx.chunks_exact(hidden).zip(&input.tokens) {
                let to = &mut gradient[*token as usize * hidden..][..hidden];
                to.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
            }
        }
        loss
    }

    /// The matrix that turns the last states into logits.
    fn head(&self) -> &Linear {
        self.lm_head.as_ref().unwrap_or(&self.embed_tokens)
    }

    /// Cosine and sine of each pair at each position.
    fn turns(&self, input: &Input) -> Vec<[f32; 2]> {
        let longest = input.lengths.iter().max().copied().unwrap_or(0);
        let turn = |position: usize| {
            self.angles.iter().map(move |angle| {
                let (sin, cos) = (f64::from(*angle) * position as f64).sin_cos();
                [cos as f32, sin as f32]
            })
        };
        (0..longest).flat_map(turn).collect()
    }

    /// (tokens, hidden_size)
    fn embed(&self, trained: &[&[f32]], input: &Input) -> Buffer {
        let (weight, hidden) = (self.embed_tokens.weight.of(trained), self.config.hidden_size);
        gather(weight, hidden, input.tokens.iter().map(|token| *token as usize))
    }

    /// The last states of the tokens before the learnt ones: normed, and as they are.
    fn learnt_rows(&self, trained: &[&[f32]], input: &Input, x: &[f32]) -> (Buffer, Buffer) {
        let hidden = self.config.hidden_size;
        let rows = gather(x, hidden, input.learnt.iter().copied());
        let mut normed = Buffer::stale(rows.len());
        rms_norm(&rows, self.norm.of(trained), self.config.rms_norm_eps, &mut normed);
        (normed, rows)
    }

    /// One layer: what it keeps, and its result.
    fn forward(
        &self,
        layer: &Layer,
        trained: &[&[f32]],
        input: &Input,
        turns: &[[f32; 2]],
        x: Buffer,
    ) -> (Kept, Buffer) {
        let (eps, heads) = (self.config.rms_norm_eps, self.heads);
        let mut normed = Buffer::stale(x.len());
        rms_norm(&x, layer.input_layernorm.of(trained), eps, &mut normed);
        let mut q = layer.q_proj.forward(trained, &normed);
        let mut k = layer.k_proj.forward(trained, &normed);
        let v = layer.v_proj.forward(trained, &normed);
        let plain = match (&layer.q_norm, &layer.k_norm) {
            (Some(q_norm), Some(k_norm)) => {
                let plain = [q.clone(), k.clone()];
                rms_norm(&plain[0], q_norm.of(trained), eps, &mut q);
                rms_norm(&plain[1], k_norm.of(trained), eps, &mut k);
                Some(plain)
            }
            _ => None,
        };
        for (x, count) in [(&mut q, heads.queries), (&mut k, heads.keys)] {
            rotate(x, count * heads.width, &input.positions, turns, self.angles.len(), false);
        }
        let mut mixed = Buffer::stale(q.len());
        attend(heads, &input.lengths, &q, &k, &v, &mut mixed);
        let mut middle = layer.o_proj.forward(trained, &mixed);
        add_to(&mut middle, &x);
        rms_norm(&middle, layer.post_attention_layernorm.of(trained), eps, &mut normed);
        let gate = layer.gate_proj.forward(trained, &normed);
        let up = layer.up_proj.forward(trained, &normed);
        let mut between = Buffer::stale(gate.len());
        swiglu(&gate, &up, &mut between);
        let mut next = layer.down_proj.forward(trained, &between);
        add_to(&mut next, &middle);
        (Kept { x, plain, q, k, v, mixed, middle, gate, up }, next)
    }

    /// One layer back: `dx` is the gradient of its result, and becomes that of its input.
    #[allow(clippy::too_many_arguments, reason = "they are those of `forward`, and the gradients")]
    fn backward(
        &self,
        layer: &Layer,
        trained: &[&[f32]],
        input: &Input,
        turns: &[[f32; 2]],
        kept: Kept,
        dx: &mut [f32],
        gradients: &mut [Vec<f32>],
    ) {
        let (eps, heads) = (self.config.rms_norm_eps, self.heads);
        let Kept { x, plain, q, k, v, mixed, middle, mut gate, mut up } = kept;
        let mut between = Buffer::stale(gate.len());
        swiglu(&gate, &up, &mut between);
        let mut dbetween = Buffer::stale(gate.len());
        layer.down_proj.backward(trained, &between, dx, Some((&mut dbetween, Into::Replace)), gradients);
        swiglu_back(&mut gate, &mut up, &dbetween);
        let mut normed = Buffer::stale(x.len());
        let norm = layer.post_attention_layernorm.of(trained);
        rms_norm(&middle, norm, eps, &mut normed);
        let mut dnormed = Buffer::stale(x.len());
        layer.gate_proj.backward(trained, &normed, &gate, Some((&mut dnormed, Into::Replace)), gradients);
        layer.up_proj.backward(trained, &normed, &up, Some((&mut dnormed, Into::Add)), gradients);
        let dnorm = rms_norm_back(&middle, norm, eps, &dnormed, dx, true);
        keep(&layer.post_attention_layernorm, dnorm, gradients);

        let mut dmixed = Buffer::stale(mixed.len());
        layer.o_proj.backward(trained, &mixed, dx, Some((&mut dmixed, Into::Replace)), gradients);
        let mut back = attend_back(heads, &input.lengths, [&q, &k, &v], &dmixed);
        for (x, count) in [(&mut back.q, heads.queries), (&mut back.k, heads.keys)] {
            rotate(x, count * heads.width, &input.positions, turns, self.angles.len(), true);
        }
        if let (Some([plain_q, plain_k]), Some(q_norm), Some(k_norm)) = (plain, &layer.q_norm, &layer.k_norm)
        {
            for (plain, norm, dy) in [(plain_q, q_norm, &mut back.q), (plain_k, k_norm, &mut back.k)] {
                let mut dplain = Buffer::stale(plain.len());
                let dnorm = rms_norm_back(&plain, norm.of(trained), eps, dy, &mut dplain, false);
                keep(norm, dnorm, gradients);
                *dy = dplain;
            }
        }
        let norm = layer.input_layernorm.of(trained);
        rms_norm(&x, norm, eps, &mut normed);
        layer.q_proj.backward(trained, &normed, &back.q, Some((&mut dnormed, Into::Replace)), gradients);
        layer.k_proj.backward(trained, &normed, &back.k, Some((&mut dnormed, Into::Add)), gradients);
        layer.v_proj.backward(trained, &normed, &back.v, Some((&mut dnormed, Into::Add)), gradients);
        let dnorm = rms_norm_back(&x, norm, eps, &dnormed, dx, true);
        keep(&layer.input_layernorm, dnorm, gradients);
    }
}

impl Linear {
    /// `x` (rows, inputs) → (rows, outputs)
    fn forward(&self, trained: &[&[f32]], x: &[f32]) -> Buffer {
        let rows = x.len() / self.inputs;
        let mut y = Buffer::stale(rows * self.outputs);
        let x = View::new(x, rows, self.inputs);
        let weight = View::new(self.weight.of(trained), self.outputs, self.inputs);
        matmul(&mut y, self.outputs, x, weight.t(), Into::Replace, self.precision);
        if let Some(adapter) = self.adapter {
            let (narrow, rank) = self.narrow(adapter, trained, x, rows);
            let b = View::new(trained[adapter.b], rank, self.outputs);
            matmul(&mut y, self.outputs, View::new(&narrow, rows, rank), b, Into::Add, self.precision);
        }
        if let Some(bias) = &self.bias {
            add_bias(&mut y, bias.of(trained));
        }
        y
    }

    /// `scale` · `x` · a: (rows, rank), and the rank.
    fn narrow(&self, adapter: Adapter, trained: &[&[f32]], x: View<'_>, rows: usize) -> (Buffer, usize) {
        let rank = trained[adapter.a].len() / self.inputs;
        let mut narrow = Buffer::stale(rows * rank);
        let a = View::new(trained[adapter.a], self.inputs, rank);
        matmul(&mut narrow, rank, x, a, Into::Replace, self.precision);
        narrow.iter_mut().for_each(|x| *x *= adapter.scale);
        (narrow, rank)
    }

    /// From the gradient of the result, `dy` (rows, outputs): that of `x` into `dx`, and those of
    /// trained weights.
    fn backward(
        &self,
        trained: &[&[f32]],
        x: &[f32],
        dy: &[f32],
        dx: Option<(&mut [f32], Into)>,
        gradients: &mut [Vec<f32>],
    ) {
        let rows = x.len() / self.inputs;
        let (x, dy_view) = (View::new(x, rows, self.inputs), View::new(dy, rows, self.outputs));
        let dnarrow = self.adapter.map(|adapter| {
            let (narrow, rank) = self.narrow(adapter, trained, x, rows);
            let into = &mut gradients[adapter.b];
            matmul(
                into,
                self.outputs,
                View::new(&narrow, rows, rank).t(),
                dy_view,
                Into::Replace,
                self.precision,
            );
            let mut dnarrow = Buffer::stale(rows * rank);
            let b = View::new(trained[adapter.b], rank, self.outputs);
            matmul(&mut dnarrow, rank, dy_view, b.t(), Into::Replace, self.precision);
            dnarrow.iter_mut().for_each(|x| *x *= adapter.scale);
            let into = &mut gradients[adapter.a];
            matmul(into, rank, x.t(), View::new(&dnarrow, rows, rank), Into::Replace, self.precision);
            (dnarrow, rank, adapter)
        });
        if let Place::Trained(at) = self.weight {
            matmul(&mut gradients[at], self.inputs, dy_view.t(), x, Into::Replace, self.precision);
        }
        if let Some(bias @ Place::Trained(_)) = &self.bias {
            keep(bias, sum_rows(dy, self.outputs), gradients);
        }
        let Some((dx, into)) = dx else { return };
        let weight = View::new(self.weight.of(trained), self.outputs, self.inputs);
        matmul(dx, self.inputs, dy_view, weight, into, self.precision);
        if let Some((dnarrow, rank, adapter)) = dnarrow {
            let a = View::new(trained[adapter.a], self.inputs, rank);
            matmul(dx, self.inputs, View::new(&dnarrow, rows, rank), a.t(), Into::Add, self.precision);
        }
    }
}

/// What a larger model thinks of the same tokens (Hinton and others, "Distilling the Knowledge in a Neural
/// Network", 2015).
#[derive(Debug, Clone, Copy)]
pub struct Teacher<'a> {
    /// (learnt, vocab_size): those of [`Model::probabilities`].
    pub probabilities: &'a [f32],
    /// How much it counts beside the true tokens, 0 to 1.
    pub share: f32,
}

/// The rows of `x` (…, width) at these places.
fn gather(x: &[f32], width: usize, places: impl ExactSizeIterator<Item = usize>) -> Buffer {
    let mut rows = Buffer::stale(places.len() * width);
    for (row, at) in rows.chunks_exact_mut(width).zip(places) {
        row.copy_from_slice(&x[at * width..][..width]);
    }
    rows
}

/// Keeps the gradient of a weight, if it is trained.
fn keep(place: &Place, gradient: Vec<f32>, gradients: &mut [Vec<f32>]) {
    if let Place::Trained(at) = place {
        gradients[*at] = gradient;
    }
}

/// The mean cross-entropy of `targets` under `logits` (targets, width), whose gradient replaces the
/// logits. A teacher's part of it is the cross-entropy of its probabilities.
fn cross_entropy(logits: &mut [f32], width: usize, targets: &[u32], teacher: Option<Teacher<'_>>) -> f32 {
    let mean = 1.0 / targets.len() as f32;
    let (share, probabilities) =
        teacher.map_or((0.0, &[][..]), |teacher| (teacher.share, teacher.probabilities));
    let losses: Vec<f32> = logits
        .par_chunks_mut(width)
        .zip(targets)
        .enumerate()
        .map(|(at, (row, target))| {
            let taught = probabilities.get(at * width..(at + 1) * width).unwrap_or_default();
            vectorized(
                #[inline(always)]
                || {
                    let wanted = row[*target as usize];
                    let meant = sum2(row, taught, |logit, probability| logit * probability);
                    let sum = softmax(row);
                    row[*target as usize] -= 1.0 - share;
                    if taught.is_empty() {
                        row.iter_mut().for_each(|x| *x *= mean);
                    } else {
                        for (x, probability) in row.iter_mut().zip(taught) {
                            *x = mean * (*x - share * probability);
                        }
                    }
                    (1.0 - share) * (sum - wanted)
                        + if taught.is_empty() { 0.0 } else { share * (sum - meant) }
                },
            )
        })
        .collect();
    sum2(&losses, &losses, |loss, _| loss) * mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_of_a_taught_loss_is_its_slope() {
        let logits = [0.3, -1.0, 2.0, 0.5, 1.5, 0.0, -0.5, 0.25];
        let probabilities = [0.1, 0.2, 0.6, 0.1, 0.25, 0.25, 0.3, 0.2];
        let teacher = Some(Teacher { probabilities: &probabilities, share: 0.7 });
        let loss = |logits: &[f32]| cross_entropy(&mut logits.to_vec(), 4, &[2, 0], teacher);
        let mut gradient = logits;
        cross_entropy(&mut gradient, 4, &[2, 0], teacher);
        for at in 0..8 {
            let moved = |by: f32| {
                let mut moved = logits;
                moved[at] += by;
                loss(&moved)
            };
            let slope = (moved(1e-2) - moved(-1e-2)) / 2e-2;
            assert!((slope - gradient[at]).abs() < 1e-4, "{at}: {slope}, not {}", gradient[at]);
        }
        // Who knows the answer for sure teaches nothing else.
        let certain = [0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0];
        let taught = Some(Teacher { probabilities: &certain, share: 0.7 });
        let alone = cross_entropy(&mut logits.to_vec(), 4, &[2, 0], None);
        assert!((cross_entropy(&mut logits.to_vec(), 4, &[2, 0], taught) - alone).abs() < 1e-6);
    }
}
