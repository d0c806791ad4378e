//! The settings in force: read at the start, and again when the file changes.

use sayso_engine::Words;
use sayso_settings::{Settings, folders};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Tells one state of a file from the next: device, inode, size, and change time in seconds and nanoseconds.
pub(crate) type Fingerprint = (u64, u64, u64, i64, i64);

/// What a file or folder is now; none where it is not there.
pub(crate) fn fingerprint(path: &Path) -> Option<Fingerprint> {
    fs::metadata(path).ok().map(|it| (it.dev(), it.ino(), it.size(), it.ctime(), it.ctime_nsec()))
}

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
    /// What could be understood, the rest at its default.
    pub(crate) settings: Arc<Settings>,
    /// The person's own words, ready for the engine.
    pub(crate) words: Arc<Words>,
    /// What is wrong with the file now.
    pub(crate) mistake: Option<String>,
}

impl Configuration {
    /// Reads the user's settings file. A mistake in it costs the entry it is in.
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

    /// What is in force, without looking at the file. Never blocks for long: nothing is read under the lock.
    pub(crate) fn current(&self) -> Current {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is in force after a look at the file, which is read only when it has changed. May block, as long as the
    /// file's device does; nobody else waits meanwhile.
    ///
    /// A mistake costs the entry it is in, and is told.
    pub(crate) fn refreshed(&self) -> Current {
        let Some(path) = &self.path else { return self.current() };
        let seen = fingerprint(path);
        let current = self.current();
        if current.seen == seen {
            return current;
        }
        let (settings, mistake) = Settings::read_usable(path);
        match &mistake {
            None => tracing::info!("settings read"),
            Some(mistake) => tracing::warn!(%mistake, "the rest of the settings is in force"),
        }
        // Of two that read at once the last one stays; an older file is noticed by its fingerprint the next time.
        let current = Current {
            seen,
            words: Arc::new(Words::new(settings.words.iter().cloned())),
            settings: Arc::new(settings),
            mistake: mistake.map(|mistake| mistake.to_string()),
        };
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = current.clone();
        current
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
