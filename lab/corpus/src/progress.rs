//! A progress bar for work that takes over a second: on standard error, on a terminal only, without colour.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// Shorter work would only flicker. Hand-chosen, 2026-11-23.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

/// Counts steps, and appears when the work takes long. Removed from the screen when dropped.
pub struct Progress {
    bar: ProgressBar,
    since: Instant,
    shown: Cell<bool>,
}

impl Progress {
    /// `steps` to do, of `what` (a plural noun).
    pub fn new(steps: usize, what: &'static str) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.progress_chars("=> "));
        bar.set_message(what);
        Progress { bar, since: Instant::now(), shown: Cell::new(false) }
    }

    /// One step is done.
    pub fn step(&self) {
        if !self.shown.get() && self.since.elapsed() > SHOWN_AFTER {
            self.shown.set(true);
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
