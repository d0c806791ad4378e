//! What the network gives when candle runs it, for the parity test of the one that is shipped.

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

/// A line, a path through its wide lattice, and the scores of both.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Scored {
    /// The line.
    pub dictated: String,
    /// The path.
    pub steps: Vec<NamedStep>,
    /// The logarithm of each step's probability.
    pub scores: Vec<f32>,
    /// The logarithms of the probabilities of the classes of lines.
    pub classes: Vec<f32>,
}

/// A step of a path by what it writes, so that other readings may come and go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedStep {
    /// What its reading writes.
    pub writes: String,
    /// The reading's kind, as `explain` shows it.
    pub kind: String,
    /// How many tokens the reading spans.
    pub tokens: usize,
    /// Whether a space goes before it.
    pub space: bool,
}

/// Runs the network with the weights of a file over lines with known answers.
///
/// # Errors
/// The weights are not those of this network, or no path writes an answer.
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
                .with_context(|| format!("the path of {dictated:?} is none of candidates"))?;
            let batch = Batch::new(&[&example], None);
            let output = network.output(&batch, None, &tables)?;
            let candidates = output.candidates.context("a line without steps")?.to_vec1::<f32>()?;
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
