//! The language model: which one is wanted, and when it is in memory. It is loaded in the background when a line first
//! needs it, replaced when another one is chosen, and unloaded when no line needs it or the machine needs the memory.
//!
//! No line waits for any of that, unless its request wants only the model, or the model is the one that is built in,
//! which is there within the time of an answer. A conversion gets the model that is loaded at that moment, or none; a
//! model that was given up is dropped after the last line that still asks it.

mod loader;
mod policy;
#[cfg(test)]
mod tests;
mod wanted;

use sayso_engine::ModelHandle;
use sayso_language::Mix;
use sayso_language::checkpoint::BuiltIn;
use sayso_protocol::{ModelState, ModelStatus};
use sayso_settings as settings;
use sayso_store::Store;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use wanted::{Inputs, WantedModel};

/// Owns the loaded model and decides when one is loaded.
#[derive(Debug)]
pub(crate) struct ModelManager {
    store: Option<Store>,
    /// What is used where no other model is chosen.
    built_in: Option<(&'static BuiltIn, Mix)>,
    /// Broadcasts every change of the state to waiters. Never borrowed across a wait.
    inner: watch::Sender<Inner>,
    /// Held while a model is loaded. If two are chosen shortly one after the other, they load in turn, and the first
    /// not at all unless it has begun.
    loading: Mutex<()>,
    /// Loads that have begun and not ended. Each leaves the mark of a failure until it ends, although it has not
    /// failed.
    loads: AtomicUsize,
}

#[derive(Debug, Default)]
struct Inner {
    /// The inputs of the last choice.
    inputs: Option<Inputs>,
    wanted: Option<WantedModel>,
    state: LoadState,
    /// Counts changes of the state: a load that began before the last change is dropped.
    changes: u64,
    /// When a line last needed the model.
    last_needed: Option<Instant>,
    /// A low-memory warning has been logged since the last change of the state.
    memory_warning_logged: bool,
}

#[derive(Debug, Default)]
enum LoadState {
    /// No model is chosen.
    #[default]
    None,
    /// The settings turn the model off.
    Off,
    /// It will be loaded when a line needs it; the text says why it was unloaded.
    Unloaded(Option<String>),
    /// It is being loaded.
    Loading,
    /// It is loaded; the time is how long loading took.
    Resident(ModelHandle, Duration),
    /// The reason why it cannot be used. It is not tried again before something changes.
    Failed(String),
}

impl Inner {
    fn change(&mut self, state: LoadState) {
        self.changes += 1;
        self.memory_warning_logged = false;
        self.state = state;
    }
}

impl ModelManager {
    /// Manages the models of this store, without looking at it yet, and the one that is built in.
    pub(crate) fn new(store: Option<Store>, built_in: Option<&'static BuiltIn>) -> ModelManager {
        let with_mix = |model: &'static BuiltIn| match Mix::open(model) {
            Ok(mix) => Some((model, mix)),
            Err(error) => {
                tracing::error!(%error, "the built-in language model is not used");
                None
            }
        };
        ModelManager {
            store,
            built_in: built_in.and_then(with_mix),
            inner: watch::Sender::default(),
            loading: Mutex::default(),
            loads: AtomicUsize::default(),
        }
    }

    /// Looks up which model is wanted, and switches to it. Costs two stats if nothing has changed. May block as long as
    /// the disk does; nobody else waits meanwhile.
    pub(crate) fn refresh_choice(&self, settings: &settings::Model) {
        let store = self.store.as_ref();
        let inputs = Inputs::now(store, settings);
        if self.inner.borrow().inputs.as_ref() == Some(&inputs) {
            return;
        }
        let is_loading = || self.loads.load(Ordering::SeqCst) > 0;
        let (wanted, state) =
            wanted::resolve(store, self.built_in.map(|(model, _)| model), settings, is_loading);
        self.update(|inner| {
            let is_chosen_anew =
                inner.inputs.as_ref().is_some_and(|before| before.store[1] != inputs.store[1]);
            inner.inputs = Some(inputs);
            let is_same = wanted.is_some() && wanted == inner.wanted;
            // Choosing a failed model again asks for another attempt.
            let is_retried = is_chosen_anew && matches!(inner.state, LoadState::Failed(_));
            if is_same && !is_retried {
                return false;
            }
            match (&wanted, &state) {
                (Some(wanted), _) => tracing::info!(model = wanted.name, "this language model is chosen"),
                (None, LoadState::Failed(why)) => tracing::warn!(why, "no language model"),
                (None, _) => {}
            }
            inner.wanted = wanted;
            inner.change(state);
            true
        });
    }

