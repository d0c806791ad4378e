//! Stamps: what files and folders looked like when they were read, so that a change is seen without reading again.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Most paths that are watched: the nearest folders. Hand-chosen on 2026-11-28.
const MAX_STAMPS: usize = 256;

/// Change time in seconds and nanoseconds, and size; `None` where there is nothing.
type Stamp = Option<(i64, i64, u64)>;

/// What some paths looked like.
#[derive(Debug, Clone, Default)]
pub struct Stamps(Vec<(PathBuf, Stamp)>);

impl Stamps {
    /// Notes what a path looks like now. To be called before it is read, so that a change meanwhile is seen later.
    pub(crate) fn note(&mut self, path: impl Into<PathBuf>) {
        if self.0.len() < MAX_STAMPS {
            let path = path.into();
            let stamp = stamp(&path);
            self.0.push((path, stamp));
        }
    }

    /// Adds those of another reading.
    pub(crate) fn extend(&mut self, others: Stamps) {
        self.0.extend(others.0.into_iter().take(MAX_STAMPS.saturating_sub(self.0.len())));
    }

    /// Whether a path looks different now. Blocks as long as the disk does.
    pub fn is_stale(&self) -> bool {
        self.0.iter().any(|(path, seen)| stamp(path) != *seen)
    }
}

impl Stamps {
    /// Seconds since the last change of what was read; `None` if nothing was.
    pub fn age(&self) -> Option<u64> {
        let newest = self.0.iter().filter_map(|(_, stamp)| stamp.map(|(seconds, ..)| seconds)).max()?;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
        Some(now.saturating_sub(newest.max(0) as u64))
    }
}

fn stamp(path: &Path) -> Stamp {
    fs::metadata(path).ok().map(|it| (it.ctime(), it.ctime_nsec(), it.size()))
}
