//! The weights that are compiled in.

use super::weights::{BadWeights, Weights};
use std::sync::LazyLock;

static WEIGHTS: LazyLock<Result<Weights, BadWeights>> =
    LazyLock::new(|| Weights::read(include_bytes!("../../weights/tagger.safetensors")));

/// The weights that are compiled in, read when they are first asked for.
///
/// # Errors
/// Where they cannot be used: the rules convert on.
pub fn embedded() -> Result<&'static Weights, &'static BadWeights> {
    WEIGHTS.as_ref()
}
