//! The life of the daemon: let connections in, and end in an orderly way.

use crate::connection;
use crate::house::{House, MAX_CONNECTIONS, Phase};
use crate::listen::Ownership;
use interprocess::local_socket::traits::tokio::Listener as _;
use interprocess::os::unix::uds_local_socket::tokio::{Listener, Stream};
use sayso_protocol::Place;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{interval, sleep, timeout};

/// What was sent before the end is answered within this time.
const DRAIN: Duration = Duration::from_millis(700);
/// What then remains is told `shutting_down` within this time. Both together stay under a second.
const CLOSE: Duration = Duration::from_millis(150);
/// Between two looks at whether the socket's path still leads here.
const LOOK: Duration = Duration::from_secs(15);
/// Between two touches of the socket, which keep it from cleaners of temporary folders.
const TOUCH: Duration = Duration::from_secs(3600);
/// A pause after connections could not be accepted, for example for want of descriptors.
const BREATHER: Duration = Duration::from_millis(50);

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
    place: &Place,
    house: &Arc<House>,
    mut signals: Signals,
    idle_exit: Option<Option<Duration>>,
) {
    // Nobody waits for it: a line that comes meanwhile finds some of it done.
    tokio::task::spawn_blocking(sayso_engine::warm_up);
    let (mut look, mut touch) = (interval(LOOK), interval(TOUCH));
    tokio::select! {
        signal = signals.next() => tracing::info!(signal, "ending"),
        () = house.reached(Phase::Draining) => {}
        () = accept_all(&listener, house) => {}
        () = idle_for(house, idle_exit) => tracing::info!("ending after being idle"),
        () = async {
            loop {
                tokio::select! {
                    _ = touch.tick() => ownership.touch(place),
                    _ = look.tick() => if !ownership.is_reachable() {
                        return;
                    }
                }
            }
        } => tracing::warn!("ending: the socket was removed or replaced, so nobody can connect any more"),
    }
    house.enter(Phase::Draining);
    // First the path, so that who comes now starts the next daemon; then who was in the queue already.
    ownership.remove();
    if matches!(ownership, Ownership::Ours { .. }) {
        accept_queued(listener, house);
    }
    let everybody = u32::try_from(MAX_CONNECTIONS).unwrap_or(u32::MAX);
    if timeout(DRAIN, house.doors.acquire_many(everybody)).await.is_err() {
        house.enter(Phase::Closing);
        let _ = timeout(CLOSE, house.doors.acquire_many(everybody)).await;
    }
}

/// Lets connections in for ever, as many at once as there are doors.
async fn accept_all(listener: &Listener, house: &Arc<House>) {
    loop {
        let door = match house.doors.clone().try_acquire_owned() {
            Ok(door) => door,
            Err(_) => {
                house.set_crowded(true);
                let Ok(door) = house.doors.clone().acquire_owned().await else { return };
                house.set_crowded(false);
                door
            }
        };
        let stream = loop {
            match listener.accept().await {
                Ok(stream) => break stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    house.set_crowded(true);
                    sleep(BREATHER).await;
                    house.set_crowded(false);
                }
            }
        };
        let house = house.clone();
        tokio::spawn(async move {
            connection::serve(stream, house).await;
            drop(door);
        });
    }
}

/// Lets in who connected before the path was removed.
fn accept_queued(listener: Listener, house: &Arc<House>) {
    let Ok(descriptor) = OwnedFd::try_from(listener) else { return };
    let listener = UnixListener::from(descriptor);
    while let Ok(door) = house.doors.clone().try_acquire_owned() {
        // The listener does not block: an error means that nobody is left.
        let Ok((stream, _)) = listener.accept() else { return };
        let Ok(stream) = stream.set_nonblocking(true).and_then(|()| Stream::try_from(OwnedFd::from(stream)))
        else {
            continue;
        };
        let house = house.clone();
        tokio::spawn(async move {
            connection::serve(stream, house).await;
            drop(door);
        });
    }
}

/// Ends after so long without a request: `fixed` where the command line says it, else as the settings say now.
async fn idle_for(house: &House, fixed: Option<Option<Duration>>) {
    loop {
        let limit = fixed.unwrap_or_else(|| house.configuration.current().settings.daemon.idle);
        match limit {
            Some(limit) => match limit.checked_sub(house.idle()) {
                None | Some(Duration::ZERO) => return,
                Some(left) if fixed.is_some() => sleep(left).await,
                Some(left) => sleep(left.min(LOOK)).await,
            },
            None if fixed.is_some() => std::future::pending().await,
            None => sleep(LOOK).await,
        }
    }
}
