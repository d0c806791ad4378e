//! An evaluation as JSON, for programs.

use super::answer::Answer;
use super::differences;
use super::run::{Run, groups};
use super::series;
use crate::score::MEASURES;
use sayso_corpus::cases::Case;
use serde_json::{Value, json};

impl Run {
    fn to_json(&self, cases: &[Case], errors: usize) -> Value {
        let figures = |members: &[usize]| {
            let mut object = self.tally(members).to_json();
            object["by_command"] = self.by_command(cases, members).to_json();
            object
        };
        let mut object = figures(&(0..cases.len()).collect::<Vec<_>>());
        object["route"] = json!(self.answerer.name());
        object["label"] = json!(self.label);
        let (all, alike) = self.alternatives();
        object["alternatives"] = json!({ "all": all, "other_capitals_only": alike });
        let pace = self.pace();
        object["seconds_per_case"] = json!(pace.mean);
        object["p50_seconds"] = json!(pace.p50);
        object["p99_seconds"] = json!(pace.p99);
        object["peak_memory_bytes"] = json!(self.peak());
        let crash = |(at, message): (usize, &str)| json!({ "case": at + 1, "dictated": cases[at].dictated, "message": message });
        object["crashes"] = self.crashes().map(crash).collect();
        for (stage, members) in self.stages() {
            object["stages"][stage] =
                json!({ "cases": members.len(), "exact": self.tally(&members).percents()[0] });
        }
        object["calibration"] = self.reliability().to_json();
        object["groups"] = groups(cases)
            .iter()
            .skip(1)
            .map(|(name, members)| (name.to_string(), figures(members)))
            .collect();
        if errors > 0 {
            let error = |at: usize| {
                let (case, Answer { reply, score, .. }) = (&cases[at], &self.answers[at]);
                json!({
                    "dictated": case.dictated,
                    "expected": case.expected,
                    "got": reply.text,
                    "similarity": score.similarity,
                    "refused": score.refused,
                    "invented": score.invented,
                    "mistake": reply.mistake(case).name(),
                    "route": reply.by.name(),
                    "confidence": reply.confidence,
                })
            };
            object["errors"] = self.worst(errors).into_iter().map(error).collect();
        }
        object
    }
}

/// One run, and the published rows of the series' table.
pub(super) fn evaluation(cases: &[Case], run: &Run, errors: usize) -> Value {
    let mut object = run.to_json(cases, errors);
    object["series"] = series::to_json();
    object
}

/// Two runs with the differences between them, and the published rows of the series' table.
pub(super) fn comparison(cases: &[Case], a: &Run, b: &Run, errors: usize) -> Value {
    let runs = [a.to_json(cases, errors), b.to_json(cases, errors)];
    let mut object = json!({ "routes": runs, "series": series::to_json() });
    for ((name, _), interval) in MEASURES.iter().zip(differences(cases, a, b)) {
        object["difference"][name] =
            json!({ "mean": interval.mean, "low": interval.low, "high": interval.high });
    }
    object
}
