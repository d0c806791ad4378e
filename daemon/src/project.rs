//! The words of the project that a line is edited in, beside the person's own.

use crate::fingerprint::{Fingerprint, fingerprint};
use sayso_engine::Words;
use sayso_settings::project::{self, Standing};
use sayso_settings::{Settings, folders};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

/// Projects that are remembered. Hand-chosen, 2026-11-28: more than anybody works in at a time.
const MAX_PROJECTS: usize = 32;
/// Longest that a line waits for the words of its project. Hand-chosen, 2026-11-29: reading them takes a tenth of a
/// millisecond, but on a busy machine the reading thread may start late, and binding words must not be missing then.
const PATIENCE: Duration = Duration::from_millis(250);
/// Longest that a line waits while the disk of an earlier one hangs.
const PATIENCE_BESIDE_HANGING: Duration = Duration::from_millis(10);
/// Most threads that read at once. A hanging disk blocks one of them.
const MAX_READERS: usize = 4;

/// Projects whose files were read.
#[derive(Debug, Default)]
pub(crate) struct Projects(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The most recently read one is last.
    projects: Mutex<Vec<Project>>,
    readers: AtomicUsize,
    /// Readers that a line has stopped waiting for.
    late: AtomicUsize,
}

#[derive(Debug)]
struct Project {
    file: PathBuf,
    seen: Seen,
    /// The person's own words and the project's; `None` if the project's do not count.
    words: Option<Arc<Words>>,
}

/// The state of all files that a project's words come from.
type Seen = [Option<Fingerprint>; 3];

impl Projects {
    /// The words for a line that is edited in `folder`: the person's own and those of a trusted project. If two of them
    /// have the same spoken form, the person's own counts.
    ///
    /// A thread of its own looks at the folder, which may be on a disk that hangs, and only if any project is trusted.
    ///
    /// `own` are the person's words, `settings` hold the same as pairs, and `seen` is the state of their file. Waits
    /// for nothing longer than `limit`.
    pub(crate) fn words(
        &self,
        own: &Arc<Words>,
        settings: &Arc<Settings>,
        seen: Option<Fingerprint>,
        folder: Option<&str>,
        limit: Duration,
    ) -> Arc<Words> {
        let own = own.clone();
        let record = folders::trusted_file().and_then(|record| fingerprint(&record));
        let (Some(folder), Some(_)) = (folder, record) else { return own };
        if self.0.readers.fetch_add(1, Ordering::Relaxed) >= MAX_READERS {
            self.0.readers.fetch_sub(1, Ordering::Relaxed);
            return own;
        }
        let (done, words) = mpsc::sync_channel(0);
        let (known, settings, folder) = (self.0.clone(), settings.clone(), PathBuf::from(folder));
        let read = move || {
            let words = known.words(&settings.words, &folder, [record, seen]);
            known.readers.fetch_sub(1, Ordering::Relaxed);
            if done.send(words).is_err() {
                // Nobody waits any more.
                known.late.fetch_sub(1, Ordering::Relaxed);
            }
        };
        if thread::Builder::new().name("project".to_owned()).spawn(read).is_err() {
            self.0.readers.fetch_sub(1, Ordering::Relaxed);
            return own;
        }
        let is_hanging = self.0.late.load(Ordering::Relaxed) > 0;
        let patience = if is_hanging { PATIENCE_BESIDE_HANGING } else { PATIENCE };
        match words.recv_timeout(patience.min(limit)) {
            Ok(words) => words.unwrap_or(own),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                // Counted before the channel is dropped, so that the reader finds itself counted.
                self.0.late.fetch_add(1, Ordering::Relaxed);
                drop(words);
                own
            }
            // The reader panicked, and would never take itself off the count.
            Err(mpsc::RecvTimeoutError::Disconnected) => own,
        }
    }
}

impl Known {
    /// The person's own words and those of the project that `folder` is in; `None` if no project's words count.
    /// `others` are the states of the list of trusted projects and of the settings. Blocks as long as the disk does.
    fn words(
        &self,
        own: &[(String, String)],
        folder: &Path,
        others: [Option<Fingerprint>; 2],
    ) -> Option<Arc<Words>> {
        let file = fs::canonicalize(folder).ok().and_then(|folder| project::find(&folder))?;
        let seen = [fingerprint(&file), others[0], others[1]];
        let known = |project: &Project| project.file == file && project.seen == seen;
        if let Some(project) = self.lock().iter().find(|project| known(project)) {
            return project.words.clone();
        }
        let words = words_of(&file, own);
        let mut projects = self.lock();
        projects.retain(|project| project.file != file);
        if projects.len() >= MAX_PROJECTS {
            projects.remove(0);
        }
        projects.push(Project { file, seen, words: words.clone() });
        words
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Project>> {
        self.projects.lock().unwrap_or_else(PoisonError::into_inner)
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
