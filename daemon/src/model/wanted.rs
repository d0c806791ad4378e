//! Which model is wanted: the one that the settings name, or else the one that `sayso model use` chose.

use super::LoadState;
use crate::fingerprint::{Fingerprint, fingerprint};
use sayso_settings as settings;
use sayso_store::Store;
use std::path::PathBuf;

/// Everything that the choice of the model depends on: the same inputs give the same choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Inputs {
    settings: settings::Model,
    /// Fingerprints of the folder of models and of the file that names the chosen one.
    pub(super) store: [Option<Fingerprint>; 2],
}

impl Inputs {
    /// Reads the inputs as they are now. Asks the disk twice.
    pub(super) fn now(store: &Store, settings: &settings::Model) -> Inputs {
        Inputs { settings: settings.clone(), store: store.watched().map(|path| fingerprint(&path)) }
    }
}

/// A model to be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WantedModel {
    pub(super) name: String,
    pub(super) folder: PathBuf,
    /// The folder's fingerprint: a model that was removed and installed again is another one, even if it has the same
    /// inode.
    identity: Option<Fingerprint>,
    /// `None`: as many as suit the machine.
    pub(super) threads: Option<usize>,
}

/// The model that the settings and the choice ask for, and its initial state. While this process `is_loading` a model,
/// a remembered failure may be the mark of that load.
pub(super) fn resolve(
    store: &Store,
    settings: &settings::Model,
    is_loading: impl Fn() -> bool,
) -> (Option<WantedModel>, LoadState) {
    if !settings.judge {
        return (None, LoadState::Off);
    }
    let name = match &settings.name {
        Some(name) => Ok(Some(name.clone())),
        None => store.chosen(),
    };
    let named = match name {
        Ok(Some(name)) => store.plain_folder(&name).map(|folder| (name, folder)),
        Ok(None) => return (None, LoadState::None),
        Err(error) => Err(error),
    };
    match named {
        Ok((name, folder)) => {
            let identity = fingerprint(&folder);
            // A model that failed in an earlier process fails again, and may end this one.
            let was_loading = is_loading();
            let state = match store.failure(&name) {
                Some(_) if was_loading || is_loading() => LoadState::Unloaded(None),
                Some(failure) => LoadState::Failed(format!(
                    "{}; `sayso model use {name}` checks it and tries again",
                    failure.reason
                )),
                None => LoadState::Unloaded(None),
            };
            let wanted = WantedModel { name, folder, identity, threads: settings.threads };
            (Some(wanted), state)
        }
        Err(error) => (None, LoadState::Failed(format!("{error}; `sayso model list` shows those that are"))),
    }
}
