//! How much the daemon does at once: connections, requests, conversions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// Connections that are open at once; idle ones make way for new ones. This is below the 256 descriptors that macOS
/// allows a process by default. Hand-chosen, 2026-11-23.
pub(crate) const MAX_CONNECTIONS: usize = 200;
/// Requests in progress at once, over all connections; others wait unread. Hand-chosen, 2026-11-23.
const MAX_IN_FLIGHT: usize = 64;
/// Requests that the language model is working on, or that wait for it. They are counted apart from the others, so that
/// no other request waits for a place that one of them holds.
const MAX_WITH_MODEL: usize = 64;
/// Requests of one process among them, and as many again that want the language model. This keeps all workers busy, and
/// is so few that a flood of one process delays the key press of another by few conversions. Hand-chosen, 2026-11-29.
const MAX_OF_PROCESS: usize = 8;
/// Large inputs among them: one that runs and one that waits for its turn. Without this limit, memory would grow with
/// everybody who sends one.
const MAX_LARGE_INPUTS: usize = 2;
/// A line of more bytes than this is a large input.
pub(crate) const LARGE_INPUT_BYTES: usize = 8 * 1024;
/// Conversions that run at once. Two, so that one slow line does not hold up a key press.
pub(crate) const MAX_WORKERS: usize = 2;
/// Lines that the language model is working on, or that wait for it on a thread. It takes them one after the other, so
/// the second is ready when the first is done.
pub(crate) const MAX_RESCORING: usize = 2;
/// Bytes of a message that a connection may hold before the rest has arrived. A key press has a few hundred.
pub(crate) const FREE_BYTES: usize = 32 * 1024;
/// Connections that may hold more, up to a whole frame. Hand-chosen, 2026-11-28: together with what all others may
/// hold, that is less than 10 MB.
const MAX_LONG_MESSAGES: usize = 3;

/// The place of one request, which is freed with it.
#[derive(Debug)]
pub(crate) struct Place {
    _of_process: Option<OwnedSemaphorePermit>,
    _large: Option<OwnedSemaphorePermit>,
    _one: OwnedSemaphorePermit,
}

/// A permit for everything that is limited.
#[derive(Debug)]
pub(crate) struct Limits {
    /// One permit per open connection.
    pub(crate) connection_slots: Arc<Semaphore>,
    /// One permit per conversion of a short line that runs.
    pub(crate) workers: Arc<Semaphore>,
    /// One permit per line with the language model. They are counted apart from the workers, so that no line waits for
    /// a model that it does not need.
    pub(crate) rescoring: Arc<Semaphore>,
    /// One permit per connection that holds a long message.
    pub(crate) long_messages: Arc<Semaphore>,
    in_flight: Arc<Semaphore>,
    with_model: Arc<Semaphore>,
    large_inputs: Arc<Semaphore>,
    /// The permits of each process that has requests here; those for requests that want the language model are apart.
    of_process: Mutex<HashMap<(i32, bool), Weak<Semaphore>>>,
}

impl Default for Limits {
    fn default() -> Limits {
        let slots = |count| Arc::new(Semaphore::new(count));
        Limits {
            connection_slots: slots(MAX_CONNECTIONS),
            workers: slots(MAX_WORKERS),
            rescoring: slots(MAX_RESCORING),
            long_messages: slots(MAX_LONG_MESSAGES),
            in_flight: slots(MAX_IN_FLIGHT),
            with_model: slots(MAX_WITH_MODEL),
            large_inputs: slots(MAX_LARGE_INPUTS),
            of_process: Mutex::default(),
        }
    }
}

impl Limits {
    /// Waits for a place for a request of `bytes` bytes from a process. A request that wants only the language model
    /// takes one of the places for such requests. Requests of one process wait for each other first, and so do large
    /// inputs; they then keep neither another process nor a short line waiting.
    pub(crate) async fn place(
        &self,
        process: i32,
        bytes: usize,
        wants_model: bool,
    ) -> Result<Place, AcquireError> {
        let of_process = self.of_process(process, wants_model).acquire_owned().await?;
        let large = match bytes > LARGE_INPUT_BYTES {
            true => Some(self.large_inputs.clone().acquire_owned().await?),
            false => None,
        };
        let places = if wants_model { &self.with_model } else { &self.in_flight };
        let one = places.clone().acquire_owned().await?;
        Ok(Place { _of_process: Some(of_process), _large: large, _one: one })
    }

    /// The permits of a process, which are dropped with its last request.
    fn of_process(&self, process: i32, wants_model: bool) -> Arc<Semaphore> {
        let mut of_process = self.of_process.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = of_process.get(&(process, wants_model)).and_then(Weak::upgrade) {
            return known;
        }
        of_process.retain(|_, permits| permits.strong_count() > 0);
        let new = Arc::new(Semaphore::new(MAX_OF_PROCESS));
        of_process.insert((process, wants_model), Arc::downgrade(&new));
        new
    }

    /// Moves a request to those that wait for the language model; `None` if too many wait already.
    pub(crate) fn place_with_model(&self) -> Option<Place> {
        let one = self.with_model.clone().try_acquire_owned().ok()?;
        Some(Place { _of_process: None, _large: None, _one: one })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    #[tokio::test]
    async fn a_process_that_asks_for_much_takes_no_place_of_another() {
        let limits = Limits::default();
        let place = |process, wants_model| timeout(Duration::ZERO, limits.place(process, 1, wants_model));
        let mut held = Vec::new();
        while let Ok(place) = place(1, false).await {
            held.push(place.unwrap());
        }
        assert_eq!(held.len(), MAX_OF_PROCESS);
        assert!(place(1, true).await.is_ok(), "who waits for the model waits apart");
        assert!(place(2, false).await.is_ok());
        held.pop();
        assert!(place(1, false).await.is_ok());
        drop(held);
        drop(place(3, false).await);
        assert_eq!(limits.of_process.lock().unwrap().len(), 1, "what is over is forgotten");
    }
}
