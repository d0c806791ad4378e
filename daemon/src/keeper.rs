//! Keeps the language model: loads it in the background when it is first needed, goes over to another one when that is
//! chosen, and gives its memory back when it is not needed or the machine needs it more.
//!
//! Nobody waits for any of that. Who converts a line gets the model that is loaded at that moment, or none, and a model
//! that is given up ends behind the last line that still asks it.

use crate::configuration::{Fingerprint, fingerprint};
use crate::memory::{self, Spare};
use sayso_engine::Resident;
use sayso_language::{LanguageError, Options};
use sayso_protocol::{ModelState, ModelStatus};
use sayso_settings as settings;
use sayso_store::Store;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::sleep;

#[cfg(test)]
mod tests;

/// Between two looks at how much memory the machine has to spare while a model is loaded.
const LOOK: Duration = Duration::from_secs(5);
/// What a model must leave of the memory that is to be had when it is loaded, in bytes: this, or what it would be given
/// back for at once.
const RESERVE: u64 = 256 << 20;

/// The model and what became of it.
#[derive(Debug)]
pub(crate) struct Keeper {
    store: Option<Store>,
    inner: Mutex<Inner>,
    /// Held while a model is loaded: of two that are chosen shortly one after the other, one is loaded at a time, and
    /// the first not at all where it has not begun.
    loading: Mutex<()>,
    /// Told of every change of the state, with what matters to those who wait.
    stage: watch::Sender<Stage>,
}

/// A state, for those who wait for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Absent,
    Loading,
    Resident,
}

#[derive(Debug, Default)]
struct Inner {
    seen: Option<Seen>,
    wanted: Option<Wanted>,
    state: State,
    /// Counts changes of the state: what was loaded before the last one is not wanted any more.
    changes: u64,
    /// When a line last needed the model.
    needed: Option<Instant>,
    /// Whether it was told that memory is wanting, since the last change.
    told: bool,
}

/// All that the choice of the model depends on: while it is the same, so is the choice.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    settings: settings::Model,
    /// Of the folder of models, and of the file with the name of the chosen one.
    store: [Option<Fingerprint>; 2],
}

/// A model as it is to be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    name: String,
    folder: PathBuf,
    /// Of the folder: a model that was removed and came again is another one, even where it got the inode of the first.
    identity: Option<Fingerprint>,
    threads: Option<usize>,
}

#[derive(Debug, Default)]
enum State {
    /// None is chosen.
    #[default]
    None,
    /// The settings say that none judges.
    Off,
    /// It is loaded when it is needed; why it is not any more, where it was.
    Unloaded(Option<String>),
    Loading,
    /// With the time that loading took.
    Resident(Resident, Duration),
    /// Why it cannot be used. That is not tried again before something changes.
    Failed(String),
}

impl Keeper {
    /// Keeps a model of this store; nothing is looked at yet.
    pub(crate) fn new(store: Option<Store>) -> Keeper {
        Keeper {
            store,
            inner: Mutex::default(),
            loading: Mutex::default(),
            stage: watch::Sender::new(Stage::Absent),
        }
    }

    /// Looks which model is wanted, and goes over to it. Costs two questions to the disk where nothing has changed, and
    /// may block as long as it does; nobody else waits meanwhile.
    pub(crate) fn look(&self, settings: &settings::Model) {
        let Some(store) = &self.store else { return };
        let seen = Seen { settings: settings.clone(), store: store.watched().map(|path| fingerprint(&path)) };
        if self.lock().seen.as_ref() == Some(&seen) {
            return;
        }
        let (wanted, state) = wish(store, settings);
        let mut inner = self.lock();
        let chosen_anew = inner.seen.as_ref().is_some_and(|before| before.store[1] != seen.store[1]);
        inner.seen = Some(seen);
        let same = wanted.is_some() && wanted == inner.wanted;
        // Who chooses a model that failed wants it tried again.
        if !same || chosen_anew && matches!(inner.state, State::Failed(_)) {
            match (&wanted, &state) {
                (Some(wanted), _) => tracing::info!(model = wanted.name, "this language model is chosen"),
                (None, State::Failed(why)) => tracing::warn!(why, "no language model"),
                (None, _) => {}
            }
            inner.wanted = wanted;
            self.change(&mut inner, state);
        }
    }

