//! The network: what each token means in its line, and how well each candidate fits.
//!
//! `tokens` stands for the tokens of a line in the shapes below; all tensors are row-major.

use super::kernel::{bias_relu, dot, matmul_add, rms_norm};
use super::shape::{CLASSES, FORWARD, HEADS, HIDDEN, MAX_DISTANCE, ROW, VECTOR, WIDTH, WINDOW};
use super::step::StepFeatures;
use super::unit::Weighted;
use super::weights::{Layer, Weights};

/// The network's intermediate values. Each is resized before it is used; what a shape names last is the width of a row.
#[derive(Debug, Default)]
pub(super) struct Activations {
    /// tokens × [`WIDTH`]: the residual stream. Scoring uses it for candidates × [`HIDDEN`].
    residual: Vec<f32>,
    /// tokens × [`WIDTH`]: the residual stream after a norm. Scoring uses it for candidates × [`HIDDEN`].
    normed: Vec<f32>,
    /// tokens × [`WIDTH`]: what the attention heads gathered, side by side. At first tokens × [`VECTOR`]: word vectors.
    attended: Vec<f32>,
    /// tokens × the widest row of a step: embeddings ([`ROW`]), three neighbours (3 × [`WIDTH`]), query, key and value
    /// (3 × [`WIDTH`]), the inside of the feed-forward part ([`FORWARD`]).
    wide: Vec<f32>,
    /// At most 2 × [`WINDOW`] + 1: the attention of one token and head.
    attention: Vec<f32>,
}

/// What the encoder makes of a line: for each token, what scoring needs to know about it.
#[derive(Debug, Clone, Default)]
pub(super) struct Encoding {
    /// tokens × [`HIDDEN`]: used for the token at which a step starts.
    query: Vec<f32>,
    /// tokens × [`HIDDEN`]: used for the last token of a reading.
    last: Vec<f32>,
    /// (tokens + 1) × [`HIDDEN`]: used for the token behind a reading; zero behind the line.
    next: Vec<f32>,
    /// What the line is.
    pub(super) class: LineClass,
}

/// How likely a line is to be of each class: probabilities that sum to one.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LineClass {
    /// A command as it is typed.
    pub command: f32,
    /// A command dictated with every separator.
    pub strict: f32,
    /// A dictated command, with or without disfluencies.
    pub dictation: f32,
    /// Words that hold no command.
    pub prose: f32,
}

/// `values` resized to `length` zeros.
fn zeroed(values: &mut Vec<f32>, length: usize) -> &mut [f32] {
    values.clear();
    values.resize(length, 0.0);
    values
}

impl Weights {
    /// Encodes a line whose tokens have the rows `units` and the word vectors in the rows `vectors`. Takes time linear in
    /// its length.
    pub(super) fn encode(
        &self,
        (units, vectors): (&[Vec<Weighted>], &[Option<u32>]),
        activations: &mut Activations,
        encoding: &mut Encoding,
    ) {
        pulp::Arch::new().dispatch(Encode { weights: self, units, vectors, activations, encoding });
    }
}

struct Encode<'a> {
    weights: &'a Weights,
    units: &'a [Vec<Weighted>],
    vectors: &'a [Option<u32>],
    activations: &'a mut Activations,
    encoding: &'a mut Encoding,
}

