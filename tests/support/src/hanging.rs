//! A file system that hangs: whoever looks into it waits until it goes.

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A FUSE file system whose first question nobody answers. All who wait for it get an error when this is dropped.
pub struct HangingFolder {
    /// The other end of the file system; `None` once it is closed.
    device: Option<File>,
    folder: TempDir,
}

impl HangingFolder {
    /// Mounts it.
    ///
    /// # Errors
    /// Where this user or this system cannot mount with FUSE.
    pub fn mount() -> io::Result<HangingFolder> {
        let device = OpenOptions::new().read(true).write(true).open("/dev/fuse")?;
        let folder = tempfile::tempdir()?;
        let options = format!("fd={},rootmode=40000,user_id=0,group_id=0", device.as_raw_fd());
        let (source, kind, options) = (Some("hanging"), Some("fuse"), Some(options.as_str()));
        mount(source, folder.path(), kind, MsFlags::empty(), options)?;
        Ok(HangingFolder { device: Some(device), folder })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A folder in it that nobody has asked for yet.
    pub fn below(&self, name: impl std::fmt::Display) -> PathBuf {
        self.path().join(name.to_string())
    }
}

impl Drop for HangingFolder {
    fn drop(&mut self) {
        drop(self.device.take());
        let _ = umount2(self.path(), MntFlags::MNT_DETACH);
    }
}
