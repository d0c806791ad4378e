//! The life of the daemon: let connections in, and end in an orderly way.

use crate::connection;
use crate::limits::MAX_CONNECTIONS;
use crate::listen::Ownership;
use crate::phase::Phase;
use crate::state::Shared;
use interprocess::local_socket::traits::tokio::Listener as _;
use interprocess::os::unix::uds_local_socket::tokio::{Listener, Stream};
use sayso_protocol::SocketPaths;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{interval, sleep, timeout};

/// What was sent before the end is answered within this time.
const DRAIN_TIME: Duration = Duration::from_millis(700);
/// What remains then gets `shutting_down` within this time. Both together stay under a second.
const CLOSE_TIME: Duration = Duration::from_millis(150);
/// How often the daemon checks that the socket's path still leads here.
const PATH_CHECK_INTERVAL: Duration = Duration::from_secs(15);
/// How often the socket is touched, so that cleaners of temporary folders leave it.
const TOUCH_INTERVAL: Duration = Duration::from_secs(3600);
/// A pause after connections could not be accepted, for example for want of descriptors.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// The signals that end the daemon. From the moment this exists, none of them ends it the hard way.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Begins to listen for the signals. Needs a runtime.
    pub(crate) fn new() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The name of the next one.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.hang_up.recv() => "SIGHUP",
        }
    }
}

/// Serves until a signal, a request to end, or `idle_exit` without a request. Returns when all is answered.
pub(crate) async fn run(
    listener: Listener,
    ownership: &Ownership,
    paths: &SocketPaths,
    shared: &Arc<Shared>,
    mut signals: Signals,
    idle_exit: Option<Option<Duration>>,
) {
    // Nobody waits for it: a line that arrives meanwhile finds part of it done.
    let warmed = shared.clone();
    tokio::task::spawn_blocking(move || warmed.configuration.current().tagger.engine.warm_up());
    let (mut look, mut touch) = (interval(PATH_CHECK_INTERVAL), interval(TOUCH_INTERVAL));
    tokio::select! {
        signal = signals.next() => tracing::info!(signal, "ending"),
        () = shared.phases.phase_reached(Phase::Draining) => {}
        () = accept_all(&listener, shared) => {}
        () = idle_for(shared, idle_exit) => tracing::info!("ending after being idle"),
        () = async {
            loop {
                tokio::select! {
                    _ = touch.tick() => ownership.touch(paths),
                    _ = look.tick() => if !ownership.is_reachable() {
                        return;
                    }
                }
            }
        } => tracing::warn!("ending: the socket was removed or replaced, so nobody can connect any more"),
    }
    shared.phases.enter_phase(Phase::Draining);
    // First the path, so that new clients start the next daemon; then the connections that are queued already.
    ownership.remove();
    if matches!(ownership, Ownership::Ours { .. }) {
        accept_queued(listener, shared);
    }
    let everybody = u32::try_from(MAX_CONNECTIONS).unwrap_or(u32::MAX);
    if timeout(DRAIN_TIME, shared.limits.connection_slots.acquire_many(everybody)).await.is_err() {
        shared.phases.enter_phase(Phase::Closing);
        let _ = timeout(CLOSE_TIME, shared.limits.connection_slots.acquire_many(everybody)).await;
    }
}

/// Accepts connections for ever, as many at once as there are slots.
async fn accept_all(listener: &Listener, shared: &Arc<Shared>) {
    loop {
        let slot = match shared.limits.connection_slots.clone().try_acquire_owned() {
            Ok(slot) => slot,
            Err(_) => {
                shared.limits.set_connections_full(true);
                let Ok(slot) = shared.limits.connection_slots.clone().acquire_owned().await else { return };
                shared.limits.set_connections_full(false);
                slot
            }
        };
        let stream = loop {
            match listener.accept().await {
                Ok(stream) => break stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    shared.limits.set_connections_full(true);
                    sleep(ACCEPT_RETRY_DELAY).await;
                    shared.limits.set_connections_full(false);
                }
            }
        };
        let shared = shared.clone();
        tokio::spawn(async move {
            connection::serve(stream, shared).await;
            drop(slot);
        });
    }
}

/// Accepts the connections that were made before the path was removed.
fn accept_queued(listener: Listener, shared: &Arc<Shared>) {
    let Ok(descriptor) = OwnedFd::try_from(listener) else { return };
    let listener = UnixListener::from(descriptor);
    while let Ok(slot) = shared.limits.connection_slots.clone().try_acquire_owned() {
        // The listener does not block: an error means that nobody is left.
        let Ok((stream, _)) = listener.accept() else { return };
        let Ok(stream) = stream.set_nonblocking(true).and_then(|()| Stream::try_from(OwnedFd::from(stream)))
        else {
            continue;
        };
        let shared = shared.clone();
        tokio::spawn(async move {
            connection::serve(stream, shared).await;
            drop(slot);
        });
    }
}

/// Ends after so long without a request: `fixed` where the command line says it, else as the settings say now.
async fn idle_for(shared: &Shared, fixed: Option<Option<Duration>>) {
    loop {
        let limit = fixed.unwrap_or_else(|| shared.configuration.current().settings.daemon.idle);
        match limit {
            Some(limit) => match limit.checked_sub(shared.idle_time()) {
                None | Some(Duration::ZERO) => return,
                Some(left) if fixed.is_some() => sleep(left).await,
                Some(left) => sleep(left.min(PATH_CHECK_INTERVAL)).await,
            },
            None if fixed.is_some() => std::future::pending().await,
            None => sleep(PATH_CHECK_INTERVAL).await,
        }
    }
}
