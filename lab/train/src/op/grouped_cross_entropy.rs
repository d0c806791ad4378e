//! Cross-entropy over groups of scores that have different sizes.

use super::{gradient, read, values};
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use std::sync::Arc;

/// Scores are clamped to ±this value, whose exponential is far from overflow.
/// Hand-chosen, 2026-11-23.
const HIGHEST: f32 = 60.0;

struct Choice(Groups);

/// The groups of scores of which one is right.
#[derive(Clone)]
pub(crate) struct Groups {
    /// The end of each group.
    pub ends: Arc<[u32]>,
    /// The index of the right score of each group, counted over all groups.
    pub gold: Arc<[u32]>,
    /// An offset for each score: the logarithm of how many candidates it stands for. Empty if each
    /// stands for one.
    pub offsets: Arc<[f32]>,
}

/// Returns the cross-entropy, summed over the groups (a scalar).
pub(crate) fn choice(scores: &Tensor, groups: &Groups) -> Result<Tensor> {
    scores.flatten_all()?.apply_op1(Choice(groups.clone()))
}

/// The log-softmax of each score within its group.
pub(crate) fn log_shares(scores: &[f32], groups: &Groups) -> Vec<f32> {
    let mut shares = Vec::with_capacity(scores.len());
    let mut start = 0;
    for &end in groups.ends.iter() {
        let group = (start..end as usize).map(|at| {
            scores[at].clamp(-HIGHEST, HIGHEST) + groups.offsets.get(at).copied().unwrap_or_default()
        });
        let highest = group.clone().fold(f32::MIN, f32::max);
        let sum: f32 = group.clone().map(|score| (score - highest).exp()).sum();
        let all = highest + sum.ln();
        shares.extend(group.map(|score| score - all));
        start = end as usize;
    }
    shares
}

impl CustomOp1 for Choice {
    fn name(&self) -> &'static str {
        "choice"
    }

    fn cpu_fwd(&self, scores: &CpuStorage, at: &Layout) -> Result<(CpuStorage, Shape)> {
        let shares = log_shares(values(scores, at)?, &self.0);
        let sum: f32 = self.0.gold.iter().map(|&gold| -shares[gold as usize]).sum();
        Ok((CpuStorage::F32(vec![sum]), Shape::from(())))
    }

    fn bwd(&self, scores: &Tensor, _: &Tensor, slope: &Tensor) -> Result<Option<Tensor>> {
        let slope = slope.to_scalar::<f32>()?;
        let of_scores = read([scores], |[scores]| {
            let mut of_scores = log_shares(scores, &self.0);
            of_scores.iter_mut().for_each(|share| *share = slope * share.exp());
            for &gold in self.0.gold.iter() {
                of_scores[gold as usize] -= slope;
            }
            of_scores
        })?;
        gradient(of_scores, scores)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{equal, some};
    use super::*;

    #[test]
    fn like_candle() {
        let scores = some(7, 1, 1);
        let flat = || scores.flatten_all().unwrap();
        let groups = Groups {
            ends: [3, 7].into(),
            gold: [1, 6].into(),
            offsets: [0.0, 0.0, 1.5, 0.0, -1.0, 0.0, 0.0].into(),
        };
        let theirs = || {
            let offsets = Tensor::new(&*groups.offsets, scores.device()).unwrap();
            let flat = || (flat() + &offsets).unwrap();
            let group = |start: usize, size: usize, gold: usize| {
                let all = flat().narrow(0, start, size).unwrap().exp().unwrap().sum_all().unwrap();
                (all.log().unwrap() - flat().get(gold).unwrap()).unwrap()
            };
            (group(0, 3, 1) + group(3, 4, 6)).unwrap()
        };
        equal(&[&scores], || choice(&flat(), &groups).unwrap(), theirs);
    }
}
