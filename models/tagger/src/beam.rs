//! Beam search: the likeliest paths through a lattice, from left to right.
//!
//! A hypothesis stands at the token behind its last reading, so those over longer and shorter readings meet there and
//! are compared by their probability. At most `width` stay at each token, so time is linear in the length of the line.

use super::candidate::Candidate;
use super::context::Context;
use super::line::EncodedLine;
use super::scored::{Prefix, ScoredSteps};
use super::scratch::Scratch;
use super::step::TokenFeatures;
use sayso_speech::lattice::{Lattice, ReadingId, Step};

/// A hypothesis is dropped when its log-probability is this far below the best one at its token, in nats: e⁻⁹ is about one
/// in eight thousand. Hand-chosen, never measured apart.
const PRUNE_MARGIN: f32 = 9.0;

/// A path through the lattice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Path {
    /// Its steps.
    pub steps: Vec<Step>,
    /// For each step the logarithm of its probability among the candidates that it was chosen from.
    pub scores: Vec<f32>,
    /// Their sum.
    pub score: f32,
}

/// A path under construction. Its steps are recovered through back-pointers.
#[derive(Clone)]
struct Hypothesis {
    context: Context,
    /// The last reading that wrote something.
    last: Option<ReadingId>,
    /// The logarithm of its probability.
    score: f32,
    /// Its last step, as an index of the back-pointers.
    step: Option<u32>,
    /// Its steps, where what follows them is kept.
    prefix: Prefix,
}

/// A step that some hypothesis took, and the step before it.
struct Backpointer {
    step: Step,
    score: f32,
    before: Option<u32>,
}

/// A step that some hypothesis may take next.
struct Expansion {
    /// Which of the hypotheses at the token.
    hypothesis: usize,
    candidate: Candidate,
    /// Of this step.
    score: f32,
    /// Of the path with this step.
    sum: f32,
}

/// The likeliest paths, the best first: at most `width`; none if the line is empty, or if all that were kept leave out
/// what may not be left out.
pub fn beam_search(line: &EncodedLine, width: usize, scratch: &mut Scratch) -> Vec<Path> {
    let lattice = &*line.lattice;
    if lattice.is_empty() {
        return Vec::new();
    }
    let scored = &mut *line.scored();
    let mut backpointers: Vec<Backpointer> = Vec::with_capacity(lattice.len() * width);
    let mut waiting: Vec<Vec<Hypothesis>> = Vec::new();
    waiting.resize_with(lattice.len() + 1, Vec::new);
    waiting[0].push(start(line));
    let mut expansions: Vec<Expansion> = Vec::new();
    for token in 0..lattice.len() {
        let hypotheses = std::mem::take(&mut waiting[token]);
        if hypotheses.is_empty() {
            continue;
        }
        expand(line, scored, token, &hypotheses, scratch, &mut expansions);
        // The best first; equal ones stay in the order in which they were found.
        expansions.sort_by(|a, b| b.sum.total_cmp(&a.sum));
        for expansion in expansions.drain(..) {
            let reading = lattice.reading(expansion.candidate.reading);
            let there = &mut waiting[reading.tokens.end];
            let worst = there.iter().enumerate().min_by(|(_, a), (_, b)| a.score.total_cmp(&b.score));
            let replaced = match worst {
                Some((at, worst)) if there.len() >= width => {
                    if worst.score >= expansion.sum {
                        continue;
                    }
                    Some(at)
                }
                _ => None,
            };
            let mut hypothesis = hypotheses[expansion.hypothesis].clone();
            let Candidate { reading, space, .. } = expansion.candidate;
            let step = Step { reading, space };
            backpointers.push(Backpointer { step, score: expansion.score, before: hypothesis.step });
            hypothesis.take(lattice, scored, step);
            hypothesis.score = expansion.sum;
            hypothesis.step = Some(backpointers.len() as u32 - 1);
            match replaced {
                Some(at) => there[at] = hypothesis,
                None => there.push(hypothesis),
            }
        }
    }
    let mut ends = waiting.pop().unwrap_or_default();
    ends.retain(|end| lattice.may_end(end.context.omission()));
    let mut paths: Vec<Path> = ends.iter().map(|end| path(end, &backpointers)).collect();
    paths.sort_by(|a, b| b.score.total_cmp(&a.score));
    paths
}

/// Forced decoding: the score of each step of a given path, which is the logarithm of its probability among the
/// candidates that it would have been chosen from. `None` when one of the steps is not a candidate, or when the path comes
/// to be no likelier than `above`, a logarithm too: no step makes it likelier again.
pub fn score_path(line: &EncodedLine, steps: &[Step], above: f32, scratch: &mut Scratch) -> Option<Vec<f32>> {
    let scored = &mut *line.scored();
    let mut hypotheses = [start(line)];
    let mut expansions: Vec<Expansion> = Vec::new();
    let mut scores = Vec::with_capacity(steps.len());
    for step in steps {
        let reading = line.lattice.reading(step.reading);
        expansions.clear();
        expand(line, scored, reading.tokens.start, &hypotheses, scratch, &mut expansions);
        let is_step = |expansion: &&Expansion| {
            expansion.candidate.reading == step.reading && expansion.candidate.space == step.space
        };
        let score = expansions.iter().find(is_step)?.score;
        hypotheses[0].score += score;
        if hypotheses[0].score <= above {
            return None;
        }
        scores.push(score);
        hypotheses[0].take(&line.lattice, scored, *step);
    }
    Some(scores)
}

