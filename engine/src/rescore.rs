//! Rescoring: where the tagger is not sure, a language model says which of its paths reads most like a command, writes one
//! along the lattice itself, and all are scored together.
//!
//! The two fail on different lines: the tagger knows commands and sounds, the model knows English. How their opinions are
//! weighed stands in the model's folder ([`Mix`]) and was fitted on the sets that settings are chosen on.

use crate::candidates::Candidates;
use crate::{Engine, MAX_ALTERNATIVES, ModelHandle, Stage, Stop, tagged};
use sayso_language::{LanguageError, Likelihood, Mix, Weights};
use sayso_speech::commands::is_command;
use sayso_speech::destructive::is_destructive;
use sayso_speech::lattice::{Kind, Lattice, path_writing};
use sayso_tagger::Path;

/// Paths that the tagger finds less likely than its first one by more than this, in nats, are not rescored. Chosen on
/// 2026-11-29 with sayso-135m: with eight paths and no bound as many lines of `talk/valid` and `engine/valid` come out right, and more
/// than twice as many paths are scored.
const WITHIN: f32 = 4.0;

/// In lines of more words the model writes no line of its own, which takes it longest there. Chosen on 2026-11-29 with the
/// built-in model: of 2,467 lines as many come out right with 40, one fewer with 30, and three fewer with 25.
const LONGEST_WRITTEN: usize = 30;

/// What kind of line it is, as far as a [`Mix`] tells lines apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineKind {
    /// Something was said that is left out.
    pub talks: bool,
    /// It has the typography of a sentence.
    pub is_sentence: bool,
}

/// What tagger and language model think of one path.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateScore {
    /// The line that the path writes.
    pub text: String,
    /// What a [`Mix`] weighs, in the order of [`Weights`].
    pub features: [f32; Weights::COUNT],
}

/// All paths of a line that are scored together.
#[derive(Debug, Clone)]
pub struct Scored {
    /// How sure the tagger is of its first path, 0 to 1.
    pub confidence: f32,
    /// The kind of the line.
    pub kind: LineKind,
    /// The paths, in the tagger's order, and last the model's own, if it wrote another one.
    pub scores: Vec<CandidateScore>,
    paths: Vec<Path>,
    /// The index of the model's own line, if the tagger has none like it.
    written: Option<usize>,
    /// The tagger's other paths, which are too unlikely, or leave out words where its first one leaves out nothing.
    rest: Vec<Path>,
    /// What the tagger gives all of them together, as a calibrated confidence.
    pub together: f32,
}

/// The best path of some that were scored.
#[derive(Debug, Clone, Copy)]
pub struct Best {
    /// Its index.
    pub at: usize,
    /// How sure it is, 0 to 1.
    pub confidence: f32,
}

impl LineKind {
    fn of(paths: &Candidates) -> LineKind {
        let line = &paths.lattice.line;
        LineKind {
            talks: !paths.lattice.left_out(&paths.best.steps).is_empty(),
            is_sentence: line.is_mended || line.text.starts_with(|c: char| c.is_ascii_uppercase()),
        }
    }
}

/// The places of [`Weights::own`] and [`Weights::lost`] among the features.
const OWN: usize = 2;
const LOST: usize = 4;

