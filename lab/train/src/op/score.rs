//! The scores of the candidates. They are by far the most rows of the network, so each is computed
//! in one pass, while it is in the processor's registers.

use super::{DropoutMask, TableGradient, gradient, read, values};
use crate::example::CsrBags;
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use sayso_tagger::shape::HIDDEN;
use std::sync::{Arc, Mutex, PoisonError};

/// The candidates to score.
#[derive(Clone)]
pub(crate) struct Candidates {
    /// One bag of cross features for each candidate.
    pub cross: Arc<CsrBags>,
    /// The step of each candidate.
    pub steps: Arc<[u32]>,
    /// The reading of each candidate.
    pub readings: Arc<[u32]>,
}

struct Score {
    candidates: Candidates,
    table: Tensor,
    gradient_sum: TableGradient,
    mask: Option<DropoutMask>,
    /// The output of the first rectifier and dropout, which the backward pass needs.
    hidden: Mutex<Vec<[f32; HIDDEN]>>,
}

/// Returns one score for each candidate (candidates): h = max(0, cross + query + reading) with
/// dropout, then (h + max(0, h·W + b))·s.
///
/// `query` is steps × [`HIDDEN`] and `reading` is readings × [`HIDDEN`]. `layer` holds W
/// ([`HIDDEN`] × [`HIDDEN`]), b and s ([`HIDDEN`] each), one after the other. cross is the sum of
/// rows of `table` (rows × [`HIDDEN`]) in the candidate's bag; its gradient is added to `gradient_sum`.
pub(crate) fn score(
    [query, reading, layer]: [&Tensor; 3],
    (table, gradient_sum): (&Tensor, &TableGradient),
    candidates: &Candidates,
    mask: Option<DropoutMask>,
) -> Result<Tensor> {
    let op = Score {
        candidates: candidates.clone(),
        table: table.detach(),
        gradient_sum: gradient_sum.clone(),
        mask,
        hidden: Mutex::default(),
    };
    query.apply_op3(reading, layer, op)
}

/// Slopes smaller than this share of the largest one are treated as zero, which saves time.
/// Hand-chosen, 2026-11-23.
const NEGLIGIBLE: f32 = 1e-5;

type Row = [f32; HIDDEN];

fn row(values: &[f32], at: u32) -> &Row {
    values[at as usize * HIDDEN..].first_chunk().expect("a table has whole rows")
}

#[inline(always)]
fn add(sum: &mut Row, weight: f32, values: &Row) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += weight * value;
    }
}

/// Returns max(0, h·W + b) for the layer of [`score`].
#[inline(always)]
fn more(hidden: &Row, layer: &[f32]) -> Row {
    let mut sum = *row(layer, HIDDEN as u32);
    for (at, hidden) in hidden.iter().enumerate() {
        // At least half of the values are zero.
        if *hidden != 0.0 {
            add(&mut sum, *hidden, row(layer, at as u32));
        }
    }
    sum.map(|sum| sum.max(0.0))
}

impl Score {
    #[inline(always)]
    fn bag(&self, candidate: usize) -> &[(u32, f32)] {
        let bags = &self.candidates.cross;
        let start = if candidate == 0 { 0 } else { bags.offsets[candidate - 1] };
        &bags.indices[start as usize..bags.offsets[candidate] as usize]
    }
}

