//! Digests of files: SHA-256, and for small files git's blob digest, because the hub states only
//! that.

use sayso_language::checkpoint::{
    CheckpointError,
    file::{self, Links},
};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use std::io::Read;
use std::path::Path;

/// The digest that the hub states for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Digest {
    /// SHA-256 of a large file, in hexadecimal.
    Sha256(String),
    /// SHA-1 of `blob `, the size, a NUL byte and the content, in hexadecimal: the digest that git
    /// uses.
    GitBlob(String),
}

impl Digest {
    /// The digest in hexadecimal.
    pub(super) fn text(&self) -> &str {
        let (Digest::Sha256(text) | Digest::GitBlob(text)) = self;
        text
    }
}

/// The digests of a file, in hexadecimal.
pub(super) struct Digests {
    pub(super) bytes: u64,
    pub(super) sha256: String,
    git: String,
}

impl Digests {
    /// Reads a file; `None` if it is `expected` to have another length, so that nothing needs to be
    /// read. `seen` gets the number of bytes of each read.
    pub(super) fn of(
        path: &Path,
        expected: Option<u64>,
        mut seen: impl FnMut(u64),
    ) -> Result<Option<Digests>, CheckpointError> {
        let failed = |source| CheckpointError::Unreadable { path: path.to_owned(), source };
        let mut file = file::open(path, Links::Refuse)?;
        let length = file.metadata().map_err(failed)?.len();
        if expected.is_some_and(|expected| expected != length) {
            return Ok(None);
        }
        let (mut sha256, mut git) = (Sha256::new(), Sha1::new());
        git.update(format!("blob {length}\0"));
        let mut buffer = vec![0; 1 << 20];
        let mut bytes = 0;
        loop {
            let read = file.read(&mut buffer).map_err(failed)?;
            if read == 0 {
                let (sha256, git) = (hex(&sha256.finalize()), hex(&git.finalize()));
                return Ok(Some(Digests { bytes, sha256, git }));
            }
            sha256.update(&buffer[..read]);
            git.update(&buffer[..read]);
            bytes += read as u64;
            seen(read as u64);
        }
    }

    /// The digest of the same kind as `stated`.
    pub(super) fn like(&self, stated: &Digest) -> &str {
        match stated {
            Digest::Sha256(_) => &self.sha256,
            Digest::GitBlob(_) => &self.git,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
