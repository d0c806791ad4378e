//! What a service manager needs to know about the daemon, and what it reports about it.

use anyhow::{Context, Result, bail};
use std::env;
use std::path::{Path, PathBuf};

/// Variables that determine where settings, logs and the socket are. A service manager does not get
/// them from the shell, so an installed service keeps the values that they had when it was
/// installed.
const PATHS: [&str; 4] = ["SAYSO_CONFIG", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"];

/// What a service manager needs to know about the daemon.
pub(crate) struct Daemon {
    /// The absolute path of `saysod`.
    pub(crate) program: PathBuf,
    /// Where this user's client looks for the socket.
    pub(crate) socket: PathBuf,
    /// Environment variables, in addition to those of the manager.
    pub(crate) environment: Vec<(String, String)>,
}

impl Daemon {
    /// The daemon at `program`, which finds its settings where this process finds them and listens at `socket`.
    ///
    /// # Errors
    /// A variable with a path that is not UTF-8 cannot be written into a service file.
    pub(crate) fn here(program: PathBuf, socket: PathBuf) -> Result<Daemon> {
        let mut environment = Vec::new();
        for name in PATHS {
            match env::var(name) {
                Ok(value) if Path::new(&value).is_absolute() => environment.push((name.to_owned(), value)),
                // The XDG base directory specification says to ignore a relative path.
                Ok(_) | Err(env::VarError::NotPresent) => {}
                Err(env::VarError::NotUnicode(_)) => {
                    bail!("{name} is not valid UTF-8; no service was installed")
                }
            }
        }
        Ok(Daemon { program, socket, environment })
    }
}

/// A path as text, for a service file.
///
/// # Errors
/// The path is not UTF-8.
pub(super) fn text(path: &Path) -> Result<&str> {
    path.to_str()
        .with_context(|| format!("the path {} is not valid UTF-8; no service was installed", path.display()))
}

/// What a manager reports about its service.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct State {
    /// Whether a connection reaches the daemon, even if the daemon has to be started for it.
    pub(crate) up: bool,
    /// The manager's own words, for people.
    pub(crate) words: String,
}
