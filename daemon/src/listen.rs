//! One listening socket for one user, either handed over by a service manager or bound here under a lock.

use anyhow::{Context, Result, bail};
use interprocess::local_socket::{GenericFilePath, ListenerOptions, ToFsName};
use interprocess::os::unix::uds_local_socket::Listener;
#[cfg(target_os = "linux")]
use nix::sys::socket::Backlog;
use nix::sys::socket::{getsockopt, sockopt};
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use sayso_protocol::connection::{Connection, ConnectionError};
use sayso_protocol::lock::{self, Lock};
use sayso_protocol::{Op, Outcome, Request, SocketPaths, Status};
use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How long another daemon may take to start or to end. Hand-chosen, 2026-11-23.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a daemon that accepts connections may take to answer `status`. Hand-chosen, 2026-11-23.
const ANSWER: Duration = Duration::from_secs(2);
/// Pause between two attempts to take a lock that another process holds. Hand-chosen, 2026-11-23.
const RETRY: Duration = Duration::from_millis(10);

/// The outcome of an attempt to listen.
pub(crate) enum Start {
    /// This process is the daemon now.
    Listening(Listener, Ownership),
    /// Another daemon answered.
    AlreadyRunning(Box<Status>),
}

/// Who owns the path of the socket.
pub(crate) enum Ownership {
    /// This daemon bound it and removes it in the end. The lock is held until the process has ended.
    Ours {
        /// The path that was bound.
        socket: PathBuf,
        /// Device and inode of the socket.
        identity: (u64, u64),
        /// While it is held, nobody takes the path for that of a dead daemon.
        lock: Lock,
    },
    /// A service manager keeps it, and goes on listening after this daemon has ended.
    Managers,
}

impl Ownership {
    /// The owner, as `status` reports it.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Ownership::Ours { .. } => "daemon",
            Ownership::Managers => "service",
        }
    }

    /// Whether the path still leads to this daemon.
    pub(crate) fn is_reachable(&self) -> bool {
        match self {
            Ownership::Ours { socket, identity, .. } => identify(socket).is_ok_and(|seen| seen == *identity),
            Ownership::Managers => true,
        }
    }

    /// Listens at the path again after it was removed or replaced. Connections to the old socket stay open.
    ///
    /// # Errors
    /// Another daemon has taken the path meanwhile, something else lies there, or the folder cannot be created again.
    pub(crate) fn rebind(&mut self, paths: &SocketPaths) -> Result<Listener> {
        let Ownership::Ours { identity, lock, .. } = self else {
            bail!("the service manager keeps the socket")
        };
        paths.prepare()?;
        if !lock.is_at(&paths.lock) {
            // The folder was removed too: whoever creates it again first is the daemon.
            let Some(taken) = lock::try_take(&paths.lock)? else { bail!("another saysod holds the lock") };
            *lock = taken;
        }
        match Connection::open(paths, Instant::now() + ANSWER) {
            Err(ConnectionError::Absent) => remove_stale(&paths.socket)?,
            _ => bail!("something else listens on {}", paths.socket.display()),
        }
        let listener = listen_at(paths)?;
        *identity = identify(&paths.socket)?;
        Ok(listener)
    }

    /// Removes the path, unless it belongs to somebody else by now.
    pub(crate) fn remove(&self) {
        if let Ownership::Ours { socket, .. } = self
            && self.is_reachable()
            && let Err(error) = fs::remove_file(socket)
        {
            tracing::warn!(%error, "the socket could not be removed");
        }
    }

    /// Makes socket, lock and folder look used, so that cleaners of temporary folders leave them.
    pub(crate) fn touch(&self, paths: &SocketPaths) {
        if let Ownership::Ours { .. } = self {
            for path in [&paths.folder, &paths.socket, &paths.lock] {
                let now = TimeSpec::UTIME_NOW;
                if let Err(error) =
                    utimensat(nix::fcntl::AT_FDCWD, path, &now, &now, UtimensatFlags::NoFollowSymlink)
                {
                    tracing::debug!(%error, "the socket could not be touched");
                }
            }
        }
    }
}

/// The listening socket that a service manager passed as descriptor 3, if it did, and its path.
pub(crate) fn passed() -> Result<Option<(Listener, PathBuf)>> {
    // LISTEN_FDS alone may be left over from another program.
    if std::env::var_os("LISTEN_PID").is_none() {
        return Ok(None);
    }
    let mut passed = listenfd::ListenFd::from_env();
    match passed.len() {
        0 => Ok(None),
        1 => {
            let wrong = "the descriptor that the service manager passed is no listening Unix socket";
            let listener = passed.take_unix_listener(0).context(wrong)?.context(wrong)?;
            if !getsockopt(&listener, sockopt::AcceptConn).context(wrong)? {
                bail!("{wrong}");
            }
            shorten_queue(&listener);
            let path = listener.local_addr()?.as_pathname().map(Path::to_owned).unwrap_or_default();
            Ok(Some((Listener::from(OwnedFd::from(listener)), path)))
        }
        several => bail!("the service manager passed {several} sockets; one is expected"),
    }
}

