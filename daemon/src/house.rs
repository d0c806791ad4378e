//! What all connections of the daemon share, and how it ends.

use crate::configuration::Configuration;
use crate::keeper::Keeper;
use crate::long::LongLines;
use crate::meter::{self, Meter};
use crate::session::Sessions;
use sayso_protocol::Status;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep_until};

/// Version of this daemon.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Connections that are open at once; others wait in the kernel's queue, and the idle ones make room. Fewer than the
/// 256 descriptors that macOS allows a process by default.
pub(crate) const MAX_CONNECTIONS: usize = 200;
/// Requests that are worked on at once, over all connections; others wait unread.
const MAX_IN_FLIGHT: usize = 64;
/// Long lines among them: one that runs and one that waits for its turn, or memory would grow with everybody who
/// sends one.
const MAX_LONG: usize = 2;
/// Longest line that is not long, in bytes.
pub(crate) const LONG_BYTES: usize = 8 * 1024;
/// Conversions that run at once. Two, so that one long line does not hold up a key press.
pub(crate) const WORKERS: usize = 2;
/// Lines that are with the language model at once, or wait for it on a thread. It does one after the other: the second
/// is there when the first is done.
pub(crate) const JUDGES: usize = 2;

/// How far the daemon is from its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Everything is answered.
    Running,
    /// What was sent is answered; nobody new is let in.
    Draining,
    /// What is not answered yet gets `shutting_down`.
    Closing,
}

/// Room for one request.
#[derive(Debug)]
pub(crate) struct Room {
    _long: Option<OwnedSemaphorePermit>,
    _one: OwnedSemaphorePermit,
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct House {
    /// The settings in force.
    pub(crate) configuration: Configuration,
    /// The language model.
    pub(crate) keeper: Arc<Keeper>,
    /// Whether the log may hold what was dictated.
    pub(crate) log_text: bool,
    /// One permit per open connection.
    pub(crate) doors: Arc<Semaphore>,
    /// One permit per request that is worked on.
    in_flight: Arc<Semaphore>,
    /// One permit per long line among them.
    long: Arc<Semaphore>,
    /// One permit per conversion of a short line that runs.
    pub(crate) workers: Arc<Semaphore>,
    /// One permit per line that is with the language model: apart from the workers, so that no line waits for a model
    /// that it does not need.
    pub(crate) judges: Arc<Semaphore>,
    /// Where long lines are converted.
    pub(crate) long_lines: LongLines,
    crowded: watch::Sender<bool>,
    phase: watch::Sender<Phase>,
    sessions: Mutex<Sessions>,
    meter: Mutex<Meter>,
    last_request: Mutex<Instant>,
    started: Instant,
    socket: String,
    owner: &'static str,
}

impl House {
    /// An empty house that listens on `socket`, which `owner` keeps.
    pub(crate) fn new(
        configuration: Configuration,
        keeper: Keeper,
        log_text: bool,
        socket: String,
        owner: &'static str,
    ) -> House {
        House {
            configuration,
            keeper: Arc::new(keeper),
            log_text,
            doors: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            in_flight: Arc::new(Semaphore::new(MAX_IN_FLIGHT)),
            long: Arc::new(Semaphore::new(MAX_LONG)),
            workers: Arc::new(Semaphore::new(WORKERS)),
            judges: Arc::new(Semaphore::new(JUDGES)),
            long_lines: LongLines::new(),
            crowded: watch::Sender::new(false),
            phase: watch::Sender::new(Phase::Running),
            sessions: Mutex::default(),
            meter: Mutex::default(),
            last_request: Mutex::new(Instant::now()),
            started: Instant::now(),
            socket,
            owner,
        }
    }

    /// Goes on to `phase`; never back.
    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.send_if_modified(|now| {
            let later = phase > *now;
            *now = phase.max(*now);
            later
        });
    }

    /// How far the end is.
    pub(crate) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Waits until `phase` is reached.
    pub(crate) async fn reached(&self, phase: Phase) {
        // The sender lives in this house, so the channel cannot be closed while somebody waits.
        let _ = self.phase.subscribe().wait_for(|now| *now >= phase).await;
    }

    /// Says whether somebody waits at the door.
    pub(crate) fn set_crowded(&self, crowded: bool) {
        self.crowded.send_replace(crowded);
    }

    /// Waits until `from`, and then until somebody waits at the door.
    pub(crate) async fn crowded_after(&self, from: Instant) {
        sleep_until(from).await;
        let _ = self.crowded.subscribe().wait_for(|crowded| *crowded).await;
    }

    /// The line editors. Held only between two waits.
    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The counts. Held only between two waits.
    pub(crate) fn meter(&self) -> MutexGuard<'_, Meter> {
        self.meter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is room for a request of `bytes` bytes, and holds it until it is dropped. Long lines wait for
    /// each other first, so that they keep no short one waiting.
    pub(crate) async fn room(&self, bytes: usize) -> Result<Room, AcquireError> {
        let long = match bytes > LONG_BYTES {
            true => Some(self.long.clone().acquire_owned().await?),
            false => None,
        };
        Ok(Room { _long: long, _one: self.in_flight.clone().acquire_owned().await? })
    }

    /// Notes that a request has come.
    pub(crate) fn asked(&self) {
        *self.last_request.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Time since the last request.
    pub(crate) fn idle(&self) -> Duration {
        self.last_request.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// How the daemon is. May block for as long as the disk does.
    pub(crate) fn status(&self) -> Status {
        self.keeper.look(&self.configuration.current().settings.model);
        let meter = self.meter();
        Status {
            version: VERSION.to_owned(),
            pid: std::process::id(),
            uptime_s: self.started.elapsed().as_secs(),
            requests: meter.requests,
            errors: meter.errors,
            connections: MAX_CONNECTIONS.saturating_sub(self.doors.available_permits() + 1),
            sessions: self.sessions().len(),
            resident_bytes: meter::resident_bytes(),
            socket: self.socket.clone(),
            owner: self.owner.to_owned(),
            settings_error: self.configuration.current().mistake,
            model: self.keeper.status(),
            routes: meter.latencies(),
        }
    }
}
