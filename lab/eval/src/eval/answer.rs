//! One case: who answers it, and how the answer is scored.

use super::mistake::Mistake;
use crate::route::{Answerer, Writing};
use crate::said::not_said;
use crate::score::{Score, Tier, loses_word};
use anyhow::bail;
use sayso_corpus::cases::Case;
use sayso_engine::{Dictation, Engine, ModelHandle, Refusal, Rescorer, Stage, Stop, Words};
use sayso_speech::clean::clean;
use sayso_speech::lattice::{self, Lattice};
use sayso_speech::lex::lex;
use sayso_speech::phonetic::widen;
use sayso_speech::render::render;
use sayso_speech::words::UserWords;
use std::sync::Arc;
use std::time::Duration;

/// What became of a case.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) reply: Reply,
    pub(super) score: Score,
    /// How long the reply took.
    pub(super) time: Duration,
    /// The peak of the memory up to this answer, in bytes; `None` if it is not known.
    pub(super) peak: Option<u64>,
}

/// An answer that is not scored yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reply {
    /// The line that the user gets.
    pub(super) text: String,
    /// The stage that answered.
    pub(super) by: By,
    /// Its confidence, 0 to 1; `None` where nobody says how sure it is.
    pub(super) confidence: Option<f32>,
    /// Best first, without `text`.
    pub(super) alternatives: Vec<String>,
    /// The message for the user.
    pub(super) message: Option<String>,
}

/// The stage that answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// A stage of the engine.
    Stage(Stage),
    /// The language model without constraint, because no path of the lattice writes the same.
    Unconstrained,
    /// The language model wrote nothing: it cannot read the line, cannot write any path, or was stopped.
    Silence,
    /// No stage: the engine refused the line.
    Refusal,
    /// No stage: the conversion crashed.
    Crash,
}

impl By {
    /// The name in reports.
    pub(super) fn name(self) -> &'static str {
        match self {
            By::Stage(stage) => stage.name(),
            By::Unconstrained => "free",
            By::Silence => "silent",
            By::Refusal => "refused",
            By::Crash => "crashed",
        }
    }

    /// The one that is called `name`.
    pub(super) fn named(name: &str) -> Option<By> {
        let others = [By::Unconstrained, By::Silence, By::Refusal, By::Crash];
        Stage::ALL.into_iter().map(By::Stage).chain(others).find(|by| by.name() == name)
    }
}

/// Who is asked about a case.
pub(super) struct Asked<'a> {
    pub(super) answerer: Answerer,
    pub(super) engine: &'a Engine,
    pub(super) model: Option<&'a ModelHandle>,
    /// When the model must be done.
    pub(super) stop: &'a Stop,
}

impl Asked<'_> {
    /// The answer to a case.
    ///
    /// # Errors
    /// If the answerer is not in this build, or needs a language model and there is none.
    pub(super) fn reply(&self, case: &Case) -> anyhow::Result<Reply> {
        let Asked { answerer, engine, model, stop } = *self;
        let route = match answerer {
            Answerer::Engine(route) => route,
            Answerer::Model(writing) => match model {
                Some(model) => return Ok(written(model, writing, &case.dictated, stop)),
                None => bail!("{}: nothing was evaluated", Refusal::NoModel),
            },
        };
        let dictation = Dictation { text: &case.dictated, route, ..Dictation::default() };
        let rescorer = model.map(|model| Rescorer { model, stop });
        match engine.convert(&Words::default(), &dictation, rescorer) {
            Ok(conversion) => Ok(Reply {
                text: conversion.buffer,
                by: By::Stage(conversion.stage),
                confidence: Some(conversion.confidence),
                alternatives: conversion.alternatives,
                message: conversion.message,
            }),
            Err(refusal @ (Refusal::NoTagger | Refusal::NoModel)) => {
                bail!("{refusal}: nothing was evaluated")
            }
            // The person is left with the line as it was.
            Err(refusal) => Ok(Reply {
                text: case.dictated.clone(),
                by: By::Refusal,
                confidence: None,
                alternatives: Vec::new(),
                message: Some(refusal.to_string()),
            }),
        }
    }
}

