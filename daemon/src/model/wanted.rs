//! Which model is wanted: the one that the settings name, else the one that `sayso model use` chose, else the one that is
//! built in.

use super::LoadState;
use crate::fingerprint::{Fingerprint, fingerprint};
use sayso_language::checkpoint::{BuiltIn, Files};
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
    pub(super) fn now(store: Option<&Store>, settings: &settings::Model) -> Inputs {
        let store = store.map(|store| store.watched().map(|path| fingerprint(&path)));
        Inputs { settings: settings.clone(), store: store.unwrap_or_default() }
    }
}

/// A model to be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WantedModel {
    pub(super) name: String,
    pub(super) source: Source,
    /// `None`: as many as suit the machine.
    pub(super) threads: Option<usize>,
}

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// A folder.
    Folder {
        folder: PathBuf,
        /// The folder's fingerprint: a model that was removed and installed again is another one, even if it has the
        /// same inode.
        identity: Option<Fingerprint>,
    },
    /// The program.
    BuiltIn(&'static BuiltIn),
}

impl WantedModel {
    /// Its files.
    pub(super) fn files(&self) -> Files<'_> {
        match &self.source {
            Source::Folder { folder, .. } => Files::Folder(folder),
            Source::BuiltIn(model) => Files::BuiltIn(model),
        }
    }

    /// The size of its files, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        match &self.source {
            Source::Folder { folder, .. } => {
                let files = folder.read_dir().into_iter().flatten().flatten();
                files
                    .filter_map(|file| file.metadata().ok())
                    .fold(0, |sum, file| sum.saturating_add(file.len()))
            }
            Source::BuiltIn(model) => model.bytes() as u64,
        }
    }

    /// Whether it is part of the program.
    pub(super) fn is_built_in(&self) -> bool {
        matches!(self.source, Source::BuiltIn(_))
    }
}

/// The model that the settings and the choice ask for, and its initial state. While this process `is_loading` a model,
/// a remembered failure may be the mark of that load.
pub(super) fn resolve(
    store: Option<&Store>,
    built_in: Option<&'static BuiltIn>,
    settings: &settings::Model,
    is_loading: impl Fn() -> bool,
) -> (Option<WantedModel>, LoadState) {
    if !settings.judge {
        return (None, LoadState::Off);
    }
    let name = match (&settings.name, store) {
        (Some(name), _) => Ok(Some(name.clone())),
        (None, Some(store)) => store.chosen(),
        (None, None) => Ok(None),
    };
    let named = match (name, store) {
        (Ok(Some(name)), Some(store)) if name != BuiltIn::NAME => {
            store.plain_folder(&name).map(|folder| (name, folder, store))
        }
        (Ok(_), _) => {
            let Some(model) = built_in else { return (None, LoadState::None) };
            let name = BuiltIn::NAME.to_owned();
            let wanted = WantedModel { name, source: Source::BuiltIn(model), threads: settings.threads };
            return (Some(wanted), LoadState::Unloaded(None));
        }
        (Err(error), _) => Err(error),
    };
    match named {
        Ok((name, folder, store)) => {
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
            let wanted =
                WantedModel { name, source: Source::Folder { folder, identity }, threads: settings.threads };
            (Some(wanted), state)
        }
        Err(error) => (None, LoadState::Failed(format!("{error}; `sayso model list` shows those that are"))),
    }
}
