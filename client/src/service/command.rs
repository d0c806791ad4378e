//! What `sayso service …` does and says.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use sayso_protocol::connection::{Connection, ConnectionError};
use sayso_protocol::reply::Body;
use sayso_protocol::socket_paths::SocketPathError;
use sayso_protocol::{Op, Outcome, Request, SocketPaths, lock};

use super::daemon::Daemon;
use super::manager::Manager;
use crate::program;

/// How long a daemon may take to start and answer, or to end. Hand-chosen, 2026-11-23.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often to check whether the daemon has started or ended. Hand-chosen, 2026-11-23.
const PAUSE: Duration = Duration::from_millis(5);

/// What to do with the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Subcommand)]
pub(crate) enum Action {
    /// Have systemd or launchd start the daemon, now and at every login
    ///
    /// Installing again changes nothing, except that a running daemon is replaced by the program installed now.
    Install,
    /// Stop the daemon and remove what `install` wrote
    Uninstall,
    /// Show whether the service is installed, runs and answers (exit status 0, else 1)
    Status,
    /// End the daemon; the next key press starts it again
    Stop,
}

/// Carries out the action, and prints what was done.
///
/// # Errors
/// The message says why the action failed, what was kept and what to do.
pub(crate) fn run(action: Action) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    match action {
        Action::Install => install(&mut out)?,
        Action::Uninstall => uninstall(&mut out)?,
        Action::Status => return status(&mut out),
        Action::Stop => {
            writeln!(
                out,
                "{}",
                if end_daemon()? { "the daemon has ended" } else { "no daemon was running" }
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn install(out: &mut impl Write) -> Result<()> {
    if std::env::var_os("SAYSO_SOCKET").is_some() {
        bail!("SAYSO_SOCKET is set, but a service listens only at the default path; unset it and try again");
    }
    let manager = Manager::of_this_machine()?;
    manager.reach()?;
    let daemon = Daemon::here(daemon_program()?, SocketPaths::locate()?.socket)?;
    // A daemon that the client started holds the socket path that the manager needs.
    end_daemon()?;
    manager.install(&daemon)?;
    writeln!(out, "installed  {}", manager.describe())?;
    let answer = first_answer().with_context(|| {
        format!("the service is installed, but its daemon does not answer; {}", manager.advice())
    })?;
    writeln!(out, "daemon     {}", words(&answer))?;
    Ok(())
}

/// The first answer of a daemon that is starting.
fn first_answer() -> Result<Outcome> {
    let end = Instant::now() + PATIENCE;
    loop {
        match ask(Op::Status) {
            Err(_) if Instant::now() < end => thread::sleep(PAUSE),
            result => return result,
        }
    }
}

fn uninstall(out: &mut impl Write) -> Result<()> {
    let removed = Manager::of_this_machine()?.uninstall()?;
    if removed.is_empty() {
        writeln!(out, "no service was installed, so nothing was removed")?;
    }
    for path in removed {
        writeln!(out, "removed    {}", path.display())?;
    }
    Ok(())
}

fn status(out: &mut impl Write) -> Result<ExitCode> {
    let manager = Manager::of_this_machine()?;
    let installed = manager.owns_daemon();
    if installed {
        writeln!(out, "service    {}", manager.describe())?;
    } else {
        writeln!(
            out,
            "service    not installed; sayso starts its daemon by itself (`sayso service install` changes that)"
        )?;
    }
    let state = manager.state();
    if installed {
        writeln!(out, "manager    {}", state.words)?;
    }
    // If the manager holds the socket, asking starts the daemon, as a key press would.
    let answers = match ask(Op::Status) {
        Ok(answer) => {
            writeln!(out, "daemon     {}", words(&answer))?;
            true
        }
        Err(error) => {
            writeln!(out, "daemon     {error:#}")?;
            false
        }
    };
    Ok(if installed && state.up && answers { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn words(answer: &Outcome) -> String {
    match answer {
        Outcome::Status(status) => format!("saysod {} answers (process {})", status.version, status.pid),
        Outcome::Error(fault) => format!("answers: {}", fault.message),
        Outcome::Result(_) => String::from("answers something other than its status"),
    }
}

/// A connection to the daemon, whoever started it.
fn open(paths: &SocketPaths, end: Instant) -> Result<Connection, ConnectionError> {
    match paths.check() {
        Err(SocketPathError::Io(_, error)) if error.kind() == io::ErrorKind::NotFound => {
            Err(ConnectionError::Absent)
        }
        Err(error) => Err(ConnectionError::Io(io::Error::other(error.to_string()))),
        Ok(()) => Connection::open(paths, end),
    }
}

fn ask(op: Op) -> Result<Outcome> {
    let end = Instant::now() + PATIENCE;
    Ok(open(&SocketPaths::locate()?, end)?.ask(&Request::new(1, op), end)?.outcome)
}

/// Ends the daemon and waits until it has ended. False if none was running.
fn end_daemon() -> Result<bool> {
    let paths = SocketPaths::locate()?;
    let end = Instant::now() + PATIENCE;
    let mut connection = match open(&paths, end) {
        Err(ConnectionError::Absent) => return Ok(false),
        other => other.context("the daemon cannot be asked to end")?,
    };
    let reply =
        connection.ask(&Request::new(1, Op::Shutdown), end).context("the daemon did not agree to end")?;
    if !matches!(reply.outcome, Outcome::Result(Body::Done {})) {
        bail!("the daemon did not agree to end: {}", words(&reply.outcome));
    }
    // The connection ends with the daemon. A daemon that bound the socket itself holds its lock to
    // the very end. If the lock is still held after that, the holder may be the next daemon, which
    // another client has started.
    let ended = connection.peer();
    while connection.receive(end).is_ok() {}
    loop {
        let lock =
            lock::try_take(&paths.lock).with_context(|| format!("cannot use {}", paths.lock.display()))?;
        let holder = open(&paths, end).ok().and_then(|connection| connection.peer());
        if lock.is_some() || holder.is_some_and(|holder| ended.is_some_and(|ended| ended != holder)) {
            return Ok(true);
        }
        if Instant::now() >= end {
            bail!("the daemon agreed to end but is still running; `sayso status` shows its process");
        }
        thread::sleep(PAUSE);
    }
}

/// The daemon's program beside this one, by its absolute path, because a service manager does not
/// search PATH.
fn daemon_program() -> Result<PathBuf> {
    let program = program::daemon();
    if !program.is_absolute() {
        bail!("saysod was not found beside this sayso, so no service was installed; reinstall sayso");
    }
    Ok(program)
}
