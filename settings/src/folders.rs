//! Where the platform wants settings, models and logs to be.

use directories::{BaseDirs, ProjectDirs};
use std::path::PathBuf;

fn project() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "sayso")
}

/// The settings file: `SAYSO_CONFIG`, else `config.toml` in the platform's folder (`~/.config/sayso` on Linux,
/// `~/Library/Application Support/sayso` on macOS). `None` for a user without a home.
pub fn config_file() -> Option<PathBuf> {
    match std::env::var_os("SAYSO_CONFIG") {
        Some(path) if !path.is_empty() => Some(path.into()),
        _ => project().map(|project| project.config_dir().join("config.toml")),
    }
}

/// Where the daemon logs: the platform's folder for state (`~/.local/state/sayso` on Linux), or for caches where it
/// has none (`~/Library/Caches/sayso` on macOS). `None` for a user without a home.
pub fn log_folder() -> Option<PathBuf> {
    project().map(|project| project.state_dir().unwrap_or(project.cache_dir()).to_owned())
}

/// Where language models are: `models` in the platform's folder for data (`~/.local/share/sayso` on Linux,
/// `~/Library/Application Support/sayso` on macOS). `None` for a user without a home.
pub fn model_folder() -> Option<PathBuf> {
    project().map(|project| project.data_local_dir().join("models"))
}

/// A path with the user's home folder in place of a `~` at its beginning; as it is for a user without a home.
pub(crate) fn below_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), BaseDirs::new()) {
        (Some(rest), Some(folders)) => folders.home_dir().join(rest),
        _ => path.into(),
    }
}
