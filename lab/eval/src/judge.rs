//! `sayso-lab judge`: by what the judge's weight and the threshold under which it is asked are chosen.

use crate::model::Model;
use crate::similarity::collapse;
use anyhow::Context;
use sayso_corpus::cases::{self, Case};
use sayso_corpus::progress::Progress;
use sayso_engine::rescore::{CandidateScore, MODEL_WEIGHT, RESCORE_BELOW};
use sayso_engine::{Dictation, Engine, Route, Words};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Weights that are tried: 0 is the tagger alone.
const WEIGHTS: [f32; 9] = [0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0];
/// Thresholds that are tried.
const THRESHOLDS: [f32; 7] = [0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.1];

/// Shows what the judge would do, by its weight and by how unsure the tagger must be.
///
/// Each case is judged once; the table then says how many are exact for each weight that a nat of the language model has
/// beside one of the tagger, and for each confidence of the tagger under which the judge is asked. Cases that cannot be
/// judged, such as those longer than the model has room for, are in no column. The gate and the strict
/// dialect are left out: every line is looked at by the tagger. What was found goes into the model folder's
/// judge_weight.txt; a folder without one gets a weight that is small enough for any model.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sayso-lab judge --model FOLDER --cases nl2bash/valid.jsonl")]
pub struct Judge {
    /// JSON lines with the cases; - reads standard input
    #[arg(long, value_name = "FILE.jsonl")]
    cases: PathBuf,
    /// The means of the logarithms over a line's tokens count, times twenty, in place of their sums
    #[arg(long)]
    mean: bool,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    model: Model,
}

/// A case as tagger and language model see it.
struct Judged {
    /// The tagger's.
    confidence: f32,
    /// For each candidate what speaks for it and whether it is exact, the tagger's first one first.
    scores: Vec<(CandidateScore, bool)>,
}

/// Tokens that a line has, about: so that a mean weighs as much as a sum does.
const USUAL: f32 = 20.0;

impl Judge {
    /// Judges and prints. Fails when there is no model or the cases cannot be read.
    pub fn run(&self) -> anyhow::Result<()> {
        let cases = cases::read(&self.cases, "dictated")?;
        let model = self.model.open()?.context("a judge needs a language model: name one with --model")?;
        let (words, progress) = (Words::default(), Progress::new(cases.len(), "cases"));
        let (mut judged, mut time, mut refused) = (Vec::new(), Duration::ZERO, 0);
        for Case { dictated, expected, .. } in &cases {
            let dictation = Dictation { text: dictated, route: Route::Model, ..Dictation::default() };
            let stop = self.model.stop();
            let expected = collapse(expected);
            let start = Instant::now();
            let draft = Engine::embedded().draft(&words, &dictation);
            match draft.ok().and_then(|draft| draft.scores(&model, &stop).ok()) {
                Some((confidence, scores)) => {
                    time += start.elapsed();
                    let exact = |score: CandidateScore| {
                        let exact = collapse(&score.text) == expected;
                        (score, exact)
                    };
                    judged.push(Judged { confidence, scores: scores.into_iter().map(exact).collect() });
                }
                None => refused += 1,
            }
            progress.step();
        }
        let pace = time.as_secs_f64() * 1e3 / judged.len().max(1) as f64;
        let shown = match self.json {
            true => format!("{}\n", self.to_json(&judged, refused, pace)),
            false => {
                let weight = model.weight().unwrap_or(MODEL_WEIGHT);
                self.table(&judged, refused, pace)
                    + &format!(
                        "in force: weight {weight}, asked where the tagger is less sure than {RESCORE_BELOW}\n"
                    )
            }
        };
        Ok(std::io::stdout().write_all(shown.as_bytes())?)
    }

    /// How many cases are exact.
    fn exact(&self, judged: &[Judged], weight: f32, threshold: f32) -> usize {
        let combined = |score: &CandidateScore| match self.mean {
            true => score.tagger + weight * score.model.mean() * USUAL,
            false => score.combined(weight),
        };
        let is_exact = |case: &&Judged| {
            let weighed = case.confidence < threshold;
            // Of equals the first.
            let best = match weighed {
                true => case.scores.iter().rev().max_by(|(a, _), (b, _)| combined(a).total_cmp(&combined(b))),
                false => case.scores.first(),
            };
            best.is_some_and(|(_, exact)| *exact)
        };
        judged.iter().filter(is_exact).count()
    }

    fn table(&self, judged: &[Judged], refused: usize, pace: f64) -> String {
        let percent = |count: usize| count as f64 * 100.0 / judged.len().max(1) as f64;
        let mut text = format!("{:>9}  {:>7}", "less than", "asked %");
        WEIGHTS.iter().for_each(|weight| text += &format!("  {weight:>5}"));
        text.push('\n');
        for threshold in THRESHOLDS {
            let asked = percent(judged.iter().filter(|case| case.confidence < threshold).count());
            let _ = write!(text, "{threshold:>9}  {asked:>7.1}");
            for weight in WEIGHTS {
                let _ = write!(text, "  {:>5.1}", percent(self.exact(judged, weight, threshold)));
            }
            text.push('\n');
        }
        let best = percent(judged.iter().filter(|case| case.scores.iter().any(|(_, exact)| *exact)).count());
        let _ = writeln!(text, "exact, in percent, by weight; among the candidates {best:.1}");
        let _ = writeln!(text, "{} cases judged in {pace:.1} ms each, {refused} could not be", judged.len());
        text
    }

    fn to_json(&self, judged: &[Judged], refused: usize, pace: f64) -> Value {
        let row = |threshold: f32| -> Value {
            let asked = judged.iter().filter(|case| case.confidence < threshold).count();
            let exact: Vec<usize> =
                WEIGHTS.iter().map(|weight| self.exact(judged, *weight, threshold)).collect();
            json!({ "threshold": threshold, "asked": asked, "exact": exact })
        };
        json!({
            "cases": judged.len(),
            "refused": refused,
            "milliseconds": pace,
            "weights": WEIGHTS,
            "rows": THRESHOLDS.map(row),
        })
    }
}
