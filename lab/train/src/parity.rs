//! Runs the network with candle. The parity test compares the shipped implementation with it.

use crate::align::align;
use crate::batch::Batch;
use crate::checkpoint::read_weights;
use crate::example::{self, Example, encode_path};
use crate::network::Tables;
use crate::op::log_shares;
use anyhow::Context;
use sayso_corpus::sample::Label;
use sayso_speech::lattice::Step;
use serde::{Deserialize, Serialize};

/// A line and a path through its wide lattice, with their scores.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Scored {
    /// The line.
    pub dictated: String,
    /// The steps of the path.
    pub steps: Vec<NamedStep>,
    /// The log-probability of each step.
    pub scores: Vec<f32>,
    /// The log-probability of each class of lines.
    pub classes: Vec<f32>,
}

/// A step of a path. It is described by its reading and not by an index, so that it stays valid if
/// other readings are added or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedStep {
    /// The text that its reading writes.
    pub writes: String,
    /// The reading's kind, as `explain` shows it.
    pub kind: String,
    /// Number of tokens that the reading spans.
    pub tokens: usize,
    /// Whether a space goes before it.
    pub space: bool,
}

/// Scores lines with the weights of a file. `cases` are pairs of a dictation and the expected
/// command.
///
/// # Errors
/// If the weights are not those of this network, or if no path writes the expected command.
pub fn score(weights: &[u8], cases: &[(&str, &str)]) -> anyhow::Result<Vec<Scored>> {
    let network = read_weights(weights)?;
    let tables = Tables::new();
    cases
        .iter()
        .map(|(dictated, expected)| {
            let lattice = example::lattice(dictated);
            let unknown = vec![Label::Unknown; lattice.len()];
            let path = align(&lattice, expected, &unknown)
                .with_context(|| format!("no path writes {expected:?} from {dictated:?}"))?;
            let example: Example = encode_path(&lattice, &path, None)
                .with_context(|| format!("a step on the path of {dictated:?} is not a candidate"))?;
            let batch = Batch::new(&[&example], None);
            let output = network.output(&batch, None, &tables)?;
            let candidates = output.candidates.context("the line has no steps")?.to_vec1::<f32>()?;
            let shares = log_shares(&candidates, &batch.steps);
            let classes = output.classes.flatten_all()?.to_vec1::<f32>()?;
            let named = |step: &Step| {
                let reading = lattice.reading(step.reading);
                NamedStep {
                    writes: reading.text.clone().into_owned(),
                    kind: reading.kind.name().to_owned(),
                    tokens: reading.tokens.len(),
                    space: step.space,
                }
            };
            Ok(Scored {
                dictated: (*dictated).to_owned(),
                steps: path.iter().map(named).collect(),
                scores: example.gold.iter().map(|&gold| shares[gold as usize]).collect(),
                classes: log_shares(&classes, &batch.classes),
            })
        })
        .collect()
}
