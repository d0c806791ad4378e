//! `sayso-lab eval`: how often a route gives the expected command; and `sayso-lab compare`: two of them, case by case.

mod answer;
mod identity;
mod journal;
mod json;
mod mistake;
mod page;
mod run;
mod series;
mod session;
mod text;

use crate::bootstrap::{self, Interval};
use crate::model::Model;
use crate::route::{self, Answerer};
use crate::score::MEASURES;
use crate::tagger::Tagger;
use anyhow::Context;
use run::Run;
use sayso_corpus::cases::{self, Case};
use session::{Contender, Session};
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Converts every case and compares with the expected command.
///
/// A case file holds one JSON object a line: {"dictated": …, "expected": …}, and perhaps
/// "alt" with a list of other right commands. Records that carry `dialect`,
/// `difficulty`, `category`, `kind` or `recoverable` are also reported by group. The settings' own words are not used: the figures
/// depend on the cases alone.
///
/// exact: equal after white space is collapsed. near: similarity of 0.9 and more (Ratcliff–Obershelp, as Python's
/// difflib computes it). partial: 0.7 and more. wrong: the rest. effective: exact and near. same argv: a shell
/// splits both into the same words. top 2: the answer or its first alternative is exact, so that two presses show it.
/// top 4: the answer or one of its first three is. reachable: some path of the lattice is exact, whatever was chosen: of
/// the wide lattice, which the tagger looks at. gone: a word of three letters or more that stands in dictation and
/// expected command is not in the answer. invented: a word or a number of the answer was not dictated, in any reading.
/// refused: the line was left as it was. Where cases share a command, a second table counts each command once, by the mean over its dictations,
/// and the interval of a comparison takes them together.
///
/// Confidence: the answers in ten bins of it, with the share that is exact in each; the expected calibration error is how
/// far the two are apart on average. Refusals have no confidence. Only the tagger's is calibrated; the gate's and the
/// rules' is a rank.
///
/// --route constrained and --route free count what the language model writes alone, without tagger, gate and mix: along the
/// paths of the lattice, or whatever it likes, before anything checks it. "writer" answered where some path of the lattice
/// writes the same, "free" where none does, and "silent" where the model wrote nothing.
///
/// The series' table has the columns of the figures that "Teaching a Tiny Model to Hear Bash" published, and a row for each
/// run: with the seconds of a case (mean, 50 % and 99 % of the cases at most) and the peak of this process's memory, its
/// model included. The peak is "–" where the system does not say it.
///
/// A case that crashes counts as wrong and is told; the others are answered all the same.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  sayso-lab eval --cases talk/dev.jsonl --errors 10\n  \
                        sayso-lab eval --cases nl2bash/valid.jsonl --routes scanner,auto\n  \
                        sayso-lab eval --cases nl2bash/valid.jsonl --model FOLDER --routes constrained,free --resume done.jsonl")]
pub struct Eval {
    /// Who answers
    #[arg(long, value_name = "ROUTE", default_value = "auto", value_parser = route::parser())]
    route: Answerer,
    /// Two routes, compared case by case: side by side, with a paired bootstrap interval of the difference
    #[arg(long, value_parser = two_routes, value_name = "A,B", conflicts_with = "route")]
    routes: Option<[Answerer; 2]>,
    /// Two model folders, compared case by case as with --routes; - is no model
    #[arg(long, value_parser = two_models, value_name = "A,B", allow_hyphen_values = true, conflicts_with_all = ["routes", "folder"])]
    models: Option<TwoModels>,
    #[command(flatten)]
    measurement: Measurement,
}

/// Compares two routes, or two models, case by case.
///
/// A and B are each a route of `sayso-lab eval`, a model folder, or - for no model. A route asks the model of
/// --model; a model is asked by --route. Shows what `sayso-lab eval` counts, side by side, with a paired bootstrap interval of
/// 95 % of the difference, then the series' table.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  sayso-lab compare scanner auto --cases nl2bash/valid.jsonl\n  \
                        sayso-lab compare - FOLDER --cases talk/dev.jsonl\n  \
                        sayso-lab compare constrained free --model FOLDER --cases nl2bash/valid.jsonl")]