/// For each step of a given path, the readings that it was chosen from, the likeliest first, with the logarithm of their
/// probability there; the better of the two where a reading may have a space before it or none.
pub fn rank_readings(
    line: &EncodedLine,
    steps: &[Step],
    scratch: &mut Scratch,
) -> Vec<Vec<(ReadingId, f32)>> {
    let scored = &mut *line.scored();
    let mut hypotheses = [start(line)];
    let mut expansions: Vec<Expansion> = Vec::new();
    let mut ranked = Vec::with_capacity(steps.len());
    for step in steps {
        let reading = line.lattice.reading(step.reading);
        expansions.clear();
        expand(line, scored, reading.tokens.start, &hypotheses, scratch, &mut expansions);
        expansions.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut readings: Vec<(ReadingId, f32)> = Vec::with_capacity(expansions.len());
        for Expansion { candidate, score, .. } in &expansions {
            if readings.iter().all(|(other, _)| *other != candidate.reading) {
                readings.push((candidate.reading, *score));
            }
        }
        ranked.push(readings);
        hypotheses[0].take(&line.lattice, scored, *step);
    }
    ranked
}

impl Hypothesis {
    /// Takes one more step, whose score is still to be added.
    fn take(&mut self, lattice: &Lattice, scored: &mut ScoredSteps, step: Step) {
        let reading = lattice.reading(step.reading);
        self.context.write(lattice, reading, step.space);
        self.prefix = scored.longer(self.prefix, step);
        if reading.kind.writes() {
            self.last = Some(step.reading);
        }
    }
}

/// The hypothesis that has written nothing.
fn start(line: &EncodedLine) -> Hypothesis {
    Hypothesis {
        context: Context::new(line.lattice.open_quote()),
        last: None,
        score: 0.0,
        step: None,
        prefix: ScoredSteps::start(line.lattice.len()),
    }
}

/// Adds every step that the hypotheses at `token` may take, with its score.
fn expand(
    line: &EncodedLine,
    scored: &mut ScoredSteps,
    token: usize,
    hypotheses: &[Hypothesis],
    scratch: &mut Scratch,
    expansions: &mut Vec<Expansion>,
) {
    let EncodedLine { weights, lattice, encoding, .. } = line;
    let Scratch { activations, step, sums, readings, scores } = scratch;
    let best = hypotheses.iter().map(|hypothesis| hypothesis.score).fold(f32::MIN, f32::max);
    let likely = |(_, hypothesis): &(usize, &Hypothesis)| hypothesis.score > best - PRUNE_MARGIN;
    // Made for the first hypothesis whose steps are not known yet.
    let mut features: Option<TokenFeatures<'_>> = None;
    for (at, hypothesis) in hypotheses.iter().enumerate().filter(likely) {
        let mut expand = |candidate: Candidate, score: f32| {
            expansions.push(Expansion { hypothesis: at, candidate, score, sum: hypothesis.score + score });
        };
        if let Some(known) = scored.scores(hypothesis.prefix) {
            known.iter().for_each(|&(candidate, score)| expand(candidate, score));
            continue;
        }
        let features = features.get_or_insert_with(|| {
            let features = TokenFeatures::of(lattice, token);
            readings.clear();
            match scored.readings(token) {
                Some(known) => readings.extend_from_slice(&known),
                None => {
                    let ends = features.choices().iter().map(|id| lattice.reading(*id).tokens.end);
                    weights.readings(features.rows(), ends, encoding, sums, readings);
                    scored.keep_readings(hypothesis.prefix, token, readings);
                }
            }
            features
        });
        features.step(&hypothesis.context, hypothesis.last, |_| true, step);
        weights.score(token, step, readings, encoding, activations, scores);
        let steps = || step.candidates.iter().copied().zip(scores.iter().copied());
        scored.keep_scores(hypothesis.prefix, steps());
        steps().for_each(|(candidate, score)| expand(candidate, score));
    }
}

fn path(end: &Hypothesis, backpointers: &[Backpointer]) -> Path {
    let mut path = Path { steps: Vec::new(), scores: Vec::new(), score: end.score };
    let mut at = end.step;
    while let Some(step) = at.and_then(|at| backpointers.get(at as usize)) {
        path.steps.push(step.step);
        path.scores.push(step.score);
        at = step.before;
    }
    path.steps.reverse();
    path.scores.reverse();
    path
}
