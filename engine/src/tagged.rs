//! What the tagger does for a line: encode it once, search for its best paths, score a given one.

use crate::candidates::Candidates;
use crate::placed::Placed;
use crate::{Engine, MAX_ALTERNATIVES, Stage, Words, region};
use sayso_speech::destructive::is_destructive;
use sayso_speech::lattice::omission::{self, Caution};
use sayso_speech::lattice::{Lattice, ReadingId, Step};
use sayso_speech::phonetic;
use sayso_speech::render::render;
use sayso_tagger::{EncodedLine, Path, beam_search, encode, rank_readings, score_path};
use std::sync::Arc;

/// Paths that the beam search keeps at each token: as many as there are places for alternatives. Set on 2026-11-23.
const BEAM_WIDTH: usize = 4;

/// Longest line, in tokens, that the tagger reads. It takes some hundredths of a millisecond a token, and nobody
/// dictates that much in one breath. Hand-chosen, 2026-11-28.
const MAX_TOKENS: usize = 2_000;

/// The line over its wide lattice, encoded; `None` where the tagger cannot be used or the line is too long for it. `stem`
/// is the start of the line that was not dictated.
pub(crate) fn encode_line(
    engine: &Engine,
    words: &Words,
    lattice: &Lattice,
    stem: &str,
) -> Option<EncodedLine> {
    if lattice.len() > MAX_TOKENS {
        return None;
    }
    let weights = engine.weights()?;
    let mut wide = phonetic::widen(lattice.clone(), words);
    if !stem.is_empty() {
        wide = region::behind_stem(wide, stem)?;
    }
    Some(engine.with_scratch(lattice.len(), |scratch| encode(weights, wide, scratch)))
}

/// The tagger's best paths, and last of all the one that leaves out no word, where the others do; `None` for a line
/// without tokens.
///
/// Where one of the paths destroys something, the line is searched again with more caution: none of them may leave out
/// what could be an operand, nor write `*` or `/` for what only sounds like it.
pub(crate) fn search(engine: &Engine, line: EncodedLine) -> Option<Candidates> {
    let found = search_once(engine, line)?;
    let destroys = |path: &Path| is_destructive(&render(&found.lattice, &path.steps).text);
    if !std::iter::once(&found.best).chain(&found.others).any(destroys) {
        return Some(with_all_words(engine, found));
    }
    let careful = |line: &Arc<EncodedLine>| {
        let lattice = line.lattice().as_ref().clone().with_caution(Caution::Destructive);
        search_once(engine, line.with_lattice(lattice))
    };
    found.tagged.as_ref().and_then(careful).map(|careful| with_all_words(engine, careful))
}

/// The tagger's best paths with some names of the place as the only readings of their words.
pub(crate) fn search_with(engine: &Engine, found: &Candidates, names: Vec<Placed>) -> Option<Candidates> {
    let pairs: Vec<_> = names.iter().map(|name| (name.tokens.clone(), name.written.clone())).collect();
    let line = found.tagged.as_ref()?;
    let read = search(engine, line.with_lattice(found.lattice.as_ref().clone().with_names(&pairs)))?;
    Some(Candidates { placed: names, ..read })
}

/// What a word costs that a path leaves out and that no list knows as talk, in nats. Chosen on 2026-11-28 among 0, 0.1, 0.2,
/// 0.4 and 0.8: from 0 to 0.4, lines that lose a wanted word fall from 2.1 to 1.4 % of `engine/valid` and from 2.7 to 2.2 %
/// of `talk/dev`; exact ones fall from 81.2 to 80.4 % of `talk/valid`.
const LOST_WORD: f32 = 0.4;

/// How unlikely a path is, and how much it leaves out: the tagger learnt from lines whose holes are all meant.
pub(crate) fn cost(lattice: &Lattice, path: &Path) -> f32 {
    LOST_WORD * lost_words(lattice, path) as f32 - path.score
}

/// How many words a path leaves out that no list knows as talk.
pub(crate) fn lost_words(lattice: &Lattice, path: &Path) -> usize {
    let is_talk = |word: &str| omission::cue(word).is_some() || omission::is_hesitation(word);
    lattice.left_out(&path.steps).iter().filter(|&&token| !is_talk(lattice.line.lower(token))).count()
}

/// The `width` likeliest paths of a line, by their probability alone.
pub(crate) fn paths(engine: &Engine, line: &EncodedLine, width: usize) -> Vec<Path> {
    engine.with_scratch(line.lattice().len(), |scratch| beam_search(line, width, scratch))
}

fn search_once(engine: &Engine, line: EncodedLine) -> Option<Candidates> {
    let mut paths: Vec<(f32, Path)> = paths(engine, &line, BEAM_WIDTH)
        .into_iter()
        .map(|path| (cost(line.lattice(), &path), path))
        .collect();
    paths.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let mut paths = paths.into_iter().map(|(_, path)| path);
    let best = paths.next()?;
    Some(Candidates {
        stage: Stage::Tagger,
        lattice: line.lattice().clone(),
        confidence: line.weights().confidence(best.score),
        best,
        others: paths.collect(),
        message: None,
        placed: Vec::new(),
        also: Vec::new(),
        tagged: Some(Arc::new(line)),
    })
}

/// Adds the likeliest path that leaves out no word but hesitations, where the best one leaves out some.
fn with_all_words(engine: &Engine, mut found: Candidates) -> Candidates {
    let Some(line) = found.tagged.clone() else { return found };
    if found.lattice.left_out(&found.best.steps).is_empty() {
        return found;
    }
    let lattice = found.lattice.as_ref().clone().with_caution(Caution::KeepAll);
    let line = line.with_lattice(lattice);
    if let Some(path) = paths(engine, &line, 1).into_iter().next() {
        found.others.truncate(MAX_ALTERNATIVES - 1);
        found.others.push(path);
    }
    found
}

/// A given path with the tagger's scores; `None` where the tagger would never take one of its steps, or its score is not
/// `above` this one.
pub(crate) fn score(engine: &Engine, line: &EncodedLine, steps: Vec<Step>, above: f32) -> Option<Path> {
    let tokens = line.lattice().len();
    let scores = engine.with_scratch(tokens, |scratch| score_path(line, &steps, above, scratch))?;
    Some(Path { score: scores.iter().sum(), steps, scores })
}

/// For each step of a path, the readings that it was chosen from, the likeliest first.
pub(crate) fn rank(engine: &Engine, line: &EncodedLine, steps: &[Step]) -> Vec<Vec<(ReadingId, f32)>> {
    engine.with_scratch(line.lattice().len(), |scratch| rank_readings(line, steps, scratch))
}