impl pulp::WithSimd for Encode<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) {
        let Encode { weights, units, vectors, activations, encoding } = self;
        let Activations { residual, normed, attended, wide, attention } = activations;
        let count = units.len();
        // Embedding bags: tokens × ROW.
        let sums = zeroed(wide, count * ROW);
        for (unit, sum) in units.iter().zip(sums.chunks_exact_mut(ROW)) {
            let mut row_sum = [0f32; ROW];
            for &(row, weight) in unit {
                weights.rows.add(row, weight, &mut row_sum);
            }
            sum.copy_from_slice(&row_sum);
        }
        let y = zeroed(normed, count * WIDTH);
        matmul_add(simd, sums, &weights.input, y);
        // Word vectors: tokens × VECTOR, zero where a token has none.
        let dense = zeroed(attended, count * VECTOR);
        for (row, dense) in vectors.iter().zip(dense.chunks_exact_mut(VECTOR)) {
            let Some(row) = *row else { continue };
            let mut vector = [0f32; VECTOR];
            weights.vectors.add(row, 1.0, &mut vector);
            dense.copy_from_slice(&vector);
        }
        matmul_add(simd, dense, &weights.vector, y);
        let x = zeroed(residual, count * WIDTH);
        rms_norm(y, &weights.input_norm, x);
        // Convolution of width 3 over each token and its neighbours: tokens × 3·WIDTH, zero beyond the ends.
        let three = zeroed(wide, count * 3 * WIDTH);
        for (at, three) in three.chunks_exact_mut(3 * WIDTH).enumerate() {
            let from = at.saturating_sub(1) * WIDTH;
            let to = ((at + 2) * WIDTH).min(x.len());
            let skipped = if at == 0 { WIDTH } else { 0 };
            three[skipped..skipped + to - from].copy_from_slice(&x[from..to]);
        }
        let y = zeroed(normed, count * WIDTH);
        matmul_add(simd, three, &weights.conv, y);
        bias_relu(y, &weights.conv_bias);
        add(x, y);
        for layer in &weights.layers {
            // Attention: query, key and value are tokens × 3·WIDTH.
            let y = zeroed(normed, count * WIDTH);
            rms_norm(x, &layer.attention_norm, y);
            let qkv = zeroed(wide, count * 3 * WIDTH);
            matmul_add(simd, y, &layer.qkv, qkv);
            let z = zeroed(attended, count * WIDTH);
            attend(layer, qkv, attention, z);
            matmul_add(simd, z, &layer.out_proj, x);
            // Feed-forward: tokens × FORWARD inside.
            rms_norm(x, &layer.ffn_norm, y);
            let inner = zeroed(wide, count * FORWARD);
            matmul_add(simd, y, &layer.ffn_up, inner);
            bias_relu(inner, &layer.ffn_up_bias);
            matmul_add(simd, inner, &layer.ffn_down, x);
        }
        let y = zeroed(normed, count * WIDTH);
        rms_norm(x, &weights.output_norm, y);
        // What scoring needs: tokens × HIDDEN each.
        let query = zeroed(&mut encoding.query, count * HIDDEN);
        for row in query.chunks_exact_mut(HIDDEN) {
            row.copy_from_slice(&weights.query_bias);
        }
        matmul_add(simd, y, &weights.query, query);
        matmul_add(simd, y, &weights.last, zeroed(&mut encoding.last, count * HIDDEN));
        let next = zeroed(&mut encoding.next, (count + 1) * HIDDEN);
        matmul_add(simd, y, &weights.next, &mut next[..count * HIDDEN]);
        encoding.class = classify(weights, y);
    }
}

/// The class of a line, from the mean over its tokens; `y` is tokens × [`WIDTH`].
#[inline(always)]
fn classify(weights: &Weights, y: &[f32]) -> LineClass {
    let mut mean = [0f32; WIDTH];
    for y in y.chunks_exact(WIDTH) {
        add(&mut mean, y);
    }
    let count = (y.len() / WIDTH).max(1) as f32;
    let mut scores = [0f32; CLASSES];
    let rows = weights.class.values.chunks_exact(WIDTH).zip(&weights.class_bias);
    for (score, (row, bias)) in scores.iter_mut().zip(rows) {
        *score = dot(row, &mean) / count + bias;
    }
    let highest = scores.iter().copied().fold(f32::MIN, f32::max);
    let all = scores.map(|score| (score - highest).exp());
    let sum: f32 = all.iter().sum();
    let [command, strict, dictation, prose] = all.map(|part| part / sum);
    LineClass { command, strict, dictation, prose }
}

#[inline(always)]
fn add(x: &mut [f32], y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x += y;
    }
}

/// Attention within the window, with a learnt bias by relative distance (Shaw, Uszkoreit and Vaswani 2018, in the scalar
/// form of Raffel et al. 2020). `qkv` is tokens × 3·[`WIDTH`]: query, key and value side by side, in each the heads side
/// by side. Adds to `z`, tokens × [`WIDTH`].
#[inline(always)]
fn attend(layer: &Layer, qkv: &[f32], scores: &mut Vec<f32>, z: &mut [f32]) {
    /// Width of a head.
    const SIZE: usize = WIDTH / HEADS;
    let count = z.len() / WIDTH;
    let scale = (SIZE as f32).powf(-0.5);
    for from in 0..count {
        let (start, end) = (from.saturating_sub(WINDOW), (from + WINDOW + 1).min(count));
        for head in 0..HEADS {
            let part =
                |token: usize, kind: usize| &qkv[token * 3 * WIDTH + kind * WIDTH + head * SIZE..][..SIZE];
            let relative_bias =
                &layer.relative_bias.values[head * (2 * MAX_DISTANCE + 1)..][..2 * MAX_DISTANCE + 1];
            let query = part(from, 0);
            scores.clear();
            scores.extend((start..end).map(|to| {
                let near =
                    (to as isize - from as isize).clamp(-(MAX_DISTANCE as isize), MAX_DISTANCE as isize);
                dot(query, part(to, 1)) * scale + relative_bias[(near + MAX_DISTANCE as isize) as usize]
            }));
            let highest = scores.iter().copied().fold(f32::MIN, f32::max);
            let mut sum = 0.0;
            for score in scores.iter_mut() {
                *score = (*score - highest).exp();
                sum += *score;
            }
            let z = &mut z[from * WIDTH + head * SIZE..][..SIZE];
            for (to, score) in (start..end).zip(scores.iter()) {
                let weight = score / sum;
                for (z, value) in z.iter_mut().zip(part(to, 2)) {
                    *z += weight * value;
                }
            }
        }
    }
}

