//! How much the daemon does at once: connections, requests, conversions.

use std::sync::Arc;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep_until};

/// Connections that are open at once; others wait in the kernel's queue, and idle ones make room. Fewer than the 256
/// descriptors that macOS allows a process by default.
pub(crate) const MAX_CONNECTIONS: usize = 200;
/// Requests that are worked on at once, over all connections; others wait unread.
const MAX_IN_FLIGHT: usize = 64;
/// Large inputs among them: one that runs and one that waits for its turn, or memory would grow with everybody who
/// sends one.
const MAX_LARGE_INPUTS: usize = 2;
/// A line of more bytes than this is a large input.
pub(crate) const LARGE_INPUT_BYTES: usize = 8 * 1024;
/// Conversions that run at once. Two, so that one slow line does not hold up a key press.
pub(crate) const MAX_WORKERS: usize = 2;
/// Lines that are with the language model at once, or wait for it on a thread. It does one after the other: the second
/// is there when the first is done.
pub(crate) const MAX_RESCORING: usize = 2;

/// The permit of one request; dropped with it.
#[derive(Debug)]
pub(crate) struct RequestPermit {
    _large: Option<OwnedSemaphorePermit>,
    _in_flight: OwnedSemaphorePermit,
}

/// A permit for everything that is limited.
#[derive(Debug)]
pub(crate) struct Limits {
    /// One permit per open connection.
    pub(crate) connection_slots: Arc<Semaphore>,
    /// One permit per conversion of a short line that runs.
    pub(crate) workers: Arc<Semaphore>,
    /// One permit per line that is with the language model: apart from the workers, so that no line waits for a model
    /// that it does not need.
    pub(crate) rescoring: Arc<Semaphore>,
    in_flight: Arc<Semaphore>,
    large_inputs: Arc<Semaphore>,
    /// Somebody waits for a connection slot.
    connections_full: watch::Sender<bool>,
}

impl Default for Limits {
    fn default() -> Limits {
        let slots = |count| Arc::new(Semaphore::new(count));
        Limits {
            connection_slots: slots(MAX_CONNECTIONS),
            workers: slots(MAX_WORKERS),
            rescoring: slots(MAX_RESCORING),
            in_flight: slots(MAX_IN_FLIGHT),
            large_inputs: slots(MAX_LARGE_INPUTS),
            connections_full: watch::Sender::new(false),
        }
    }
}

impl Limits {
    /// Waits until a request of `bytes` bytes may be worked on. Large inputs wait for each other first, so that they
    /// keep no short line waiting.
    pub(crate) async fn acquire_request_slot(&self, bytes: usize) -> Result<RequestPermit, AcquireError> {
        let large = match bytes > LARGE_INPUT_BYTES {
            true => Some(self.large_inputs.clone().acquire_owned().await?),
            false => None,
        };
        Ok(RequestPermit { _large: large, _in_flight: self.in_flight.clone().acquire_owned().await? })
    }

    /// Says whether somebody waits for a connection slot.
    pub(crate) fn set_connections_full(&self, full: bool) {
        self.connections_full.send_replace(full);
    }

    /// Waits until `from`, and then until somebody waits for a connection slot.
    pub(crate) async fn connections_full_after(&self, from: Instant) {
        sleep_until(from).await;
        let _ = self.connections_full.subscribe().wait_for(|full| *full).await;
    }
}
