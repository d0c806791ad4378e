//! The state that all connections share.

use crate::configuration::Configuration;
use crate::large_input::LargeInputWorker;
use crate::learning::Learning;
use crate::limits::{Limits, MAX_CONNECTIONS};
use crate::metrics::{self, Metrics};
use crate::model::ModelManager;
use crate::phase::Phases;
use crate::place::Places;
use crate::roster::Roster;
use crate::session::Sessions;
use sayso_protocol::{Status, TaggerStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Version of this daemon.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The state that all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The settings in force.
    pub(crate) configuration: Configuration,
    /// The language model.
    pub(crate) model: Arc<ModelManager>,
    /// What was learnt from corrected lines.
    pub(crate) learning: Arc<Learning>,
    /// Whether the log may hold what was dictated.
    pub(crate) log_text: bool,
    /// The limits on concurrent work.
    pub(crate) limits: Limits,
    /// Who is connected.
    pub(crate) roster: Arc<Roster>,
    /// Notified when much memory was freed, which the allocator would keep for a thread that may not need it again.
    pub(crate) burst_ended: Notify,
    /// The phase of the shutdown.
    pub(crate) phases: Phases,
    /// The thread that converts large inputs.
    pub(crate) large_inputs: LargeInputWorker,
    /// What is known of the places where lines are dictated.
    pub(crate) places: Arc<Places>,
    sessions: Mutex<Sessions>,
    metrics: Mutex<Metrics>,
    last_request: Mutex<Instant>,
    started: Instant,
    socket: String,
    socket_owner: &'static str,
}

impl Shared {
    /// The state of a daemon that listens on `socket`, which `socket_owner` keeps.
    pub(crate) fn new(
        configuration: Configuration,
        model: ModelManager,
        log_text: bool,
        socket: String,
        socket_owner: &'static str,
    ) -> Shared {
        Shared {
            configuration,
            model: Arc::new(model),
            learning: Arc::new(Learning::new(sayso_settings::folders::learnt_file())),
            log_text,
            limits: Limits::default(),
            roster: Arc::default(),
            burst_ended: Notify::new(),
            phases: Phases::default(),
            large_inputs: LargeInputWorker::new(),
            places: Arc::default(),
            sessions: Mutex::default(),
            metrics: Mutex::default(),
            last_request: Mutex::new(Instant::now()),
            started: Instant::now(),
            socket,
            socket_owner,
        }
    }

    /// The line editors. Never held across a wait.
    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The counts. Never held across a wait.
    pub(crate) fn metrics(&self) -> MutexGuard<'_, Metrics> {
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a request has arrived.
    pub(crate) fn note_request(&self) {
        *self.last_request.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Time since the last request.
    pub(crate) fn idle_time(&self) -> Duration {
        self.last_request.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// The status of the daemon. May block as long as the disk does.
    pub(crate) fn status(&self) -> Status {
        let current = self.configuration.current();
        self.model.refresh_choice(&current.settings.model);
        let metrics = self.metrics();
        Status {
            version: VERSION.to_owned(),
            pid: std::process::id(),
            uptime_s: self.started.elapsed().as_secs(),
            requests: metrics.requests,
            errors: metrics.errors,
            connections: MAX_CONNECTIONS.saturating_sub(self.limits.connection_slots.available_permits()),
            sessions: self.sessions().len(),
            resident_bytes: metrics::resident_bytes(),
            socket: self.socket.clone(),
            owner: self.socket_owner.to_owned(),
            settings_error: current.mistake,
            tagger: TaggerStatus {
                weights: current.tagger.file.map(|file| file.display().to_string()),
                error: current.tagger.mistake,
            },
            model: self.model.status(),
            learning_error: self.learning.taught().error.clone(),
            routes: metrics.latencies(),
            places: self.places.status(),
        }
    }
}