/// Scores are kept within ± this, in nats, so that no exponential overflows. Hand-chosen, never measured apart.
const MAX_SCORE: f32 = 60.0;

impl Weights {
    /// Writes into `found`, readings × [`HIDDEN`], what each reading says by itself, which its `rows` tell, and by its
    /// context: the token that it ends with and the token behind it, whose numbers are in `ends`. `sums` is scratch.
    pub(super) fn readings(
        &self,
        rows: impl Iterator<Item = [u32; 8]>,
        ends: impl Iterator<Item = usize>,
        encoding: &Encoding,
        sums: &mut Vec<f32>,
        found: &mut Vec<f32>,
    ) {
        sums.clear();
        for rows in rows {
            let mut row_sum = [0f32; ROW];
            rows.iter().for_each(|&row| self.rows.add(row, 1.0, &mut row_sum));
            sums.extend_from_slice(&row_sum);
        }
        let found = zeroed(found, sums.len() / ROW * HIDDEN);
        pulp::Arch::new().dispatch(AddReadings { weights: self, sums, found });
        for (end, found) in ends.zip(found.chunks_exact_mut(HIDDEN)) {
            add(found, &encoding.last[(end - 1) * HIDDEN..][..HIDDEN]);
            add(found, &encoding.next[end * HIDDEN..][..HIDDEN]);
        }
    }

    /// Writes into `scores` the logarithm of the probability of each candidate of a step at `token`, among all of them.
    /// `readings` is choices × [`HIDDEN`]: see [`Weights::readings`].
    pub(super) fn score(
        &self,
        token: usize,
        step: &StepFeatures,
        readings: &[f32],
        encoding: &Encoding,
        activations: &mut Activations,
        scores: &mut Vec<f32>,
    ) {
        let weights = self;
        pulp::Arch::new().dispatch(ScoreStep {
            weights,
            token,
            step,
            readings,
            encoding,
            activations,
            scores,
        });
        let highest = scores.iter().copied().fold(f32::MIN, f32::max);
        let sum: f32 = scores.iter().map(|score| (score - highest).exp()).sum();
        let all = highest + sum.ln();
        for score in scores {
            *score -= all;
        }
    }
}

struct AddReadings<'a> {
    weights: &'a Weights,
    sums: &'a [f32],
    found: &'a mut [f32],
}

impl pulp::WithSimd for AddReadings<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) {
        matmul_add(simd, self.sums, &self.weights.reading, self.found);
    }
}

struct ScoreStep<'a> {
    weights: &'a Weights,
    token: usize,
    step: &'a StepFeatures,
    readings: &'a [f32],
    encoding: &'a Encoding,
    activations: &'a mut Activations,
    scores: &'a mut Vec<f32>,
}

impl pulp::WithSimd for ScoreStep<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) {
        let ScoreStep { weights, token, step, readings, encoding, activations, scores } = self;
        let mut row_sum = [0f32; ROW];
        for &row in &step.history {
            weights.rows.add(row, 1.0, &mut row_sum);
        }
        let mut query = [0f32; HIDDEN];
        query.copy_from_slice(&encoding.query[token * HIDDEN..][..HIDDEN]);
        matmul_add(simd, &row_sum, &weights.history, &mut query);
        // Candidates × HIDDEN both.
        let hidden = zeroed(&mut activations.residual, step.candidates.len() * HIDDEN);
        let more = zeroed(&mut activations.normed, step.candidates.len() * HIDDEN);
        let candidates = step.candidates.iter().zip(step.cross());
        for ((candidate, cross), hidden) in candidates.zip(hidden.chunks_exact_mut(HIDDEN)) {
            let mut sum = query;
            add(&mut sum, &readings[candidate.choice as usize * HIDDEN..][..HIDDEN]);
            for &row in cross {
                weights.cross.add(row, 1.0, &mut sum);
            }
            for (hidden, sum) in hidden.iter_mut().zip(sum) {
                *hidden = sum.max(0.0);
            }
        }
        matmul_add(simd, hidden, &weights.hidden, more);
        bias_relu(more, &weights.hidden_bias);
        add(hidden, more);
        scores.clear();
        let all = hidden.chunks_exact(HIDDEN);
        scores.extend(all.map(|hidden| dot(hidden, &weights.score.values).clamp(-MAX_SCORE, MAX_SCORE)));
    }
}
