//! The settings in force: read at the start, and again when the file changes.

use crate::fingerprint::{Fingerprint, fingerprint};
use crate::project::Projects;
use sayso_engine::{Engine, Words};
use sayso_settings::{Settings, folders};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::Duration;

/// A settings file with more bytes than this counts as large. Hand-chosen, 2026-11-29.
const LARGE_FILE_BYTES: u64 = 64 * 1024;

/// The settings file and the settings last read from it.
#[derive(Debug)]
pub(crate) struct Configuration {
    path: Option<PathBuf>,
    current: Arc<Mutex<Current>>,
    /// Whether another thread is reading a large file, so that requests need not wait.
    aside: Arc<AtomicBool>,
    /// Held while the files are read, so that only one request reads them.
    reading: Mutex<()>,
    /// The words of projects.
    projects: Projects,
}

/// The settings in force.
#[derive(Debug, Clone, Default)]
pub(crate) struct Current {
    seen: Option<Fingerprint>,
    /// The entries that could be understood; the rest have their default values.
    pub(crate) settings: Arc<Settings>,
    /// The person's own words, ready for the engine.
    pub(crate) words: Arc<Words>,
    /// The engine, with the weights that the settings name if they can be used.
    pub(crate) tagger: Tagger,
    /// What is wrong with the settings file now.
    pub(crate) mistake: Option<String>,
}

/// The engine and where its weights come from.
#[derive(Debug, Clone)]
pub(crate) struct Tagger {
    /// Uses the embedded weights if `file` is `None` or cannot be used.
    pub(crate) engine: Engine,
    /// The weights file that the settings name.
    pub(crate) file: Option<PathBuf>,
    seen: Option<Fingerprint>,
    /// Why the file is not used, and what to do.
    pub(crate) mistake: Option<String>,
}

impl Default for Tagger {
    fn default() -> Tagger {
        Tagger { engine: Engine::embedded().clone(), file: None, seen: None, mistake: None }
    }
}

impl Tagger {
    /// Reads the weights file that the settings name, if any.
    fn load(file: Option<PathBuf>) -> Tagger {
        let Some(file) = file else { return Tagger::default() };
        // Taken before the file is read, so that a change in between is noticed the next time.
        let seen = fingerprint(&file);
        let (engine, mistake) = match Engine::open(&file) {
            Ok(engine) => {
                tracing::info!(file = %file.display(), "the tagger's weights are read");
                (engine, None)
            }
            Err(error) => {
                let mistake = format!(
                    "the weights in {} cannot be used: {error}; the built-in weights are used until `weights` under \
                     [tagger] names a file of this tagger",
                    file.display()
                );
                tracing::warn!("{mistake}");
                (Engine::embedded().clone(), Some(mistake))
            }
        };
        Tagger { engine, file: Some(file), seen, mistake }
    }

    fn is_changed(&self) -> bool {
        self.file.as_deref().is_some_and(|file| fingerprint(file) != self.seen)
    }
}

impl Configuration {
    /// Reads the user's settings file. A mistake in it costs the entry it is in.
    pub(crate) fn load() -> Configuration {
        Configuration::at(folders::config_file())
    }

    pub(crate) fn at(path: Option<PathBuf>) -> Configuration {
        let (current, aside, reading) = (Arc::default(), Arc::default(), Mutex::default());
        let configuration = Configuration { path, current, aside, reading, projects: Projects::default() };
        configuration.refreshed();
        configuration
    }

