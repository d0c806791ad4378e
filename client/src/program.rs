//! The programs of this installation.

use std::env;
use std::path::PathBuf;

/// Version of this client.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The daemon's program: the one that is installed beside this one, else the first one on the
/// search path, else its bare name.
pub(crate) fn daemon() -> PathBuf {
    const NAME: &str = "saysod";
    let beside = env::current_exe().ok().map(|program| program.with_file_name(NAME));
    let path = env::var_os("PATH").unwrap_or_default();
    let mut candidates = beside.into_iter().chain(env::split_paths(&path).map(|folder| folder.join(NAME)));
    candidates.find(|program| program.is_file()).unwrap_or_else(|| NAME.into())
}