/// The weights for lines of a kind.
fn weights(mix: &Mix, kind: LineKind) -> [f32; Weights::COUNT] {
    let mut sum = mix.every.list();
    for (is_one, more) in [(kind.talks, mix.talk), (kind.is_sentence, mix.sentence)] {
        if is_one {
            sum.iter_mut().zip(more.list()).for_each(|(sum, weight)| *sum += weight);
        }
    }
    sum
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Scored {
    /// The score of each path; only differences matter.
    pub fn combined(&self, mix: &Mix) -> Vec<f32> {
        let weights = weights(mix, self.kind);
        self.scores.iter().map(|score| dot(&score.features, &weights)).collect()
    }

    /// What the confidence of the best path is a sum of, in the order of [`sayso_language::Confidence`] without its bias; and
    /// which path that is. `None` if there is none.
    pub fn evidence(&self, mix: &Mix) -> Option<(usize, [f32; 3])> {
        let combined = self.combined(mix);
        // Of equal ones the first.
        let best_of = |may: &dyn Fn(usize) -> bool| {
            let those = combined.iter().enumerate().rev().filter(|(at, _)| may(*at));
            those.max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(at, _)| at)
        };
        let share =
            |at: usize| combined.iter().map(|score| (score - combined[at]).exp()).sum::<f32>().recip();
        let mut at = best_of(&|_| true)?;
        if self.loses_more(at) && share(at) < mix.lose_above {
            at = best_of(&|at| !self.loses_more(at))?;
        }
        let share = share(at);
        let own = self.scores[at].features[OWN];
        Some((at, [log_odds(self.together * share), log_odds(share), own]))
    }

    /// Whether a path leaves out more words than the tagger's best one.
    pub fn loses_more(&self, at: usize) -> bool {
        self.scores[at].features[LOST] > self.scores[0].features[LOST]
    }

    /// The best path. `None` if there is none.
    pub fn best(&self, mix: &Mix) -> Option<Best> {
        let (at, evidence) = self.evidence(mix)?;
        let sayso_language::Confidence { joint, share, own, bias } = mix.confidence;
        let odds = dot(&evidence, &[joint, share, own]) + bias;
        Some(Best { at, confidence: 1.0 / (1.0 + (-odds).exp()) })
    }
}

/// The logarithm of the odds of a probability, which is kept from 0 and 1.
fn log_odds(probability: f32) -> f32 {
    let probability = probability.clamp(1e-4, 1.0 - 1e-4);
    (probability / (1.0 - probability)).ln()
}

/// The paths in the order that tagger and language model together give them; with the model's own among them where none of
/// the others is sure. `None` where there is nothing to choose.
///
/// # Errors
/// As [`ModelHandle::rescore`] and [`ModelHandle::write`]; where only the second fails, it comes with what the first made.
pub(crate) fn rescore(
    engine: &Engine,
    paths: &Candidates,
    dictated: &str,
    model: &ModelHandle,
    stop: &Stop,
) -> Result<(Option<Candidates>, Option<LanguageError>), LanguageError> {
    let mix = model.mix();
    let Some(scored) = score(paths, dictated, model, stop)? else { return Ok((None, None)) };
    let ranked = rank(paths, &scored, mix);
    if ranked.as_ref().is_none_or(|ranked| ranked.confidence >= mix.write_below) {
        return Ok((ranked, None));
    }
    match with_own(engine, paths, scored, dictated, model, stop) {
        Ok(scored) => Ok((rank(paths, &scored, mix), None)),
        Err(error) => Ok((ranked, Some(error))),
    }
}

/// The tagger's paths with the model's opinion of each; `None` where the tagger has none.
///
/// # Errors
/// As [`ModelHandle::rescore`].
pub(crate) fn score(
    paths: &Candidates,
    dictated: &str,
    model: &ModelHandle,
    stop: &Stop,
) -> Result<Option<Scored>, LanguageError> {
    let Some(line) = &paths.tagged else { return Ok(None) };
    let may_win =
        |(path, _): &(Path, String)| path.score >= paths.best.score - WITHIN && keeps_words(paths, path);
    let (all, rest): (Vec<_>, Vec<_>) = paths.distinct().into_iter().partition(may_win);
    let texts: Vec<String> = all.iter().map(|(_, text)| text.trim().to_owned()).collect();
    let likelihoods = model.rescore(dictated.trim(), &texts, stop)?;
    let mut scored = Scored {
        confidence: paths.confidence,
        kind: LineKind::of(paths),
        scores: Vec::with_capacity(all.len() + 1),
        paths: Vec::with_capacity(all.len() + 1),
        written: None,
        rest: rest.into_iter().map(|(path, _)| path).collect(),
        together: 0.0,
    };
    for (((path, _), text), likelihood) in all.into_iter().zip(texts).zip(likelihoods) {
        scored.push(line.weights().confidence(path.score), &paths.lattice, path, text, likelihood);
    }
    Ok(Some(scored))
}

