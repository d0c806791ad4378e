//! The network: what each unit means in its line, and how well each candidate fits.

use super::kernel::{dot, multiply, norm, rectify};
use super::shape::{FORWARD, HEADS, HIDDEN, REACH, ROW, VERDICTS, WIDTH, WINDOW};
use super::unit::Weighted;
use super::weights::{Layer, Weights};

/// Room for one line's numbers, kept from line to line.
#[derive(Debug, Default)]
pub struct Room {
    x: Vec<f32>,
    y: Vec<f32>,
    z: Vec<f32>,
    wide: Vec<f32>,
    attention: Vec<f32>,
}

/// What the encoder says of a line: for each token, what scoring needs of it.
#[derive(Debug, Default)]
pub struct Seen {
    /// Tokens × [`HIDDEN`]: for the token at which a step stands.
    pub(super) query: Vec<f32>,
    /// For a reading's last token.
    pub(super) last: Vec<f32>,
    /// For the token behind a reading; zero behind the line.
    pub(super) next: Vec<f32>,
    /// What the line is.
    pub(super) likely: Likely,
}

impl Seen {
    /// Whether it is of a line of so many tokens.
    pub(super) fn is_of(&self, tokens: usize) -> bool {
        self.last.len() == tokens * HIDDEN
    }
}

/// What a line is, as probabilities that sum to one.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Likely {
    /// A command as it is typed.
    pub command: f32,
    /// A command of which every separator was said.
    pub strict: f32,
    /// A dictated command, with or without talk.
    pub dictation: f32,
    /// Words that hold no command.
    pub prose: f32,
}

fn fill(values: &mut Vec<f32>, length: usize) -> &mut [f32] {
    values.clear();
    values.resize(length, 0.0);
    values
}

impl Weights {
    /// Encodes a line of which each unit has the rows given. Takes time linear in its length.
    pub fn encode(&self, units: &[Vec<Weighted>], room: &mut Room, seen: &mut Seen) {
        pulp::Arch::new().dispatch(Encode { weights: self, units, room, seen });
    }
}

struct Encode<'a> {
    weights: &'a Weights,
    units: &'a [Vec<Weighted>],
    room: &'a mut Room,
    seen: &'a mut Seen,
}

impl pulp::WithSimd for Encode<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) {
        let Encode { weights, units, room, seen } = self;
        let count = units.len();
        let sums = fill(&mut room.wide, count * ROW);
        for (unit, sum) in units.iter().zip(sums.chunks_exact_mut(ROW)) {
            let mut row_sum = [0f32; ROW];
            for &(row, weight) in unit {
                weights.rows.add(row, weight, &mut row_sum);
            }
            sum.copy_from_slice(&row_sum);
        }
        let y = fill(&mut room.y, count * WIDTH);
        multiply(simd, sums, &weights.input, y);
        let x = fill(&mut room.x, count * WIDTH);
        norm(y, &weights.input_norm, x);
        // Each unit between its neighbours.
        let three = fill(&mut room.wide, count * 3 * WIDTH);
        for (at, three) in three.chunks_exact_mut(3 * WIDTH).enumerate() {
            let from = at.saturating_sub(1) * WIDTH;
            let to = ((at + 2) * WIDTH).min(x.len());
            let skipped = if at == 0 { WIDTH } else { 0 };
            three[skipped..skipped + to - from].copy_from_slice(&x[from..to]);
        }
        let y = fill(&mut room.y, count * WIDTH);
        multiply(simd, three, &weights.neighbours, y);
        rectify(y, &weights.neighbours_bias);
        add(x, y);
        for layer in &weights.layers {
            let y = fill(&mut room.y, count * WIDTH);
            norm(x, &layer.attend_norm, y);
            let all = fill(&mut room.wide, count * 3 * WIDTH);
            multiply(simd, y, &layer.attend, all);
            let z = fill(&mut room.z, count * WIDTH);
            attend(layer, all, &mut room.attention, z);
            multiply(simd, z, &layer.merge, x);
            norm(x, &layer.forward_norm, y);
            let inner = fill(&mut room.wide, count * FORWARD);
            multiply(simd, y, &layer.widen, inner);
            rectify(inner, &layer.widen_bias);
            multiply(simd, inner, &layer.narrow, x);
        }
        let y = fill(&mut room.y, count * WIDTH);
        norm(x, &weights.output_norm, y);
        let query = fill(&mut seen.query, count * HIDDEN);
        for row in query.chunks_exact_mut(HIDDEN) {
            row.copy_from_slice(&weights.query_bias);
        }
        multiply(simd, y, &weights.query, query);
        multiply(simd, y, &weights.last, fill(&mut seen.last, count * HIDDEN));
        let next = fill(&mut seen.next, (count + 1) * HIDDEN);
        multiply(simd, y, &weights.next, &mut next[..count * HIDDEN]);
        seen.likely = likely(weights, y);
    }
}

