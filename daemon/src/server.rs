//! The life of the daemon: it lets connections in, and ends in an orderly way.

use crate::connection;
use crate::limits::MAX_CONNECTIONS;
use crate::listen::Ownership;
use crate::phase::Phase;
use crate::roster::Guest;
use crate::state::Shared;
use crate::watch::folder_changes;
use interprocess::local_socket::traits::tokio::Listener as _;
use interprocess::os::unix::uds_local_socket::tokio::{Listener, Stream};
use nix::sys::socket::{MsgFlags, recv};
use sayso_protocol::SocketPaths;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Interval, interval, sleep, timeout};

/// How long requests that came before the shutdown may take to be answered. Hand-chosen, 2026-11-28.
const DRAIN_TIME: Duration = Duration::from_millis(700);
/// How long answering the rest with `shutting_down` may take. Both together stay under a second. Hand-chosen,
/// 2026-11-28.
const CLOSE_TIME: Duration = Duration::from_millis(150);
/// How often the idle time is checked while the settings may change its limit. Hand-chosen, 2026-11-28.
const IDLE_CHECK_INTERVAL: Duration = Duration::from_secs(15);
/// How many more times, and how often, the daemon tries to listen again after its socket has gone. Hand-chosen,
/// 2026-11-28.
const REBIND_ATTEMPTS: u32 = 5;
const REBIND_PAUSE: Duration = Duration::from_millis(10);
/// How often the socket is touched, so that cleaners of temporary folders leave it. Hand-chosen, 2026-11-28.
const TOUCH_INTERVAL: Duration = Duration::from_secs(3600);
/// Pause after connections could not be accepted, for example for lack of descriptors. Hand-chosen, 2026-11-28.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);
/// Connections that are taken from the system before they are let in: half as many as its queue holds, so that enough
/// descriptors remain for them.
const MAX_ARRIVALS: usize = 32;
/// Connections that are taken from the system before one is let in; by then most of a flood are gone again.
const MAX_ACCEPTED: usize = 256;
/// How long a connection that was asked to leave may take before another one is asked. Hand-chosen, 2026-11-29.
const MAKING_WAY: Duration = Duration::from_millis(5);
/// How long after the end of a burst its memory is given back. Hand-chosen, 2026-11-28.
const BURST_END: Duration = Duration::from_millis(500);

/// The signals that end the daemon. While this exists, none of them kills it outright.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Starts to listen for the signals. Needs a runtime.
    pub(crate) fn new() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The name of the next signal.
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
    mut listener: Listener,
    ownership: &mut Ownership,
    paths: &SocketPaths,
    shared: &Arc<Shared>,
    mut signals: Signals,
    idle_exit: Option<Option<Duration>>,
) {
    // Nobody waits for this: a line that arrives meanwhile finds part of it done.
    let warmed = shared.clone();
    tokio::task::spawn_blocking(move || warmed.configuration.current().tagger.engine.warm_up());
    let mut touch = interval(TOUCH_INTERVAL);
    // Kept while the listener is replaced, so that no waiting connection is turned away.
    let mut arrivals = Arrivals::default();
    let idle = idle_for(shared, idle_exit);
    tokio::pin!(idle);
    loop {
        tokio::select! {
            signal = signals.next() => tracing::info!(signal, "ending"),
            () = shared.phases.phase_reached(Phase::Draining) => {}
            () = accept_all(&listener, &mut arrivals, shared) => {}
            () = give_back(shared) => {}
            () = &mut idle => tracing::info!("ending after being idle"),
            () = path_lost(ownership, paths, &mut touch) => {
                let again = tokio::select! {
                    again = listen_again(ownership, paths) => again,
                    // Connections that were made before the socket had gone are let in meanwhile.
                    () = accept_all(&listener, &mut arrivals, shared) => break,
                };
                match again {
                    Ok(again) => {
                        tracing::warn!("the socket was removed or replaced; the daemon listens again");
                        accept_queued(std::mem::replace(&mut listener, again), shared);
                        continue;
                    }
                    Err(error) => tracing::warn!("ending: the socket was removed or replaced, and {error:#}"),
                }
            }
        }
        break;
    }
    shared.phases.enter_phase(Phase::Draining);
    // The path goes first, so that new clients start the next daemon; then the connections that are already queued are
    // accepted.
    ownership.remove();
    while let Ok(slot) = shared.limits.connection_slots.clone().try_acquire_owned() {
        let Some(stream) = arrivals.next() else { break };
        let_in(stream, slot, shared);
    }
    if matches!(ownership, Ownership::Ours { .. }) {
        accept_queued(listener, shared);
    }
    let everybody = u32::try_from(MAX_CONNECTIONS).unwrap_or(u32::MAX);
    if timeout(DRAIN_TIME, shared.limits.connection_slots.acquire_many(everybody)).await.is_err() {
        shared.phases.enter_phase(Phase::Closing);
        let _ = timeout(CLOSE_TIME, shared.limits.connection_slots.acquire_many(everybody)).await;
    }
}

