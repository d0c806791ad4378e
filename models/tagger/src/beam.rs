//! Beam search: the likeliest paths through a lattice, from left to right.
//!
//! A path stands at the token behind its last reading, so paths over longer and shorter readings meet there and are
//! compared by their probability. At most `width` stay at each token, so time is linear in the length of the line.

use super::candidate::{self, Candidate};
use super::context::{Context, Cross, Facts};
use super::network::{Likely, Room, Scored, Seen};
use super::shape::HIDDEN;
use super::unit;
use super::weights::Weights;
use sayso_speech::lattice::{Lattice, ReadingId, Step};

/// A path so much less likely than the best at its token, as a logarithm, is not followed.
const HOPELESS: f32 = 9.0;

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

/// A path on its way. Its steps are found backwards.
struct Partial {
    context: Context,
    wrote: Option<ReadingId>,
    score: f32,
    /// Its last step in `taken`.
    step: Option<u32>,
}

struct Taken {
    candidate: Candidate,
    score: f32,
    before: Option<u32>,
}

/// A step that some path may take next.
struct Next {
    partial: usize,
    candidate: Candidate,
    score: f32,
    sum: f32,
}

/// Room for one search, kept from line to line.
#[derive(Debug, Default)]
pub struct Desk {
    room: Room,
    seen: Seen,
    cross: Cross,
    ends: Vec<usize>,
    scores: Vec<f32>,
    readings: Vec<f32>,
    found: Vec<Candidate>,
}

/// Encodes a line, and tells what it is, whatever path is taken through it. Of an empty one nothing is known: all zero.
pub fn look(weights: &Weights, lattice: &Lattice, desk: &mut Desk) -> Likely {
    if lattice.is_empty() {
        return Likely::default();
    }
    weights.encode(&unit::units(lattice), &mut desk.room, &mut desk.seen);
    desk.seen.likely
}

/// The likeliest paths, the best first: at most `width`, at least one where the line has a token.
pub fn search(weights: &Weights, lattice: &Lattice, width: usize, desk: &mut Desk) -> Vec<Path> {
    look(weights, lattice, desk);
    walk(weights, lattice, width, desk)
}

/// [`search`] of the line that `desk` [`look`]ed at last.
pub fn walk(weights: &Weights, lattice: &Lattice, width: usize, desk: &mut Desk) -> Vec<Path> {
    if lattice.is_empty() || !desk.seen.is_of(lattice.len()) {
        return Vec::new();
    }
    let mut taken: Vec<Taken> = Vec::with_capacity(lattice.len() * width);
    let mut waiting: Vec<Vec<Partial>> = Vec::new();
    waiting.resize_with(lattice.len() + 1, Vec::new);
    waiting[0].push(Partial {
        context: Context::new(lattice.open_quote()),
        wrote: None,
        score: 0.0,
        step: None,
    });
    let mut next: Vec<Next> = Vec::new();
    for token in 0..lattice.len() {
        let partials = std::mem::take(&mut waiting[token]);
        if partials.is_empty() {
            continue;
        }
        let usable = lattice.choices(token);
        score_all(weights, lattice, token, &usable, &partials, desk, &mut next);
        // The best first, and of equals the one that was found first.
        next.sort_by(|a, b| b.sum.total_cmp(&a.sum));
        for next in next.drain(..) {
            let reading = lattice.reading(next.candidate.reading);
            let there = &mut waiting[reading.tokens.end];
            let worst = there.iter().enumerate().min_by(|(_, a), (_, b)| a.score.total_cmp(&b.score));
            let place = match worst {
                Some((at, worst)) if there.len() >= width => {
                    if worst.score >= next.sum {
                        continue;
                    }
                    Some(at)
                }
                _ => None,
            };
            let from = &partials[next.partial];
            let mut context = from.context.clone();
            context.write(reading, next.candidate.space);
            let wrote = if reading.kind.writes() { Some(next.candidate.reading) } else { from.wrote };
            taken.push(Taken { candidate: next.candidate, score: next.score, before: from.step });
            let partial = Partial { context, wrote, score: next.sum, step: Some(taken.len() as u32 - 1) };
            match place {
                Some(at) => there[at] = partial,
                None => there.push(partial),
            }
        }
    }
    let mut paths: Vec<Path> =
        waiting.pop().unwrap_or_default().iter().map(|end| path(end, &taken)).collect();
    paths.sort_by(|a, b| b.score.total_cmp(&a.score));
    paths
}

