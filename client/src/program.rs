//! The programs of this installation.

use std::env;
use std::path::PathBuf;

/// Version of this client.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The daemon's program, or its bare name where it is not found.
pub(crate) fn daemon() -> PathBuf {
    const NAME: &str = "saysod";
    find(NAME).unwrap_or_else(|| NAME.into())
}

/// The program of this name that is installed beside this one, else the first one on the search path.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let beside = env::current_exe().ok().map(|program| program.with_file_name(name));
    let path = env::var_os("PATH").unwrap_or_default();
    let mut candidates = beside.into_iter().chain(env::split_paths(&path).map(|folder| folder.join(name)));
    candidates.find(|program| program.is_file())
}
