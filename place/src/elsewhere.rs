//! Folders that a line itself names, such as `/etc/nginx/` in `vim /etc/nginx/sites`: read when they are asked for.

use crate::names::Names;
use crate::source::Source;
use crate::stamp::Stamps;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most entries of such a folder that are known. Hand-chosen on 2026-11-29.
const MAX_ENTRIES: usize = 20_000;

/// The names in one folder.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Its files and folders.
    pub names: Names,
    /// What was read.
    pub stamps: Stamps,
}

impl Listing {
    /// Reads a folder. Blocks as long as the disk does; what cannot be read has no names.
    pub fn read(folder: &Path) -> Listing {
        let mut stamps = Stamps::default();
        stamps.note(folder);
        let mut names: Vec<(String, Source)> = Vec::new();
        for entry in fs::read_dir(folder).into_iter().flatten().take(MAX_ENTRIES).flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let Ok(kind) = entry.file_type() else { continue };
            let is_folder = kind.is_dir() || kind.is_symlink() && entry.path().is_dir();
            names.push((name, if is_folder { Source::Folder } else { Source::File }));
        }
        names.sort();
        Listing { names: Names::new(names), stamps }
    }
}

type List = dyn Fn(&Path) -> Option<Arc<Listing>> + Send + Sync;

/// Lists folders that a line names.
#[derive(Clone, Default)]
pub struct Elsewhere {
    list: Option<Arc<List>>,
    cwd: PathBuf,
    home: Option<PathBuf>,
}

impl fmt::Debug for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elsewhere").field("cwd", &self.cwd).finish_non_exhaustive()
    }
}

impl Elsewhere {
    /// Lists folders by `list`, which gives none where that would take too long.
    pub fn new(
        cwd: &Path,
        home: Option<&Path>,
        list: impl Fn(&Path) -> Option<Arc<Listing>> + Send + Sync + 'static,
    ) -> Elsewhere {
        Elsewhere { list: Some(Arc::new(list)), cwd: cwd.to_owned(), home: home.map(Path::to_owned) }
    }

    /// What is in the folder that a word names up to its last slash; `None` if it names none outside of the working
    /// directory, or if the folder is not known in time.
    pub fn below(&self, word: &str) -> Option<Arc<Listing>> {
        let list = self.list.as_ref()?;
        let is_plain =
            |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '+' | '@' | ':' | ',');
        let folder = match word.strip_prefix("~/") {
            _ if !word.ends_with('/') => return None,
            Some(below) => self.home.as_ref()?.join(below),
            None if word.starts_with('/') => PathBuf::from(word),
            None if word.starts_with("../") => self.cwd.join(word),
            None => return None,
        };
        if !word.chars().skip(usize::from(word.starts_with('~'))).all(is_plain) {
            return None;
        }
        list(&folder).filter(|listing| !listing.names.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_outside_that_are_written_plainly_are_asked_for() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("My Notes.md"), "").unwrap();
        let base = root.path().to_str().unwrap().to_owned();
        let elsewhere = Elsewhere::new(&root.path().join("x"), Some(root.path()), |folder: &Path| {
            Some(Arc::new(Listing::read(folder)))
        });
        for word in [format!("{base}/"), "~/".to_owned(), format!("{base}/./")] {
            assert!(elsewhere.below(&word).unwrap().names.get("My Notes.md").is_some(), "{word}");
        }
        for word in [base.as_str(), "src/", "/no/such/folder/", "$HOME/", "\"~/\"/", "~root/", "/tmp/*/"] {
            assert!(elsewhere.below(word).is_none(), "{word}");
        }
        assert!(Elsewhere::default().below("/").is_none());
    }
}
