//! The files that define a service. They are written whole, and removed only if sayso wrote them.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};

/// A line in every file that sayso writes here. A file without it belongs to somebody else.
pub(super) const MARK: &str = "Written by `sayso service install`; `sayso service uninstall` removes it.";

/// Whether the file exists and was written by sayso.
pub(super) fn is_ours(path: &Path) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text.contains(MARK))
}

/// Writes `text` to `path`, creating the folders above it, and returns whether anything changed.
///
/// The text is written to a file beside it, which is then renamed, so that an interrupted install
/// leaves either the old or the new file. A file that sayso did not write is an error and is kept.
pub(super) fn write(path: &Path, text: &str) -> Result<bool> {
    match fs::read_to_string(path) {
        Ok(old) if old == text => return Ok(false),
        Ok(old) if !old.contains(MARK) => bail!(
            "{} was not written by sayso, so it was kept and no service was installed; move it away and try again",
            path.display()
        ),
        _ => {}
    }
    let folder = path.parent().context("a service file lies in a folder")?;
    let put = || -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let beside = path.with_extension("sayso-new");
        let mut file = fs::File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    put().with_context(|| format!("{} cannot be written; no service was installed", path.display()))?;
    Ok(true)
}

/// Removes the file if sayso wrote it, and returns whether it did. Other files are kept.
pub(super) fn remove(path: &Path) -> Result<bool> {
    if !is_ours(path) {
        return Ok(false);
    }
    fs::remove_file(path)
        .with_context(|| format!("{} cannot be removed; remove it by hand", path.display()))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_once_and_removed_only_when_ours() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a folder").join("unit");
        let text = format!("# {MARK}\n");

        assert!(!remove(&path).unwrap(), "nothing to remove yet");
        assert!(write(&path, &text).unwrap(), "the first time writes");
        assert!(!write(&path, &text).unwrap(), "the second time changes nothing");
        assert!(write(&path, &format!("{text}more\n")).unwrap(), "a newer text replaces ours");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
        assert!(remove(&path).unwrap());
        assert!(!path.exists());

        fs::write(&path, "somebody else's\n").unwrap();
        let error = write(&path, &text).unwrap_err().to_string();
        assert!(error.contains("was kept"), "{error}");
        assert!(!remove(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "somebody else's\n");
    }
}