/// Waits until the socket's path leads elsewhere, and touches the socket now and then.
async fn path_lost(ownership: &Ownership, paths: &SocketPaths, touch: &mut Interval) {
    loop {
        // The watch is set before the check, so that no change falls between the two.
        let change = folder_changes(&paths.folder);
        tokio::pin!(change);
        let is_pending = poll_once(change.as_mut()).await.is_pending();
        if !ownership.is_reachable() {
            return;
        }
        if is_pending {
            tokio::select! {
                () = change => {}
                _ = touch.tick() => ownership.touch(paths),
            }
        }
    }
}

/// Polls a future once.
async fn poll_once<T>(mut future: std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

/// Listens at the path again, on a thread of its own: a disk may take long to bind, and a process that sits on the path
/// may take long to answer. Clients that are already connected do not wait for that.
async fn listen_again(ownership: &mut Ownership, paths: &SocketPaths) -> anyhow::Result<Listener> {
    // Another process may be in the middle of replacing the socket.
    let mut attempts = 0;
    loop {
        let (mut ours, at) = (std::mem::replace(ownership, Ownership::Managers), paths.clone());
        let rebind = move || {
            let bound = ours.rebind(&at);
            (ours, bound)
        };
        let (ours, bound) = tokio::task::spawn_blocking(rebind).await?;
        *ownership = ours;
        match bound {
            Ok(listener) => return Ok(Listener::try_from(listener)?),
            Err(error) if attempts == REBIND_ATTEMPTS => return Err(error),
            Err(_) => attempts += 1,
        }
        sleep(REBIND_PAUSE).await;
    }
}

/// Accepts connections for ever, as many at once as there are slots. All waiting connections are taken from the system
/// at once, so that its queue stays short, and let in one of each process in turn, so that a flood of one process does
/// not delay another.
async fn accept_all(listener: &Listener, arrivals: &mut Arrivals, shared: &Arc<Shared>) {
    loop {
        if arrivals.is_empty() {
            match listener.accept().await {
                Ok(stream) => arrivals.add(stream),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    // This may be for lack of descriptors.
                    shared.roster.evict(false);
                    sleep(ACCEPT_RETRY_DELAY).await;
                }
            }
        }
        for _ in 0..MAX_ACCEPTED {
            if arrivals.len() >= MAX_ARRIVALS {
                break;
            }
            let Poll::Ready(Ok(stream)) = poll_once(std::pin::pin!(listener.accept())).await else { break };
            arrivals.add(stream);
        }
        let Some(stream) = arrivals.next() else { continue };
        let Some(guest) = shared.roster.enter(sayso_protocol::peer::pid(&stream)) else {
            tracing::warn!("a process has too many connections; one was refused");
            continue;
        };
        let Some(slot) = connection_slot(shared).await else { return };
        serve(stream, guest, slot, shared);
        // Lets this client go on before the next one is accepted.
        tokio::task::yield_now().await;
    }
}

