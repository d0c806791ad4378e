//! The client of the daemon: connects, starts an absent daemon, replaces an older one, and gives up in time.

use crate::program::{self, VERSION};
use crate::service::{self, Manager};
use sayso_protocol::connection::{Connection, ConnectionError};
use sayso_protocol::reply::Body;
use sayso_protocol::socket_paths::SocketPathError;
use sayso_protocol::{Code, ErrorReply, Op, Outcome, Reply, Request, SocketPaths, lock, process, version};
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How often to check whether another process has created or removed the socket. Hand-chosen, 2026-11-28.
const RETRY_INTERVAL: Duration = Duration::from_millis(2);
/// How long the socket may take to appear after a service manager was asked to start the daemon. Later than that, the
/// manager's daemon must be listening elsewhere, and the client starts one itself. Hand-chosen, 2026-11-28.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(200);

/// A client of this user's daemon.
#[derive(Debug)]
pub(crate) struct DaemonClient {
    paths: SocketPaths,
    /// Whether it may start an absent daemon and replace an old one.
    may_start: bool,
    /// Whether it has asked an older daemon to end. It does so once, or two installed versions would chase each other.
    replaced: bool,
}

impl DaemonClient {
    /// A client for the daemon at the usual place.
    ///
    /// # Errors
    /// [`Code::Unreachable`] if `SAYSO_SOCKET` is set to a path that cannot be a socket.
    pub(crate) fn new(may_start: bool) -> Result<DaemonClient, ErrorReply> {
        let paths = SocketPaths::locate().map_err(|error| unreachable(&error))?;
        Ok(DaemonClient { paths, may_start, replaced: false })
    }

    /// Sends a request and waits for its reply until `deadline`. If the daemon dies meanwhile, asks once more.
    ///
    /// # Errors
    /// [`Code::Unreachable`], [`Code::Deadline`], [`Code::UnsupportedVersion`]; an error that the daemon answers is a
    /// reply.
    pub(crate) fn ask(&mut self, request: &Request, deadline: Instant) -> Result<Reply, ErrorReply> {
        let mut second = false;
        loop {
            let mut connection = self.connect(deadline)?;
            // The daemon gives up a little sooner, so that it is the one to say why.
            let mut request = request.clone();
            request.deadline_ms = request.deadline_ms.map(|_| daemon_deadline_ms(deadline));
            match connection.ask(&request, deadline) {
                Ok(reply) if self.is_older(&reply) => match self.managed_by_service() {
                    None => self.replace(connection, deadline),
                    Some(manager) => return Ok(with_advice(reply, &manager)),
                },
                Ok(Reply {
                    outcome: Outcome::Error(ErrorReply { code: Code::ShuttingDown, .. }), ..
                })
                | Err(ConnectionError::Closed)
                    if !second =>
                {
                    second = true;
                }
                Err(ConnectionError::OtherVersion(theirs))
                    if theirs < sayso_protocol::VERSION
                        && self.may_start
                        && !self.replaced
                        && self.managed_by_service().is_none() =>
                {
                    self.replace(connection, deadline);
                }
                Ok(reply) => return Ok(reply),
                Err(error) => return Err(no_answer(&error)),
            }
        }
    }

    /// Connects to the daemon. If there is none, starts it.
    ///
    /// # Errors
    /// As [`DaemonClient::ask`].
    pub(crate) fn connect(&self, deadline: Instant) -> Result<Connection, ErrorReply> {
        match self.paths.check() {
            Ok(()) => {}
            Err(SocketPathError::Io(_, error)) if error.kind() == io::ErrorKind::NotFound => {
                return self.start(deadline);
            }
            Err(error) => return Err(unreachable(&error)),
        }
        match Connection::open(&self.paths, deadline) {
            Ok(connection) => Ok(connection),
            Err(ConnectionError::Absent) => self.start(deadline),
            Err(error) => Err(no_answer(&error)),
        }
    }

    /// Whether the daemon that answered is older than this client and may be replaced. It speaks the same protocol, so
    /// its answer would do; the newer daemon converts better.
    fn is_older(&self, reply: &Reply) -> bool {
        self.may_start && !self.replaced && version::is_newer(VERSION, &reply.daemon)
    }

    /// The service manager that keeps an older daemon, if there is one: its service names another program than the
    /// daemon beside this client, and would start that one again. Replacing it would only cost every key press a restart.
    fn managed_by_service(&self) -> Option<Manager> {
        service::installed().filter(|manager| !manager.starts(&program::daemon()))
    }

    /// Asks an older daemon to end, and waits until it has released the socket or the deadline has
    /// passed. The next connection then starts the daemon of this client.
    fn replace(&mut self, mut connection: Connection, deadline: Instant) {
        self.replaced = true;
        let identity = || fs::symlink_metadata(&self.paths.socket).map(|seen| (seen.dev(), seen.ino())).ok();
        let old = identity();
        if connection.ask(&Request::new(1, Op::Shutdown), deadline).is_err() {
            return;
        }
        // A service manager keeps the socket, and starts the new daemon at the next connection.
        while old.is_some()
            && identity() == old
            && Instant::now() < deadline
            && service::installed().is_none()
        {
            thread::sleep(RETRY_INTERVAL);
        }
    }

