//! A line that the encoder has read.

use super::network::{Encoding, LineClass};
use super::scored::ScoredSteps;
use super::scratch::Scratch;
use super::weights::Weights;
use super::{unit, vector};
use sayso_speech::lattice::Lattice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A lattice together with what the encoder made of it and the weights that it was encoded with. A search takes all
/// three from here, so it cannot be given the encoding of another line or of other weights.
#[derive(Debug, Clone)]
pub struct EncodedLine {
    pub(super) weights: Arc<Weights>,
    pub(super) lattice: Arc<Lattice>,
    pub(super) encoding: Encoding,
    scored: Arc<Mutex<ScoredSteps>>,
}

/// Encodes a line. Takes time linear in its length. An empty line is of no class: all four probabilities are zero.
pub fn encode(
    weights: &Arc<Weights>,
    lattice: impl Into<Arc<Lattice>>,
    scratch: &mut Scratch,
) -> EncodedLine {
    let lattice = lattice.into();
    let mut encoding = Encoding::default();
    if !lattice.is_empty() {
        let (units, vectors) = (unit::units(&lattice), vector::vectors(&lattice));
        weights.encode((&units, &vectors), &mut scratch.activations, &mut encoding);
    }
    EncodedLine { weights: Arc::clone(weights), lattice, encoding, scored: Arc::default() }
}

impl EncodedLine {
    /// How likely the line is to be of each class.
    pub fn class(&self) -> LineClass {
        self.encoding.class
    }

    /// The lattice that was encoded.
    pub fn lattice(&self) -> &Arc<Lattice> {
        &self.lattice
    }

    /// The same encoding with another lattice over the same tokens: one that forbids more.
    #[must_use]
    pub fn with_lattice(&self, lattice: Lattice) -> EncodedLine {
        debug_assert_eq!(lattice.len(), self.lattice.len());
        EncodedLine { lattice: Arc::new(lattice), scored: Arc::default(), ..self.clone() }
    }

    /// The steps that were scored already, for one search at a time.
    pub(super) fn scored(&self) -> MutexGuard<'_, ScoredSteps> {
        self.scored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The weights that it was encoded with.
    pub fn weights(&self) -> &Arc<Weights> {
        &self.weights
    }
}