impl Reply {
    /// In place of an answer: why there is none.
    pub(super) fn crash(message: String) -> Reply {
        Reply {
            text: String::new(),
            by: By::Crash,
            confidence: None,
            alternatives: Vec::new(),
            message: Some(message),
        }
    }

    /// How good it is.
    pub(super) fn score(&self, case: &Case) -> Score {
        if self.by == By::Crash {
            // Perhaps it was the lattice that crashed, so it is not asked again.
            return Score::crashed();
        }
        let mut scores: Vec<Score> =
            expected(case).map(|expected| Score::new(&self.text, &self.alternatives, expected)).collect();
        let in_top_two = scores.iter().any(|score| score.in_top_two);
        let in_top_four = scores.iter().any(|score| score.in_top_four);
        let best = (0..scores.len()).min_by_key(|&at| scores[at].tier).unwrap_or(0);
        let best = scores.swap_remove(best);
        let lattice = wide(&case.dictated);
        // An exact answer always counts as reachable, because a line that is already a command is answered without a
        // lattice.
        let reachable =
            best.reachable || expected(case).any(|expected| lattice::is_reachable(&lattice, expected));
        Score {
            in_top_two,
            in_top_four,
            reachable,
            gone: best.tier != Tier::Exact && loses_word(&case.dictated, &self.text, &case.expected),
            invented: !not_said(&lattice, &case.dictated, &self.text).is_empty(),
            refused: self.by == By::Refusal,
            ..best
        }
    }

    /// The kind of its mistake, if it is wrong.
    pub(super) fn mistake(&self, case: &Case) -> Mistake {
        match self.by {
            By::Refusal => Mistake::Refused,
            By::Crash => Mistake::Crashed,
            _ => Mistake::of(&case.dictated, &case.expected, &self.text),
        }
    }
}

/// All right commands.
fn expected(case: &Case) -> impl Iterator<Item = &String> {
    std::iter::once(&case.expected).chain(&case.alt)
}

/// The lattice that the tagger looks at.
fn wide(dictated: &str) -> Lattice {
    let words = UserWords::default();
    widen(lex(clean(dictated), &words, None), &words)
}

/// What the model writes by itself, even if it would never be put on a line. It counts as generated if some path of the
/// lattice writes the same.
fn written(model: &ModelHandle, writing: Writing, dictated: &str, stop: &Stop) -> Reply {
    let dictated = dictated.trim();
    let lattice = Arc::new(wide(dictated));
    let text = match writing {
        Writing::Free => model.write_freely(dictated, stop).map(Some),
        Writing::Constrained => {
            let path = model.write(dictated, &lattice, dictated, stop);
            path.map(|written| Some(render(&lattice, &written?.steps).text))
        }
    };
    let (text, message) = match text {
        Ok(text) => (text, None),
        Err(error) => (None, Some(error.to_string())),
    };
    let text = text.map(|text| text.trim().to_owned());
    let by = match &text {
        None => By::Silence,
        Some(text) if lattice::path_writing(&lattice, text).is_some() => By::Stage(Stage::Generated),
        Some(_) => By::Unconstrained,
    };
    let text = text.unwrap_or_default();
    Reply { text, by, confidence: None, alternatives: Vec::new(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back() {
        for by in Stage::ALL.map(By::Stage).into_iter().chain([By::Unconstrained, By::Silence, By::Crash]) {
            assert_eq!(By::named(by.name()), Some(by));
        }
        assert_eq!(By::named("nobody"), None);
    }

    #[test]
    fn a_crash_is_wrong_whatever_was_expected() {
        let (dictated, expected) = ("ls".to_owned(), String::new());
        let case = Case { dictated, expected, alt: Vec::new(), groups: Vec::new() };
        let score = Reply::crash("a defect".to_owned()).score(&case);
        assert_eq!((score.tier, score.similarity, score.reachable), (Tier::Wrong, 0.0, false));
    }
}
