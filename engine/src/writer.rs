//! The writer: where no path that the tagger found is a good one, a language model writes another, along the lattice.

use crate::{Dictation, Found, Path, SCRATCH, judge};
use sayso_language::{LanguageError, Resident};
use sayso_speech::lattice::{Step, path_writing};
use sayso_tagger as tagger;
use sayso_tagger::{encode, score_path};

/// No path is good where tagger and judge together are less sure of the best one than this.
const LOST: f32 = 0.1;

/// What was judged, with what the model writes among it: taken where tagger and model together find it the likeliest.
/// Nothing where a good path is there, or the model writes one that is.
///
/// # Errors
/// As [`Resident::write`].
pub(crate) fn ask(
    judged: &Found,
    dictation: &Dictation<'_>,
    model: &Resident,
) -> Result<Option<Found>, LanguageError> {
    if judged.confidence >= LOST {
        return Ok(None);
    }
    let written = model.write(dictation.text.trim(), &judged.lattice, &dictation.stop)?;
    let Some(path) = written.and_then(|written| scored(judged, written.steps)) else { return Ok(None) };
    let text = judged.written(&path);
    let mut candidates = judge::candidates(judged);
    if text.trim().is_empty() || candidates.iter().any(|path| judged.written(path) == text) {
        return Ok(None);
    }
    candidates.push(path);
    let opinions = judge::judged(judged, candidates, dictation, model)?;
    let found = judge::ranked(judged, opinions, model);
    let route = if found.written(&found.best) == text { "writer" } else { found.route };
    Ok(Some(Found { route, ..found }))
}

/// What the model writes without being held to anything: taken where it is a path, else told.
///
/// # Errors
/// As [`Resident::write_freely`].
pub(crate) fn freely(
    found: &Found,
    dictation: &Dictation<'_>,
    model: &Resident,
) -> Result<Found, LanguageError> {
    let text = model.write_freely(dictation.text.trim(), &dictation.stop)?;
    let text = text.trim();
    let path = path_writing(&found.lattice, text).filter(|_| !text.is_empty());
    let Some(path) = path.and_then(|steps| scored(found, steps)) else {
        let message = format!("the language model wrote {text:?}, which was not said: this is the tagger's");
        return Ok(Found { message: Some(message), ..found.clone() });
    };
    let confidence = tagger::embedded().map_or(0.0, |weights| weights.confidence(path.score));
    let others = judge::candidates(found);
    Ok(Found { route: "writer", best: path, confidence, others, ..found.clone() })
}

/// A path with what the tagger thinks of it; nothing where the tagger would never take one of its steps.
fn scored(found: &Found, steps: Vec<Step>) -> Option<Path> {
    let weights = tagger::embedded().ok()?;
    let scores = SCRATCH.with_borrow_mut(|scratch| {
        let line = encode(weights, found.lattice.clone(), scratch);
        score_path(&line, &steps, scratch)
    })?;
    Some(Path { score: scores.iter().sum(), steps, scores })
}
