//! Constrained decoding: where none of the tagger's paths is good, a language model generates another one, held to the
//! lattice token by token.

use crate::candidates::Candidates;
use crate::{Engine, ModelHandle, Stage, Stop, rescore, tagged};
use sayso_language::LanguageError;
use sayso_speech::lattice::path_writing;

/// Generate only below this confidence of the rescored paths: then none of them is good. Set by hand on 2026-11-23, when
/// no model that was trained on the prompt was there to measure it with.
const GENERATE_BELOW: f32 = 0.1;

/// The rescored paths with the model's own path among them, in the order that tagger and model together give them.
/// `None` where a good path is there, or the model generates one that is.
///
/// # Errors
/// As [`ModelHandle::write`].
pub(crate) fn generate(
    engine: &Engine,
    rescored: &Candidates,
    dictated: &str,
    model: &ModelHandle,
    stop: &Stop,
) -> Result<Option<Candidates>, LanguageError> {
    let Some(line) = &rescored.tagged else { return Ok(None) };
    if rescored.confidence >= GENERATE_BELOW {
        return Ok(None);
    }
    let written = model.write(dictated.trim(), &rescored.lattice, stop)?;
    let Some(path) =
        written.and_then(|written| tagged::score(engine, line, written.steps, f32::NEG_INFINITY))
    else {
        return Ok(None);
    };
    let text = rescored.text_of(&path);
    let mut paths = rescored.distinct();
    if text.trim().is_empty() || paths.iter().any(|(_, other)| *other == text) {
        return Ok(None);
    }
    paths.push((path, text.clone()));
    let mut ranked = rescore::rank(rescored, rescore::score(paths, dictated, model, stop)?, model);
    if ranked.text_of(&ranked.best) == text {
        ranked.stage = Stage::Generated;
    }
    Ok(Some(ranked))
}

/// What the model writes without constraint: taken where it is a path of the lattice, else told.
///
/// # Errors
/// As [`ModelHandle::write_freely`].
pub(crate) fn unconstrained(
    engine: &Engine,
    paths: &Candidates,
    dictated: &str,
    model: &ModelHandle,
    stop: &Stop,
) -> Result<Candidates, LanguageError> {
    let text = model.write_freely(dictated.trim(), stop)?;
    let text = text.trim();
    let steps = path_writing(&paths.lattice, text).filter(|_| !text.is_empty());
    let scored = steps.zip(paths.tagged.as_ref()).and_then(|(steps, line)| {
        let path = tagged::score(engine, line, steps, f32::NEG_INFINITY)?;
        Some((line.weights().confidence(path.score), path))
    });
    let Some((confidence, best)) = scored else {
        let message = format!("the language model wrote {text:?}, which was not said: this is the tagger's");
        return Ok(Candidates { message: Some(message), ..paths.clone() });
    };
    let others = paths.distinct().into_iter().map(|(path, _)| path).collect();
    Ok(Candidates { stage: Stage::Generated, best, confidence, others, ..paths.clone() })
}
