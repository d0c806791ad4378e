//! `sayso-lab eval`: how often a route gives the expected command.

use crate::bootstrap::{self, Interval};
use crate::cases::{self, Case};
use crate::progress::Progress;
use crate::route;
use crate::score::{MEASURES, Score, Tally, Tier};
use anyhow::bail;
use sayso_engine::{Dictation, Refusal, Words, wire};
use sayso_protocol::Route;
use sayso_speech::clean::clean;
use sayso_speech::lattice;
use sayso_speech::lex::lex;
use sayso_speech::words::UserWords;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Converts every case and compares with the expected command.
///
/// A case file holds one JSON object a line: {"dictated": …, "expected": …}. Records that carry `difficulty` or
/// `category` are also reported by group. The settings' own words are not used: the figures depend on the cases alone.
///
/// exact: equal after white space is collapsed. near: similarity of 0.9 and more (Ratcliff–Obershelp, as Python's
/// difflib computes it). partial: 0.7 and more. wrong: the rest. effective: exact and near. same argv: a shell
/// splits both into the same words. top 4: the answer or one of its first three alternatives is exact. reachable: some
/// path of the lattice is exact, whatever was chosen. refused: the line was left as it was.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sayso-lab eval --cases talk/dev.jsonl --errors 10\n  \
                        sayso-lab eval --cases nl2bash/valid.jsonl --routes scanner,auto")]
pub struct Eval {
    /// JSON lines with the cases
    #[arg(long, value_name = "FILE.jsonl")]
    cases: PathBuf,
    /// The stage that answers
    #[arg(long, value_name = "STAGE", default_value = "auto", value_parser = route::parser())]
    route: Route,
    /// Two stages, compared case by case: side by side, with a paired bootstrap interval of the difference
    #[arg(long, value_parser = two_routes, value_name = "A,B", conflicts_with = "route")]
    routes: Option<TwoRoutes>,
    /// The member that holds the dictation
    #[arg(long, default_value = "dictated", value_name = "MEMBER")]
    dictated_field: String,
    /// Only the first N cases
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,
    /// Also print the N cases that are least like what was expected
    #[arg(long, value_name = "N", default_value_t = 0)]
    errors: usize,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// The answers of one route, in the order of the cases.
struct Run {
    route: Route,
    answers: Vec<String>,
    scores: Vec<Score>,
    time: Duration,
}

impl Eval {
    /// Evaluates and prints. Fails when the cases cannot be read or a route is not in this build.
    pub fn run(&self) -> anyhow::Result<()> {
        let mut cases = cases::read(&self.cases, &self.dictated_field)?;
        cases.truncate(self.limit.map_or(cases.len(), NonZeroUsize::get));
        let routes = self.routes.map_or(vec![self.route], |TwoRoutes(a, b)| vec![a, b]);
        let runs = routes.iter().map(|&route| evaluate(&cases, route)).collect::<anyhow::Result<Vec<_>>>()?;
        let shown = match (self.json, runs.as_slice()) {
            (true, [a, b]) => format!("{}\n", comparison_to_json(&cases, a, b, self.errors)),
            (false, [a, b]) => comparison(&cases, a, b) + &b.errors(&cases, self.errors),
            (true, runs) => {
                runs.iter().map(|run| format!("{}\n", run.to_json(&cases, self.errors))).collect()
            }
            (false, runs) => {
                runs.iter().map(|run| run.table(&cases) + &run.errors(&cases, self.errors)).collect()
            }
        };
        Ok(std::io::stdout().write_all(shown.as_bytes())?)
    }
}

/// Two stages to compare, such as `scanner,auto`.
#[derive(Debug, Clone, Copy)]
struct TwoRoutes(Route, Route);

fn two_routes(text: &str) -> Result<TwoRoutes, String> {
    let (a, b) = text.split_once(',').ok_or("two stages are compared, such as scanner,auto")?;
    let named = |name| route::named(name).ok_or_else(|| format!("there is no stage {name:?}"));
    Ok(TwoRoutes(named(a)?, named(b)?))
}

fn evaluate<'a>(cases: &'a [Case], route: Route) -> anyhow::Result<Run> {
    let words = Words::default();
    let progress = Progress::new(cases.len(), "cases");
    let mut run = Run { route, answers: Vec::new(), scores: Vec::new(), time: Duration::ZERO };
    let dictation = |case: &'a Case| Dictation {
        text: &case.dictated,
        route: wire::route(route),
        ..Dictation::default()
    };
    // The daemon has built its tables long before a key is pressed.
    let _ = sayso_engine::convert(&words, &dictation(&cases[0]));
    for case in cases {
        let dictation = dictation(case);
        let start = Instant::now();
        let converted = sayso_engine::convert(&words, &dictation);
        run.time += start.elapsed();
        let (answer, score) = match converted {
            Ok(conversion) => {
                let score = Score::new(&conversion.buffer, &conversion.alternatives, &case.expected);
                (conversion.buffer, score)
            }
            Err(refusal @ Refusal::NoRoute(_)) => bail!("{refusal}: nothing was evaluated"),
            // What a person is left with is the line as it was.
            Err(_) => {
                let score = Score::new(&case.dictated, &[], &case.expected);
                (case.dictated.clone(), Score { refused: true, ..score })
            }
        };
        let reachable = score.reachable || reachable(case);
        run.answers.push(answer);
        run.scores.push(Score { reachable, ..score });
        progress.step();
    }
    Ok(run)
}

