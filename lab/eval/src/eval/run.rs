//! One route over all cases: its answers and their scores.

use super::mistake::Mistake;
use crate::model::Model;
use crate::reliability::Reliability;
use crate::score::{ByCommand, MEASURES, Score, Tally, Tier, loses_word};
use crate::similarity::collapse;
use anyhow::bail;
use sayso_corpus::cases::Case;
use sayso_corpus::progress::Progress;
use sayso_engine::{
    Conversion, Dictation, Engine, ModelHandle, Refusal, Rescorer, Route, Stage, Stop, Words,
};
use sayso_speech::clean::clean;
use sayso_speech::lattice::{self, Lattice};
use sayso_speech::lex::lex;
use sayso_speech::phonetic::widen;
use sayso_speech::words::UserWords;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The result of a route for a case.
pub(super) struct Answer {
    /// The line that the user gets.
    pub(super) text: String,
    /// The stage that answered.
    pub(super) by: By,
    /// Its confidence, 0 to 1; `None` if the engine refused.
    pub(super) confidence: Option<f32>,
    /// Best first, without `text`.
    pub(super) alternatives: Vec<String>,
    /// The message for the user.
    pub(super) message: Option<String>,
    pub(super) score: Score,
}

/// The stage that answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// A stage of the engine.
    Stage(Stage),
    /// The language model without constraint, because no path of the lattice writes the same.
    Unconstrained,
    /// No stage: the engine refused the line.
    Refusal,
}

impl By {
    /// The name in reports.
    pub(super) fn name(self) -> &'static str {
        match self {
            By::Stage(stage) => stage.name(),
            By::Unconstrained => "free",
            By::Refusal => "refused",
        }
    }
}

/// The answers of one route, in the order of the cases.
pub(super) struct Run {
    /// What tells it from the other one of two: its route, or its model.
    pub(super) label: String,
    pub(super) route: Route,
    pub(super) answers: Vec<Answer>,
    time: Duration,
}

/// The engine, the language model if there is one, and its limits.
pub(super) struct Setup<'m> {
    pub(super) engine: Engine,
    pub(super) model: Option<ModelHandle>,
    pub(super) limits: &'m Model,
}

/// Converts every case. Fails if the route is not in this build.
pub(super) fn evaluate<'a>(cases: &'a [Case], route: Route, setup: &'a Setup<'_>) -> anyhow::Result<Run> {
    let words = Words::default();
    let progress = Progress::new(cases.len(), "cases");
    let mut run = Run { label: route.name().to_owned(), route, answers: Vec::new(), time: Duration::ZERO };
    let dictation = |case: &'a Case| Dictation { text: &case.dictated, route, ..Dictation::default() };
    // The daemon has built its tables long before the first key press.
    let engine = &setup.engine;
    engine.warm_up();
    for case in cases {
        let dictation = dictation(case);
        let stop = setup.limits.stop();
        let rescorer = setup.model.as_ref().map(|model| Rescorer { model, stop: &stop });
        let start = Instant::now();
        let converted = match &setup.model {
            Some(model) if setup.limits.free && route == Route::Model => {
                Ok(unconstrained(model, &case.dictated, &stop))
            }
            _ => engine.convert(&words, &dictation, rescorer).map(|it| (By::Stage(it.stage), it)),
        };
        run.time += start.elapsed();
        let mut answer = match converted {
            Ok((by, conversion)) => Answer {
                score: score(case, &conversion.buffer, &conversion.alternatives),
                text: conversion.buffer,
                by,
                confidence: Some(conversion.confidence),
                alternatives: conversion.alternatives,
                message: conversion.message,
            },
            Err(refusal @ (Refusal::NoTagger | Refusal::NoModel)) => {
                bail!("{refusal}: nothing was evaluated")
            }
            // The person is left with the line as it was.
            Err(refusal) => Answer {
                score: Score { refused: true, ..score(case, &case.dictated, &[]) },
                text: case.dictated.clone(),
                by: By::Refusal,
                confidence: None,
                alternatives: Vec::new(),
                message: Some(refusal.to_string()),
            },
        };
        // An exact answer always counts as reachable, because a line that is already a command is answered without a
        // lattice.
        let lattice = wide(&case.dictated);
        answer.score.reachable |= expected(case).any(|expected| lattice::is_reachable(&lattice, expected));
        run.answers.push(answer);
        progress.step();
    }
    Ok(run)
}

/// All right commands.
fn expected(case: &Case) -> impl Iterator<Item = &String> {
    std::iter::once(&case.expected).chain(&case.alt)
}

/// The best score of an answer against any of the right commands.
fn score(case: &Case, answer: &str, alternatives: &[String]) -> Score {
    let mut scores: Vec<Score> =
        expected(case).map(|expected| Score::new(answer, alternatives, expected)).collect();
    let in_top_two = scores.iter().any(|score| score.in_top_two);
    let in_top_four = scores.iter().any(|score| score.in_top_four);
    let best = (0..scores.len()).min_by_key(|&at| scores[at].tier).unwrap_or(0);
    let best = scores.swap_remove(best);
    let gone = best.tier != Tier::Exact && loses_word(&case.dictated, answer, &case.expected);
    Score { in_top_two, in_top_four, gone, ..best }
}

