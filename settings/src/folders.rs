//! Where the platform wants settings, models and logs to be.

use directories::{BaseDirs, ProjectDirs};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

fn project() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "sayso")
}

/// The settings file: `SAYSO_CONFIG`, else `config.toml` in the platform's folder (`~/.config/sayso` on Linux,
/// `~/Library/Application Support/sayso` on macOS). `None` for a user without a home.
pub fn config_file() -> Option<PathBuf> {
    match std::env::var_os("SAYSO_CONFIG") {
        Some(path) if !path.is_empty() => Some(path.into()),
        _ => of_this_user(project()?.config_dir(), ".config/sayso").map(|folder| folder.join("config.toml")),
    }
}

/// Where the daemon logs: the platform's folder for state (`~/.local/state/sayso` on Linux), or for caches where it
/// has none (`~/Library/Caches/sayso` on macOS). `None` for a user without a home.
pub fn log_folder() -> Option<PathBuf> {
    let project = project()?;
    of_this_user(project.state_dir().unwrap_or(project.cache_dir()), ".local/state/sayso")
}

/// Where language models are: `models` in the platform's folder for data (`~/.local/share/sayso` on Linux,
/// `~/Library/Application Support/sayso` on macOS). `None` for a user without a home.
pub fn model_folder() -> Option<PathBuf> {
    data_folder().map(|folder| folder.join("models"))
}

/// Where weights of the tagger are that were taken into use: `taggers` in the platform's folder for data. `None` for a user
/// without a home.
pub fn tagger_folder() -> Option<PathBuf> {
    data_folder().map(|folder| folder.join("taggers"))
}

fn data_folder() -> Option<PathBuf> {
    of_this_user(project()?.data_local_dir(), ".local/share/sayso")
}

/// The home folder in the environment, and its owner, if root runs with the environment of that other user (`sudo -E`,
/// `su -m`). Root's own folders are then used: what root made in those of the user would lock the user out of them, and
/// the user's settings have no say over root's command line.
pub fn foreign_home() -> Option<(PathBuf, u32)> {
    let home = BaseDirs::new()?.home_dir().to_owned();
    let owner = foreign_owner(&home)?;
    Some((home, owner))
}

/// The folder, or for root the one in root's own home if it lies in a folder of somebody else.
fn of_this_user(folder: &Path, below_home: &str) -> Option<PathBuf> {
    match foreign_owner(folder) {
        None => Some(folder.to_owned()),
        Some(_) => {
            let root = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok()??;
            Some(root.dir.join(below_home)).filter(|folder| foreign_owner(folder).is_none())
        }
    }
}

/// The owner of a folder, or of the nearest one above it that is there, if that is not root although root asks.
fn foreign_owner(folder: &Path) -> Option<u32> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    let owner = folder.ancestors().find_map(|folder| fs::metadata(folder).ok())?.uid();
    Some(owner).filter(|owner| *owner != 0)
}

/// The record of the files of projects that the user trusts: `trusted.toml` in the platform's folder for data. `None` for
/// a user without a home.
pub fn trusted_file() -> Option<PathBuf> {
    data_folder().map(|folder| folder.join("trusted.toml"))
}

/// What was learnt from corrected lines: `learnt.sqlite` in the platform's folder for data. `None` for a user without a
/// home.
pub fn learnt_file() -> Option<PathBuf> {
    data_folder().map(|folder| folder.join("learnt.sqlite"))
}

/// A path with the user's home folder in place of a `~` at its beginning; as it is for a user without a home.
pub(crate) fn below_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), BaseDirs::new()) {
        (Some(rest), Some(folders)) => folders.home_dir().join(rest),
        _ => path.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_uses_no_folder_of_somebody_else() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/b");
        assert_eq!(of_this_user(&folder, "x"), Some(folder.clone()));
        if nix::unistd::geteuid().is_root() {
            std::os::unix::fs::chown(home.path(), Some(65534), None).unwrap();
            assert_eq!(foreign_owner(&folder), Some(65534));
            let own = of_this_user(&folder, ".config/sayso").unwrap();
            assert!(own.ends_with(".config/sayso") && !own.starts_with(home.path()), "{own:?}");
        }
    }
}
