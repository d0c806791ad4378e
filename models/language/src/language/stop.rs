//! When to stop: at a deadline, or when who asked does not want the answer any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A reason to stop. Clones share it: one that is cancelled cancels them all.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    deadline: Option<Instant>,
    cancelled: Arc<AtomicBool>,
}

impl Stop {
    /// None until it is cancelled.
    pub fn never() -> Stop {
        Stop::default()
    }

    /// At `deadline`, or earlier where it is cancelled.
    pub fn at(deadline: Instant) -> Stop {
        Stop { deadline: Some(deadline), ..Stop::default() }
    }

    /// From now on it is reached.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it is time.
    pub fn reached(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed) || self.left() == Some(Duration::ZERO)
    }

    /// The time to its deadline; none where it has none.
    pub fn left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }
}
