//! Calibrates the trained weights on NL2Bash `valid`.

use crate::calibration::fit_calibration;
use crate::config::Config;
use crate::example;
use sayso_corpus::cases;
use sayso_speech::render::render;
use sayso_tagger::beam::{self, Desk};
use sayso_tagger::weights::{Calibration, Weights};

/// The cases on which everything is chosen, in the folder of the corpora.
pub(crate) const VALID: &str = "nl2bash/valid.jsonl";
/// Paths that are kept, as in use.
const BEAM: usize = 4;

/// The calibration that makes the weights as sure on NL2Bash `valid` as they are right.
///
/// # Errors
/// Where the cases cannot be read.
pub(crate) fn calibrate(weights: &Weights, config: &Config) -> anyhow::Result<Calibration> {
    let mut desk = Desk::default();
    let mut outcomes = Vec::new();
    for case in cases::read(&config.corpus.join(VALID), "dictated")? {
        let lattice = example::lattice(&case.dictated);
        if let Some(best) = beam::search(weights, &lattice, BEAM, &mut desk).into_iter().next() {
            let text = render(&lattice, &best.steps).text;
            let exact = text.split_whitespace().eq(case.expected.split_whitespace());
            outcomes.push((best.score, exact));
        }
    }
    Ok(fit_calibration(&outcomes))
}
