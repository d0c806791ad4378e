//! The index of a git repository: which files it tracks. The format is that of git's `Documentation/gitformat-index.txt`,
//! versions 2 to 4; extensions are passed over.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Largest index that is read, in bytes: some 400,000 files. Hand-chosen on 2026-11-28.
const MAX_BYTES: u64 = 48 << 20;
/// Bytes of an entry before its flags: times, device, inode, mode, owner, size, and a SHA-1.
const BEFORE_FLAGS: usize = 60;
/// The flag of an entry that has two more bytes of flags.
const EXTENDED: u16 = 0x4000;
/// Mode of a submodule, which is a folder.
const SUBMODULE: u32 = 0o160_000;

/// The paths of the tracked files, from the root of the work tree, in the order of the index, each with whether it is a
/// submodule; `None` where there is no index that can be understood. A path that is no text is left out.
pub(crate) fn tracked(index: &Path) -> Option<Vec<(String, bool)>> {
    let file = File::open(index).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).ok()?;
    if bytes.len() as u64 > MAX_BYTES { None } else { parse(&bytes) }
}

fn parse(bytes: &[u8]) -> Option<Vec<(String, bool)>> {
    let word = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    if bytes.get(..4)? != b"DIRC" {
        return None;
    }
    let (version, count) = (word(4)?, word(8)? as usize);
    if !(2..=4).contains(&version) {
        return None;
    }
    // An entry takes at least this much, so that a wrong number claims no memory.
    let mut paths = Vec::with_capacity(count.min(bytes.len() / BEFORE_FLAGS));
    let mut at = 12;
    let mut path: Vec<u8> = Vec::new();
    for _ in 0..count {
        let start = at;
        let mode = word(start + 24)?;
        let flags = u16::from_be_bytes(bytes.get(start + BEFORE_FLAGS..start + 62)?.try_into().ok()?);
        at += if version >= 3 && flags & EXTENDED != 0 { 64 } else { 62 };
        if version == 4 {
            // Only what differs from the path before: how much of that is cut off, then what follows.
            let cut = offset(bytes, &mut at)?;
            path.truncate(path.len().checked_sub(cut)?);
        } else {
            path.clear();
        }
        let length = bytes.get(at..)?.iter().position(|byte| *byte == 0)?;
        path.extend(&bytes[at..at + length]);
        at += length + 1;
        if version < 4 {
            // One to eight zero bytes fill up to a multiple of eight.
            at = start + (at - start).next_multiple_of(8);
        }
        if let Ok(text) = std::str::from_utf8(&path) {
            paths.push((text.to_owned(), mode == SUBMODULE));
        }
    }
    Some(paths)
}

/// A number of variable width: seven bits a byte, the highest bit says that another follows, and each further byte adds
/// one, as in the offsets of git's packs.
fn offset(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let mut value = 0_usize;
    loop {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value = value.checked_shl(7)? | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(value);
        }
        value = value.checked_add(1).filter(|value| *value < 1 << 30)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An index with these paths.
    fn index(version: u32, paths: &[&str]) -> Vec<u8> {
        let mut bytes =
            [b"DIRC".as_slice(), &version.to_be_bytes(), &(paths.len() as u32).to_be_bytes()].concat();
        let mut before = "";
        for path in paths {
            let start = bytes.len();
            bytes.extend([0; 24]);
            bytes.extend(0o100_644_u32.to_be_bytes());
            bytes.extend([0; 32]);
            bytes.extend((path.len() as u16).to_be_bytes());
            if version == 4 {
                let common = before.bytes().zip(path.bytes()).take_while(|(a, b)| a == b).count();
                bytes.push((before.len() - common) as u8);
                bytes.extend(&path.as_bytes()[common..]);
                bytes.push(0);
            } else {
                bytes.extend(path.as_bytes());
                let length = bytes.len() + 1 - start;
                bytes.resize(start + length.next_multiple_of(8), 0);
            }
            before = path;
        }
        bytes
    }

    #[test]
    fn every_version_is_read() {
        let paths = ["Cargo.toml", "src/lib.rs", "src/library/a.rs", "src/x"];
        for version in [2, 3, 4] {
            let found = parse(&index(version, &paths)).unwrap();
            assert_eq!(found, paths.map(|path| (path.to_owned(), false)), "version {version}");
        }
        assert_eq!(parse(&index(5, &paths)), None);
    }

    proptest! {
        /// A damaged index gives some names or none, and nothing else.
        #[test]
        fn damage_is_survived(version in 2_u32..5, at in 0_usize..400, byte in any::<u8>(), end in 0_usize..400) {
            let mut bytes = index(version, &["a/b", "a/bc", "dir/name.with.dots", "z"]);
            let length = bytes.len();
            bytes[at % length] = byte;
            bytes.truncate(length - end % length);
            let _ = parse(&bytes);
        }
    }
}
