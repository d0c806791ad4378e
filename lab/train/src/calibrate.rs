//! Calibrates the trained weights on NL2Bash `valid`.

use crate::calibration::fit_calibration;
use crate::config::Config;
use crate::example;
use sayso_corpus::cases;
use sayso_speech::render::render;
use sayso_tagger::weights::{Calibration, Weights};
use sayso_tagger::{Scratch, beam_search, encode};
use std::sync::Arc;

/// The cases on which all settings are chosen, as a path within the folder of the corpora.
pub(crate) const VALID: &str = "nl2bash/valid.jsonl";
/// Beam width, the same as in the engine.
const BEAM: usize = 4;

/// Fits the calibration with which confidences best match the share of exact answers on NL2Bash
/// `valid`.
///
/// # Errors
/// If the cases cannot be read.
pub(crate) fn calibrate(weights: &Arc<Weights>, config: &Config) -> anyhow::Result<Calibration> {
    let mut scratch = Scratch::default();
    let mut outcomes = Vec::new();
    for case in cases::read(&config.corpus.join(VALID), "dictated")? {
        let line = encode(weights, example::lattice(&case.dictated), &mut scratch);
        if let Some(best) = beam_search(&line, BEAM, &mut scratch).into_iter().next() {
            let text = render(line.lattice(), &best.steps).text;
            let exact = text.split_whitespace().eq(case.expected.split_whitespace());
            outcomes.push((best.score, exact));
        }
    }
    Ok(fit_calibration(&outcomes))
}