/// Binds the socket at `place`, or finds the daemon that has already bound it.
///
/// A daemon holds the lock for its whole life. Whoever gets it knows that no other daemon is starting, running or
/// ending, so a path that refuses connections belongs to a dead daemon and may be removed.
pub(crate) fn bind(paths: &SocketPaths) -> Result<Start> {
    paths.prepare()?;
    let lock = match take_turn(paths)? {
        Turn::Ours(lock) => lock,
        Turn::Theirs(status) => return Ok(Start::AlreadyRunning(status)),
    };
    match probe(paths) {
        Probe::Answered(status) => return Ok(Start::AlreadyRunning(status)),
        Probe::Silent(why) => bail!(
            "something listens on {} but is no daemon that answers ({why}); end it and try again",
            paths.socket.display()
        ),
        Probe::Nobody => remove_stale(&paths.socket)?,
    }
    let listener = listen_at(paths)?;
    let identity = identify(&paths.socket)?;
    Ok(Start::Listening(listener, Ownership::Ours { socket: paths.socket.clone(), identity, lock }))
}

/// Binds the socket at a path where nothing lies.
fn listen_at(paths: &SocketPaths) -> Result<Listener> {
    let name = paths.socket.as_path().to_fs_name::<GenericFilePath>()?;
    let listener = ListenerOptions::new()
        .name(name)
        .reclaim_name(false)
        .create_sync_as::<Listener>()
        .with_context(|| format!("cannot listen on {}", paths.socket.display()))?;
    shorten_queue(&listener);
    // Other users cannot enter the folder already; macOS offers no mode while binding.
    fs::set_permissions(&paths.socket, Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Lets only a few connections wait in the system's queue. It is first come, first served, so a flood of thousands
/// would stand before each key press. A client that finds the queue full waits on Linux; other systems refuse it, so
/// there the queue stays long.
fn shorten_queue(listener: &impl AsFd) {
    /// Hand-chosen, 2026-11-29: as many as are let in within a millisecond or two.
    #[cfg(target_os = "linux")]
    const QUEUE: i32 = 64;
    #[cfg(target_os = "linux")]
    if let Err(error) =
        Backlog::new(QUEUE).and_then(|queue| nix::sys::socket::listen(&listener.as_fd(), queue))
    {
        tracing::debug!(%error, "the queue of the socket stays as long as it was");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = listener;
}

/// Which process is the daemon.
enum Turn {
    Ours(Lock),
    Theirs(Box<Status>),
}

/// Takes the lock, or finds the daemon that holds it and answers. Waits for a daemon that is starting or ending.
fn take_turn(paths: &SocketPaths) -> Result<Turn> {
    let end = Instant::now() + PATIENCE;
    loop {
        let taken = lock::try_take(&paths.lock)
            .with_context(|| format!("the lock {} cannot be used", paths.lock.display()))?;
        if let Some(lock) = taken {
            return Ok(Turn::Ours(lock));
        }
        let silence = match probe(paths) {
            Probe::Answered(status) => return Ok(Turn::Theirs(status)),
            Probe::Silent(why) => why,
            Probe::Nobody => "it does not listen".to_owned(),
        };
        if Instant::now() >= end {
            bail!(
                "another saysod holds {} and does not answer ({silence}); end it and try again",
                paths.lock.display()
            );
        }
        thread::sleep(RETRY);
    }
}

/// What was found at the socket.
enum Probe {
    Answered(Box<Status>),
    Silent(String),
    Nobody,
}

/// A daemon is alive if it answers a request; process numbers prove nothing.
fn probe(paths: &SocketPaths) -> Probe {
    let end = Instant::now() + ANSWER;
    match Connection::open(paths, end).and_then(|mut it| it.ask(&Request::new(1, Op::Status), end)) {
        Ok(reply) => match reply.outcome {
            Outcome::Status(status) => Probe::Answered(status),
            Outcome::Error(fault) => Probe::Silent(fault.message),
            Outcome::Result(_) => Probe::Silent("its answer is no status".into()),
        },
        Err(ConnectionError::Absent) => Probe::Nobody,
        Err(error) => Probe::Silent(error.to_string()),
    }
}

/// Removes the socket of a dead daemon. Anything else stays, because connecting to a plain file is refused as well.
fn remove_stale(socket: &Path) -> Result<()> {
    match fs::symlink_metadata(socket) {
        Ok(seen) if seen.file_type().is_socket() => Ok(fs::remove_file(socket)?),
        Ok(_) => bail!("{} is there and is no socket; move it away", socket.display()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn identify(socket: &Path) -> io::Result<(u64, u64)> {
    let seen = fs::symlink_metadata(socket)?;
    Ok((seen.dev(), seen.ino()))
}