    /// The model, if it is loaded, as of the last look at the choice.
    pub(crate) fn model(&self) -> Option<ModelHandle> {
        let resident = match &self.inner.borrow().state {
            LoadState::Resident(resident, _) => resident.clone(),
            _ => return None,
        };
        if resident.ended().is_none() {
            return Some(resident);
        }
        self.update(|inner| {
            // Another one may have been loaded meanwhile.
            let ended = match &inner.state {
                LoadState::Resident(resident, _) => resident.ended(),
                _ => None,
            };
            if let Some(why) = &ended {
                tracing::error!(%why, "the language model has ended");
                inner.change(LoadState::Failed(why.to_string()));
            }
            ended.is_some()
        });
        None
    }

    /// Notes that a line needed the model and got it.
    pub(crate) fn touch(&self) {
        self.update(|inner| {
            inner.last_needed = Some(Instant::now());
            false
        });
    }

    /// How the built-in model is weighed, if it is the wanted one and not loaded: a line may wait for it.
    pub(crate) fn built_in_to_come(&self) -> Option<Mix> {
        let inner = self.inner.borrow();
        let is_coming = matches!(inner.state, LoadState::Unloaded(_) | LoadState::Loading);
        let is_wanted = inner.wanted.as_ref().is_some_and(WantedModel::is_built_in);
        self.built_in.filter(|_| is_coming && is_wanted).map(|(_, mix)| mix)
    }

    /// The reason why there is no model, for the person.
    pub(crate) fn unavailable_reason(&self) -> String {
        match &self.inner.borrow().state {
            LoadState::None => "no language model is chosen, `sayso model --help` tells how".to_owned(),
            LoadState::Off => "the settings want no language model".to_owned(),
            LoadState::Unloaded(Some(why)) | LoadState::Failed(why) => why.clone(),
            LoadState::Unloaded(None) | LoadState::Loading | LoadState::Resident(..) => {
                "it is not there yet".to_owned()
            }
        }
    }

    /// The state of the model, as of the last look at the choice.
    pub(crate) fn status(&self) -> ModelStatus {
        let inner = self.inner.borrow();
        let (state, why) = match &inner.state {
            LoadState::None => (ModelState::None, None),
            LoadState::Off => (ModelState::Off, None),
            LoadState::Unloaded(why) => (ModelState::Unloaded, why.clone()),
            LoadState::Loading => (ModelState::Loading, None),
            LoadState::Resident(..) => (ModelState::Resident, None),
            LoadState::Failed(why) => (ModelState::Failed, Some(why.clone())),
        };
        let name = inner.wanted.as_ref().map(|wanted| wanted.name.clone());
        let mut status = ModelStatus { name, state, why, ..ModelStatus::default() };
        if let LoadState::Resident(resident, time) = &inner.state {
            let memory = resident.memory();
            status.weights_bytes = memory.weights as u64;
            status.cache_bytes = (memory.cache + memory.scratch) as u64;
            status.load_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        }
        status
    }

    /// Removes the mark of a load that has begun, for a daemon that shuts down in an orderly way in the middle of it:
    /// the model is not to blame.
    pub(crate) fn forgive(&self) {
        let is_loading = matches!(self.inner.borrow().state, LoadState::Loading);
        if let Some(store) = self.store.as_ref().filter(|_| is_loading)
            && let Err(error) = store.clear_failure()
        {
            tracing::debug!(%error, "the begun load is not forgotten");
        }
    }

    /// When a line last needed the model.
    #[cfg(test)]
    pub(crate) fn last_needed(&self) -> Option<Instant> {
        self.inner.borrow().last_needed
    }

    /// Changes the state; `change` returns whether it did, so that waiters look.
    fn update(&self, change: impl FnOnce(&mut Inner) -> bool) {
        self.inner.send_if_modified(change);
    }
}
