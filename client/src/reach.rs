//! The way to the daemon: connect, start an absent one, replace an older one, and give up in time.

use crate::service::{self, Manager};
use sayso_protocol::dial::{Connection, DialError};
use sayso_protocol::place::PlaceError;
use sayso_protocol::reply::Body;
use sayso_protocol::{Code, Fault, Op, Outcome, Place, Reply, Request, lock, version};
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Version of this client.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Between two looks at what another process is about to do.
const RETRY: Duration = Duration::from_millis(2);
/// How long a service manager that has started the daemon has for the socket to appear. After that it listens at
/// another place, and the daemon is started here.
const GRACE: Duration = Duration::from_millis(200);

/// How to get to the daemon of this user.
#[derive(Debug)]
pub(crate) struct Reach {
    place: Place,
    /// Whether an absent daemon may be started, and an old one replaced.
    may_start: bool,
    /// Whether an older daemon was asked to end: once is enough, or two installed versions would chase each other.
    replaced: bool,
}

impl Reach {
    /// The way to the usual place.
    pub(crate) fn new(may_start: bool) -> Result<Reach, Fault> {
        let place = Place::locate().map_err(|error| unreachable(&error))?;
        Ok(Reach { place, may_start, replaced: false })
    }

    /// Asks, and waits for the answer until `deadline`. A daemon that dies meanwhile is asked again, once.
    pub(crate) fn ask(&mut self, request: &Request, deadline: Instant) -> Result<Reply, Fault> {
        let mut second = false;
        loop {
            let mut connection = self.connect(deadline)?;
            // The daemon gives up a little sooner, so that it is the one to say why.
            let mut request = request.clone();
            request.deadline_ms = request.deadline_ms.map(|_| time_for_daemon(deadline));
            match connection.ask(&request, deadline) {
                Ok(reply) if self.is_older(&reply) => match self.held_back() {
                    None => self.replace(connection, deadline),
                    Some(manager) => return Ok(with_advice(reply, &manager)),
                },
                Ok(Reply { outcome: Outcome::Error(Fault { code: Code::ShuttingDown, .. }), .. })
                | Err(DialError::Closed)
                    if !second =>
                {
                    second = true;
                }
                Err(DialError::OtherVersion(theirs))
                    if theirs < sayso_protocol::VERSION
                        && self.may_start
                        && !self.replaced
                        && self.held_back().is_none() =>
                {
                    self.replace(connection, deadline);
                }
                Ok(reply) => return Ok(reply),
                Err(error) => return Err(silent(&error)),
            }
        }
    }

    /// A connection to the daemon, which is started where there is none.
    pub(crate) fn connect(&self, deadline: Instant) -> Result<Connection, Fault> {
        match self.place.check() {
            Ok(()) => {}
            Err(PlaceError::Io(_, error)) if error.kind() == io::ErrorKind::NotFound => {
                return self.start(deadline);
            }
            Err(error) => return Err(unreachable(&error)),
        }
        match Connection::open(&self.place, deadline) {
            Ok(connection) => Ok(connection),
            Err(DialError::Absent) => self.start(deadline),
            Err(error) => Err(silent(&error)),
        }
    }

    /// Whether the daemon that answered is to be replaced by that of this client.
    pub(crate) fn is_older(&self, reply: &Reply) -> bool {
        self.may_start && !self.replaced && version::is_newer(VERSION, &reply.daemon)
    }

    /// The service manager that would start the same older daemon again, where there is one: its service names
    /// another program than that beside this client. Replacing the daemon then would only cost every key press a
    /// restart.
    fn held_back(&self) -> Option<Manager> {
        service::installed().filter(|manager| !manager.starts(&daemon_program()))
    }

    /// Asks an older daemon to end and waits until it has let go of the socket, or the time is up: the next
    /// connection then starts the daemon of this client.
    pub(crate) fn replace(&mut self, mut connection: Connection, deadline: Instant) {
        self.replaced = true;
        let identity = || fs::symlink_metadata(&self.place.socket).map(|seen| (seen.dev(), seen.ino())).ok();
        let old = identity();
        if connection.ask(&Request::new(1, Op::Shutdown), deadline).is_err() {
            return;
        }
        // A service manager keeps the socket, and starts the new daemon for whoever connects.
        while old.is_some()
            && identity() == old
            && Instant::now() < deadline
            && service::installed().is_none()
        {
            thread::sleep(RETRY);
        }
    }

    /// Starts the daemon, or waits for another client that is about to, and connects.
    fn start(&self, deadline: Instant) -> Result<Connection, Fault> {
        if !self.may_start {
            return Err(Fault::new(Code::Unreachable, "no daemon is running"));
        }
        self.place.prepare().map_err(|error| unreachable(&error))?;
        let mut step = Step::Waiting;
        loop {
            // Held while the daemon starts: of many clients, one starts it.
            let turn = lock::try_take(&self.place.start).map_err(|error| {
                let why = format!("the lock {} cannot be used: {error}", self.place.start.display());
                Fault::new(Code::Unreachable, why)
            })?;
            match Connection::open(&self.place, deadline) {
                Ok(connection) => return Ok(connection),
                Err(DialError::Absent) if Instant::now() < deadline => {}
                Err(DialError::Absent | DialError::TimedOut) => {
                    let why =
                        "the daemon was started and is not ready yet; the line stays as it was, try again";
                    return Err(Fault::new(Code::Deadline, why));
                }
                Err(error) => return Err(silent(&error)),
            }
            match turn {
                Some(_turn) if matches!(step, Step::Waiting) && by_manager(deadline) => {
                    step = Step::Managed(Instant::now());
                }
                Some(_turn) if step.is_mine() => {
                    step = Step::Spawned;
                    spawn(deadline)?;
                }
                _ => thread::sleep(RETRY),
            }
        }
    }
}