/// The lattice that the tagger looks at.
fn wide(dictated: &str) -> Lattice {
    let words = UserWords::default();
    widen(lex(clean(dictated), &words, None), &words)
}

/// What the model writes without any constraint, as the series counted it, even if it would never be put on a line. It
/// counts as generated if some path of the lattice writes the same.
fn unconstrained(model: &ModelHandle, dictated: &str, stop: &Stop) -> (By, Conversion) {
    let (buffer, message) = match model.write_freely(dictated, stop) {
        Ok(text) => (text.trim().to_owned(), None),
        Err(error) => (String::new(), Some(error.to_string())),
    };
    let was_said = lattice::path_writing(&wide(dictated), &buffer).is_some();
    let by = if was_said { By::Stage(Stage::Generated) } else { By::Unconstrained };
    let conversion = Conversion {
        cursor: buffer.chars().count(),
        stage: Stage::Generated,
        confidence: 0.0,
        alternatives: Vec::new(),
        spans: Vec::new(),
        dropped: Vec::new(),
        added: Vec::new(),
        message,
        buffer,
    };
    (by, conversion)
}

/// Name of each group with its cases, "all" first.
pub(super) fn groups(cases: &[Case]) -> Vec<(&str, Vec<usize>)> {
    let mut named: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, case) in cases.iter().enumerate() {
        case.groups.iter().for_each(|group| named.entry(group).or_default().push(at));
    }
    std::iter::once(("all", (0..cases.len()).collect())).chain(named).collect()
}

/// Figures of all groups.
pub(super) struct Table<'a> {
    /// What is special about it; empty for the first one.
    pub(super) caption: &'static str,
    /// The counted things, as a plural noun.
    pub(super) counted: &'static str,
    /// Name of the group, its size, and every measure in percent.
    pub(super) rows: Vec<(&'a str, usize, [f64; MEASURES.len()])>,
}

/// The cases among `members`, grouped by the command that they expect.
pub(super) fn commands(cases: &[Case], members: &[usize]) -> Vec<Vec<usize>> {
    let mut commands: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for &at in members {
        commands.entry(collapse(&cases[at].expected)).or_default().push(at);
    }
    commands.into_values().collect()
}

impl Run {
    /// Like [`Run::tally`], but counts each command once.
    pub(super) fn by_command(&self, cases: &[Case], members: &[usize]) -> ByCommand {
        ByCommand::of(commands(cases, members).iter().map(|same| self.tally(same)))
    }

    /// The figures case by case and, if some commands are said repeatedly, also with each command counted once.
    pub(super) fn tables<'a>(&self, cases: &'a [Case]) -> Vec<Table<'a>> {
        let (mut by_case, mut by_command) = (Vec::new(), Vec::new());
        for (name, members) in groups(cases) {
            by_case.push((name, members.len(), self.tally(&members).percents()));
            let figures = self.by_command(cases, &members);
            by_command.push((name, figures.commands, figures.percents));
        }
        let repeated = by_case.iter().zip(&by_command).any(|(cases, commands)| commands.1 < cases.1);
        let mut tables = vec![Table { caption: "", counted: "cases", rows: by_case }];
        if repeated {
            let caption = "Each command once, by the mean over its dictations";
            tables.push(Table { caption, counted: "commands", rows: by_command });
        }
        tables
    }

    pub(super) fn tally(&self, members: &[usize]) -> Tally {
        Tally::of(members.iter().map(|&at| &self.answers[at].score))
    }

    /// The number of alternatives, and the number of those that differ from the answer only in capitals.
    pub(super) fn alternatives(&self) -> (usize, usize) {
        let pairs = self.answers.iter().flat_map(|answer| {
            answer.alternatives.iter().map(move |other| other.eq_ignore_ascii_case(&answer.text))
        });
        pairs.fold((0, 0), |(all, alike), is_alike| (all + 1, alike + usize::from(is_alike)))
    }

    pub(super) fn seconds_per_case(&self) -> f64 {
        self.time.as_secs_f64() / self.answers.len() as f64
    }

    /// The name of each stage that answered, with its cases.
    pub(super) fn stages(&self) -> BTreeMap<&str, Vec<usize>> {
        let mut stages: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, answer) in self.answers.iter().enumerate() {
            stages.entry(answer.by.name()).or_default().push(at);
        }
        stages
    }

    /// How far the confidences can be trusted. Refusals have none and are left out.
    pub(super) fn reliability(&self) -> Reliability {
        let pair = |answer: &Answer| Some((answer.confidence?, answer.score.tier == Tier::Exact));
        Reliability::of(self.answers.iter().filter_map(pair))
    }

    /// The cases that are not exact, the least alike first, at most `limit`.
    pub(super) fn worst(&self, limit: usize) -> Vec<usize> {
        let score = |at: usize| &self.answers[at].score;
        let mut wrong: Vec<usize> =
            (0..self.answers.len()).filter(|&at| score(at).tier != Tier::Exact).collect();
        wrong.sort_by(|&a, &b| score(a).similarity.total_cmp(&score(b).similarity));
        wrong.truncate(limit);
        wrong
    }
}

impl Answer {
    /// The kind of its mistake, if it is wrong.
    pub(super) fn mistake(&self, case: &Case) -> Mistake {
        match self.score.refused {
            true => Mistake::Refused,
            false => Mistake::of(&case.dictated, &case.expected, &self.text),
        }
    }
}