/// Whether some path of the lattice gives the expected command. An exact answer is always counted as reachable:
/// a line that is a command already is answered without a lattice.
fn reachable(case: &Case) -> bool {
    let lattice = lex(clean(&case.dictated), &UserWords::default());
    lattice::reaches(&lattice, &case.expected)
}

/// Name of each group, and which cases are in it, "all" first.
fn groups(cases: &[Case]) -> Vec<(&str, Vec<usize>)> {
    let mut named: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, case) in cases.iter().enumerate() {
        case.groups.iter().for_each(|group| named.entry(group).or_default().push(at));
    }
    std::iter::once(("all", (0..cases.len()).collect())).chain(named).collect()
}

impl Run {
    fn tally(&self, members: &[usize]) -> Tally {
        Tally::of(members.iter().map(|&at| &self.scores[at]))
    }

    fn seconds_per_case(&self) -> f64 {
        self.time.as_secs_f64() / self.scores.len() as f64
    }

    /// A row per group, a column per measure, in percent.
    fn table(&self, cases: &[Case]) -> String {
        let groups = groups(cases);
        let width = groups.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        let mut text = format!("{:<width$}  cases", "%");
        MEASURES.iter().for_each(|(_, heading)| text += &format!("  {heading:>5}"));
        text.push('\n');
        for (name, members) in &groups {
            let tally = self.tally(members);
            let _ = write!(text, "{name:<width$}  {:>5}", tally.cases);
            for ((_, heading), percent) in MEASURES.iter().zip(tally.percents()) {
                let column = heading.len().max(5);
                let _ = write!(text, "  {percent:>column$.1}");
            }
            text.push('\n');
        }
        text + &format!("route {}, {}\n", self.route.as_str(), pace(self.seconds_per_case()))
    }

    /// The `limit` worst answers, each aligned with what was expected and marked where it first differs.
    fn errors(&self, cases: &[Case], limit: usize) -> String {
        let mut text = String::new();
        for at in self.worst(limit) {
            let (case, score, answer) = (&cases[at], &self.scores[at], &self.answers[at]);
            let refused = if score.refused { ", refused" } else { "" };
            let first = answer.chars().zip(case.expected.chars()).take_while(|(a, b)| a == b).count();
            let _ = write!(
                text,
                "\n{} {:.2}{refused} {}\n  dictated  {}\n  expected  {}\n  got       {answer}\n            {:>mark$}\n",
                score.tier.name(),
                score.similarity,
                case.groups.join(" "),
                case.dictated,
                case.expected,
                "^",
                mark = first + 1,
            );
        }
        text
    }

