//! `sayso service`: hands the daemon to the service manager of the machine.
//!
//! Nobody needs it: the client starts an absent daemon. A service manager adds a daemon that is there from login on,
//! comes back after a crash, and is stopped with everything else.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use self::launchd::Launchd;
use self::systemd::Systemd;

pub(crate) use self::command::{Action, run};

mod command;
mod files;
mod launchd;
mod systemd;
mod tool;

/// Variables that say where settings, logs and the socket are. A service manager does not have them from the shell,
/// so an installed service gets the values that they have at the time.
const PLACES: [&str; 4] = ["SAYSO_CONFIG", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"];

/// What a service manager must know of the daemon.
pub(crate) struct Daemon {
    /// The absolute path of `saysod`.
    pub(crate) program: PathBuf,
    /// Where the client of this user looks for it.
    pub(crate) socket: PathBuf,
    /// Names and values that it gets beside the manager's own.
    pub(crate) environment: Vec<(String, String)>,
}

impl Daemon {
    /// The daemon at `program`, which finds its settings where this process finds them and listens at `socket`.
    pub(crate) fn here(program: PathBuf, socket: PathBuf) -> Result<Daemon> {
        let mut environment = Vec::new();
        for name in PLACES {
            match env::var(name) {
                Ok(value) if Path::new(&value).is_absolute() => environment.push((name.to_owned(), value)),
                // A relative path there is to be ignored, says the standard that names these variables.
                Ok(_) | Err(env::VarError::NotPresent) => {}
                Err(env::VarError::NotUnicode(_)) => {
                    bail!("{name} is not valid UTF-8; no service was installed")
                }
            }
        }
        Ok(Daemon { program, socket, environment })
    }
}

/// A path as the text that a service file holds.
fn text(path: &Path) -> Result<&str> {
    path.to_str()
        .with_context(|| format!("the path {} is not valid UTF-8; no service was installed", path.display()))
}

/// What a manager says of its service.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct State {
    /// Whether a connection reaches the daemon, started already or not.
    pub(crate) up: bool,
    /// The manager's own words, for people.
    pub(crate) words: String,
}

/// The service manager of this machine.
pub(crate) enum Manager {
    Systemd(Systemd),
    Launchd(Launchd),
}

impl Manager {
    /// The manager that this kind of machine has, whether or not it runs.
    pub(crate) fn of_this_machine() -> Result<Manager> {
        let home = env::var_os("HOME").filter(|home| !home.is_empty());
        let home = PathBuf::from(
            home.context("HOME is not set, so there is no place for a service; nothing was changed")?,
        );
        Ok(if cfg!(target_os = "macos") {
            Manager::Launchd(Launchd::new("launchctl".into(), &home, nix::unistd::getuid().as_raw()))
        } else {
            let config = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
            Manager::Systemd(Systemd::new(
                "systemctl".into(),
                &config.unwrap_or_else(|| home.join(".config")),
            ))
        })
    }

    /// Whether the daemon is in the manager's hands: then nobody else may start it.
    pub(crate) fn owns_daemon(&self) -> bool {
        match self {
            Manager::Systemd(systemd) => systemd.installed(),
            Manager::Launchd(launchd) => launchd.installed(),
        }
    }

    /// The same manager, every answer of which must have come by `end`.
    pub(crate) fn until(mut self, end: Instant) -> Manager {
        match &mut self {
            Manager::Systemd(systemd) => systemd.end = Some(end),
            Manager::Launchd(launchd) => launchd.end = Some(end),
        }
        self
    }

    /// Whether the service starts `program`: then a restart leads to the version that is installed now.
    pub(crate) fn starts(&self, program: &Path) -> bool {
        match self {
            Manager::Systemd(systemd) => systemd.starts(program),
            Manager::Launchd(launchd) => launchd.starts(program),
        }
    }

    /// What the service is called and where it is written down, for people.
    pub(crate) fn describe(&self) -> String {
        match self {
            Manager::Systemd(systemd) => systemd.describe(),
            Manager::Launchd(launchd) => launchd.describe(),
        }
    }

    /// Where to look when the service does not do what it should.
    fn advice(&self) -> String {
        match self {
            Manager::Systemd(systemd) => systemd.advice(),
            Manager::Launchd(launchd) => launchd.advice(),
        }
    }

    /// Fails where the manager does not run for this user.
    fn reach(&self) -> Result<()> {
        match self {
            Manager::Systemd(systemd) => systemd.reach(),
            Manager::Launchd(launchd) => launchd.reach(),
        }
    }

    /// Puts the service in place and starts it. Doing so again changes nothing, except that a running daemon is
    /// replaced by the program that is installed now.
    pub(crate) fn install(&self, daemon: &Daemon) -> Result<()> {
        match self {
            Manager::Systemd(systemd) => systemd.install(daemon),
            Manager::Launchd(launchd) => launchd.install(daemon),
        }
    }

    /// Stops the service and removes what [`Manager::install`] wrote; returns the files that were removed.
    pub(crate) fn uninstall(&self) -> Result<Vec<PathBuf>> {
        match self {
            Manager::Systemd(systemd) => systemd.uninstall(),
            Manager::Launchd(launchd) => launchd.uninstall(),
        }
    }

    /// Has the manager start the daemon, or listen for it. A running one is left alone.
    pub(crate) fn start(&self) -> Result<()> {
        match self {
            Manager::Systemd(systemd) => systemd.start(),
            Manager::Launchd(launchd) => launchd.start(),
        }
    }

    /// What the manager says of the service.
    pub(crate) fn state(&self) -> State {
        match self {
            Manager::Systemd(systemd) => systemd.state(),
            Manager::Launchd(launchd) => launchd.state(),
        }
    }
}

/// The manager that owns the daemon of this user, if one does.
///
/// A socket named by `SAYSO_SOCKET` is the asker's own affair: no manager listens there.
pub(crate) fn installed() -> Option<Manager> {
    if env::var_os("SAYSO_SOCKET").is_some() {
        return None;
    }
    Manager::of_this_machine().ok().filter(Manager::owns_daemon)
}