/// From the mean over all units.
#[inline(always)]
fn likely(weights: &Weights, y: &[f32]) -> Likely {
    let mut mean = [0f32; WIDTH];
    for y in y.chunks_exact(WIDTH) {
        add(&mut mean, y);
    }
    let count = (y.len() / WIDTH).max(1) as f32;
    let mut scores = [0f32; VERDICTS];
    let rows = weights.gate.values.chunks_exact(WIDTH).zip(&weights.gate_bias);
    for (score, (row, bias)) in scores.iter_mut().zip(rows) {
        *score = dot(row, &mean) / count + bias;
    }
    let highest = scores.iter().copied().fold(f32::MIN, f32::max);
    let all = scores.map(|score| (score - highest).exp());
    let sum: f32 = all.iter().sum();
    let [command, strict, dictation, prose] = all.map(|part| part / sum);
    Likely { command, strict, dictation, prose }
}

#[inline(always)]
fn add(x: &mut [f32], y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x += y;
    }
}

/// Attention within the window. `all` holds query, key and value of each unit side by side.
#[inline(always)]
fn attend(layer: &Layer, all: &[f32], scores: &mut Vec<f32>, z: &mut [f32]) {
    const SIZE: usize = WIDTH / HEADS;
    let count = z.len() / WIDTH;
    let scale = (SIZE as f32).powf(-0.5);
    for from in 0..count {
        let (start, end) = (from.saturating_sub(WINDOW), (from + WINDOW + 1).min(count));
        for head in 0..HEADS {
            let part =
                |unit: usize, kind: usize| &all[unit * 3 * WIDTH + kind * WIDTH + head * SIZE..][..SIZE];
            let distance = &layer.distance.values[head * (2 * REACH + 1)..][..2 * REACH + 1];
            let query = part(from, 0);
            scores.clear();
            scores.extend((start..end).map(|to| {
                let near = (to as isize - from as isize).clamp(-(REACH as isize), REACH as isize);
                dot(query, part(to, 1)) * scale + distance[(near + REACH as isize) as usize]
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

/// A candidate to score.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scored<'a> {
    /// What the reading says by itself, [`HIDDEN`] long: see [`Weights::reading`].
    pub(super) reading: &'a [f32],
    /// Its rows of the table of candidates.
    pub(super) cross: &'a [u32],
}

impl Weights {
    /// What a reading says by itself and by the tokens that it spans, added to `sum`, which is [`HIDDEN`] long.
    pub(super) fn reading(&self, rows: &[u32], last: usize, end: usize, seen: &Seen, sum: &mut [f32]) {
        pulp::Arch::new().dispatch(SayReading { weights: self, rows, last, end, seen, sum });
    }

    /// The logarithm of the probability of each candidate among all of `candidates`, behind a history with `rows`, at
    /// `token`. Written into `scores`.
    pub(super) fn score(
        &self,
        token: usize,
        rows: &[u32],
        candidates: &[Scored<'_>],
        seen: &Seen,
        room: &mut Room,
        scores: &mut Vec<f32>,
    ) {
        pulp::Arch::new().dispatch(Score { weights: self, token, rows, candidates, seen, room, scores });
        let highest = scores.iter().copied().fold(f32::MIN, f32::max);
        let sum: f32 = scores.iter().map(|score| (score - highest).exp()).sum();
        let all = highest + sum.ln();
        for score in scores {
            *score -= all;
        }
    }
}

struct SayReading<'a> {
    weights: &'a Weights,
    rows: &'a [u32],
    last: usize,
    end: usize,
    seen: &'a Seen,
    sum: &'a mut [f32],
}

impl pulp::WithSimd for SayReading<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) {
        let SayReading { weights, rows, last, end, seen, sum } = self;
        let mut row_sum = [0f32; ROW];
        for &row in rows {
            weights.rows.add(row, 1.0, &mut row_sum);
        }
        multiply(simd, &row_sum, &weights.reading, sum);
        add(sum, &seen.last[last * HIDDEN..][..HIDDEN]);
        add(sum, &seen.next[end * HIDDEN..][..HIDDEN]);
    }
}

struct Score<'a> {
    weights: &'a Weights,
    token: usize,
    rows: &'a [u32],
    candidates: &'a [Scored<'a>],
    seen: &'a Seen,
    room: &'a mut Room,
    scores: &'a mut Vec<f32>,
}

impl pulp::WithSimd for Score<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) {
        let Score { weights, token, rows, candidates, seen, room, scores } = self;
        let mut row_sum = [0f32; ROW];
        for &row in rows {
            weights.rows.add(row, 1.0, &mut row_sum);
        }
        let mut query = [0f32; HIDDEN];
        query.copy_from_slice(&seen.query[token * HIDDEN..][..HIDDEN]);
        multiply(simd, &row_sum, &weights.history, &mut query);
        let hidden = fill(&mut room.x, candidates.len() * HIDDEN);
        let more = fill(&mut room.y, candidates.len() * HIDDEN);
        for (candidate, hidden) in candidates.iter().zip(hidden.chunks_exact_mut(HIDDEN)) {
            let mut sum = query;
            add(&mut sum, candidate.reading);
            for &row in candidate.cross {
                weights.cross.add(row, 1.0, &mut sum);
            }
            for (hidden, sum) in hidden.iter_mut().zip(sum) {
                *hidden = sum.max(0.0);
            }
        }
        multiply(simd, hidden, &weights.hidden, more);
        rectify(more, &weights.hidden_bias);
        add(hidden, more);
        scores.clear();
        let all = hidden.chunks_exact(HIDDEN);
        scores.extend(all.map(|hidden| dot(hidden, &weights.score.values).clamp(-60.0, 60.0)));
    }
}