    /// The model, where it is loaded, as of the last look.
    pub(crate) fn model(&self) -> Option<Resident> {
        let mut inner = self.lock();
        match &inner.state {
            State::Resident(resident, _) if resident.has_ended() => {
                tracing::error!("the language model ended by a defect");
                self.change(&mut inner, State::Failed(LanguageError::Gone.to_string()));
                None
            }
            State::Resident(resident, _) => Some(resident.clone()),
            _ => None,
        }
    }

    /// Notes that a line needed the model and had it.
    pub(crate) fn used(&self) {
        self.lock().needed = Some(Instant::now());
    }

    /// Notes that a line needs the model, and begins to load it where it is not there.
    pub(crate) fn need(self: &Arc<Keeper>) {
        let (wanted, changes) = {
            let mut inner = self.lock();
            inner.needed = Some(Instant::now());
            match (&inner.state, &inner.wanted) {
                (State::Unloaded(_), Some(wanted)) => (wanted.clone(), inner.changes),
                _ => return,
            }
        };
        let little = too_little(&wanted.folder, memory::spare());
        let mut inner = self.lock();
        // Somebody else may have begun, or chosen another one.
        if inner.changes != changes {
            return;
        }
        if let Some(why) = little {
            // Every line asks again.
            if !std::mem::replace(&mut inner.told, true) {
                tracing::warn!(model = wanted.name, why, "the language model is not loaded");
            }
            inner.state = State::Unloaded(Some(why));
            return;
        }
        tracing::info!(model = wanted.name, "loading the language model");
        self.change(&mut inner, State::Loading);
        let (keeper, changes) = (self.clone(), inner.changes);
        let load = move || keeper.load(changes, &wanted);
        if let Err(error) = thread::Builder::new().name("load".to_owned()).spawn(load) {
            self.change(&mut inner, State::Failed(LanguageError::Thread(error).to_string()));
        }
    }

    /// The model, which is loaded and waited for where it is not there; none where that is not to be. One that is chosen
    /// meanwhile is waited for too.
    pub(crate) async fn demand(self: &Arc<Keeper>) -> Option<Resident> {
        let mut stage = self.stage.subscribe();
        loop {
            self.need();
            // The sender lives as long as this.
            let _ = stage.wait_for(|stage| *stage != Stage::Loading).await;
            let model = self.model();
            if model.is_some() || !matches!(self.lock().state, State::Unloaded(None) | State::Loading) {
                return model;
            }
        }
    }

    /// Why there is no model, in words.
    pub(crate) fn absence(&self) -> String {
        match &self.lock().state {
            State::None => "no language model is chosen, `sayso model --help` tells how".to_owned(),
            State::Off => "the settings want no language model".to_owned(),
            State::Unloaded(Some(why)) | State::Failed(why) => why.clone(),
            State::Unloaded(None) | State::Loading | State::Resident(..) => "it is not there yet".to_owned(),
        }
    }

    /// How the model is, as of the last look.
    pub(crate) fn status(&self) -> ModelStatus {
        let inner = self.lock();
        let (state, why) = match &inner.state {
            State::None => (ModelState::None, None),
            State::Off => (ModelState::Off, None),
            State::Unloaded(why) => (ModelState::Unloaded, why.clone()),
            State::Loading => (ModelState::Loading, None),
            State::Resident(..) => (ModelState::Resident, None),
            State::Failed(why) => (ModelState::Failed, Some(why.clone())),
        };
        let name = inner.wanted.as_ref().map(|wanted| wanted.name.clone());
        let mut status = ModelStatus { name, state, why, ..ModelStatus::default() };
        if let State::Resident(resident, time) = &inner.state {
            let memory = resident.memory();
            status.weights_bytes = memory.weights as u64;
            status.cache_bytes = (memory.cache + memory.room) as u64;
            status.load_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        }
        status
    }

    /// Gives the model's memory back when no line needed it for as long as `unload` says, or when memory is scarce. For
    /// ever, and asleep while no model is loaded.
    pub(crate) async fn mind(&self, unload: impl Fn() -> Option<Duration>) {
        let mut stage = self.stage.subscribe();
        loop {
            // The sender lives as long as this.
            let _ = stage.wait_for(|stage| *stage == Stage::Resident).await;
            if let Some(left) = self.spend(unload(), memory::spare()) {
                sleep(left.min(LOOK)).await;
            }
        }
    }

