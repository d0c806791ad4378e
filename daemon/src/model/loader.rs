//! Loading: in the background, one model at a time, and only while it is still wanted.

use super::{LoadState, ModelManager, WantedModel, policy};
use crate::memory;
use sayso_engine::ModelHandle;
use sayso_language::{LanguageError, Options};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Instant;

impl ModelManager {
    /// Notes that a line needs the model, and starts loading it if it is absent.
    pub(crate) fn request_load(self: &Arc<ModelManager>) {
        self.touch();
        let (wanted, changes) = {
            let inner = self.inner.borrow();
            match (&inner.state, &inner.wanted) {
                (LoadState::Unloaded(_), Some(wanted)) => (wanted.clone(), inner.changes),
                _ => return,
            }
        };
        let shortage = policy::shortage(wanted.bytes(), memory::spare());
        self.update(|inner| {
            // Meanwhile another thread may have begun, or chosen another model.
            if inner.changes != changes {
                return false;
            }
            if let Some(why) = shortage {
                // Every line asks again; one warning is enough.
                if !std::mem::replace(&mut inner.memory_warning_logged, true) {
                    tracing::warn!(model = wanted.name, why, "the language model is not loaded");
                }
                inner.state = LoadState::Unloaded(Some(why));
                return true;
            }
            tracing::info!(model = wanted.name, "loading the language model");
            inner.change(LoadState::Loading);
            let (manager, changes) = (self.clone(), inner.changes);
            self.loads.fetch_add(1, Ordering::SeqCst);
            let load = move || {
                manager.load(changes, &wanted);
                manager.loads.fetch_sub(1, Ordering::SeqCst);
            };
            if let Err(error) = thread::Builder::new().name("load".to_owned()).spawn(load) {
                self.loads.fetch_sub(1, Ordering::SeqCst);
                inner.change(LoadState::Failed(LanguageError::Thread(error).to_string()));
            }
            true
        });
    }

    /// The model, which is loaded and waited for if it is absent; `None` if that fails. Also waits for a model that is
    /// chosen meanwhile.
    pub(crate) async fn load_and_wait(self: &Arc<ModelManager>) -> Option<ModelHandle> {
        let mut changes = self.inner.subscribe();
        loop {
            self.request_load();
            // The sender lives as long as this manager.
            let _ = changes.wait_for(|inner| !matches!(inner.state, LoadState::Loading)).await;
            let model = self.model();
            let may_come =
                matches!(self.inner.borrow().state, LoadState::Unloaded(None) | LoadState::Loading);
            if model.is_some() || !may_come {
                return model;
            }
        }
    }

    /// Notes next to the choice why a model could not be loaded, or that it could.
    fn remember(&self, wanted: &WantedModel, failure: Option<&str>) {
        // What is built in fails anew in a new version, if at all.
        let Some(store) = self.store.as_ref().filter(|_| !wanted.is_built_in()) else { return };
        let noted = match failure {
            Some(reason) => store.note_failure(&wanted.name, reason),
            None => store.clear_failure(),
        };
        if let Err(error) = noted {
            // A folder that cannot be written to is no reason to do without the model.
            tracing::debug!(%error, "the outcome of the load is not kept");
        }
    }

    /// Loads a model, on a thread of its own, and puts it in its place if it is still wanted.
    fn load(&self, changes: u64, wanted: &WantedModel) {
        let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        if self.inner.borrow().changes != changes {
            return;
        }
        let begun = Instant::now();
        let mut options = Options::default();
        options.threads = wanted.threads.unwrap_or(options.threads);
        // This mark remains if this process does not survive the load, so that the next one does not load the model.
        self.remember(wanted, Some("the daemon ended while it was loading this model"));
        let opened = ModelHandle::open(wanted.files(), &options);
        self.remember(
            wanted,
            opened.as_ref().err().filter(|error| lasts(error)).map(ToString::to_string).as_deref(),
        );
        self.update(|inner| {
            if inner.changes != changes {
                return false;
            }
            let state = match opened {
                Ok(resident) => {
                    let time = begun.elapsed();
                    tracing::info!(
                        model = wanted.name,
                        ms = time.as_millis(),
                        "the language model is loaded"
                    );
                    // It counts as needed just now, because loading may have taken longer than the idle limit.
                    inner.last_needed = Some(Instant::now());
                    LoadState::Resident(resident, time)
                }
                Err(error) => {
                    tracing::warn!(model = wanted.name, %error, "the language model cannot be used");
                    LoadState::Failed(error.to_string())
                }
            };
            inner.change(state);
            true
        });
    }
}

/// Whether a failure is due to the folder, so that it will happen again, and not to the machine, such as too little
/// memory.
fn lasts(error: &LanguageError) -> bool {
    use sayso_language::DecoderError::{Memory, Threads};
    !matches!(error, LanguageError::Thread(_) | LanguageError::Decoder(Memory(_) | Threads(_)))
}
