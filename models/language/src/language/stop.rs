//! When to stop: at a deadline, or when the caller no longer wants the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A condition for stopping. Clones share it: cancelling one cancels all.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    deadline: Option<Instant>,
    cancelled: Arc<AtomicBool>,
}

impl Stop {
    /// Stops only when it is cancelled.
    pub fn never() -> Stop {
        Stop::default()
    }

    /// Stops at `deadline`, or earlier when it is cancelled.
    pub fn at(deadline: Instant) -> Stop {
        Stop { deadline: Some(deadline), ..Stop::default() }
    }

    /// Stops now, and all clones with it.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether to stop: the deadline has passed, or it was cancelled.
    pub fn reached(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed) || self.left() == Some(Duration::ZERO)
    }

    /// The time until the deadline; `None` without a deadline.
    pub fn left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }
}
