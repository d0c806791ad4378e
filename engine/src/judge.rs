//! The judge: where the tagger is not sure, a language model says which of its paths reads most like a command.

use crate::{Dictation, Found, Path, Seen, Words, by_scanner};
use sayso_language::{LanguageError, Likelihood, Resident};
use sayso_speech::clean::clean;
use sayso_speech::lex::lex;
use sayso_speech::quote::open_quote;
use sayso_tagger as tagger;

/// The judge is asked where the tagger is less sure than this: above it, it mends as little as it spoils.
pub const SURE: f32 = 0.7;
/// What a nat of the model's counts for beside one of the tagger's, where the model's folder does not say. Chosen on
/// NL2Bash `valid` with a model that was never trained on this prompt, among the weights with which it does no harm to
/// lines with talk in them; one that was trained is worth more, and [`sayso_language::WEIGHT_FILE`] is where its
/// folder says so.
pub const WEIGHT: f32 = 0.1;

/// What speaks for a line that may have been meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Opinion {
    /// The line.
    pub text: String,
    /// The logarithm of its probability as the tagger sees it.
    pub tagger: f32,
    /// How likely the language model finds it.
    pub model: Likelihood,
}

impl Opinion {
    /// Both together: the higher, the likelier.
    pub fn mixed(&self, weight: f32) -> f32 {
        self.tagger + weight * self.model.sum
    }
}

/// How sure the tagger is of a line, and what tagger and model think of each of its candidates, the tagger's first one
/// first: what [`SURE`] and [`WEIGHT`] are chosen by.
///
/// # Errors
/// As [`Resident::judge`].
pub fn opinions(
    words: &Words,
    dictation: &Dictation<'_>,
    model: &Resident,
) -> Result<(f32, Vec<Opinion>), LanguageError> {
    let lattice = lex(clean(dictation.text), words, open_quote(dictation.before));
    let found = Seen::new(words, &lattice).and_then(Seen::choose).unwrap_or_else(|| by_scanner(lattice));
    let opinions = judged(&found, candidates(&found), dictation, model)?;
    Ok((found.confidence, opinions.into_iter().map(|(_, opinion)| opinion).collect()))
}

/// What was found, with its paths in the order that tagger and language model together give them.
///
/// # Errors
/// As [`Resident::judge`].
pub(crate) fn ask(
    found: &Found,
    dictation: &Dictation<'_>,
    model: &Resident,
) -> Result<Found, LanguageError> {
    Ok(ranked(found, judged(found, candidates(found), dictation, model)?, model))
}

/// The paths that were found. The same line by another path is the same answer.
pub(crate) fn candidates(found: &Found) -> Vec<Path> {
    let mut candidates: Vec<(Path, String)> = Vec::new();
    for path in std::iter::once(&found.best).chain(&found.others) {
        let text = found.written(path);
        if !text.trim().is_empty() && candidates.iter().all(|(_, other)| *other != text) {
            candidates.push((path.clone(), text));
        }
    }
    candidates.into_iter().map(|(path, _)| path).collect()
}

/// What speaks for each of the candidates.
pub(crate) fn judged(
    found: &Found,
    candidates: Vec<Path>,
    dictation: &Dictation<'_>,
    model: &Resident,
) -> Result<Vec<(Path, Opinion)>, LanguageError> {
    let texts: Vec<String> = candidates.iter().map(|path| found.written(path).trim().to_owned()).collect();
    let likely = model.judge(dictation.text.trim(), &texts, &dictation.stop)?;
    let opinion = |((path, text), model): ((Path, String), Likelihood)| {
        let opinion = Opinion { text, tagger: path.score, model };
        (path, opinion)
    };
    Ok(candidates.into_iter().zip(texts).zip(likely).map(opinion).collect())
}

/// The candidates by their mixed scores, of equals in the order that they are in.
pub(crate) fn ranked(found: &Found, candidates: Vec<(Path, Opinion)>, model: &Resident) -> Found {
    let Ok(weights) = tagger::embedded() else { return found.clone() };
    let weight = model.weight().unwrap_or(WEIGHT);
    let mixed = |(path, opinion): (Path, Opinion)| (opinion.mixed(weight), path);
    let mut mixed: Vec<(f32, Path)> = candidates.into_iter().map(mixed).collect();
    mixed.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let Some((highest, _)) = mixed.first() else { return found.clone() };
    // The candidates together are as likely as the tagger finds them; among them the mixed scores tell.
    let together: f32 = mixed.iter().map(|(_, path)| weights.confidence(path.score)).sum();
    let share: f32 = mixed.iter().map(|(score, _)| (score - highest).exp()).sum::<f32>().recip();
    let confidence = together.min(1.0) * share;
    let mut paths = mixed.into_iter().map(|(_, path)| path);
    let Some(best) = paths.next() else { return found.clone() };
    Found {
        route: "judge",
        best,
        confidence,
        others: paths.collect(),
        lattice: found.lattice.clone(),
        message: None,
    }
}
