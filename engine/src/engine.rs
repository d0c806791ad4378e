//! The engine: the tagger's weights and the scratch buffers.

use sayso_tagger::weights::WeightsError;
use sayso_tagger::{Scratch, Weights, embedded};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// Largest weights file that is read, in bytes: ten times what the embedded ones have. Hand-chosen, 2026-11-28.
const MAX_WEIGHTS_BYTES: u64 = 40 << 20;

/// Longest line, in tokens, whose scratch buffers are kept: with [`MAX_KEPT`] of them some megabytes.
/// Hand-chosen, 2026-11-28.
const MAX_KEPT_TOKENS: usize = 256;
/// Scratch buffers that are kept: as many lines as a daemon converts at once, and one to spare.
/// Hand-chosen, 2026-11-28.
const MAX_KEPT: usize = 4;

/// Converts lines. Clones share everything.
#[derive(Debug, Clone, Default)]
pub struct Engine {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// `None`: the ones that are compiled in, which are read when they are first needed.
    weights: Option<Arc<Weights>>,
    /// Idle scratch buffers. They hold nothing that a later line reads.
    scratches: Mutex<Vec<Scratch>>,
}

/// Why a weights file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsFileError {
    /// The file is not there, or may not be read.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// The file is larger than weights of this network can be.
    #[error("it has more than {MAX_WEIGHTS_BYTES} bytes, so it holds no weights of this tagger")]
    TooLarge,
    /// The file holds no weights of this network.
    #[error(transparent)]
    Bad(#[from] WeightsError),
}

impl Engine {
    /// The engine with the weights that are compiled in; all callers share one. The weights are read when the first
    /// line needs them.
    pub fn embedded() -> &'static Engine {
        static EMBEDDED: LazyLock<Engine> = LazyLock::new(Engine::default);
        &EMBEDDED
    }

    /// An engine whose tagger has these weights.
    pub fn with_weights(weights: Arc<Weights>) -> Engine {
        Engine { shared: Arc::new(Shared { weights: Some(weights), scratches: Mutex::default() }) }
    }

    /// An engine whose tagger has the weights in a file, as `sayso-lab train` writes it.
    ///
    /// # Errors
    /// The file cannot be read, or does not hold weights of this tagger.
    pub fn open(weights: &Path) -> Result<Engine, WeightsFileError> {
        // Opening a pipe would wait for somebody who writes into it.
        if !std::fs::metadata(weights)?.is_file() {
            return Err(io::Error::other("it is not a regular file").into());
        }
        let mut bytes = Vec::new();
        File::open(weights)?.take(MAX_WEIGHTS_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_WEIGHTS_BYTES {
            return Err(WeightsFileError::TooLarge);
        }
        Ok(Engine::with_weights(Arc::new(Weights::read(&bytes)?)))
    }

    /// Whether its tagger has the weights that are compiled in.
    pub fn is_embedded(&self) -> bool {
        self.shared.weights.is_none()
    }

    /// The tagger's weights; `None` where the embedded ones cannot be used, so that the rules convert alone.
    pub(crate) fn weights(&self) -> Option<&Arc<Weights>> {
        match &self.shared.weights {
            Some(weights) => Some(weights),
            None => embedded().ok(),
        }
    }

    /// Does some work on a line of `tokens` tokens with scratch buffers of the pool.
    pub(crate) fn with_scratch<T>(&self, tokens: usize, work: impl FnOnce(&mut Scratch) -> T) -> T {
        let pool = || self.shared.scratches.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = pool().pop().unwrap_or_default();
        let result = work(&mut scratch);
        // What a long line has grown goes back to the system.
        if tokens <= MAX_KEPT_TOKENS {
            let mut idle = pool();
            if idle.len() < MAX_KEPT {
                idle.push(scratch);
            }
        }
        result
    }
}