pub struct Compare {
    /// A route, a model folder (./auto if it is called like a route), or - for no model
    #[arg(value_name = "A", value_parser = side)]
    a: Side,
    /// Another one: how far it is above the first is told
    #[arg(value_name = "B", value_parser = side)]
    b: Side,
    /// By which route a model answers
    #[arg(long, value_name = "ROUTE", default_value = "auto", value_parser = route::parser())]
    route: Answerer,
    #[command(flatten)]
    measurement: Measurement,
}

/// The cases, and what is told about them.
#[derive(Debug, clap::Args)]
struct Measurement {
    /// JSON lines with the cases; - reads standard input
    #[arg(long, value_name = "FILE.jsonl")]
    cases: PathBuf,
    /// The member that holds the dictation
    #[arg(long, default_value = "dictated", value_name = "MEMBER")]
    dictated_field: String,
    /// Only the first N cases
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,
    /// Write each finished case into this file, and do not repeat those that it has
    ///
    /// The same command goes on after an interruption (Ctrl-C, too) and gives the table of an uninterrupted run. A case is
    /// repeated if it changed, or if this program, the route, the weights, any file of the model or the deadline did.
    #[arg(long, value_name = "FILE.jsonl")]
    resume: Option<PathBuf>,
    /// Also print the N cases that are least like what was expected
    #[arg(long, value_name = "N", default_value_t = 0)]
    errors: usize,
    /// Also write a page that shows every wrong answer beside the right one (of two runs, those of the second)
    #[arg(long, value_name = "FILE.html")]
    html: Option<PathBuf>,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    tagger: Tagger,
    #[command(flatten)]
    model: Model,
}

impl Eval {
    /// Evaluates and prints.
    ///
    /// # Errors
    /// If the cases or the model cannot be read, a route is not in this build, or something cannot be written.
    pub fn run(&self) -> anyhow::Result<()> {
        let model = self.measurement.model.folder().map(PathBuf::from);
        let contenders: Vec<Contender> = match (&self.models, self.routes) {
            (Some(TwoModels(models)), _) => {
                models.iter().map(|model| Contender::with_model(model.clone(), self.route)).collect()
            }
            (None, Some(routes)) => routes.map(|route| Contender::by_route(route, model.clone())).into(),
            (None, None) => vec![Contender::by_route(self.route, model)],
        };
        self.measurement.run(&contenders)
    }
}

impl Compare {
    /// Compares and prints.
    ///
    /// # Errors
    /// As [`Eval::run`].
    pub fn run(&self) -> anyhow::Result<()> {
        let model = self.measurement.model.folder();
        let contender = |side: &Side| match side {
            Side::Route(route) => Contender::by_route(*route, model.map(PathBuf::from)),
            Side::Model(folder) => Contender::with_model(folder.clone(), self.route),
        };
        self.measurement.run(&[&self.a, &self.b].map(contender))
    }
}

impl Contender {
    /// A route, whose name tells it from another one.
    fn by_route(answerer: Answerer, model: Option<PathBuf>) -> Contender {
        Contender { label: answerer.name().to_owned(), answerer, model }
    }

    /// A model, whose folder's name tells it from another one.
    fn with_model(model: Option<PathBuf>, answerer: Answerer) -> Contender {
        let name = model.as_deref().map(|folder| folder.file_name().unwrap_or(folder.as_os_str()));
        let label = name.map_or_else(|| "no model".to_owned(), |name| name.to_string_lossy().into_owned());
        Contender { label, answerer, model }
    }
}

