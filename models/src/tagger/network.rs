//! The network: what each unit means in its line, and how well each candidate fits.

use super::kernel::{dot, multiply, norm, rectify};
use super::shape::{FORWARD, HEADS, HIDDEN, REACH, ROW, WIDTH, WINDOW};
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
    fn with_simd<S: pulp::Simd>(self, _simd: S) {
        let Encode { weights, units, room, seen } = self;
        let count = units.len();
        let sums = fill(&mut room.wide, count * ROW);
        for (unit, sum) in units.iter().zip(sums.chunks_exact_mut(ROW)) {
            for &(row, weight) in unit {
                weights.rows.add(row, weight, sum);
            }
        }
        let y = fill(&mut room.y, count * WIDTH);
        multiply(sums, &weights.input, y);
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
        multiply(three, &weights.neighbours, y);
        rectify(y, &weights.neighbours_bias);
        add(x, y);
        for layer in &weights.layers {
            let y = fill(&mut room.y, count * WIDTH);
            norm(x, &layer.attend_norm, y);
            let all = fill(&mut room.wide, count * 3 * WIDTH);
            multiply(y, &layer.attend, all);
            let z = fill(&mut room.z, count * WIDTH);
            attend(layer, all, &mut room.attention, z);
            multiply(z, &layer.merge, x);
            norm(x, &layer.forward_norm, y);
            let inner = fill(&mut room.wide, count * FORWARD);
            multiply(y, &layer.widen, inner);
            rectify(inner, &layer.widen_bias);
            multiply(inner, &layer.narrow, x);
        }
        let y = fill(&mut room.y, count * WIDTH);
        norm(x, &weights.output_norm, y);
        let query = fill(&mut seen.query, count * HIDDEN);
        for row in query.chunks_exact_mut(HIDDEN) {
            row.copy_from_slice(&weights.query_bias);
        }
        multiply(y, &weights.query, query);
        multiply(y, &weights.last, fill(&mut seen.last, count * HIDDEN));
        let next = fill(&mut seen.next, (count + 1) * HIDDEN);
        multiply(y, &weights.next, &mut next[..count * HIDDEN]);
    }
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
        let mut row_sum = [0f32; ROW];
        for &row in rows {
            self.rows.add(row, 1.0, &mut row_sum);
        }
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                multiply(&row_sum, &self.reading, sum);
                add(sum, &seen.last[last * HIDDEN..][..HIDDEN]);
                add(sum, &seen.next[end * HIDDEN..][..HIDDEN]);
            },
        );
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
        let mut row_sum = [0f32; ROW];
        for &row in rows {
            self.rows.add(row, 1.0, &mut row_sum);
        }
        let hidden = fill(&mut room.x, candidates.len() * HIDDEN);
        let more = fill(&mut room.y, candidates.len() * HIDDEN);
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                let mut query = [0f32; HIDDEN];
                query.copy_from_slice(&seen.query[token * HIDDEN..][..HIDDEN]);
                multiply(&row_sum, &self.history, &mut query);
                for (candidate, hidden) in candidates.iter().zip(hidden.chunks_exact_mut(HIDDEN)) {
                    hidden.copy_from_slice(&query);
                    add(hidden, candidate.reading);
                    for &row in candidate.cross {
                        self.cross.add(row, 1.0, hidden);
                    }
                    for hidden in hidden {
                        *hidden = hidden.max(0.0);
                    }
                }
                multiply(hidden, &self.hidden, more);
                rectify(more, &self.hidden_bias);
                add(hidden, more);
                scores.clear();
                let all = hidden.chunks_exact(HIDDEN);
                scores.extend(all.map(|hidden| dot(hidden, &self.score.values).clamp(-60.0, 60.0)));
            },
        );
        let highest = scores.iter().copied().fold(f32::MIN, f32::max);
        let sum: f32 = scores.iter().map(|score| (score - highest).exp()).sum();
        let all = highest + sum.ln();
        for score in scores {
            *score -= all;
        }
    }
}