impl Scored {
    fn push(&mut self, confidence: f32, lattice: &Lattice, path: Path, text: String, model: Likelihood) {
        let alike = path.steps.iter().filter(|step| lattice.reading(step.reading).kind == Kind::SoundAlike);
        let first = text.split(' ').find(|word| *word != "sudo").unwrap_or_default();
        let features = [
            path.score,
            model.sum,
            0.0,
            if self.paths.is_empty() { 1.0 } else { 0.0 },
            tagged::lost_words(lattice, &path) as f32,
            alike.count() as f32,
            -(-model.sum).max(0.0).sqrt(),
            text.chars().filter(|c| !c.is_alphanumeric() && !c.is_whitespace() && *c != '_').count() as f32,
            if is_command(first) { 1.0 } else { 0.0 },
        ];
        self.together = (self.together + confidence).min(1.0);
        self.scores.push(CandidateScore { text, features });
        self.paths.push(path);
    }
}

/// The same with the line that the model itself writes along the lattice, unless the dictation is long: marked where it is
/// there already, and added where it is not.
///
/// # Errors
/// As [`ModelHandle::write`].
pub(crate) fn with_own(
    engine: &Engine,
    paths: &Candidates,
    mut scored: Scored,
    dictated: &str,
    model: &ModelHandle,
    stop: &Stop,
) -> Result<Scored, LanguageError> {
    let Some(line) = &paths.tagged else { return Ok(scored) };
    if dictated.split_whitespace().nth(LONGEST_WRITTEN).is_some() {
        return Ok(scored);
    }
    let best = scored.best(model.mix()).map_or("", |best| &scored.scores[best.at].text);
    let written = model.write(dictated.trim(), &paths.lattice, best, stop)?;
    let path = written.and_then(|written| tagged::score(engine, line, written.steps, f32::NEG_INFINITY));
    let Some(path) = path.filter(|path| keeps_words(paths, path)) else { return Ok(scored) };
    let text = paths.text_of(&path).trim().to_owned();
    let known = scored.scores.iter().position(|score| score.text == text);
    if let Some(at) = known {
        scored.scores[at].features[OWN] = 1.0;
    } else if !text.is_empty() && !is_destructive(&text) {
        // What destroys something is only found by a search with more caution.
        scored.rest.retain(|path| paths.text_of(path).trim() != text);
        let likelihood = model.rescore(dictated.trim(), std::slice::from_ref(&text), stop)?;
        if let Some(likelihood) = likelihood.first() {
            scored.push(line.weights().confidence(path.score), &paths.lattice, path, text, *likelihood);
            let at = scored.scores.len() - 1;
            scored.scores[at].features[OWN] = 1.0;
            scored.written = Some(at);
        }
    }
    Ok(scored)
}

/// Whether a path keeps all words, where the tagger's best one leaves nothing out: a language model likes to leave out
/// more, and in such a line nobody would look for what is gone.
fn keeps_words(paths: &Candidates, path: &Path) -> bool {
    !paths.lattice.left_out(&paths.best.steps).is_empty() || tagged::lost_words(&paths.lattice, path) == 0
}