impl CustomOp3 for Score {
    fn name(&self) -> &'static str {
        "score"
    }

    fn cpu_fwd(
        &self,
        query: &CpuStorage,
        at_query: &Layout,
        reading: &CpuStorage,
        at_reading: &Layout,
        layer: &CpuStorage,
        at_layer: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (query, reading) = (values(query, at_query)?, values(reading, at_reading)?);
        let layer = values(layer, at_layer)?;
        let weights = row(layer, HIDDEN as u32 + 1);
        let count = self.candidates.steps.len();
        let (mut all, mut scores) = (Vec::with_capacity(count), Vec::with_capacity(count));
        read([&self.table], |[table]| {
            for candidate in 0..count {
                if candidate + 1 < count {
                    // Fetches the rows of the next candidate while this one is scored, because the
                    // table is larger than the cache.
                    let next = self.bag(candidate + 1).iter();
                    std::hint::black_box(next.map(|&(at, _)| table[at as usize * HIDDEN]).sum::<f32>());
                }
                let mut hidden = *row(query, self.candidates.steps[candidate]);
                add(&mut hidden, 1.0, row(reading, self.candidates.readings[candidate]));
                for &(at, weight) in self.bag(candidate) {
                    add(&mut hidden, weight, row(table, at));
                }
                hidden.iter_mut().for_each(|hidden| *hidden = hidden.max(0.0));
                if let Some(mask) = self.mask {
                    mask.at(candidate as u64).factors(HIDDEN, |at, factor| hidden[at] *= factor);
                }
                let more = more(&hidden, layer);
                scores.push((0..HIDDEN).map(|at| (hidden[at] + more[at]) * weights[at]).sum::<f32>());
                all.push(hidden);
            }
        })?;
        *self.hidden.lock().unwrap_or_else(PoisonError::into_inner) = all;
        Ok((CpuStorage::F32(scores), Shape::from(count)))
    }

    fn bwd(
        &self,
        query: &Tensor,
        reading: &Tensor,
        layer: &Tensor,
        _: &Tensor,
        slope: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let all = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        let mut of_query = vec![0f32; query.elem_count()];
        let mut of_reading = vec![0f32; reading.elem_count()];
        let kept = self.mask.map_or(1.0, |mask| 1.0 / (1.0 - mask.dropout));
        let of_layer = read([layer, slope], |[layer, slope]| {
            let mut of_layer = vec![[0f32; HIDDEN]; HIDDEN + 2];
            let weights = row(layer, HIDDEN as u32 + 1);
            let back = transposed(layer);
            let largest = slope.iter().fold(0f32, |largest, slope| largest.max(slope.abs()));
            let mut gradient_sum = self.gradient_sum.lock();
            for (candidate, (hidden, &slope)) in all.iter().zip(slope).enumerate() {
                if slope.abs() <= largest * NEGLIGIBLE {
                    continue;
                }
                let more = more(hidden, layer);
                let mut of_more = [0f32; HIDDEN];
                for at in 0..HIDDEN {
                    of_layer[HIDDEN + 1][at] += slope * (hidden[at] + more[at]);
                    of_more[at] = if more[at] > 0.0 { slope * weights[at] } else { 0.0 };
                }
                add(&mut of_layer[HIDDEN], 1.0, &of_more);
                let mut of_hidden = weights.map(|weight| slope * weight);
                for (of_more, back) in of_more.iter().zip(&back) {
                    if *of_more != 0.0 {
                        add(&mut of_hidden, *of_more, back);
                    }
                }
                for at in 0..HIDDEN {
                    // Values that the rectifier or dropout set to zero have no gradient.
                    if hidden[at] > 0.0 {
                        add(&mut of_layer[at], hidden[at], &of_more);
                        of_hidden[at] *= kept;
                    } else {
                        of_hidden[at] = 0.0;
                    }
                }
                for (table, at) in [
                    (&mut of_query, self.candidates.steps[candidate]),
                    (&mut of_reading, self.candidates.readings[candidate]),
                ] {
                    add_to(table, at, 1.0, &of_hidden);
                }
                for &(at, weight) in self.bag(candidate) {
                    if weight != 0.0 {
                        add_to(&mut gradient_sum, at, weight, &of_hidden);
                    }
                }
            }
            of_layer.into_flattened()
        })?;
        Ok((gradient(of_query, query)?, gradient(of_reading, reading)?, gradient(of_layer, layer)?))
    }
}

#[inline(always)]
fn add_to(table: &mut [f32], at: u32, weight: f32, values: &Row) {
    let row = &mut table[at as usize * HIDDEN..][..HIDDEN];
    for (sum, value) in row.iter_mut().zip(values) {
        *sum += weight * value;
    }
}

/// The transpose of W, the first [`HIDDEN`] rows of the layer.
fn transposed(layer: &[f32]) -> Vec<Row> {
    (0..HIDDEN).map(|column| std::array::from_fn(|at| layer[at * HIDDEN + column])).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{equal, some};
    use super::super::{add_rows, bag, rectify};
    use super::*;

    #[test]
    fn like_its_parts() {
        let (query, reading) = (some(2, HIDDEN, 1), some(3, HIDDEN, 2));
        let (table, layer) = (some(9, HIDDEN, 3), some(HIDDEN + 2, HIDDEN, 4));
        let mut cross = CsrBags::default();
        for at in 0..5u32 {
            cross.push_weighted([(at, 1.0), (8 - at, 0.5), (3, 0.0)]);
        }
        let candidates = Candidates {
            cross: Arc::new(cross),
            steps: [0, 0, 1, 1, 1].into(),
            readings: [0, 1, 2, 2, 0].into(),
        };
        let (ours, theirs) = (TableGradient::new(9 * HIDDEN), TableGradient::new(9 * HIDDEN));
        let whole = || {
            let inputs = [query.as_tensor(), &reading, &layer];
            score(inputs, (&table, &ours), &candidates, None).unwrap()
        };
        let parts = || {
            let hidden = bag(&table, &candidates.cross, &theirs).unwrap();
            let hidden = add_rows(&hidden, &query, &candidates.steps).unwrap();
            let hidden = add_rows(&hidden, &reading, &candidates.readings).unwrap().relu().unwrap();
            let part = |start: usize, rows: usize| layer.narrow(0, start, rows).unwrap();
            let bias = part(HIDDEN, 1).flatten_all().unwrap();
            let more = rectify(&hidden.matmul(&part(0, HIDDEN)).unwrap(), &bias).unwrap();
            let weights = part(HIDDEN + 1, 1).t().unwrap();
            (hidden + more).unwrap().matmul(&weights).unwrap().flatten_all().unwrap()
        };
        equal(&[&query, &reading, &layer], whole, parts);
        for (ours, theirs) in ours.lock().iter().zip(theirs.lock().iter()) {
            assert!((ours - theirs).abs() < 1e-4, "{ours} and {theirs}");
        }
    }
}
