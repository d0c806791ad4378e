//! Calibrates the trained weights on the sets of cases that settings are chosen on.

use crate::calibration::fit_calibration;
use crate::example;
use sayso_corpus::cases;
use sayso_speech::render::render;
use sayso_tagger::weights::{Calibration, Weights};
use sayso_tagger::{Scratch, beam_search, encode};
use std::path::Path;
use std::sync::Arc;

/// The NL2Bash cases on which settings are chosen, as a path within the folder of the corpora.
pub(crate) const VALID: &str = "nl2bash/valid.jsonl";
/// All sets that confidence is fitted on. Fitted on one manner of speaking alone, it would be too sure of the others.
const SETS: [&str; 4] = [VALID, "talk/valid.jsonl", "talk/dev.jsonl", "engine/valid.jsonl"];
/// Beam width, the same as in the engine.
const BEAM: usize = 4;

/// Fits the calibration with which confidences best match the share of exact answers, on the sets of cases in the
/// folder `corpus`.
///
/// # Errors
/// If the cases cannot be read.
pub(crate) fn calibrate(weights: &Arc<Weights>, corpus: &Path) -> anyhow::Result<Calibration> {
    let mut scratch = Scratch::default();
    let mut outcomes = Vec::new();
    let mut cases = Vec::new();
    for set in SETS {
        cases.extend(cases::read(&corpus.join(set), "dictated")?);
    }
    for case in cases {
        let line = encode(weights, example::lattice(&case.dictated), &mut scratch);
        if let Some(best) = beam_search(&line, BEAM, &mut scratch).into_iter().next() {
            let text = render(line.lattice(), &best.steps).text;
            let is = |expected: &String| text.split_whitespace().eq(expected.split_whitespace());
            let exact = is(&case.expected) || case.alt.iter().any(is);
            outcomes.push((best.score, exact));
        }
    }
    Ok(fit_calibration(&outcomes))
}