/// The paths by their combined scores; equal ones stay in order, and the path that leaves nothing out stays among those
/// that are shown.
fn rank(paths: &Candidates, scored: &Scored, mix: &Mix) -> Option<Candidates> {
    let best = scored.best(mix)?;
    let combined = scored.combined(mix);
    let mut order: Vec<usize> = (0..scored.paths.len()).filter(|at| *at != best.at).collect();
    order.sort_by(|a, b| combined[*b].total_cmp(&combined[*a]));
    let taken = &scored.paths[best.at];
    let mut others: Vec<Path> = order.into_iter().map(|at| scored.paths[at].clone()).collect();
    others.extend(scored.rest.iter().cloned());
    // Where the tagger leaves words out, its last path is the one with all of them.
    let leaves_out = !paths.lattice.left_out(&paths.best.steps).is_empty();
    let whole = paths.others.last().filter(|_| leaves_out);
    let at = whole.and_then(|whole| others.iter().position(|path| path.steps == whole.steps));
    if let Some(at) = at.filter(|at| *at >= MAX_ALTERNATIVES) {
        let whole = others.remove(at);
        others.insert(MAX_ALTERNATIVES - 1, whole);
    }
    Some(Candidates {
        stage: if Some(best.at) == scored.written { Stage::Generated } else { Stage::Rescored },
        best: taken.clone(),
        confidence: best.confidence,
        others,
        message: None,
        ..paths.clone()
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(kind: LineKind, candidates: &[[f32; Weights::COUNT]]) -> Scored {
        let scores =
            candidates.iter().map(|features| CandidateScore { text: String::new(), features: *features });
        let paths = vec![Path::default(); candidates.len()];
        let (rest, written) = (Vec::new(), None);
        Scored { confidence: 0.5, kind, scores: scores.collect(), paths, written, rest, together: 0.8 }
    }

    /// The first features; the others are 0.
    fn of<const N: usize>(first: [f32; N]) -> [f32; Weights::COUNT] {
        std::array::from_fn(|at| first.get(at).copied().unwrap_or(0.0))
    }

    const PLAIN: LineKind = LineKind { talks: false, is_sentence: false };

    #[test]
    fn weights_of_the_kind_are_added() {
        let mut mix =
            Mix { every: Weights { tagger: 1.0, model: 0.5, ..Weights::default() }, ..Mix::default() };
        let candidates = [of([-1.0, -9.0, 0.0, 1.0, 0.0]), of([-3.0, -4.0, 1.0, 0.0, 0.0])];
        assert_eq!(scored(PLAIN, &candidates).best(&mix).unwrap().at, 1);
        mix.talk.model = -0.4;
        let talk = LineKind { talks: true, ..PLAIN };
        assert_eq!(scored(talk, &candidates).best(&mix).unwrap().at, 0);
        assert_eq!(scored(PLAIN, &candidates).best(&mix).unwrap().at, 1);
        mix.sentence.own = 9.0;
        let both = LineKind { talks: true, is_sentence: true };
        assert_eq!(scored(both, &candidates).best(&mix).unwrap().at, 1);
    }

    #[test]
    fn of_equal_paths_the_first_is_taken_and_is_as_sure_as_its_share() {
        let mix = Mix::default();
        let same = of([-1.0, -2.0, 0.0, 0.0, 0.0]);
        let best = scored(PLAIN, &[same, same]).best(&mix).unwrap();
        // Half of what the tagger gives both.
        assert_eq!(best.at, 0);
        assert!((best.confidence - 0.4).abs() < 1e-4, "{}", best.confidence);
        assert!(scored(PLAIN, &[]).best(&mix).is_none());
    }

    #[test]
    fn a_path_that_loses_more_words_than_the_taggers_best_one_must_be_sure() {
        let mix = |lose_above| Mix { lose_above, ..Mix::default() };
        // Twice as likely as the tagger's best path, with one word less; and an unlikely one.
        let candidates = [of([-1.0, 0.0, 0.0, 1.0, 2.0]), of([-0.3, 0.0, 0.0, 0.0, 3.0]), of([-9.0])];
        let taken = |lose_above| scored(PLAIN, &candidates).best(&mix(lose_above)).unwrap().at;
        assert_eq!((taken(0.6), taken(0.7)), (1, 0));
        // A path that loses fewer may be taken however unsure it is.
        let candidates = [of([-1.0, 0.0, 0.0, 1.0, 2.0]), of([-0.9])];
        assert_eq!(scored(PLAIN, &candidates).best(&mix(0.9)).unwrap().at, 1);
    }
}
