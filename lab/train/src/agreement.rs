//! What the network as it is trained says of lines, to hold the one that is shipped to it.

use crate::align::align;
use crate::batch::Batch;
use crate::checkpoint::read_weights;
use crate::example::{self, Example, encode_path};
use crate::network::Tables;
use crate::op::log_shares;
use anyhow::Context;
use sayso_corpus::sample::Label;
use serde::{Deserialize, Serialize};

/// A line, a path through its wide lattice, and what candle makes of both.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Said {
    /// The line.
    pub dictated: String,
    /// Reading and space of each step.
    pub steps: Vec<(u32, bool)>,
    /// The logarithm of each step's probability.
    pub scores: Vec<f32>,
    /// The logarithms of the probabilities of what the line may be.
    pub verdicts: Vec<f32>,
}

/// Runs the network with the weights of a file over lines with known answers.
///
/// # Errors
/// Where the weights are not those of this network, or an answer cannot be reached.
pub fn said(weights: &[u8], cases: &[(&str, &str)]) -> anyhow::Result<Vec<Said>> {
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
            let verdicts = output.verdicts.flatten_all()?.to_vec1::<f32>()?;
            Ok(Said {
                dictated: (*dictated).to_owned(),
                steps: path.iter().map(|step| (step.reading, step.space)).collect(),
                scores: example.gold.iter().map(|&gold| shares[gold as usize]).collect(),
                verdicts: log_shares(&verdicts, &batch.verdicts),
            })
        })
        .collect()
}
