//! `sayso-lab judge`: measures rescoring, and fits how tagger and language model are weighed.

use crate::mix::{Judged, fit};
use crate::model::Model;
use crate::quantile::quantile;
use crate::similarity::collapse;
use crate::tagger::Tagger;
use anyhow::Context;
use sayso_corpus::cases::{self, Case};
use sayso_corpus::progress::Progress;
use sayso_engine::{Dictation, ModelHandle, Words};
use sayso_language::Mix;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A mix is fitted to the lines of which the tagger is less sure than this. Hand-chosen, 2026-11-29.
const FIT_BELOW: f32 = 0.95;
/// Below this confidence of the tagger a fitted mix has the model asked, and below the other one of the best candidate it
/// has it write a line of its own. Chosen on 2026-11-29 with sayso-135m: asking below 0.9 or 0.95, or always writing, mends
/// no further line of `talk/valid` and `engine/valid`.
const ASK_BELOW: f32 = 0.8;
const WRITE_BELOW: f32 = 0.7;
/// How sure a fitted mix must be to leave out more words than the tagger. Chosen on 2026-11-29 with sayso-135m, see
/// docs/EXPERIMENTS.md.
const LOSE_ABOVE: f32 = 0.6;
/// Parts of a single set that are held out in turn. Hand-chosen, 2026-11-29.
const FOLDS: usize = 5;

/// Shows how rescoring with a language model changes the answers, and fits how much its opinion counts.
///
/// Each case is converted on route auto; where the tagger chose, the model scores its paths and writes one of its own. For
/// each set: how many answers are exact without the model, with the mix of its folder, and how many could be, because
/// some candidate is exact; and how long an answer takes where the model's mix asks it. Cases that cannot be scored, such as
/// lines that are too long for the model, keep the tagger's answer.
///
/// --fit fits a mix to all sets together and writes it; put it into the model folder as mix.json. The share of exact answers
/// is then also told for lines that the fit has not seen: each set is judged with what the others fit (of a single one, each
/// fifth with what the other four fit), so files of one hand each tell what a stranger gets. Fit only to sets that settings
/// may be chosen on.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  sayso-lab judge --model FOLDER --cases talk/valid.jsonl --cases nl2bash/valid.jsonl --fit mix.json"
)]
pub struct Judge {
    /// JSON lines with the cases, for each set once; - reads standard input
    #[arg(long, value_name = "FILE.jsonl", required = true)]
    cases: Vec<PathBuf>,
    /// Fit a mix to all cases and write it into this file
    #[arg(long, value_name = "mix.json")]
    fit: Option<PathBuf>,
    /// Write what is weighed for each case into this file, as JSON lines
    #[arg(long, value_name = "FILE.jsonl")]
    scores: Option<PathBuf>,
    /// Write the answer of tagger and model together to every line that the model scored into this file, as lines for
    /// `sayso train adapt`: the model teaches the tagger
    #[arg(long, value_name = "FILE.jsonl")]
    labels: Option<PathBuf>,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    tagger: Tagger,
    #[command(flatten)]
    model: Model,
}

/// A set of cases and what became of them.
struct Set {
    name: String,
    judged: Vec<Judged>,
    /// Times from a dictation to its answer, where the mix of the model's folder asks the model.
    times: Vec<Duration>,
    refused: usize,
}

