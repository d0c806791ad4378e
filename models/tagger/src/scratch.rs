//! Buffers that are reused from line to line.

use super::network::Activations;
use super::step::StepFeatures;

/// Scratch buffers for encoding and searching: a warm search allocates only what grows with the line. They hold nothing
/// that a later call reads, so one may serve any lines in any order.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(super) activations: Activations,
    pub(super) step: StepFeatures,
    /// Choices at a token × [`ROW`](super::shape::ROW): the sums of their rows.
    pub(super) sums: Vec<f32>,
    /// Choices at a token × [`HIDDEN`](super::shape::HIDDEN): what each reading says by itself.
    pub(super) readings: Vec<f32>,
    /// One score a candidate.
    pub(super) scores: Vec<f32>,
}