    /// Gives back what is due by now; returns the time until it may be, none where nothing is loaded any more.
    fn spend(&self, unload: Option<Duration>, spare: Spare) -> Option<Duration> {
        let mut inner = self.lock();
        if !matches!(inner.state, State::Resident(..)) {
            return None;
        }
        if spare.scarce {
            tracing::warn!("memory is scarce: the language model is unloaded");
            let why = "this machine was short of memory".to_owned();
            self.change(&mut inner, State::Unloaded(Some(why)));
            return None;
        }
        let idle = inner.needed.map_or(Duration::ZERO, |needed| needed.elapsed());
        match unload.map(|unload| unload.saturating_sub(idle)) {
            Some(Duration::ZERO) => {
                tracing::info!("no line needed the language model for a while: it is unloaded");
                let why = format!("no line needed it for {}", spoken(unload.unwrap_or_default()));
                self.change(&mut inner, State::Unloaded(Some(why)));
                None
            }
            Some(left) => Some(left),
            None => Some(Duration::MAX),
        }
    }

    /// Loads a model, on a thread of its own, and puts it in its place if it is still wanted.
    fn load(&self, changes: u64, wanted: &Wanted) {
        let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        if self.lock().changes != changes {
            return;
        }
        let begun = Instant::now();
        let mut options = Options::default();
        options.threads = wanted.threads.unwrap_or(options.threads);
        let opened = Resident::open(&wanted.folder, &options);
        let mut inner = self.lock();
        if inner.changes != changes {
            return;
        }
        let state = match opened {
            Ok(resident) => {
                let time = begun.elapsed();
                tracing::info!(model = wanted.name, ms = time.as_millis(), "the language model is loaded");
                // It counts as needed now: loading may have taken longer than it may be idle.
                inner.needed = Some(Instant::now());
                State::Resident(resident, time)
            }
            Err(error) => {
                tracing::warn!(model = wanted.name, %error, "the language model cannot be used");
                State::Failed(error.to_string())
            }
        };
        self.change(&mut inner, state);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes over to a state.
    fn change(&self, inner: &mut Inner, state: State) {
        self.stage.send_replace(match state {
            State::Loading => Stage::Loading,
            State::Resident(..) => Stage::Resident,
            _ => Stage::Absent,
        });
        inner.changes += 1;
        inner.told = false;
        inner.state = state;
    }
}

/// The model that settings and choice want, and the state to begin with.
fn wish(store: &Store, settings: &settings::Model) -> (Option<Wanted>, State) {
    if !settings.judge {
        return (None, State::Off);
    }
    let name = match &settings.name {
        Some(name) => Ok(Some(name.clone())),
        None => store.chosen(),
    };
    let named = match name {
        Ok(Some(name)) => store.folder(&name).map(|folder| (name, folder)),
        Ok(None) => return (None, State::None),
        Err(error) => Err(error),
    };
    match named {
        Ok((name, folder)) => {
            let identity = fingerprint(&folder);
            let wanted = Wanted { name, folder, identity, threads: settings.threads };
            (Some(wanted), State::Unloaded(None))
        }
        Err(error) => (None, State::Failed(format!("{error}; `sayso model list` shows those that are"))),
    }
}

/// Why a model must not be loaded now, if it must not: its weights are copied from their files into memory.
fn too_little(folder: &Path, spare: Spare) -> Option<String> {
    if spare.scarce {
        return Some("this machine is short of memory".to_owned());
    }
    let sizes = folder.read_dir().into_iter().flatten().flatten().filter_map(|file| file.metadata().ok());
    let needed = sizes.fold(RESERVE.max(spare.floor), |sum, file| sum.saturating_add(file.len()));
    let bytes = spare.bytes.filter(|bytes| *bytes < needed)?;
    let (bytes, needed) = (bytes / 1_000_000, needed.div_ceil(1_000_000));
    Some(format!("{bytes} MB of memory can be had, {needed} are needed"))
}

/// A time in minutes, or in seconds where it is shorter.
fn spoken(time: Duration) -> String {
    match time.as_secs() {
        0..=59 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min", seconds / 60),
    }
}