/// Connections that wait to be let in, by the process at their other end.
#[derive(Default)]
struct Arrivals {
    by_process: VecDeque<(Option<i32>, VecDeque<Stream>)>,
}

impl Arrivals {
    /// Adds a connection, unless its peer has already gone without sending anything.
    fn add(&mut self, stream: Stream) {
        let look = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
        if recv(stream.as_fd().as_raw_fd(), &mut [0], look) == Ok(0) {
            return;
        }
        let process = sayso_protocol::peer::pid(&stream);
        match self.by_process.iter_mut().find(|(of, _)| *of == process) {
            Some((_, others)) => others.push_back(stream),
            None => self.by_process.push_back((process, [stream].into())),
        }
    }

    /// The oldest one of the process whose turn it is.
    fn next(&mut self) -> Option<Stream> {
        let (process, mut others) = self.by_process.pop_front()?;
        let stream = others.pop_front();
        if !others.is_empty() {
            self.by_process.push_back((process, others));
        }
        stream
    }

    fn len(&self) -> usize {
        self.by_process.iter().map(|(_, streams)| streams.len()).sum()
    }

    fn is_empty(&self) -> bool {
        self.by_process.is_empty()
    }
}

/// Waits for a slot for a new connection. An idle one makes way for it at once; `None` at the end of the daemon.
async fn connection_slot(shared: &Shared) -> Option<OwnedSemaphorePermit> {
    let slots = &shared.limits.connection_slots;
    loop {
        if let Ok(slot) = slots.clone().try_acquire_owned() {
            return Some(slot);
        }
        let makes_way = shared.roster.evict(false);
        tokio::select! {
            slot = slots.clone().acquire_owned() => return slot.ok(),
            () = shared.roster.becomes_idle(), if !makes_way => {}
            // It has started to do something meanwhile, so the next one is asked.
            () = sleep(MAKING_WAY), if makes_way => {}
        }
    }
}

/// Gives memory back to the system after each burst, for ever.
async fn give_back(shared: &Shared) {
    loop {
        shared.burst_ended.notified().await;
        // More of the same burst may follow shortly.
        sleep(BURST_END).await;
        if tokio::task::spawn_blocking(sayso_language::trim_heap).await.is_err() {
            return;
        }
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
        let_in(stream, slot, shared);
    }
}

/// Serves a connection, unless its process has too many.
fn let_in(stream: Stream, slot: OwnedSemaphorePermit, shared: &Arc<Shared>) {
    let Some(guest) = shared.roster.enter(sayso_protocol::peer::pid(&stream)) else { return };
    serve(stream, guest, slot, shared);
}

/// Serves a connection alongside all others, and frees its slot at its end.
fn serve(stream: Stream, guest: Guest, slot: OwnedSemaphorePermit, shared: &Arc<Shared>) {
    let shared = shared.clone();
    tokio::spawn(async move {
        connection::serve(stream, guest, shared).await;
        drop(slot);
    });
}

/// Ends once no request has come for this long: `fixed` if the command line sets it, else what the settings now say.
async fn idle_for(shared: &Shared, fixed: Option<Option<Duration>>) {
    loop {
        let limit = fixed.unwrap_or_else(|| shared.configuration.current().settings.daemon.idle);
        match limit {
            Some(limit) => match limit.checked_sub(shared.idle_time()) {
                None | Some(Duration::ZERO) => return,
                Some(left) if fixed.is_some() => sleep(left).await,
                Some(left) => sleep(left.min(IDLE_CHECK_INTERVAL)).await,
            },
            None if fixed.is_some() => std::future::pending().await,
            None => sleep(IDLE_CHECK_INTERVAL).await,
        }
    }
}
