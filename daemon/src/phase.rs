//! The phases of the daemon's shutdown.

use tokio::sync::watch;

/// Shutdown phase.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Everything is answered.
    #[default]
    Running,
    /// Requests that were sent are answered; no new connection is accepted.
    Draining,
    /// Requests that are not answered yet get `shutting_down`.
    Closing,
}

/// The current phase, which everybody may wait for.
#[derive(Debug, Default)]
pub(crate) struct Phases {
    current: watch::Sender<Phase>,
}

impl Phases {
    /// Advances to `phase`; never goes back.
    pub(crate) fn enter_phase(&self, phase: Phase) {
        self.current.send_if_modified(|current| {
            let is_later = phase > *current;
            *current = phase.max(*current);
            is_later
        });
    }

    /// The current phase.
    pub(crate) fn current(&self) -> Phase {
        *self.current.borrow()
    }

    /// Waits until `phase` is reached.
    pub(crate) async fn phase_reached(&self, phase: Phase) {
        // The sender lives as long as this, so the channel cannot be closed while somebody waits.
        let _ = self.current.subscribe().wait_for(|current| *current >= phase).await;
    }
}
