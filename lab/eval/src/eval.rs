//! `sayso-lab eval`: how often a route gives the expected command.

mod json;
mod mistake;
mod page;
mod run;
mod text;

use crate::bootstrap::{self, Interval};
use crate::model::{self, Model};
use crate::route;
use crate::score::MEASURES;
use crate::tagger::Tagger;
use anyhow::Context;
use run::{Run, Setup, evaluate};
use sayso_corpus::cases::{self, Case};
use sayso_engine::{Engine, Route};
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

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
/// expected command is not in the answer. refused: the line was left as it was. Where cases share a command, a second table counts each command once, by the mean over its dictations,
/// and the interval of --routes takes them together.
///
/// Confidence: the answers in ten bins of it, with the share that is exact in each; the expected calibration error is how
/// far the two are apart on average. Refusals have no confidence. Only the tagger's is calibrated; the gate's and the
/// rules' is a rank.
///
/// With --free, --route model counts what the language model writes without being held to the lattice, right or wrong:
/// "writer" where it could be said, "free" where it could not and the line would have stayed the first stage's.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sayso-lab eval --cases talk/dev.jsonl --errors 10\n  \
                        sayso-lab eval --cases nl2bash/valid.jsonl --routes scanner,auto")]
pub struct Eval {
    /// JSON lines with the cases; - reads standard input
    #[arg(long, value_name = "FILE.jsonl")]
    cases: PathBuf,
    /// The stage that answers
    #[arg(long, value_name = "STAGE", default_value = "auto", value_parser = route::parser())]
    route: Route,
    /// Two stages, compared case by case: side by side, with a paired bootstrap interval of the difference
    #[arg(long, value_parser = two_routes, value_name = "A,B", conflicts_with = "route")]
    routes: Option<TwoRoutes>,
    /// Two model folders, compared case by case as with --routes; - is no model
    #[arg(long, value_parser = two_models, value_name = "A,B", allow_hyphen_values = true, conflicts_with_all = ["routes", "folder"])]
    models: Option<TwoModels>,
    /// The member that holds the dictation
    #[arg(long, default_value = "dictated", value_name = "MEMBER")]
    dictated_field: String,
    /// Only the first N cases
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,
    /// Also print the N cases that are least like what was expected
    #[arg(long, value_name = "N", default_value_t = 0)]
    errors: usize,
    /// Also write a page that shows every wrong answer beside the right one (with --routes, those of the second)
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
    /// Evaluates and prints. Fails when the cases cannot be read or a route is not in this build.
    pub fn run(&self) -> anyhow::Result<()> {
        let mut cases = cases::read(&self.cases, &self.dictated_field)?;
        cases.truncate(self.limit.map_or(cases.len(), NonZeroUsize::get));
        let engine = self.tagger.engine()?;
        let runs = match &self.models {
            // One after the other, so that only one is in memory.
            Some(TwoModels(a, b)) => {
                [a, b].map(|folder| self.with_model(folder.as_deref(), &cases, &engine)).into_iter().collect()
            }
            None => {
                let routes = self.routes.map_or(vec![self.route], |TwoRoutes(a, b)| vec![a, b]);
                let setup = Setup { engine, model: self.model.open()?, limits: &self.model };
                routes
                    .iter()
                    .map(|&route| evaluate(&cases, route, &setup))
                    .collect::<anyhow::Result<Vec<_>>>()
            }
        }?;
        if let (Some(path), Some(run)) = (&self.html, runs.last()) {
            let page = page::page(&cases::title(&self.cases), &cases, run)?;
            std::fs::write(path, page).with_context(|| format!("cannot write {}", path.display()))?;
        }
        let shown = match (self.json, runs.as_slice()) {
            (true, [a, b]) => format!("{}\n", json::comparison_to_json(&cases, a, b, self.errors)),
            (false, [a, b]) => text::comparison(&cases, a, b) + &b.errors(&cases, self.errors),
            (true, runs) => {
                runs.iter().map(|run| format!("{}\n", run.to_json(&cases, self.errors))).collect()
            }
            (false, runs) => runs
                .iter()
                .map(|run| run.table(&cases) + &run.reliability().table() + &run.errors(&cases, self.errors))
                .collect(),
        };
        Ok(std::io::stdout().write_all(shown.as_bytes())?)
    }

    /// The run of one of two models.
    fn with_model(&self, folder: Option<&Path>, cases: &[Case], engine: &Engine) -> anyhow::Result<Run> {
        let model = folder.map(model::open).transpose()?;
        let label = model.as_ref().map_or("no model", |model| model.name()).to_owned();
        let setup = Setup { engine: engine.clone(), model, limits: &self.model };
        let mut run = evaluate(cases, self.route, &setup)?;
        run.label = label;
        Ok(run)
    }
}

/// Two stages to compare, such as `scanner,auto`.
#[derive(Debug, Clone, Copy)]
struct TwoRoutes(Route, Route);

/// Two model folders to compare; `None` for no model.
#[derive(Debug, Clone)]
struct TwoModels(Option<PathBuf>, Option<PathBuf>);

fn two_models(text: &str) -> Result<TwoModels, String> {
    let (a, b) = text.split_once(',').ok_or("two model folders are compared, such as old,new or -,new")?;
    let folder = |name: &str| Some(name).filter(|name| *name != "-").map(PathBuf::from);
    Ok(TwoModels(folder(a), folder(b)))
}

fn two_routes(text: &str) -> Result<TwoRoutes, String> {
    let (a, b) = text.split_once(',').ok_or("two stages are compared, such as scanner,auto")?;
    let named = |name| route::named(name).ok_or_else(|| format!("there is no stage {name:?}"));
    Ok(TwoRoutes(named(a)?, named(b)?))
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