impl Judge {
    /// Scores the cases, prints the table and fits.
    ///
    /// # Errors
    /// If no model is given or it cannot be loaded, if the tagger's weights or the cases cannot be
    /// read, or if the mix or standard output cannot be written.
    pub fn run(&self) -> anyhow::Result<()> {
        let model = self.model.open()?.context("`judge` needs a language model: give one with --model")?;
        let sets =
            self.cases.iter().map(|path| self.judge(path, &model)).collect::<anyhow::Result<Vec<_>>>()?;
        let each = |line: &dyn Fn(&Set, &Judged) -> Option<Value>| -> String {
            let cases = sets.iter().flat_map(|set| set.judged.iter().map(move |case| (set, case)));
            cases.filter_map(|(set, case)| line(set, case)).map(|line| format!("{line}\n")).collect()
        };
        if let Some(path) = &self.scores {
            write(path, &each(&|set, case| Some(scores(set, case))))?;
        }
        if let Some(path) = &self.labels {
            write(path, &each(&|_, case| label(case, model.mix())))?;
        }
        let all: Vec<&Judged> = sets.iter().flat_map(|set| &set.judged).collect();
        let fitted = self.fit.as_ref().map(|path| -> anyhow::Result<(Mix, Vec<bool>)> {
            let start = Mix {
                ask_below: ASK_BELOW,
                write_below: WRITE_BELOW,
                lose_above: LOSE_ABOVE,
                ..Mix::default()
            };
            let mix = fit(&all, &start);
            write(path, &format!("{}\n", serde_json::to_string_pretty(&mix)?))?;
            Ok((mix, held_out(&sets, &start)))
        });
        let fitted = fitted.transpose()?;
        let shown = match self.json {
            true => format!("{}\n", to_json(&sets, model.mix(), fitted.as_ref())),
            false => table(&sets, model.mix(), fitted.as_ref()),
        };
        Ok(std::io::stdout().write_all(shown.as_bytes())?)
    }