    /// The settings in force, without looking at the files. Never blocks for long, because no file is read under the
    /// lock.
    pub(crate) fn current(&self) -> Current {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The words for a line that is edited in `folder`: the person's own and those of a trusted project. Waits for the
    /// latter no longer than `limit`.
    pub(crate) fn words(&self, current: &Current, folder: Option<&str>, limit: Duration) -> Arc<Words> {
        self.projects.words(&current.words, &current.settings, current.seen, folder, limit)
    }

    /// Looks at the files, reads them only if they have changed, and returns the settings in force. May block as long
    /// as their device does; meanwhile other callers do not wait but get the earlier settings.
    ///
    /// A mistake in the settings costs only its own entry, and weights that cannot be used leave the built-in ones in
    /// force. Both are logged and shown by `sayso status`.
    pub(crate) fn refreshed(&self) -> Current {
        let Some(path) = &self.path else { return self.current() };
        let _reading = match self.reading.try_lock() {
            Ok(reading) => reading,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return self.current(),
        };
        let seen = fingerprint(path);
        let mut current = self.current();
        let is_changed = current.seen != seen;
        if !is_changed && !current.tagger.is_changed() {
            return current;
        }
        if is_changed {
            if current.seen.is_some()
                && std::fs::metadata(path).is_ok_and(|file| file.len() > LARGE_FILE_BYTES)
            {
                self.read_aside(path.clone(), seen);
                return current;
            }
            current.read(path, seen);
        }
        let weights = current.settings.tagger.weights_file();
        if weights != current.tagger.file || current.tagger.is_changed() {
            current.tagger = Tagger::load(weights);
        }
        // If this is older than the file, the next look notices it by the fingerprint.
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = current.clone();
        current
    }
}

impl Configuration {
    /// Reads a large file on a thread of its own, because a broken one takes long to read. Until that is done, the
    /// earlier settings stay in force.
    fn read_aside(&self, path: PathBuf, seen: Option<Fingerprint>) {
        if self.aside.swap(true, Relaxed) {
            return;
        }
        let (current, aside) = (self.current.clone(), self.aside.clone());
        std::thread::spawn(move || {
            let mut read = Current::default();
            read.read(&path, seen);
            {
                let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
                (current.seen, current.words) = (read.seen, read.words);
                (current.settings, current.mistake) = (read.settings, read.mistake);
            }
            // Reading the file took a hundred times its length in memory.
            sayso_language::trim_heap();
            aside.store(false, Relaxed);
        });
    }
}

impl Current {
    /// Reads the settings.
    fn read(&mut self, path: &Path, seen: Option<Fingerprint>) {
        let (settings, mistake) = Settings::read_usable(path);
        match &mistake {
            None => tracing::info!("settings read"),
            Some(mistake) => tracing::warn!(%mistake, "the rest of the settings is in force"),
        }
        self.seen = seen;
        self.words = Arc::new(Words::new(settings.words.iter().cloned()));
        self.settings = Arc::new(settings);
        self.mistake = mistake.map(|mistake| mistake.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_large_file_is_read_beside_the_requests() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "deadline_ms = 20").unwrap();
        let configuration = Configuration::at(Some(path.clone()));
        fs::write(&path, format!("deadline_ms = 30\n{}", "# much\n".repeat(20_000))).unwrap();
        // No clock: a request that waited would have the new value.
        assert_eq!(configuration.refreshed().settings.deadline.as_millis(), 20);
        while configuration.aside.load(Relaxed) {
            std::thread::yield_now();
        }
        assert_eq!(configuration.refreshed().settings.deadline.as_millis(), 30);
    }

    #[test]
    fn a_change_is_noticed_and_a_mistake_costs_one_entry() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let configuration = Configuration::at(Some(path.clone()));
        let deadline = || configuration.refreshed().settings.deadline.as_millis();
        assert_eq!(deadline(), 1000);
        fs::write(&path, "deadline_ms = 20").unwrap();
        assert_eq!(deadline(), 20);
        fs::write(&path, "deadline_ms = 300\n[words]\nbad = \"\"\ngood = \"fine\"").unwrap();
        assert_eq!(deadline(), 300);
        let current = configuration.current();
        assert_eq!(current.settings.words, [("good".to_owned(), "fine".to_owned())]);
        assert!(current.mistake.unwrap().contains("config.toml:3:7"));
        fs::remove_file(&path).unwrap();
        assert_eq!(deadline(), 1000);
        assert_eq!(configuration.current().mistake, None);
    }

    #[test]
    fn weights_of_ones_own_are_used_while_they_can_be() {
        let folder = tempfile::tempdir().unwrap();
        let (path, weights) = (folder.path().join("config.toml"), folder.path().join("own.safetensors"));
        let configuration = Configuration::at(Some(path.clone()));
        assert_eq!(configuration.current().tagger.file, None);
        fs::write(&path, format!("[tagger]\nweights = {:?}", weights.display().to_string())).unwrap();
        let mistake = || configuration.refreshed().tagger.mistake;
        let missing = mistake().unwrap();
        assert!(missing.contains("own.safetensors cannot be used: it cannot be read"), "{missing}");
        assert!(missing.contains("the built-in weights are used until"), "{missing}");
        fs::write(&weights, b"no weights").unwrap();
        assert!(mistake().unwrap().contains("damaged"), "{:?}", mistake());
        fs::copy(shipped_weights(), &weights).unwrap();
        assert_eq!(mistake(), None);
        let current = configuration.current();
        assert_eq!(current.tagger.file, Some(weights.clone()));
        assert!(!current.tagger.engine.is_embedded());
        // The settings did not change, the file did.
        fs::write(&weights, b"no weights").unwrap();
        assert!(mistake().is_some() && configuration.current().tagger.engine.is_embedded());
        fs::write(&path, "").unwrap();
        assert_eq!((mistake(), configuration.current().tagger.file), (None, None));
    }

    fn shipped_weights() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/weights/tagger.safetensors")
    }
}
