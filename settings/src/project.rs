//! The words of a project: `[words]` of a `.sayso.toml` in the working directory or above it.
//!
//! Such a file may come from a stranger, and its words bind. So it counts only if its owner is the user, and only while its
//! content is, byte for byte, what the user has trusted. The record of trust holds the contents themselves.

use crate::{SettingsError, edit, file, folders};
use nix::unistd::geteuid;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use toml_edit::{DocumentMut, value};

/// The name of a project's file.
pub const NAME: &str = ".sayso.toml";
/// Largest file of a project, in bytes. Hand-chosen, 2026-11-28: a thousand words.
const MAX_BYTES: usize = 64 << 10;
/// Most folders above the working directory that are looked at. Hand-chosen, 2026-11-28.
const MAX_DEPTH: usize = 64;

/// How a project's file stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Its words count: spoken form → written form. Beside them the first mistake in the file.
    Trusted(Vec<(String, String)>, Option<SettingsError>),
    /// The user has not trusted it as it is now.
    Untrusted,
    /// It may not be trusted; why.
    Refused(String),
}

/// The project's file that counts for `folder`: the nearest one in it or above it.
pub fn find(folder: &Path) -> Option<PathBuf> {
    let mut files = folder.ancestors().take(MAX_DEPTH).map(|folder| folder.join(NAME));
    files.find(|file| fs::symlink_metadata(file).is_ok())
}

/// Reads the file at `path` if the user has trusted it. Nothing of an untrusted file is looked at but its bytes.
pub fn read(path: &Path) -> Standing {
    match bytes(path) {
        Err(why) => Standing::Refused(why),
        Ok(content) if is_trusted(path, &content) => {
            let (settings, mistakes) = file::parse(content.as_bytes());
            let mistake = mistakes.into_iter().next().map(|mistake| mistake.inside(path));
            Standing::Trusted(settings.words, mistake)
        }
        Ok(_) => Standing::Untrusted,
    }
}

/// What a project's file says, for the user to see before trusting it.
#[derive(Debug)]
pub struct Preview {
    /// Pairs of a spoken and a written form.
    pub words: Vec<(String, String)>,
    /// The first entry that cannot be used.
    pub mistake: Option<SettingsError>,
}

/// The words in the file at `path`, trusted or not, for the user to see before trusting them.
///
/// # Errors
/// Says why it can never be trusted.
pub fn preview(path: &Path) -> Result<Preview, String> {
    let (settings, mistakes) = file::parse(bytes(path)?.as_bytes());
    let mistake = mistakes.into_iter().next().map(|mistake| mistake.inside(path));
    Ok(Preview { words: settings.words, mistake })
}

/// Trusts the file at `path` with the content that it has now.
///
/// # Errors
/// Says why it can never be trusted, or why the record of trust cannot be written.
pub fn trust(path: &Path) -> Result<(), String> {
    let content = bytes(path)?;
    change_record(|record| {
        record.insert(&path.display().to_string(), value(content));
    })
}

/// Trusts the file at `path` no longer. Returns whether it was trusted.
///
/// # Errors
/// Says why the record of trust cannot be written.
pub fn distrust(path: &Path) -> Result<bool, String> {
    let mut was_trusted = false;
    change_record(|record| was_trusted = record.remove(&path.display().to_string()).is_some())?;
    Ok(was_trusted)
}

/// The content of a project's file, if it may be trusted at all.
fn bytes(path: &Path) -> Result<String, String> {
    let facts = fs::symlink_metadata(path).map_err(|error| format!("it cannot be read: {error}"))?;
    if !facts.is_file() {
        return Err("it is no regular file".to_owned());
    }
    if facts.uid() != geteuid().as_raw() {
        return Err("it belongs to somebody else".to_owned());
    }
    if facts.len() > MAX_BYTES as u64 {
        return Err(format!("it has more than {MAX_BYTES} bytes"));
    }
    let bytes = crate::bytes_of(path).map_err(|error| format!("it cannot be read: {error}"))?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}

fn is_trusted(path: &Path, content: &str) -> bool {
    let Some(record) = folders::trusted_file() else { return false };
    let Ok(Some(record)) = read_record(&record) else { return false };
    record.get(&path.display().to_string()).and_then(|item| item.as_str()) == Some(content)
}

/// The record of trust; `None` where there is none. One that others could have written does not count.
fn read_record(path: &Path) -> io::Result<Option<DocumentMut>> {
    let facts = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        facts => facts?,
    };
    if facts.uid() != geteuid().as_raw() || facts.mode() & 0o022 != 0 {
        return Err(io::Error::other(
            "others could have written it; remove it, and trust your projects again",
        ));
    }
    let text = String::from_utf8(crate::bytes_of(path)?).map_err(io::Error::other)?;
    text.parse().map(Some).map_err(io::Error::other)
}

fn change_record(change: impl FnOnce(&mut DocumentMut)) -> Result<(), String> {
    let path = folders::trusted_file().ok_or("there is no home folder to keep the record of trust in")?;
    let record = read_record(&path)
        .map_err(|error| format!("the record of trust, {}, cannot be read: {error}", path.display()))?;
    let mut record = record.unwrap_or_default();
    change(&mut record);
    edit::write(&path, &record.to_string()).map_err(|error| error.to_string())
}
