//! Causal attention within each example.

use super::buffer::Buffer;
use super::matmul::matmul_here;
use super::rows::{softmax, vectorized};
use super::view::{Into, View};
use rayon::prelude::*;

/// The widths of an attention.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heads {
    /// Heads of the queries.
    pub(super) queries: usize,
    /// Heads of keys and values.
    pub(super) keys: usize,
    /// Width of a head.
    pub(super) width: usize,
}

impl Heads {
    fn scale(self) -> f32 {
        (self.width as f32).sqrt().recip()
    }

    /// The head of keys and values that a head of the queries reads.
    fn key_of(self, query: usize) -> usize {
        query / (self.queries / self.keys)
    }
}

/// Splits (tokens, width) into the examples.
fn split<'a>(lengths: &[usize], width: usize, mut x: &'a [f32]) -> Vec<&'a [f32]> {
    let take = |length: &usize| {
        let (part, rest) = x.split_at(length * width);
        x = rest;
        part
    };
    lengths.iter().map(take).collect()
}

fn split_mut<'a>(lengths: &[usize], width: usize, x: &'a mut [f32]) -> Vec<&'a mut [f32]> {
    let mut rest = x;
    let mut parts = Vec::with_capacity(lengths.len());
    for length in lengths {
        let (part, behind) = rest.split_at_mut(length * width);
        parts.push(part);
        rest = behind;
    }
    parts
}

/// The weights of one head (length, length), into `weights`.
fn weigh(heads: Heads, q: View<'_>, k: View<'_>, length: usize, weights: &mut [f32]) {
    matmul_here(weights, length, heads.scale(), q, k.t(), Into::Replace);
    vectorized(
        #[inline(always)]
        || {
            for (at, row) in weights.chunks_exact_mut(length).enumerate() {
                let (seen, later) = row.split_at_mut(at + 1);
                softmax(seen);
                later.fill(0.0);
            }
        },
    );
}

/// `q` (tokens, queries · width), `k` and `v` (tokens, keys · width) → `mixed` as `q`.
pub(super) fn attend(heads: Heads, lengths: &[usize], q: &[f32], k: &[f32], v: &[f32], mixed: &mut [f32]) {
    let (wide, narrow) = (heads.queries * heads.width, heads.keys * heads.width);
    let (q, k, v) = (split(lengths, wide, q), split(lengths, narrow, k), split(lengths, narrow, v));
    split_mut(lengths, wide, mixed).into_par_iter().enumerate().for_each(|(example, mixed)| {
        let (q, k, v, length) = (q[example], k[example], v[example], lengths[example]);
        let mut weights = vec![0.0; length * length];
        for head in 0..heads.queries {
            let (at, key) = (head * heads.width, heads.key_of(head) * heads.width);
            let q = View::part(&q[at..], length, heads.width, wide);
            let k = View::part(&k[key..], length, heads.width, narrow);
            let v = View::part(&v[key..], length, heads.width, narrow);
            weigh(heads, q, k, length, &mut weights);
            matmul_here(&mut mixed[at..], wide, 1.0, View::new(&weights, length, length), v, Into::Replace);
        }
    });
}

/// The gradients of queries, keys and values.
pub(super) struct Gradients {
    pub(super) q: Buffer,
    pub(super) k: Buffer,
    pub(super) v: Buffer,
}

/// The gradients of [`attend`] from that of its result, `dmixed`.
pub(super) fn attend_back(
    heads: Heads,
    lengths: &[usize],
    [q, k, v]: [&[f32]; 3],
    dmixed: &[f32],
) -> Gradients {
    let (wide, narrow) = (heads.queries * heads.width, heads.keys * heads.width);
    let mut gradients =
        Gradients { q: Buffer::zeros(q.len()), k: Buffer::zeros(k.len()), v: Buffer::zeros(v.len()) };
    let (q, k, v) = (split(lengths, wide, q), split(lengths, narrow, k), split(lengths, narrow, v));
    let dmixed = split(lengths, wide, dmixed);
    let dq = split_mut(lengths, wide, &mut gradients.q);
    let dk = split_mut(lengths, narrow, &mut gradients.k);
    let dv = split_mut(lengths, narrow, &mut gradients.v);
    dq.into_par_iter().zip(dk).zip(dv).enumerate().for_each(|(example, ((dq, dk), dv))| {
        let (q, k, v) = (q[example], k[example], v[example]);
        let (dmixed, length) = (dmixed[example], lengths[example]);
        let mut weights = vec![0.0; length * length];
        let mut scores = vec![0.0; length * length];
        for head in 0..heads.queries {
            let (at, key) = (head * heads.width, heads.key_of(head) * heads.width);
            let q = View::part(&q[at..], length, heads.width, wide);
            let k = View::part(&k[key..], length, heads.width, narrow);
            let v = View::part(&v[key..], length, heads.width, narrow);
            let dmixed = View::part(&dmixed[at..], length, heads.width, wide);
            weigh(heads, q, k, length, &mut weights);
            let square = View::new(&weights, length, length);
            matmul_here(&mut dv[key..], narrow, 1.0, square.t(), dmixed, Into::Add);
            // The gradient of the weights, then that of the scores.
            matmul_here(&mut scores, length, 1.0, dmixed, v.t(), Into::Replace);
            vectorized(
                #[inline(always)]
                || {
                    for (row, weights) in scores.chunks_exact_mut(length).zip(weights.chunks_exact(length)) {
                        let mean = super::rows::sum2(row, weights, |slope, weight| slope * weight);
                        for (slope, weight) in row.iter_mut().zip(weights) {
                            *slope = weight * (*slope - mean);
                        }
                    }
                },
            );
            let square = View::new(&scores, length, length);
            matmul_here(&mut dq[at..], wide, heads.scale(), square, k, Into::Replace);
            matmul_here(&mut dk[key..], narrow, heads.scale(), square.t(), q, Into::Add);
        }
    });
    gradients
}
