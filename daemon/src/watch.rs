//! Notices at once when something in the socket's folder is removed or replaced.
#![allow(unsafe_code)]

use std::path::Path;
use std::time::Duration;
use tokio::time::sleep;
#[cfg(target_os = "linux")]
use tokio::time::timeout;

/// How often the path is checked if the system sends no notice. Hand-chosen, 2026-11-28.
const LOOK: Duration = Duration::from_secs(1);
/// How often it is checked even so: a folder further up may have been moved. Hand-chosen, 2026-11-28.
#[cfg(target_os = "linux")]
const GLANCE: Duration = Duration::from_secs(15);

/// Waits until something in the folder has changed, or until the next check is due.
#[cfg(target_os = "linux")]
pub(crate) async fn folder_changes(folder: &Path) {
    use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
    use tokio::io::unix::AsyncFd;
    let watched = || -> std::io::Result<AsyncFd<std::os::fd::OwnedFd>> {
        let watch = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        let changes = AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_DELETE_SELF
            | AddWatchFlags::IN_MOVE_SELF;
        watch.add_watch(folder, changes | AddWatchFlags::IN_ONLYDIR | AddWatchFlags::IN_DONT_FOLLOW)?;
        let watch: std::os::fd::OwnedFd = watch.into();
        // SAFETY: the descriptor is owned, and nobody replaces or closes it while it is registered.
        Ok(unsafe { AsyncFd::register(watch)? })
    };
    match watched() {
        // It is closed after the first change, so its messages need not be read.
        Ok(watch) => {
            let _ = timeout(GLANCE, watch.readable()).await;
        }
        // There are no watches left, or no folder.
        Err(_) => sleep(LOOK).await,
    }
}

/// Waits a second, because the system sends no notice.
#[cfg(not(target_os = "linux"))]
pub(crate) async fn folder_changes(_folder: &Path) {
    sleep(LOOK).await;
}
