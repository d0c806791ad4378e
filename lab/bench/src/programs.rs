//! The programs that benchmarks start, and a world of their own for them.

use anyhow::{Context, bail};
use std::ffi::OsString;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Where `sayso` or `saysod` of this build is: beside this program, where both cargo and the installer put them.
/// Whatever else is called so on the search path would be timed by mistake, and is not taken.
pub(crate) fn ours(name: &str) -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe().context("cannot find this program")?;
    let program = here.with_file_name(name);
    if !program.is_file() {
        bail!(
            "there is no {}: build it first, such as `cargo build --release --workspace`",
            program.display()
        );
    }
    Ok(program)
}

/// A folder in which programs find a home, settings (none), state and a socket of their own, removed at the end.
/// A benchmark then neither meets the person's daemon nor their settings.
pub(crate) struct World {
    folder: TempDir,
}

impl World {
    /// An empty world.
    pub(crate) fn new() -> anyhow::Result<World> {
        // A short name, because a socket's path has room for 103 bytes only; closed to others, as the daemon demands.
        let mut builder = tempfile::Builder::new();
        let folder = builder.prefix("sayso").permissions(Permissions::from_mode(0o700)).tempdir();
        Ok(World { folder: folder.context("cannot make a temporary folder")? })
    }

    /// The folder, mode 0700.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the daemon of this world listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder().join("sayso.sock")
    }

    /// `program`, to be run in this world.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_ours(name)) {
            command.env_remove(name);
        }
        for name in [
            "HOME",
            "XDG_CONFIG_HOME",
            "XDG_STATE_HOME",
            "XDG_CACHE_HOME",
            "XDG_DATA_HOME",
            "XDG_RUNTIME_DIR",
        ] {
            command.env(name, self.folder());
        }
        command.env("SAYSO_SOCKET", self.socket()).current_dir(self.folder());
        command
    }
}

fn is_ours(name: &OsString) -> bool {
    name.as_encoded_bytes().starts_with(b"SAYSO_")
}