    fn worst(&self, limit: usize) -> Vec<usize> {
        let mut wrong: Vec<usize> =
            (0..self.scores.len()).filter(|&at| self.scores[at].tier != Tier::Exact).collect();
        wrong.sort_by(|&a, &b| self.scores[a].similarity.total_cmp(&self.scores[b].similarity));
        wrong.truncate(limit);
        wrong
    }

    fn to_json(&self, cases: &[Case], errors: usize) -> Value {
        let mut object = self.tally(&(0..cases.len()).collect::<Vec<_>>()).to_json();
        object["route"] = json!(self.route.as_str());
        object["seconds_per_case"] = json!(self.seconds_per_case());
        object["groups"] = groups(cases)
            .iter()
            .skip(1)
            .map(|(name, members)| (name.to_string(), self.tally(members).to_json()))
            .collect();
        if errors > 0 {
            let error = |at: usize| {
                json!({
                    "dictated": cases[at].dictated,
                    "expected": cases[at].expected,
                    "got": self.answers[at],
                    "similarity": self.scores[at].similarity,
                    "refused": self.scores[at].refused,
                })
            };
            object["errors"] = self.worst(errors).into_iter().map(error).collect();
        }
        object
    }
}

/// How far `b` is above `a` in each of [`MEASURES`], in points.
fn differences(a: &Run, b: &Run) -> Vec<Interval> {
    let points = |yes: bool| if yes { 100.0 } else { 0.0 };
    (0..MEASURES.len())
        .map(|measure| {
            let pairs = a.scores.iter().zip(&b.scores);
            let differences: Vec<f64> =
                pairs.map(|(a, b)| points(b.measures()[measure]) - points(a.measures()[measure])).collect();
            bootstrap::interval(&differences)
        })
        .collect()
}

/// Two routes side by side: a row per measure, then a row per group with the exact answers.
fn comparison(cases: &[Case], a: &Run, b: &Run) -> String {
    let groups = groups(cases);
    let width = groups.iter().map(|(name, _)| name.chars().count()).chain([13]).max().unwrap_or(13);
    let all = &groups[0].1;
    let mut text = format!(
        "{:<width$}  {:>8}  {:>8}  difference (95 % interval)\n",
        format!("%, {} cases", cases.len()),
        a.route.as_str(),
        b.route.as_str()
    );
    let figures = a.tally(all).percents().into_iter().zip(b.tally(all).percents());
    for (((_, heading), (of_a, of_b)), interval) in MEASURES.iter().zip(figures).zip(differences(a, b)) {
        let Interval { mean, low, high } = interval;
        let _ = writeln!(
            text,
            "{heading:<width$}  {of_a:>8.1}  {of_b:>8.1}  {mean:>+6.1} ({low:+.1} to {high:+.1})"
        );
    }
    if groups.len() > 1 {
        text += "\nexact, by group\n";
    }
    for (name, members) in groups.iter().skip(1) {
        let (of_a, of_b) = (a.tally(members).percents()[0], b.tally(members).percents()[0]);
        let _ = writeln!(
            text,
            "{name:<width$}  {of_a:>8.1}  {of_b:>8.1}  {:>+6.1}  of {}",
            of_b - of_a,
            members.len()
        );
    }
    for run in [a, b] {
        let _ = writeln!(text, "route {}, {}", run.route.as_str(), pace(run.seconds_per_case()));
    }
    text
}

fn comparison_to_json(cases: &[Case], a: &Run, b: &Run, errors: usize) -> Value {
    let mut object = json!({ "routes": [a.to_json(cases, errors), b.to_json(cases, errors)] });
    for ((name, _), interval) in MEASURES.iter().zip(differences(a, b)) {
        object["difference"][name] =
            json!({ "mean": interval.mean, "low": interval.low, "high": interval.high });
    }
    object
}

fn pace(seconds: f64) -> String {
    format!("{seconds:.3e} s ({:.0} µs) per case", seconds * 1e6)
}