/// What has been done to start the daemon.
enum Step {
    /// Nothing yet.
    Waiting,
    /// A service manager has started it, then.
    Managed(Instant),
    /// This client has.
    Spawned,
}

impl Step {
    /// Whether it is for this client to start the daemon.
    fn is_mine(&self) -> bool {
        match self {
            Step::Waiting => true,
            Step::Managed(since) => since.elapsed() >= GRACE,
            Step::Spawned => false,
        }
    }
}

/// Whether a service manager owns the daemon and has been asked to start it. One that is installed but does not run,
/// or takes more than half of the time that is left, owns nothing: then the daemon is started here, and its lock
/// keeps it the only one.
fn by_manager(deadline: Instant) -> bool {
    let end = Instant::now() + remaining(deadline) / 2;
    service::installed().is_some_and(|manager| manager.until(end).start().is_ok())
}

/// The reply of an older daemon that stays, and what to do about it.
fn with_advice(mut reply: Reply, manager: &Manager) -> Reply {
    let advice = format!(
        "{} starts saysod {}, which is older than this sayso; `sayso service install` makes it this one",
        manager.describe(),
        reply.daemon
    );
    if let Outcome::Result(Body::Converted(answer)) = &mut reply.outcome {
        answer.message.get_or_insert(advice);
    }
    reply
}

/// Starts the daemon and waits until it says that it listens, or that another one does.
fn spawn(deadline: Instant) -> Result<(), Fault> {
    let failed = |why: String| Fault::new(Code::Unreachable, why);
    let program = daemon_program();
    let pipes = || -> io::Result<(UnixStream, OwnedFd, OwnedFd)> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_read_timeout(Some(remaining(deadline)))?;
        let errors = theirs.try_clone()?;
        Ok((ours, theirs.into(), errors.into()))
    };
    let (ours, out, errors) =
        pipes().map_err(|error| failed(format!("the daemon cannot be started: {error}")))?;
    // The daemon leaves this terminal's session itself. It is not waited for: it outlives this process.
    Command::new(&program)
        .arg("--handshake")
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(errors)
        .spawn()
        .map_err(|error| failed(format!("the daemon {} cannot be started: {error}", program.display())))?;
    let mut said = String::new();
    match BufReader::new(ours).read_line(&mut said) {
        // `saysod: reason`, or how it got no further; a line without the colon says that it listens.
        Ok(_) if said.starts_with("saysod: ") => Err(failed(said.trim_end().to_owned())),
        Ok(0) => Err(failed(format!("the daemon {} ended before it listened", program.display()))),
        // On a time-out it may still come; whoever connects finds out.
        _ => Ok(()),
    }
}

/// The process that holds the socket, whether or not it answers.
pub(crate) fn holder() -> Option<i32> {
    const PATIENCE: Duration = Duration::from_secs(1);
    let place = Place::locate().ok()?;
    place.check().ok()?;
    Connection::open(&place, Instant::now() + PATIENCE).ok()?.peer()
}

/// The daemon's program.
pub(crate) fn daemon_program() -> PathBuf {
    program("saysod")
}

/// A program that was installed beside this one, else the one on the search path, else its bare name.
pub(crate) fn program(name: &str) -> PathBuf {
    let beside = std::env::current_exe().ok().map(|program| program.with_file_name(name));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates =
        beside.into_iter().chain(std::env::split_paths(&path).map(|folder| folder.join(name)));
    candidates.find(|program| program.is_file()).unwrap_or_else(|| name.into())
}

/// Time left, never zero, which sockets take for "for ever".
fn remaining(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

/// What is left of the time, less what the answer needs on its way.
fn time_for_daemon(deadline: Instant) -> u64 {
    let left = u64::try_from(remaining(deadline).as_millis()).unwrap_or(u64::MAX);
    (left - left / 20).max(1)
}

fn unreachable(error: &PlaceError) -> Fault {
    Fault::new(Code::Unreachable, error.to_string())
}

/// The fault of a daemon that is there and does not answer as it should.
pub(crate) fn silent(error: &DialError) -> Fault {
    match error {
        DialError::Garbled(fault) => fault.clone(),
        DialError::TimedOut => Fault::new(Code::Deadline, "no answer in time; the line stays as it was"),
        DialError::OtherVersion(_) => Fault::new(
            Code::UnsupportedVersion,
            format!(
                "{error}; install both anew (`sayso service install`, if it is a service), and restart your shell"
            ),
        ),
        _ => Fault::new(Code::Unreachable, format!("{error}; the line stays as it was")),
    }
}
