//! An evaluation as JSON, for programs.

use super::differences;
use super::run::{Run, groups};
use crate::score::MEASURES;
use sayso_corpus::cases::Case;
use serde_json::{Value, json};

impl Run {
    pub(super) fn to_json(&self, cases: &[Case], errors: usize) -> Value {
        let figures = |members: &[usize]| {
            let mut object = self.tally(members).to_json();
            object["by_command"] = self.by_command(cases, members).to_json();
            object
        };
        let mut object = figures(&(0..cases.len()).collect::<Vec<_>>());
        object["route"] = json!(self.route.name());
        object["label"] = json!(self.label);
        let (all, alike) = self.alternatives();
        object["alternatives"] = json!({ "all": all, "other_capitals_only": alike });
        object["seconds_per_case"] = json!(self.seconds_per_case());
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
                json!({
                    "dictated": cases[at].dictated,
                    "expected": cases[at].expected,
                    "got": self.answers[at].text,
                    "similarity": self.answers[at].score.similarity,
                    "refused": self.answers[at].score.refused,
                    "mistake": self.answers[at].mistake(&cases[at]).name(),
                    "route": self.answers[at].by.name(),
                    "confidence": self.answers[at].confidence,
                })
            };
            object["errors"] = self.worst(errors).into_iter().map(error).collect();
        }
        object
    }
}

pub(super) fn comparison_to_json(cases: &[Case], a: &Run, b: &Run, errors: usize) -> Value {
    let mut object = json!({ "routes": [a.to_json(cases, errors), b.to_json(cases, errors)] });
    for ((name, _), interval) in MEASURES.iter().zip(differences(cases, a, b)) {
        object["difference"][name] =
            json!({ "mean": interval.mean, "low": interval.low, "high": interval.high });
    }
    object
}
