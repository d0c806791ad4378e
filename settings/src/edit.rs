//! Changes to the settings file that leave everything else in it as it was, comments too.

use crate::file::MAX_WORDS;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use toml_edit::{DocumentMut, Item, Table, value};

/// Why the settings stay as they are.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The settings file is no TOML, so that it cannot be changed without damage.
    #[error(
        "{path} cannot be changed, because it is no valid TOML ({why}); nothing was changed. `sayso config check` \
             shows where the mistake is"
    )]
    NotToml {
        /// The settings file.
        path: PathBuf,
        /// What the parser says, on one line.
        why: String,
    },
    /// What should be a section is something else.
    #[error("`{1}` in {0} is no section, so that nothing fits into it; nothing was changed")]
    NoSection(PathBuf, &'static str),
    /// A form that no command line may hold.
    #[error("{0}; nothing was changed")]
    Form(String),
    /// More words than the settings may have.
    #[error(
        "with these there would be {0} words, more than the {MAX_WORDS} that are allowed; nothing was changed"
    )]
    TooMany(usize),
    /// The settings file cannot be read or written.
    #[error("{path} cannot be changed: {error}; it stays as it was")]
    Io {
        /// The settings file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// Turns learning on or off in the settings file at `path`, which is made if need be.
///
/// # Errors
/// An [`EditError`] says why nothing was changed.
pub fn set_learning(path: &Path, is_enabled: bool) -> Result<(), EditError> {
    let mut document = read(path)?;
    section(&mut document, path, "learn")?.insert("enabled", value(is_enabled));
    write(path, &document.to_string())
}

/// Names the tagger's weights in the settings file at `path`, which is made if need be; `None` is the built-in ones.
///
/// # Errors
/// An [`EditError`] says why nothing was changed.
pub fn set_tagger(path: &Path, weights: Option<&str>) -> Result<(), EditError> {
    let mut document = read(path)?;
    let section = section(&mut document, path, "tagger")?;
    match weights {
        Some(weights) => drop(section.insert("weights", value(weights))),
        None => drop(section.remove("weights")),
    }
    write(path, &document.to_string())
}

/// The file at `path` as it can be changed; empty where there is none.
pub(crate) fn read(path: &Path) -> Result<DocumentMut, EditError> {
    let text = match crate::bytes_of(path).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => return Err(not_toml(path, "it is not UTF-8")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(EditError::Io { path: path.to_owned(), error }),
    };
    text.parse::<DocumentMut>().map_err(|error| not_toml(path, &error.message().trim().replace('\n', "; ")))
}

fn not_toml(path: &Path, why: &str) -> EditError {
    EditError::NotToml { path: path.to_owned(), why: why.to_owned() }
}

/// The section of this name, which is made if need be.
pub(crate) fn section<'d>(
    document: &'d mut DocumentMut,
    path: &Path,
    name: &'static str,
) -> Result<&'d mut Table, EditError> {
    let item = document.entry(name).or_insert_with(|| Item::Table(Table::new()));
    item.as_table_mut().ok_or_else(|| EditError::NoSection(path.to_owned(), name))
}

/// Replaces the file at once, so that a reader sees the old one or the new one. A symbolic link stays one.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), EditError> {
    let replace = || -> io::Result<()> {
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = target.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let new = folder.join(format!(".sayso-{}.new", std::process::id()));
        // One that was left by a process that died.
        let _ = fs::remove_file(&new);
        let fill = || -> io::Result<()> {
            let mut file = File::options().write(true).create_new(true).mode(0o600).open(&new)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            if let Ok(before) = fs::metadata(&target) {
                file.set_permissions(fs::Permissions::from_mode(before.permissions().mode() & 0o777))?;
            }
            fs::rename(&new, &target)
        };
        fill().inspect_err(|_| drop(fs::remove_file(&new)))
    };
    replace().map_err(|error| EditError::Io { path: path.to_owned(), error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    #[test]
    fn learning_is_turned_on_and_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        set_learning(&path, true).unwrap();
        assert!(Settings::read_usable(&path).0.learn.enabled);
        fs::write(&path, "# mine\n[learn]\nenabled = true # yes\nignore = [\"ssh *\"]\n").unwrap();
        set_learning(&path, false).unwrap();
        let learn = Settings::read_usable(&path).0.learn;
        assert_eq!((learn.enabled, learn.ignore), (false, vec!["ssh *".to_owned()]));
        assert!(fs::read_to_string(&path).unwrap().starts_with("# mine\n"));
    }
}