    /// Starts the daemon, or waits for another client that is starting it, and connects.
    fn start(&self, deadline: Instant) -> Result<Connection, ErrorReply> {
        if !self.may_start {
            return Err(ErrorReply::new(Code::Unreachable, "no daemon is running"));
        }
        self.paths.prepare().map_err(|error| unreachable(&error))?;
        let mut step = StartStep::Waiting;
        loop {
            // Held while the daemon starts, so that only one of many clients starts it.
            let turn = lock::try_take(&self.paths.start).map_err(|error| {
                let why = format!("the lock {} cannot be used: {error}", self.paths.start.display());
                ErrorReply::new(Code::Unreachable, why)
            })?;
            match Connection::open(&self.paths, deadline) {
                Ok(connection) => return Ok(connection),
                Err(ConnectionError::Absent) if Instant::now() < deadline => {}
                Err(ConnectionError::Absent | ConnectionError::TimedOut) => {
                    let why =
                        "the daemon was started and is not ready yet; the line stays as it was, try again";
                    return Err(ErrorReply::new(Code::Deadline, why));
                }
                Err(error) => return Err(no_answer(&error)),
            }
            match turn {
                Some(_turn) if matches!(step, StartStep::Waiting) && start_by_manager(deadline) => {
                    step = StartStep::Managed(Instant::now());
                }
                Some(_turn) if step.is_mine() => {
                    step = StartStep::Spawned;
                    spawn(deadline)?;
                }
                _ => thread::sleep(RETRY_INTERVAL),
            }
        }
    }
}

/// What has been done to start the daemon.
enum StartStep {
    /// Nothing yet.
    Waiting,
    /// A service manager was asked to start it at this time.
    Managed(Instant),
    /// This client has started it.
    Spawned,
}

impl StartStep {
    /// Whether this client should start the daemon.
    fn is_mine(&self) -> bool {
        match self {
            StartStep::Waiting => true,
            StartStep::Managed(since) => since.elapsed() >= SHUTDOWN_GRACE,
            StartStep::Spawned => false,
        }
    }
}

/// Asks the service manager that owns the daemon to start it; false if no manager does. A manager that is installed but
/// does not run, or takes more than half of the time that is left, counts as none: this client then starts the daemon,
/// whose lock keeps it the only one.
fn start_by_manager(deadline: Instant) -> bool {
    let end = Instant::now() + remaining(deadline) / 2;
    service::installed().is_some_and(|manager| manager.until(end).start().is_ok())
}

/// Adds to the reply of an older daemon why that daemon keeps running, and what to do about it.
fn with_advice(mut reply: Reply, manager: &Manager) -> Reply {
    let advice = format!(
        "{} starts saysod {}, which is older than this sayso; run `sayso service install` to replace it",
        manager.describe(),
        reply.daemon
    );
    if let Outcome::Result(Body::Converted(answer)) = &mut reply.outcome {
        answer.message.get_or_insert(advice);
    }
    reply
}

/// Starts the daemon and waits until it says that it listens, or that another one does.
fn spawn(deadline: Instant) -> Result<(), ErrorReply> {
    let failed = |why: String| ErrorReply::new(Code::Unreachable, why);
    let program = program::daemon();
    let pipes = || -> io::Result<(UnixStream, OwnedFd, OwnedFd)> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_read_timeout(Some(remaining(deadline)))?;
        let errors = theirs.try_clone()?;
        Ok((ours, theirs.into(), errors.into()))
    };
    let (ours, out, errors) =
        pipes().map_err(|error| failed(format!("the daemon cannot be started: {error}")))?;
    // The daemon leaves this terminal's session itself, and outlives this process, which does not wait for its end.
    Command::new(&program)
        .arg("--handshake")
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| process::is_needed(name)))
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(errors)
        .spawn()
        .map_err(|error| failed(format!("the daemon {} cannot be started: {error}", program.display())))?;
    let mut said = String::new();
    match BufReader::new(ours).read_line(&mut said) {
        // `saysod: reason` says why it failed. Any other line says that it listens.
        Ok(_) if said.starts_with("saysod: ") => Err(failed(said.trim_end().to_owned())),
        Ok(0) => Err(failed(format!("the daemon {} ended before it listened", program.display()))),
        // After a time-out it may still come up, which the next attempt to connect will show.
        _ => Ok(()),
    }
}

/// The process that holds the socket, whether or not it answers.
pub(crate) fn daemon_pid() -> Option<i32> {
    const PATIENCE: Duration = Duration::from_secs(1);
    let paths = SocketPaths::locate().ok()?;
    paths.check().ok()?;
    Connection::open(&paths, Instant::now() + PATIENCE).ok()?.peer()
}

/// The time left. It is never zero, because sockets take zero to mean "for ever".
fn remaining(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

/// Milliseconds that the daemon may take: the time until `deadline`, less a twentieth for the way
/// back.
fn daemon_deadline_ms(deadline: Instant) -> u64 {
    let left = u64::try_from(remaining(deadline).as_millis()).unwrap_or(u64::MAX);
    (left - left / 20).max(1)
}

fn unreachable(error: &SocketPathError) -> ErrorReply {
    ErrorReply::new(Code::Unreachable, error.to_string())
}

/// The error for a daemon that runs but does not answer as it should.
pub(crate) fn no_answer(error: &ConnectionError) -> ErrorReply {
    match error {
        ConnectionError::Garbled(fault) => fault.clone(),
        ConnectionError::TimedOut => {
            ErrorReply::new(Code::Deadline, "no answer in time; the line stays as it was")
        }
        ConnectionError::OtherVersion(_) => ErrorReply::new(
            Code::UnsupportedVersion,
            format!(
                "{error}; reinstall both programs (with `sayso service install` if there is a service), and restart your shell"
            ),
        ),
        _ => ErrorReply::new(Code::Unreachable, format!("{error}; the line stays as it was")),
    }
}
