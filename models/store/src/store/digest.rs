//! Digests of files: SHA-256, and the name that git gives to a small file, which is all that the hub states of it.

use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// What the hub states of a file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Digest {
    /// SHA-256 of a large file, in hexadecimal.
    Sha256(String),
    /// SHA-1 of `blob `, the size, a zero and the content, in hexadecimal.
    GitBlob(String),
}

impl Digest {
    /// In hexadecimal.
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
    /// Reads a file; `seen` is told how many bytes were read each time.
    pub(super) fn of(path: &Path, mut seen: impl FnMut(u64)) -> io::Result<Digests> {
        let mut file = File::open(path)?;
        let (mut sha256, mut git) = (Sha256::new(), Sha1::new());
        git.update(format!("blob {}\0", file.metadata()?.len()));
        let mut buffer = vec![0; 1 << 20];
        let mut bytes = 0;
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                return Ok(Digests { bytes, sha256: hex(&sha256.finalize()), git: hex(&git.finalize()) });
            }
            sha256.update(&buffer[..read]);
            git.update(&buffer[..read]);
            bytes += read as u64;
            seen(read as u64);
        }
    }

    /// The digest of the kind that the hub states.
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
