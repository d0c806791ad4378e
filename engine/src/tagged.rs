//! What the tagger does for a line: encode it once, search for its best paths, score a given one.

use crate::candidates::Candidates;
use crate::{Engine, Stage, Words};
use sayso_speech::lattice::{Lattice, Step};
use sayso_speech::phonetic;
use sayso_tagger::{EncodedLine, Path, beam_search, encode, score_path};
use std::sync::Arc;

/// Paths that the beam search keeps at each token: as many as there are places for alternatives. Set on 2026-11-23.
const BEAM_WIDTH: usize = 4;

/// Longest line, in tokens, that the tagger reads. It takes some hundredths of a millisecond a token, and nobody
/// dictates that much in one breath.
const MAX_TOKENS: usize = 2_000;

/// The line over its wide lattice, encoded; `None` where the tagger cannot be used or the line is too long for it.
pub(crate) fn encode_line(engine: &Engine, words: &Words, lattice: &Lattice) -> Option<EncodedLine> {
    if lattice.len() > MAX_TOKENS {
        return None;
    }
    let weights = engine.weights()?;
    let wide = phonetic::widen(lattice.clone(), words);
    Some(engine.with_scratch(lattice.len(), |scratch| encode(weights, wide, scratch)))
}

/// The tagger's best paths; `None` for a line without tokens.
pub(crate) fn search(engine: &Engine, line: EncodedLine) -> Option<Candidates> {
    let tokens = line.lattice().len();
    let paths = engine.with_scratch(tokens, |scratch| beam_search(&line, BEAM_WIDTH, scratch));
    let mut paths = paths.into_iter();
    let best = paths.next()?;
    Some(Candidates {
        stage: Stage::Tagger,
        lattice: line.lattice().clone(),
        confidence: line.weights().confidence(best.score),
        best,
        others: paths.collect(),
        message: None,
        tagged: Some(Arc::new(line)),
    })
}

/// A given path with the tagger's scores; `None` where the tagger would never take one of its steps.
pub(crate) fn score(engine: &Engine, line: &EncodedLine, steps: Vec<Step>) -> Option<Path> {
    let tokens = line.lattice().len();
    let scores = engine.with_scratch(tokens, |scratch| score_path(line, &steps, scratch))?;
    Some(Path { score: scores.iter().sum(), steps, scores })
}