impl Measurement {
    /// Has one contender or two answer the cases, and prints.
    fn run(&self, contenders: &[Contender]) -> anyhow::Result<()> {
        let mut cases = cases::read(&self.cases, &self.dictated_field)?;
        cases.truncate(self.limit.map_or(cases.len(), NonZeroUsize::get));
        let mut session = Session::new(&self.tagger, &self.model, self.resume.as_deref())?;
        // One after the other, so that only one model is in memory.
        let runs = contenders
            .iter()
            .map(|contender| session.run(&cases, contender))
            .collect::<anyhow::Result<Vec<Run>>>()?;
        if let (Some(path), Some(run)) = (&self.html, runs.last()) {
            let page = page::page(&cases::title(&self.cases), &cases, run)?;
            std::fs::write(path, page).with_context(|| format!("cannot write {}", path.display()))?;
        }
        let shown = if self.json { self.json(&cases, &runs) } else { self.text(&cases, &runs) };
        Ok(std::io::stdout().write_all(shown.as_bytes())?)
    }

    fn json(&self, cases: &[Case], runs: &[Run]) -> String {
        match runs {
            [a, b] => format!("{}\n", json::comparison(cases, a, b, self.errors)),
            runs => {
                runs.iter().map(|run| format!("{}\n", json::evaluation(cases, run, self.errors))).collect()
            }
        }
    }

    fn text(&self, cases: &[Case], runs: &[Run]) -> String {
        let table = match runs {
            [a, b] => text::comparison(cases, a, b),
            runs => runs.iter().map(|run| run.table(cases) + &run.reliability().table()).collect(),
        };
        let crashes: String = runs.iter().map(|run| run.crash_list(cases)).collect();
        let errors = runs.last().map_or(String::new(), |run| run.errors(cases, self.errors));
        table + &series::table(runs) + &crashes + &errors
    }
}

/// Two model folders to compare; `None` for no model.
#[derive(Debug, Clone)]
struct TwoModels([Option<PathBuf>; 2]);

/// What is compared with another one.
#[derive(Debug, Clone)]
enum Side {
    /// A route, with the model of the command line.
    Route(Answerer),
    /// A model folder, or no model; by the route of the command line.
    Model(Option<PathBuf>),
}

/// The folder that is named, or `None` for "-".
fn folder(name: &str) -> Option<PathBuf> {
    Some(name).filter(|name| *name != "-").map(PathBuf::from)
}

fn two_models(text: &str) -> Result<TwoModels, String> {
    let (a, b) = text.split_once(',').ok_or("two model folders are compared, such as old,new or -,new")?;
    Ok(TwoModels([a, b].map(folder)))
}

fn two_routes(text: &str) -> Result<[Answerer; 2], String> {
    let (a, b) = text.split_once(',').ok_or("two routes are compared, such as scanner,auto")?;
    let named = |name| Answerer::named(name).ok_or_else(|| format!("there is no route {name:?}"));
    Ok([named(a)?, named(b)?])
}

fn side(text: &str) -> Result<Side, String> {
    if let Some(route) = Answerer::named(text) {
        return Ok(Side::Route(route));
    }
    match folder(text) {
        Some(folder) if !folder.is_dir() => {
            let routes = Answerer::ALL.map(Answerer::name).join(", ");
            Err(format!("neither a route ({routes}) nor a model folder"))
        }
        folder => Ok(Side::Model(folder)),
    }
}

/// How far `b` is above `a` in each of [`MEASURES`], in points. Dictations of one command are taken together.
fn differences(cases: &[Case], a: &Run, b: &Run) -> Vec<Interval> {
    let commands = run::commands(cases, &(0..cases.len()).collect::<Vec<_>>());
    let points = |run: &Run, at: usize, measure: usize| {
        if run.answers[at].score.measures()[measure] { 100.0 } else { 0.0 }
    };
    (0..MEASURES.len())
        .map(|measure| {
            let difference = |at: &usize| points(b, *at, measure) - points(a, *at, measure);
            let clusters: Vec<Vec<f64>> =
                commands.iter().map(|same| same.iter().map(difference).collect()).collect();
            bootstrap::interval(&clusters)
        })
        .collect()
}