/// The score of each step of a path that is known: the logarithm of its probability among the candidates that it would
/// have been chosen from. Nothing where one of the steps is no candidate.
pub fn follow(weights: &Weights, lattice: &Lattice, steps: &[Step], desk: &mut Desk) -> Option<Vec<f32>> {
    look(weights, lattice, desk);
    let context = Context::new(lattice.open_quote());
    let mut partials = [Partial { context, wrote: None, score: 0.0, step: None }];
    let mut next: Vec<Next> = Vec::new();
    let mut scores = Vec::with_capacity(steps.len());
    for step in steps {
        let reading = lattice.reading(step.reading);
        let token = reading.tokens.start;
        next.clear();
        score_all(weights, lattice, token, &lattice.choices(token), &partials, desk, &mut next);
        let taken =
            |next: &&Next| next.candidate.reading == step.reading && next.candidate.space == step.space;
        scores.push(next.iter().find(taken)?.score);
        let [partial] = &mut partials;
        partial.context.write(reading, step.space);
        if reading.kind.writes() {
            partial.wrote = Some(step.reading);
        }
    }
    Some(scores)
}

/// Scores all candidates at `token` behind each of `partials`.
fn score_all(
    weights: &Weights,
    lattice: &Lattice,
    token: usize,
    usable: &[ReadingId],
    partials: &[Partial],
    desk: &mut Desk,
    next: &mut Vec<Next>,
) {
    let Desk { room, seen, cross, ends, scores, readings, found } = desk;
    readings.clear();
    readings.resize(usable.len() * HIDDEN, 0.0);
    for (id, sum) in usable.iter().zip(readings.chunks_exact_mut(HIDDEN)) {
        let reading = lattice.reading(*id);
        let rows = candidate::rows(lattice, reading);
        weights.reading(&rows, reading.tokens.end - 1, reading.tokens.end, seen, sum);
    }
    let facts = Facts::all(lattice, token, usable);
    let best = partials.iter().map(|partial| partial.score).fold(f32::MIN, f32::max);
    for (at, partial) in partials.iter().enumerate().filter(|(_, partial)| partial.score > best - HOPELESS) {
        candidate::candidates(lattice, usable, &partial.context, partial.wrote, found);
        let view = partial.context.view();
        cross.rows.clear();
        ends.clear();
        for candidate in found.iter() {
            view.cross(&facts[candidate.place as usize], candidate.space, cross);
            ends.push(cross.rows.len());
        }
        let scored: Vec<Scored<'_>> = found
            .iter()
            .enumerate()
            .map(|(at, candidate)| {
                let place = candidate.place as usize;
                let first = if at == 0 { 0 } else { ends[at - 1] };
                Scored { reading: &readings[place * HIDDEN..][..HIDDEN], cross: &cross.rows[first..ends[at]] }
            })
            .collect();
        weights.score(token, &partial.context.rows(), &scored, seen, room, scores);
        next.extend(found.iter().zip(scores.iter()).map(|(candidate, score)| Next {
            partial: at,
            candidate: *candidate,
            score: *score,
            sum: partial.score + score,
        }));
    }
}

fn path(end: &Partial, taken: &[Taken]) -> Path {
    let mut path = Path { steps: Vec::new(), scores: Vec::new(), score: end.score };
    let mut at = end.step;
    while let Some(step) = at.and_then(|at| taken.get(at as usize)) {
        path.steps.push(Step { reading: step.candidate.reading, space: step.candidate.space });
        path.scores.push(step.score);
        at = step.before;
    }
    path.steps.reverse();
    path.scores.reverse();
    path
}
