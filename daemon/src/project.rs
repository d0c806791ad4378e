//! The words of the project that a line is edited in, beside the person's own.

use crate::fingerprint::{Fingerprint, fingerprint};
use sayso_engine::Words;
use sayso_settings::folders;
use sayso_settings::project::{self, Standing};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Projects that are remembered. Hand-chosen, 2026-11-28: more than anybody works in at a time.
const MAX_PROJECTS: usize = 32;

/// Projects whose files were read, the last one last.
#[derive(Debug, Default)]
pub(crate) struct Projects {
    known: Mutex<Vec<Project>>,
}

#[derive(Debug)]
struct Project {
    file: PathBuf,
    seen: Seen,
    /// The person's own words and the project's; `None` where the project's do not count.
    words: Option<Arc<Words>>,
}

/// The state of all files that the words of a project come from.
type Seen = [Option<Fingerprint>; 3];

impl Projects {
    /// The words for a line that is edited in `folder`: the person's own, and those of a project that is trusted. Of two
    /// that are said alike the person's own one counts. May block, as long as the disk does.
    ///
    /// `own` are the person's words, `pairs` the same as the settings have them, and `settings` is the state of their file.
    pub(crate) fn words(
        &self,
        own: &Arc<Words>,
        pairs: &[(String, String)],
        settings: Option<Fingerprint>,
        folder: Option<&str>,
    ) -> Arc<Words> {
        let found = folder.and_then(|folder| fs::canonicalize(folder).ok()).and_then(|it| project::find(&it));
        let Some(file) = found else { return own.clone() };
        let record = folders::trusted_file().and_then(|record| fingerprint(&record));
        let seen = [fingerprint(&file), record, settings];
        let known = |project: &Project| project.file == file && project.seen == seen;
        if let Some(project) = self.lock().iter().find(|project| known(project)) {
            return project.words.clone().unwrap_or_else(|| own.clone());
        }
        let words = words_of(&file, pairs);
        let mut projects = self.lock();
        projects.retain(|project| project.file != file);
        if projects.len() >= MAX_PROJECTS {
            projects.remove(0);
        }
        projects.push(Project { file, seen, words: words.clone() });
        words.unwrap_or_else(|| own.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Project>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn words_of(file: &Path, own: &[(String, String)]) -> Option<Arc<Words>> {
    match project::read(file) {
        Standing::Trusted(words, mistake) => {
            if let Some(mistake) = mistake {
                tracing::warn!(%mistake, "the project's other words count");
            }
            let new = words.into_iter().filter(|(spoken, _)| own.iter().all(|(form, _)| form != spoken));
            Some(Arc::new(Words::new(own.iter().cloned().chain(new))))
        }
        Standing::Untrusted => {
            tracing::info!(file = %file.display(), "the words of this project do not count until they are trusted");
            None
        }
        Standing::Refused(why) => {
            tracing::warn!(file = %file.display(), "the words of this project do not count: {why}");
            None
        }
    }
}
