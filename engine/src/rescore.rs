//! Rescoring: where the tagger is not sure, a language model says which of its paths reads most like a command.

use crate::candidates::Candidates;
use crate::{ModelHandle, Stage, Stop};
use sayso_language::{LanguageError, Likelihood};
use sayso_tagger::Path;

/// Rescore with the language model only below this confidence of the tagger; above it, rescoring breaks as many lines as
/// it mends. Chosen on NL2Bash `valid` with `sayso-lab judge`, 2026-11-23.
pub const RESCORE_BELOW: f32 = 0.7;
/// Weight of the language model's log-probability beside the tagger's, unless the model's folder sets another one. Chosen
/// on NL2Bash `valid`, 2026-11-23, with a model that was never trained on this prompt, among the weights that do no harm
/// to lines with disfluencies. A model that was trained on it deserves more:
/// [`sayso_language::WEIGHT_FILE`] says so in its folder.
pub const MODEL_WEIGHT: f32 = 0.1;

/// What tagger and language model think of one path.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateScore {
    /// The line that the path writes.
    pub text: String,
    /// The logarithm of the probability that the tagger gives it.
    pub tagger: f32,
    /// How likely the language model finds it.
    pub model: Likelihood,
}

impl CandidateScore {
    /// Both together: the higher, the likelier.
    pub fn combined(&self, weight: f32) -> f32 {
        self.tagger + weight * self.model.sum
    }
}

/// The paths in the order that tagger and language model together give them.
///
/// # Errors
/// As [`ModelHandle::rescore`].
pub(crate) fn rescore(
    paths: &Candidates,
    dictated: &str,
    model: &ModelHandle,
    stop: &Stop,
) -> Result<Candidates, LanguageError> {
    Ok(rank(paths, score(paths.distinct(), dictated, model, stop)?, model))
}

/// Each path, given with its text, and what tagger and language model think of it.
///
/// # Errors
/// As [`ModelHandle::rescore`].
pub(crate) fn score(
    paths: Vec<(Path, String)>,
    dictated: &str,
    model: &ModelHandle,
    stop: &Stop,
) -> Result<Vec<(Path, CandidateScore)>, LanguageError> {
    let texts: Vec<String> = paths.iter().map(|(_, text)| text.trim().to_owned()).collect();
    let likelihoods = model.rescore(dictated.trim(), &texts, stop)?;
    let scored = |(((path, _), text), model): (((Path, String), String), Likelihood)| {
        let score = CandidateScore { text, tagger: path.score, model };
        (path, score)
    };
    Ok(paths.into_iter().zip(texts).zip(likelihoods).map(scored).collect())
}

/// The paths by their combined scores; equal ones stay in order.
pub(crate) fn rank(
    paths: &Candidates,
    scored: Vec<(Path, CandidateScore)>,
    model: &ModelHandle,
) -> Candidates {
    let Some(tagged) = &paths.tagged else { return paths.clone() };
    let weight = model.weight().unwrap_or(MODEL_WEIGHT);
    let mut ranked: Vec<(f32, Path)> =
        scored.into_iter().map(|(path, score)| (score.combined(weight), path)).collect();
    ranked.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let Some((highest, _)) = ranked.first() else { return paths.clone() };
    // All paths together are as likely as the tagger finds them; the combined scores say which part each has of that.
    let together: f32 = ranked.iter().map(|(_, path)| tagged.weights().confidence(path.score)).sum();
    let share: f32 = ranked.iter().map(|(score, _)| (score - highest).exp()).sum::<f32>().recip();
    let confidence = together.min(1.0) * share;
    let mut ranked = ranked.into_iter().map(|(_, path)| path);
    let Some(best) = ranked.next() else { return paths.clone() };
    let others = ranked.collect();
    Candidates { stage: Stage::Rescored, best, confidence, others, message: None, ..paths.clone() }
}
