//! How slow a server may be.

use std::time::Duration;

/// What a server may do to a download.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How long it may send nothing.
    pub silence: Duration,
    /// How often its pace is looked at.
    pub window: Duration,
    /// Bytes that it must send in each window, unless the file is complete.
    pub least: u64,
}

impl Default for Patience {
    /// A minute of silence, and a kilobyte a second: less would take a week for the smallest model.
    /// Hand-chosen, 2026-11-28.
    fn default() -> Patience {
        Patience { silence: Duration::from_secs(60), window: Duration::from_secs(60), least: 60 << 10 }
    }
}
