//! The fingerprint that tells one state of a file from the next.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Device, inode, size, and change time in seconds and nanoseconds.
pub(crate) type Fingerprint = (u64, u64, u64, i64, i64);

/// The state of a file or folder now; `None` if it does not exist.
pub(crate) fn fingerprint(path: &Path) -> Option<Fingerprint> {
    fs::metadata(path).ok().map(|it| (it.dev(), it.ino(), it.size(), it.ctime(), it.ctime_nsec()))
}
