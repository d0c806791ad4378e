//! Fits how tagger and language model are weighed to cases whose right answers are known.

use sayso_engine::rescore::Scored;
use sayso_language::{Confidence, Mix, Weights};

/// A case that tagger and language model have scored.
#[derive(Debug)]
pub(crate) struct Judged {
    /// The dictation.
    pub(crate) dictated: String,
    /// What the engine answers without a model.
    pub(crate) is_right: bool,
    /// The paths with all opinions, and which of them are right; `None` where no model is asked.
    pub(crate) scored: Option<(Scored, Vec<bool>)>,
}

/// Pull of every weight towards its start. Chosen on 2026-11-29 with the built-in model, each hand judged by what the others
/// fit: 1e-3 leaves 13 lines more right than without a model, 1e-2 22, 1e-1 20.
const PULL: f32 = 1e-2;
/// Steps and step size of the descent. Hand-chosen, 2026-11-29, and not measured apart.
const STEPS: usize = 1500;
const RATE: f32 = 0.02;

impl Judged {
    /// Whether the answer is right with this mix.
    pub(crate) fn is_right_with(&self, mix: &Mix) -> bool {
        self.taken(mix).map_or(self.is_right, |(_, is_right)| is_right)
    }

    /// Whether the path that this mix takes leaves out more words than the tagger's first one, and whether it is right; `None`
    /// where the mix does not ask the model.
    fn taken(&self, mix: &Mix) -> Option<(bool, bool)> {
        let (scored, right) = self.scored.as_ref().filter(|(scored, _)| scored.confidence < mix.ask_below)?;
        let at = scored.best(mix)?.at;
        Some((scored.loses_more(at), right[at]))
    }

    /// Whether the answer with this mix is wrong and leaves out more words than the tagger's first one.
    pub(crate) fn loses_wrongly(&self, mix: &Mix) -> bool {
        self.taken(mix) == Some((true, false))
    }

    /// Whether one of the candidates is right.
    pub(crate) fn could_be_right(&self) -> bool {
        self.is_right || self.scored.as_ref().is_some_and(|(_, right)| right.contains(&true))
    }
}

/// The mix under which the right paths of these cases are likeliest, and the confidences that match how often they are.
pub(crate) fn fit(cases: &[&Judged], start: &Mix) -> Mix {
    let asked = || cases.iter().filter_map(|case| case.scored.as_ref());
    let mut mix = *start;
    let first = flat(start);
    let mut weights = first;
    let mut descent = Descent::default();
    let lines: Vec<&(Scored, Vec<bool>)> = asked().filter(|(_, right)| right.contains(&true)).collect();
    for _ in 0..STEPS {
        let mut slope = [0.0; COUNT];
        for (scored, right) in lines.iter().copied() {
            let scores = scored.combined(&mix);
            let all = shares(&scores, |_| true);
            let good = shares(&scores, |at| right[at]);
            for (at, score) in scored.scores.iter().enumerate() {
                let push = (all[at] - good[at]) / lines.len() as f32;
                let parts = [true, scored.kind.talks, scored.kind.is_sentence];
                for (part, _) in parts.iter().enumerate().filter(|(_, is_one)| **is_one) {
                    for (place, feature) in score.features.iter().enumerate() {
                        slope[part * Weights::COUNT + place] += push * feature;
                    }
                }
            }
        }
        for ((slope, weight), first) in slope.iter_mut().zip(weights).zip(first) {
            *slope += PULL * (weight - first);
        }
        descent.step(&mut weights, &slope);
        let part = |part: usize| Weights::of(std::array::from_fn(|at| weights[part * Weights::COUNT + at]));
        (mix.every, mix.talk, mix.sentence) = (part(0), part(1), part(2));
    }
    let evidence: Vec<([f32; 4], bool)> = asked()
        .filter_map(|(scored, right)| {
            let (at, [joint, share, own]) = scored.evidence(&mix)?;
            Some(([joint, share, own, 1.0], right[at]))
        })
        .collect();
    mix.confidence = calibrated(&evidence);
    mix
}

/// Logistic regression of being right on the evidence.
fn calibrated(cases: &[([f32; 4], bool)]) -> Confidence {
    let mut weights = [1.0, 0.0, 0.0, 0.0];
    let mut descent = Descent::default();
    for _ in 0..STEPS {
        let mut slope = [0.0; 4];
        for (evidence, is_right) in cases {
            let odds: f32 = evidence.iter().zip(weights).map(|(x, weight)| x * weight).sum();
            let off = 1.0 / (1.0 + (-odds).exp()) - if *is_right { 1.0 } else { 0.0 };
            for (slope, x) in slope.iter_mut().zip(evidence) {
                *slope += off * x / cases.len().max(1) as f32;
            }
        }
        descent.step(&mut weights, &slope);
    }
    let [joint, share, own, bias] = weights;
    Confidence { joint, share, own, bias }
}

/// Weights of all kinds of lines.
const COUNT: usize = 3 * Weights::COUNT;

fn flat(mix: &Mix) -> [f32; COUNT] {
    let all = [mix.every, mix.talk, mix.sentence].map(Weights::list);
    std::array::from_fn(|at| all.as_flattened()[at])
}

/// The softmax over those that count; 0 for the others.
fn shares(scores: &[f32], counts: impl Fn(usize) -> bool) -> Vec<f32> {
    let counted = |at: usize| if counts(at) { scores[at] } else { f32::NEG_INFINITY };
    let largest = (0..scores.len()).map(counted).fold(f32::NEG_INFINITY, f32::max);
    let parts: Vec<f32> = (0..scores.len()).map(|at| (counted(at) - largest).exp()).collect();
    let sum: f32 = parts.iter().sum();
    parts.into_iter().map(|part| part / sum).collect()
}

/// Adam, as everywhere.
struct Descent<const N: usize> {
    mean: [f32; N],
    square: [f32; N],
    step: i32,
}

impl<const N: usize> Default for Descent<N> {
    fn default() -> Descent<N> {
        Descent { mean: [0.0; N], square: [0.0; N], step: 0 }
    }
}

impl<const N: usize> Descent<N> {
    fn step(&mut self, weights: &mut [f32; N], slope: &[f32; N]) {
        self.step += 1;
        let (first, second) = (1.0 - 0.9_f32.powi(self.step), 1.0 - 0.999_f32.powi(self.step));
        for at in 0..N {
            self.mean[at] = 0.9 * self.mean[at] + 0.1 * slope[at];
            self.square[at] = 0.999 * self.square[at] + 0.001 * slope[at] * slope[at];
            weights[at] -= RATE * (self.mean[at] / first) / ((self.square[at] / second).sqrt() + 1e-8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_learns_what_tells_right_from_wrong() {
        let case = |joint: f32, is_right| ([joint, 0.0, 0.0, 1.0], is_right);
        let cases: Vec<_> = (0..100)
            .map(|at| if at % 4 == 0 { case(2.0, at % 8 == 0) } else { case(-2.0, at % 3 == 0) })
            .collect();
        let Confidence { joint, bias, .. } = calibrated(&cases);
        let sure = |odds: f32| 1.0 / (1.0 + (-(joint * odds + bias)).exp());
        // Of the first ones 13 of 25 are right, of the others 25 of 75.
        assert!((sure(2.0) - 0.52).abs() < 0.02, "{}", sure(2.0));
        assert!((sure(-2.0) - 0.333).abs() < 0.02, "{}", sure(-2.0));
    }

    #[test]
    fn shares_have_the_sum_one() {
        assert_eq!(shares(&[0.0, 0.0, 5.0], |at| at < 2), [0.5, 0.5, 0.0]);
    }
}