    fn judge(&self, path: &Path, model: &ModelHandle) -> anyhow::Result<Set> {
        let cases = cases::read(path, "dictated")?;
        let engine = self.tagger.engine()?;
        let (words, progress) = (Words::default(), Progress::new(cases.len(), "cases"));
        let asking = Mix { ask_below: FIT_BELOW.max(model.mix().ask_below), ..*model.mix() };
        let mut set = Set { name: cases::title(path), judged: Vec::new(), times: Vec::new(), refused: 0 };
        for Case { dictated, expected, alt, .. } in &cases {
            let is_right = |text: &str| {
                let text = collapse(text);
                text == collapse(expected) || alt.iter().any(|alt| text == collapse(alt))
            };
            let dictation = Dictation { text: dictated, ..Dictation::default() };
            let start = Instant::now();
            let Ok(draft) = engine.draft(&words, &dictation) else {
                let dictated = dictated.clone();
                set.judged.push(Judged { is_right: is_right(&dictated), dictated, scored: None });
                continue;
            };
            if draft.wants_rescoring(model.mix()) {
                let mut answered = draft.clone();
                answered.rescore(model, &self.model.stop());
                set.times.push(start.elapsed());
            }
            let scored = match draft.wants_rescoring(&asking) {
                true => draft.scores(model, &self.model.stop()).unwrap_or_else(|_| {
                    set.refused += 1;
                    None
                }),
                false => None,
            };
            let scored = scored.map(|scored| {
                let right = scored.scores.iter().map(|score| is_right(&score.text)).collect();
                (scored, right)
            });
            let is_right = is_right(&draft.finish().buffer);
            set.judged.push(Judged { dictated: dictated.clone(), is_right, scored });
            progress.step();
        }
        Ok(set)
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// The answer of tagger and model together, as a line to train on.
fn label(case: &Judged, mix: &Mix) -> Option<Value> {
    let (scored, _) = case.scored.as_ref()?;
    let best = scored.best(mix)?;
    Some(json!({ "dictated": case.dictated, "expected": scored.scores[best.at].text }))
}

/// What is weighed for a case.
fn scores(set: &Set, case: &Judged) -> Value {
    let candidates = case.scored.as_ref().map(|(scored, right)| {
        let rows = scored.scores.iter().zip(right);
        let rows: Vec<Value> = rows
            .map(|(score, right)| json!({ "text": score.text, "features": score.features, "right": right }))
            .collect();
        json!({
            "confidence": scored.confidence,
            "together": scored.together,
            "talks": scored.kind.talks,
            "sentence": scored.kind.is_sentence,
            "candidates": rows,
        })
    });
    json!({ "set": set.name, "dictated": case.dictated, "right": case.is_right, "scored": candidates })
}

/// For each case whether it is right with a mix that was fitted without it.
fn held_out(sets: &[Set], start: &Mix) -> Vec<bool> {
    let mut all: Vec<(usize, &Judged)> = Vec::new();
    for (number, set) in sets.iter().enumerate() {
        let fold = |at: usize| if sets.len() > 1 { number } else { at % FOLDS };
        all.extend(set.judged.iter().enumerate().map(|(at, case)| (fold(at), case)));
    }
    let mixes: Vec<Mix> = (0..if sets.len() > 1 { sets.len() } else { FOLDS })
        .map(|fold| {
            let others: Vec<&Judged> =
                all.iter().filter(|(of, _)| *of != fold).map(|(_, case)| *case).collect();
            fit(&others, start)
        })
        .collect();
    all.iter().map(|(fold, case)| case.is_right_with(&mixes[*fold])).collect()
}

/// The figures of a set: their names and shares of its cases.
fn figures(set: &Set, mix: &Mix, fitted: Option<(&Mix, &[bool])>) -> Vec<(&'static str, f64)> {
    let share = |count: usize| count as f64 * 100.0 / set.judged.len().max(1) as f64;
    let count = |is: &dyn Fn(&Judged) -> bool| share(set.judged.iter().filter(|case| is(case)).count());
    let mut figures = vec![
        ("asked", count(&|case| case.scored.is_some())),
        ("without", count(&|case| case.is_right)),
        ("with", count(&|case| case.is_right_with(mix))),
    ];
    if let Some((mix, held_out)) = fitted {
        figures.push(("fitted", count(&|case| case.is_right_with(mix))));
        figures.push(("held out", share(held_out.iter().filter(|right| **right).count())));
    }
    figures.push(("possible", count(&Judged::could_be_right)));
    figures.push(("emptier", count(&|case| case.loses_wrongly(fitted.map_or(mix, |(mix, _)| mix)))));
    figures
}

/// Time of a case that this share of the scored cases of a set do not exceed.
fn milliseconds(set: &Set, share: f64) -> f64 {
    quantile(&set.times, share).as_secs_f64() * 1e3
}

/// Each set with the part of the held-out answers that is its own.
fn with_held_out<'a>(
    sets: &'a [Set],
    fitted: Option<&'a (Mix, Vec<bool>)>,
) -> impl Iterator<Item = (&'a Set, Option<(&'a Mix, &'a [bool])>)> {
    let mut from = 0;
    sets.iter().map(move |set| {
        let own = from..from + set.judged.len();
        from = own.end;
        (set, fitted.map(|(mix, right)| (mix, &right[own])))
    })
}

fn table(sets: &[Set], mix: &Mix, fitted: Option<&(Mix, Vec<bool>)>) -> String {
    let mut text = String::new();
    for (number, (set, fitted)) in with_held_out(sets, fitted).enumerate() {
        let figures = figures(set, mix, fitted);
        if number == 0 {
            let _ = write!(text, "{:>24}  {:>5}", "% exact", "cases");
            figures.iter().for_each(|(name, _)| text += &format!("  {name:>8}"));
            text += "    p50 ms    p99 ms\n";
        }
        let _ = write!(text, "{:>24}  {:>5}", set.name, set.judged.len());
        figures.iter().for_each(|(_, share)| text += &format!("  {share:>8.1}"));
        let [p50, p99] = [0.5, 0.99].map(|share| milliseconds(set, share));
        let _ = writeln!(text, "  {p50:>8.1}  {p99:>8.1}");
        if set.refused > 0 {
            let _ = writeln!(text, "{:>24}  {} could not be scored", "", set.refused);
        }
    }
    text += "asked: the tagger is not sure of it; possible: some candidate is exact\n\
             emptier: the answer is wrong, and leaves out more words than the tagger's\n";
    text
}

fn to_json(sets: &[Set], mix: &Mix, fitted: Option<&(Mix, Vec<bool>)>) -> Value {
    let rows: Vec<Value> = with_held_out(sets, fitted)
        .map(|(set, fitted)| {
            let figures = figures(set, mix, fitted);
            let mut row = json!({
                "set": set.name,
                "cases": set.judged.len(),
                "refused": set.refused,
                "p50_ms": milliseconds(set, 0.5),
                "p99_ms": milliseconds(set, 0.99),
            });
            for (name, share) in figures {
                row[name.replace(' ', "_")] = json!(share);
            }
            row
        })
        .collect();
    json!({ "sets": rows, "mix": fitted.map_or(mix, |(mix, _)| mix) })
}
