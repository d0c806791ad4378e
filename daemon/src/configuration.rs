//! The settings in force: read at the start, and again when the file changes.

use sayso_engine::Words;
use sayso_settings::{Settings, folders};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Tells one state of a file from the next: device, inode, size, and change time in seconds and nanoseconds.
type Fingerprint = (u64, u64, u64, i64, i64);

/// The settings file and what it said last.
#[derive(Debug)]
pub(crate) struct Configuration {
    path: Option<PathBuf>,
    current: Mutex<Current>,
}

/// What is in force.
#[derive(Debug, Clone)]
pub(crate) struct Current {
    seen: Option<Fingerprint>,
    /// The last settings that were understood.
    pub(crate) settings: Arc<Settings>,
    /// The person's own words, ready for the engine.
    pub(crate) words: Arc<Words>,
    /// What is wrong with the file now.
    pub(crate) mistake: Option<String>,
}

impl Configuration {
    /// Reads the user's settings file. With a mistake in it, the defaults are in force.
    pub(crate) fn load() -> Configuration {
        Configuration::at(folders::config_file())
    }

    fn at(path: Option<PathBuf>) -> Configuration {
        let current = Current {
            seen: None,
            settings: Arc::new(Settings::default()),
            words: Arc::new(Words::default()),
            mistake: None,
        };
        let configuration = Configuration { path, current: Mutex::new(current) };
        configuration.refreshed();
        configuration
    }

    /// What is in force, without looking at the file.
    pub(crate) fn current(&self) -> Current {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is in force after a look at the file, which is read only when it has changed. May block.
    ///
    /// A mistake keeps the last good settings in force.
    pub(crate) fn refreshed(&self) -> Current {
        let Some(path) = &self.path else { return self.current() };
        let seen =
            fs::metadata(path).ok().map(|it| (it.dev(), it.ino(), it.size(), it.ctime(), it.ctime_nsec()));
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.seen != seen {
            current.seen = seen;
            match Settings::read(path) {
                Ok(settings) => {
                    current.words = Arc::new(Words::new(settings.words.iter().cloned()));
                    current.settings = Arc::new(settings);
                    current.mistake = None;
                    tracing::info!("settings read");
                }
                Err(mistake) => {
                    tracing::warn!(%mistake, "settings not understood; the last good ones stay in force");
                    current.mistake = Some(mistake.to_string());
                }
            }
        }
        current.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_noticed_and_a_mistake_keeps_what_was_good() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let configuration = Configuration::at(Some(path.clone()));
        let deadline = || configuration.refreshed().settings.deadline.as_millis();
        assert_eq!(deadline(), 1000);
        fs::write(&path, "deadline_ms = 20").unwrap();
        assert_eq!(deadline(), 20);
        fs::write(&path, "deadline = 300").unwrap();
        assert_eq!(deadline(), 20);
        assert!(configuration.current().mistake.unwrap().contains("config.toml:1:1"));
        fs::remove_file(&path).unwrap();
        assert_eq!(deadline(), 1000);
        assert_eq!(configuration.current().mistake, None);
    }
}
