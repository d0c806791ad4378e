//! Multi-head attention (Vaswani et al. 2017) of each unit to the units of its line within a
//! window, with a learnt bias for the distance between two units.

use super::{gradient, read, result, values};
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use sayso_tagger::shape::{HEADS, MAX_DISTANCE, WIDTH, WINDOW};
use std::ops::Range;
use std::sync::Arc;

/// Width of a head.
const SIZE: usize = WIDTH / HEADS;
/// Number of distances that a head distinguishes.
const DISTANCES: usize = 2 * MAX_DISTANCE + 1;

struct Attention {
    ends: Arc<[u32]>,
}

/// Returns the attention of all units (units × [`WIDTH`]).
///
/// `all` holds query, key and value of each unit side by side (units × 3·[`WIDTH`]). `distance` is
/// the bias that is added to a score ([`HEADS`] × (2·[`MAX_DISTANCE`] + 1)); larger distances count
/// as [`MAX_DISTANCE`]. `ends` holds the end of each line, in units.
pub(crate) fn attention(all: &Tensor, distance: &Tensor, ends: &Arc<[u32]>) -> Result<Tensor> {
    all.apply_op2(distance, Attention { ends: ends.clone() })
}

/// The range in `all` of the query (0), key (1) or value (2) of a unit's head.
#[inline(always)]
fn part(unit: usize, kind: usize, head: usize) -> Range<usize> {
    let start = unit * 3 * WIDTH + kind * WIDTH + head * SIZE;
    start..start + SIZE
}

#[inline(always)]
fn place(from: usize, to: usize, head: usize) -> usize {
    let reach = MAX_DISTANCE as isize;
    let near = (to as isize - from as isize).clamp(-reach, reach) + reach;
    head * DISTANCES + near as usize
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, b): (&[f32; SIZE], &[f32; SIZE]) = (a.first_chunk().expect(WHOLE), b.first_chunk().expect(WHOLE));
    let mut sums = [0f32; SIZE / 2];
    for at in 0..SIZE / 2 {
        sums[at] = a[at] * b[at] + a[SIZE / 2 + at] * b[SIZE / 2 + at];
    }
    sums.iter().sum()
}

#[inline(always)]
fn add(sum: &mut [f32], weight: f32, values: &[f32]) {
    let sum: &mut [f32; SIZE] = sum.first_chunk_mut().expect(WHOLE);
    let values: &[f32; SIZE] = values.first_chunk().expect(WHOLE);
    for at in 0..SIZE {
        sum[at] += weight * values[at];
    }
}

const WHOLE: &str = "a head is whole";

#[inline(always)]
fn scale() -> f32 {
    (SIZE as f32).powf(-0.5)
}

impl Attention {
    /// Calls `each(unit, units in its window, head, attention weights of these units)`.
    fn shares(
        &self,
        all: &[f32],
        distance: &[f32],
        mut each: impl FnMut(usize, Range<usize>, usize, &[f32]),
    ) {
        let mut shares: Vec<f32> = Vec::new();
        let mut start = 0;
        for &end in self.ends.iter() {
            let end = end as usize;
            for from in start..end {
                let window = from.saturating_sub(WINDOW).max(start)..(from + WINDOW + 1).min(end);
                for head in 0..HEADS {
                    let query = &all[part(from, 0, head)];
                    shares.clear();
                    shares.extend(window.clone().map(|to| {
                        dot(query, &all[part(to, 1, head)]) * scale() + distance[place(from, to, head)]
                    }));
                    let highest = shares.iter().copied().fold(f32::MIN, f32::max);
                    let mut sum = 0.0;
                    for share in &mut shares {
                        *share = (*share - highest).exp();
                        sum += *share;
                    }
                    shares.iter_mut().for_each(|share| *share /= sum);
                    each(from, window.clone(), head, &shares);
                }
            }
            start = end;
        }
    }
}

impl CustomOp2 for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(
        &self,
        all: &CpuStorage,
        at_all: &Layout,
        distance: &CpuStorage,
        at_distance: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (all, distance) = (values(all, at_all)?, values(distance, at_distance)?);
        let units = all.len() / (3 * WIDTH);
        let mut y = vec![0f32; units * WIDTH];
        self.shares(all, distance, |from, window, head, shares| {
            let y = &mut y[from * WIDTH + head * SIZE..][..SIZE];
            for (to, share) in window.zip(shares) {
                add(y, *share, &all[part(to, 2, head)]);
            }
        });
        Ok(result(y, units))
    }

    fn bwd(
        &self,
        all: &Tensor,
        distance: &Tensor,
        _: &Tensor,
        slope: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (of_all, of_distance) = read([all, distance, slope], |[all, distance, slope]| {
            let (mut of_all, mut of_distance) = (vec![0f32; all.len()], vec![0f32; distance.len()]);
            let mut of_shares: Vec<f32> = Vec::new();
            self.shares(all, distance, |from, window, head, shares| {
                let slope = &slope[from * WIDTH + head * SIZE..][..SIZE];
                of_shares.clear();
                of_shares.extend(window.clone().map(|to| dot(slope, &all[part(to, 2, head)])));
                let mean: f32 = of_shares.iter().zip(shares).map(|(of, share)| of * share).sum();
                let mut of_query = [0f32; SIZE];
                for ((to, share), of_share) in window.zip(shares).zip(&of_shares) {
                    add(&mut of_all[part(to, 2, head)], *share, slope);
                    let of_score = share * (of_share - mean);
                    of_distance[place(from, to, head)] += of_score;
                    let of_score = of_score * scale();
                    add(&mut of_query, of_score, &all[part(to, 1, head)]);
                    add(&mut of_all[part(to, 1, head)], of_score, &all[part(from, 0, head)]);
                }
                add(&mut of_all[part(from, 0, head)], 1.0, &of_query);
            });
            (of_all, of_distance)
        })?;
        Ok((gradient(of_all, all)?, gradient(of_distance, distance)?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{equal, some};
    use super::*;
    use candle_core::{D, Device};

    #[test]
    fn like_candle() {
        let lines = [0..20, 20..23];
        let (all, distance) = (some(23, 3 * WIDTH, 1), some(HEADS, DISTANCES, 2));
        let line = |range: &Range<usize>| {
            let units = range.len();
            let all = all.narrow(0, range.start, units).unwrap().reshape((units, 3, HEADS, SIZE)).unwrap();
            let all = all.permute((1, 2, 0, 3)).unwrap();
            let part = |at: usize| all.get(at).unwrap().contiguous().unwrap();
            let (query, key, value) = (part(0), part(1), part(2));
            let scores = (query.matmul(&key.t().unwrap().contiguous().unwrap()).unwrap()
                * f64::from(scale()))
            .unwrap();
            let near: Vec<u32> =
                (0..units).flat_map(|from| (0..units).map(move |to| place(from, to, 0) as u32)).collect();
            let near = Tensor::new(near, &Device::Cpu).unwrap();
            let distance = distance.index_select(&near, 1).unwrap().reshape((HEADS, units, units)).unwrap();
            let scores = scores.add(&distance).unwrap().exp().unwrap();
            let shares = scores.broadcast_div(&scores.sum_keepdim(D::Minus1).unwrap()).unwrap();
            let y = shares.matmul(&value).unwrap().permute((1, 0, 2)).unwrap().contiguous().unwrap();
            y.reshape((units, WIDTH)).unwrap()
        };
        let theirs = || Tensor::cat(&lines.iter().map(line).collect::<Vec<_>>(), 0).unwrap();
        equal(&[&all, &distance], || attention(&all, &distance, &[20, 23].into()).unwrap(), theirs);
    }
}
