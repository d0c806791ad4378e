//! The weights that are compiled in.

use super::weights::{Weights, WeightsError};
use std::sync::{Arc, LazyLock};

static BYTES: &[u8] = include_bytes!("../../weights/tagger.safetensors");

static WEIGHTS: LazyLock<Result<Arc<Weights>, WeightsError>> =
    LazyLock::new(|| Weights::read_any_schema(BYTES).map(Arc::new));

/// The file that is compiled in, to train it further.
pub fn embedded_bytes() -> &'static [u8] {
    BYTES
}

/// The weights that are compiled in, read when they are first asked for.
///
/// # Errors
/// The weights cannot be used: conversion by rule still works.
pub fn embedded() -> Result<&'static Arc<Weights>, &'static WeightsError> {
    WEIGHTS.as_ref()
}
