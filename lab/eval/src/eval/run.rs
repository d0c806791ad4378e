//! One contender over all cases: its answers and their figures.

use super::answer::{Answer, By};
use crate::quantile::quantile;
use crate::reliability::Reliability;
use crate::route::Answerer;
use crate::score::{ByCommand, MEASURES, Tally, Tier};
use crate::similarity::collapse;
use sayso_corpus::cases::Case;
use std::collections::BTreeMap;
use std::time::Duration;

/// The answers of one contender, in the order of the cases.
pub(super) struct Run {
    /// What tells it from the other one of two: its route, or its model.
    pub(super) label: String,
    pub(super) answerer: Answerer,
    pub(super) answers: Vec<Answer>,
}

/// How long the cases took, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) mean: f64,
    pub(super) p50: f64,
    pub(super) p99: f64,
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
            let reply = &answer.reply;
            reply.alternatives.iter().map(move |other| other.eq_ignore_ascii_case(&reply.text))
        });
        pairs.fold((0, 0), |(all, alike), is_alike| (all + 1, alike + usize::from(is_alike)))
    }

    pub(super) fn pace(&self) -> Pace {
        let times: Vec<Duration> = self.answers.iter().map(|answer| answer.time).collect();
        let mean = times.iter().sum::<Duration>().as_secs_f64() / times.len().max(1) as f64;
        let [p50, p99] = [0.5, 0.99].map(|share| quantile(&times, share).as_secs_f64());
        Pace { mean, p50, p99 }
    }

    /// The peak of the memory of the whole process during the run, in bytes; `None` if it is not known.
    pub(super) fn peak(&self) -> Option<u64> {
        self.answers.iter().map(|answer| answer.peak).max().flatten()
    }

    /// The cases that crashed, each with what is known about why.
    pub(super) fn crashes(&self) -> impl Iterator<Item = (usize, &str)> {
        let crashed = self.answers.iter().enumerate().filter(|(_, answer)| answer.reply.by == By::Crash);
        crashed.map(|(at, answer)| (at, answer.reply.message.as_deref().unwrap_or_default()))
    }

    /// The name of each stage that answered, with its cases.
    pub(super) fn stages(&self) -> BTreeMap<&str, Vec<usize>> {
        let mut stages: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, answer) in self.answers.iter().enumerate() {
            stages.entry(answer.reply.by.name()).or_default().push(at);
        }
        stages
    }

    /// How far the confidences can be trusted. Refusals have none and are left out.
    pub(super) fn reliability(&self) -> Reliability {
        let pair = |answer: &Answer| Some((answer.reply.confidence?, answer.score.tier == Tier::Exact));
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
