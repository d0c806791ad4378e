//! The judge: where the tagger is not sure, a language model says which of its paths reads most like a command.

use crate::{Dictation, Found, Path, Route};
use sayso_models::language::Likelihood;
use sayso_models::tagger;

/// The judge is asked where the tagger is less sure than this.
const SURE: f32 = 0.9;
/// What a nat of the model's counts for beside one of the tagger's.
const WEIGHT: f32 = 0.1;

/// What was found, with its paths in the order that tagger and language model together give them. As it was, where no
/// model is to be asked or none answers in time.
pub(crate) fn ask(found: Found, dictation: &Dictation<'_>) -> Found {
    let wanted = match dictation.route {
        Route::Auto => found.confidence < SURE,
        route => route == Route::Model,
    };
    let Some(model) = dictation.model.filter(|_| wanted && found.route == "tagger") else { return found };
    let mut candidates: Vec<(Path, String)> = Vec::new();
    for path in std::iter::once(&found.best).chain(&found.others) {
        let text = found.written(path).trim().to_owned();
        // The same line by another path is the same answer.
        if !text.is_empty() && candidates.iter().all(|(_, other)| *other != text) {
            candidates.push((path.clone(), text));
        }
    }
    let texts: Vec<String> = candidates.iter().map(|(_, text)| text.clone()).collect();
    // What the model cannot read, and what it has no time for, is the first stage's.
    match model.judge(dictation.text, &texts, &dictation.stop) {
        Ok(likely) => ranked(found, candidates.into_iter().map(|(path, _)| path).collect(), &likely),
        Err(_) => found,
    }
}

/// The candidates by their mixed scores.
fn ranked(found: Found, candidates: Vec<Path>, likely: &[Likelihood]) -> Found {
    let Ok(weights) = tagger::embedded() else { return found };
    let mixed = |(path, likely): (Path, &Likelihood)| (path.score + WEIGHT * likely.sum, path);
    let mut mixed: Vec<(f32, Path)> = candidates.into_iter().zip(likely).map(mixed).collect();
    // Of equals, the tagger's order.
    mixed.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let Some((highest, _)) = mixed.first() else { return found };
    // The candidates together are as likely as the tagger finds them; among them the mixed scores tell.
    let together: f32 = mixed.iter().map(|(_, path)| weights.confidence(path.score)).sum();
    let share: f32 = mixed.iter().map(|(score, _)| (score - highest).exp()).sum::<f32>().recip();
    let confidence = together.min(1.0) * share;
    let mut paths = mixed.into_iter().map(|(_, path)| path);
    let Some(best) = paths.next() else { return found };
    Found { route: "judge", best, confidence, others: paths.collect(), ..found }
}
