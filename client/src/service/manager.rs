//! The service manager of this machine: systemd or launchd.

use super::daemon::{Daemon, State};
use super::launchd::Launchd;
use super::systemd::Systemd;
use anyhow::{Context, Result};
use std::env;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The service manager of this machine.
pub(crate) enum Manager {
    Systemd(Systemd),
    Launchd(Launchd),
}

impl Manager {
    /// The manager of this kind of system, whether or not it is running.
    pub(crate) fn of_this_machine() -> Result<Manager> {
        let home = env::var_os("HOME").filter(|home| !home.is_empty());
        let home = PathBuf::from(
            home.context("HOME is not set, so a service cannot be installed or found; nothing was changed")?,
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

    /// Whether the manager owns the daemon, in which case nobody else may start it.
    pub(crate) fn owns_daemon(&self) -> bool {
        match self {
            Manager::Systemd(systemd) => systemd.installed(),
            Manager::Launchd(launchd) => launchd.installed(),
        }
    }

    /// The same manager, all of whose answers must come by `end`.
    pub(crate) fn until(mut self, end: Instant) -> Manager {
        match &mut self {
            Manager::Systemd(systemd) => systemd.end = Some(end),
            Manager::Launchd(launchd) => launchd.end = Some(end),
        }
        self
    }

    /// Whether the service starts `program`, so that a restart leads to the installed version.
    pub(crate) fn starts(&self, program: &Path) -> bool {
        match self {
            Manager::Systemd(systemd) => systemd.starts(program),
            Manager::Launchd(launchd) => launchd.starts(program),
        }
    }

    /// The name of the service and where it is defined, for people.
    pub(crate) fn describe(&self) -> String {
        match self {
            Manager::Systemd(systemd) => systemd.describe(),
            Manager::Launchd(launchd) => launchd.describe(),
        }
    }

    /// Where to look if the service does not work.
    pub(super) fn advice(&self) -> String {
        match self {
            Manager::Systemd(systemd) => systemd.advice(),
            Manager::Launchd(launchd) => launchd.advice(),
        }
    }

    /// Fails if the manager is not running for this user.
    pub(super) fn reach(&self) -> Result<()> {
        match self {
            Manager::Systemd(systemd) => systemd.reach(),
            Manager::Launchd(launchd) => launchd.reach(),
        }
    }

    /// Installs the service and starts it. Installing again changes nothing, except that a running
    /// daemon is replaced by the program that is installed now.
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

    /// What the manager reports about the service.
    pub(crate) fn state(&self) -> State {
        match self {
            Manager::Systemd(systemd) => systemd.state(),
            Manager::Launchd(launchd) => launchd.state(),
        }
    }
}

/// The manager that owns the daemon of this user, if one does.
///
/// A socket named by `SAYSO_SOCKET` is the user's own concern: no manager listens there.
pub(crate) fn installed() -> Option<Manager> {
    if env::var_os("SAYSO_SOCKET").is_some() {
        return None;
    }
    Manager::of_this_machine().ok().filter(Manager::owns_daemon)
}
