//! `sayso-lab judge`: measures rescoring, to choose the weight of the language model and the
//! confidence of the tagger below which it is asked.

use crate::model::Model;
use crate::similarity::collapse;
use crate::tagger::Tagger;
use anyhow::Context;
use sayso_corpus::cases::{self, Case};
use sayso_corpus::progress::Progress;
use sayso_engine::rescore::{CandidateScore, MODEL_WEIGHT, RESCORE_BELOW};
use sayso_engine::{Dictation, Route, Words};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Weights to try; 0 is the tagger alone. Hand-chosen, 2026-11-23.
const WEIGHTS: [f32; 9] = [0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0];
/// Confidence thresholds to try; above 1, the language model is always asked.
/// Hand-chosen, 2026-11-23.
const THRESHOLDS: [f32; 7] = [0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.1];

/// Shows how rescoring with a language model changes the results, by its weight and the tagger's
/// confidence.
///
/// The model scores each case once. The table says how many cases are exact for each weight of the
/// model's log-probability relative to the tagger's, and for each threshold: the model is asked if
/// the tagger's confidence is lower. Cases that cannot be scored, such as lines that are too long
/// for the model, are not counted. The gate and the strict dialect are skipped, so the tagger reads
/// every line. Put the best weight into judge_weight.txt in the model folder; without that file, a
/// small default is used that suits most models.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sayso-lab judge --model FOLDER --cases nl2bash/valid.jsonl")]
pub struct Judge {
    /// JSON lines with the cases; - reads standard input
    #[arg(long, value_name = "FILE.jsonl")]
    cases: PathBuf,
    /// Use 20 times the mean log-probability of a line's tokens instead of the sum
    #[arg(long)]
    mean: bool,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    tagger: Tagger,
    #[command(flatten)]
    model: Model,
}

/// A case that tagger and language model have scored.
struct Scored {
    /// The tagger's confidence, 0 to 1.
    confidence: f32,
    /// The scores of each candidate and whether it is exact, in the tagger's order.
    scores: Vec<(CandidateScore, bool)>,
}

/// The approximate number of tokens of a line. It scales a mean to the size of a sum.
/// Hand-chosen, 2026-11-23.
const USUAL: f32 = 20.0;

impl Judge {
    /// Scores the cases and prints the table.
    ///
    /// # Errors
    /// If no model is given or it cannot be loaded, if the tagger's weights or the cases cannot be
    /// read, or if standard output cannot be written.
    pub fn run(&self) -> anyhow::Result<()> {
        let cases = cases::read(&self.cases, "dictated")?;
        let engine = self.tagger.engine()?;
        let model = self.model.open()?.context("`judge` needs a language model: give one with --model")?;
        let (words, progress) = (Words::default(), Progress::new(cases.len(), "cases"));
        let (mut scored, mut time, mut refused) = (Vec::new(), Duration::ZERO, 0);
        for Case { dictated, expected, .. } in &cases {
            let dictation = Dictation { text: dictated, route: Route::Model, ..Dictation::default() };
            let stop = self.model.stop();
            let expected = collapse(expected);
            let start = Instant::now();
            let draft = engine.draft(&words, &dictation);
            match draft.ok().and_then(|draft| draft.scores(&model, &stop).ok()) {
                Some((confidence, scores)) => {
                    time += start.elapsed();
                    let exact = |score: CandidateScore| {
                        let exact = collapse(&score.text) == expected;
                        (score, exact)
                    };
                    scored.push(Scored { confidence, scores: scores.into_iter().map(exact).collect() });
                }
                None => refused += 1,
            }
            progress.step();
        }
        let pace = time.as_secs_f64() * 1e3 / scored.len().max(1) as f64;
        let shown = match self.json {
            true => format!("{}\n", self.to_json(&scored, refused, pace)),
            false => {
                let weight = model.weight().unwrap_or(MODEL_WEIGHT);
                self.table(&scored, refused, pace)
                    + &format!("in use: weight {weight}, asked below a confidence of {RESCORE_BELOW}\n")
            }
        };
        Ok(std::io::stdout().write_all(shown.as_bytes())?)
    }

    /// Number of cases that are exact with this weight and threshold.
    fn exact(&self, scored: &[Scored], weight: f32, threshold: f32) -> usize {
        let combined = |score: &CandidateScore| match self.mean {
            true => score.tagger + weight * score.model.mean() * USUAL,
            false => score.combined(weight),
        };
        let is_exact = |case: &&Scored| {
            let weighed = case.confidence < threshold;
            // `max_by` returns the last of equal elements; reversed, that is the first one.
            let best = match weighed {
                true => case.scores.iter().rev().max_by(|(a, _), (b, _)| combined(a).total_cmp(&combined(b))),
                false => case.scores.first(),
            };
            best.is_some_and(|(_, exact)| *exact)
        };
        scored.iter().filter(is_exact).count()
    }

    fn table(&self, scored: &[Scored], refused: usize, pace: f64) -> String {
        let percent = |count: usize| count as f64 * 100.0 / scored.len().max(1) as f64;
        let mut text = format!("{:>9}  {:>7}", "threshold", "asked %");
        WEIGHTS.iter().for_each(|weight| text += &format!("  {weight:>5}"));
        text.push('\n');
        for threshold in THRESHOLDS {
            let asked = percent(scored.iter().filter(|case| case.confidence < threshold).count());
            let _ = write!(text, "{threshold:>9}  {asked:>7.1}");
            for weight in WEIGHTS {
                let _ = write!(text, "  {:>5.1}", percent(self.exact(scored, weight, threshold)));
            }
            text.push('\n');
        }
        let best = percent(scored.iter().filter(|case| case.scores.iter().any(|(_, exact)| *exact)).count());
        let _ = writeln!(text, "exact in percent, by weight; in {best:.1} % some candidate is exact");
        let _ = writeln!(text, "{} cases scored in {pace:.1} ms each, {refused} not scored", scored.len());
        text
    }

    fn to_json(&self, scored: &[Scored], refused: usize, pace: f64) -> Value {
        let row = |threshold: f32| -> Value {
            let asked = scored.iter().filter(|case| case.confidence < threshold).count();
            let exact: Vec<usize> =
                WEIGHTS.iter().map(|weight| self.exact(scored, *weight, threshold)).collect();
            json!({ "threshold": threshold, "asked": asked, "exact": exact })
        };
        json!({
            "cases": scored.len(),
            "refused": refused,
            "milliseconds": pace,
            "weights": WEIGHTS,
            "rows": THRESHOLDS.map(row),
        })
    }
}
