//! The weights that are compiled in.

use super::weights::{Weights, WeightsError};
use std::sync::{Arc, LazyLock};

static WEIGHTS: LazyLock<Result<Arc<Weights>, WeightsError>> = LazyLock::new(|| {
    Weights::read_any_schema(include_bytes!("../../weights/tagger.safetensors")).map(Arc::new)
});

/// The weights that are compiled in, read when they are first asked for.
///
/// # Errors
/// The weights cannot be used: conversion by rule still works.
pub fn embedded() -> Result<&'static Arc<Weights>, &'static WeightsError> {
    WEIGHTS.as_ref()
}
