//! The working directory: its files and folders, its repository and its tasks.

use crate::source::{Source, Sources};
use crate::stamp::Stamps;
use crate::tasks::{self, Tasks};
use crate::{Names, git};
use std::collections::{HashSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

// The limits below were hand-chosen on 2026-11-28.

/// Most files and folders that are known below the working directory.
const MAX_ENTRIES: usize = 100_000;
/// Most that are known of the home folder and of the folder above.
const MAX_NEARBY: usize = 2_000;
/// Most entries of one folder.
const MAX_IN_FOLDER: usize = 20_000;
/// Most folders between the working directory and a file.
const MAX_DEPTH: usize = 12;
/// Longest time that a walk goes on.
const MAX_WALK: Duration = Duration::from_secs(2);
/// Folders that are named but not entered: nobody says what is in them.
const CLOSED: [&str; 10] =
    [".git", ".hg", ".svn", ".jj", "node_modules", "__pycache__", ".cache", ".venv", ".tox", ".terraform"];

/// What is known of a folder.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
    /// Files and folders, by their path from here, and those of `~` and `..`.
    pub files: Names,
    /// Branches and tags.
    pub refs: Names,
    /// Remotes.
    pub remotes: Names,
    /// Scripts of `package.json` and `pyproject.toml`.
    pub scripts: Names,
    /// Targets of a Makefile.
    pub targets: Names,
    /// Recipes of a justfile.
    pub recipes: Names,
    /// Packages, binaries and examples of Cargo.
    pub packages: Names,
    /// Services of a compose file.
    pub services: Names,
    /// Whether some entries were left out, because there are too many or reading took too long.
    pub is_partial: bool,
    /// How long it took to read and to index.
    pub took: Duration,
    /// What was read.
    pub stamps: Stamps,
}

impl Folder {
    /// Reads a folder. Bounded in entries and in time, but blocks as long as the disk does.
    pub fn read(path: &Path, home: Option<&Path>, sources: Sources) -> Folder {
        let begun = Instant::now();
        let mut folder = Folder { path: path.to_owned(), ..Folder::default() };
        let repository = if sources.git { git::Repository::find(path) } else { None };
        if sources.files {
            let mut stamps = Stamps::default();
            // What is tracked comes first, so that no folder of build output takes its place.
            let tracked = repository.as_ref().map(|git| git.tracked(path, MAX_ENTRIES, &mut stamps));
            let mut names = tracked.unwrap_or_default();
            let mut walk = Walk::new(MAX_ENTRIES, MAX_DEPTH);
            walk.run(path, "");
            folder.is_partial = walk.is_partial;
            let known: HashSet<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
            let others = walk.found.into_iter().filter(|(name, _)| !known.contains(name.as_str()));
            let others: Vec<_> = others.take(MAX_ENTRIES.saturating_sub(names.len())).collect();
            names.extend(others);
            stamps.extend(walk.stamps);
            for (nearby, prefix) in [(path.parent(), "../"), (home, "~/")] {
                let Some(nearby) = nearby.filter(|nearby| *nearby != path || prefix == "~/") else {
                    continue;
                };
                let mut walk = Walk::new(MAX_NEARBY, 2);
                walk.run(nearby, prefix);
                names.extend(walk.found);
                stamps.note(nearby);
            }
            folder.files = Names::new(names);
            folder.stamps = stamps;
        }
        if let Some(repository) = repository {
            folder.refs = Names::new(repository.refs(&mut folder.stamps));
            folder.remotes = Names::new(repository.remotes(&mut folder.stamps));
        }
        if sources.tasks {
            let Tasks { scripts, targets, recipes, packages, services } =
                tasks::read(path, &mut folder.stamps);
            folder = Folder { scripts, targets, recipes, packages, services, ..folder };
        }
        folder.took = begun.elapsed();
        folder
    }

    /// Whether nothing is known of it.
    pub fn is_empty(&self) -> bool {
        self.parts().iter().all(|(_, names)| names.is_empty())
    }

    /// Its indexes, with what each holds.
    pub fn parts(&self) -> [(&'static str, &Names); 8] {
        [
            ("files and folders", &self.files),
            ("branches and tags", &self.refs),
            ("remotes", &self.remotes),
            ("scripts", &self.scripts),
            ("make targets", &self.targets),
            ("just recipes", &self.recipes),
            ("cargo packages", &self.packages),
            ("compose services", &self.services),
        ]
    }

    /// Bytes of memory that it takes.
    pub fn bytes(&self) -> usize {
        self.parts().iter().map(|(_, names)| names.bytes()).sum()
    }
}

/// A walk through a folder, the nearest entries first.
struct Walk {
    most: usize,
    depth: usize,
    found: Vec<(String, Source)>,
    stamps: Stamps,
    is_partial: bool,
}

impl Walk {
    fn new(most: usize, depth: usize) -> Walk {
        Walk { most, depth, found: Vec::new(), stamps: Stamps::default(), is_partial: false }
    }

    /// Finds what is below `root`, as `prefix` and the path from there. Links are named and not followed, so that a
    /// loop of them ends.
    fn run(&mut self, root: &Path, prefix: &str) {
        let begun = Instant::now();
        let mut waiting = VecDeque::from([(root.to_owned(), prefix.to_owned(), 0)]);
        while let Some((path, prefix, depth)) = waiting.pop_front() {
            if self.found.len() >= self.most || begun.elapsed() > MAX_WALK {
                self.is_partial = true;
                return;
            }
            self.stamps.note(path.clone());
            // A folder that cannot be read has no names.
            let Ok(entries) = fs::read_dir(&path) else { continue };
            let mut here: Vec<(String, bool)> = Vec::new();
            for entry in entries.take(MAX_IN_FOLDER).flatten() {
                // Names that are no text cannot be said.
                let Ok(name) = entry.file_name().into_string() else { continue };
                let Ok(kind) = entry.file_type() else { continue };
                let is_folder = kind.is_dir() || kind.is_symlink() && entry.path().is_dir();
                if kind.is_dir() && depth + 1 < self.depth && !CLOSED.contains(&name.as_str()) {
                    waiting.push_back((entry.path(), format!("{prefix}{name}/"), depth + 1));
                }
                here.push((name, is_folder));
            }
            // The order of a folder differs from disk to disk, and a bound must always cut at the same place.
            here.sort();
            waiting.make_contiguous().sort_by(|a, b| (a.2, &a.1).cmp(&(b.2, &b.1)));
            for (name, is_folder) in here {
                let source = if is_folder { Source::Folder } else { Source::File };
                self.found.push((format!("{prefix}{name}"), source));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn touch(root: &Path, path: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }

    #[test]
    fn files_refs_and_tasks_of_a_folder() {
        let root = tempfile::tempdir().unwrap();
        let at = root.path().join("here");
        for path in ["src/main.rs", "node_modules/x/index.js", "a\nb", "-rf"] {
            touch(&at, path);
        }
        fs::create_dir_all(at.join(".git/refs/heads/feature")).unwrap();
        fs::write(at.join(".git/HEAD"), "ref: refs/heads/main").unwrap();
        fs::write(at.join(".git/refs/heads/feature/pump"), "0").unwrap();
        fs::write(at.join(".git/packed-refs"), "# pack-refs\n0 refs/tags/v1.0\n0 refs/remotes/origin/main\n")
            .unwrap();
        fs::write(at.join(".git/config"), "[remote \"origin\"]\n\turl = x\n").unwrap();
        fs::write(at.join("package.json"), r#"{"scripts": {"test:unit": "x"}}"#).unwrap();
        fs::write(at.join("Makefile"), "CC := gcc\nall: a.o\n\ttrue\n.PHONY: all\n%.o: %.c\n").unwrap();
        fs::write(at.join("justfile"), "set shell := [\"sh\"]\nbump-version part='x':\n  true\n").unwrap();
        fs::write(
            at.join("compose.yml"),
            "services:\n  web-app:\n    image: x\n  db:\n    image: y\nvolumes:\n  v:\n",
        )
        .unwrap();
        let folder = Folder::read(&at, None, Sources::default());
        let all = |names: &Names| names.iter().map(|name| name.text.to_owned()).collect::<Vec<_>>();
        let files = all(&folder.files);
        assert!(files.contains(&"src/main.rs".to_owned()) && files.contains(&"node_modules".to_owned()));
        assert!(
            !files
                .iter()
                .any(|name| name.contains("index.js") || name.contains('\n') || name.starts_with('-'))
        );
        assert_eq!(all(&folder.refs), ["feature/pump", "origin/main", "v1.0"]);
        assert_eq!(all(&folder.remotes), ["origin"]);
        assert_eq!(all(&folder.scripts), ["test:unit"]);
        assert_eq!(all(&folder.targets), ["all"]);
        assert_eq!(all(&folder.recipes), ["bump-version"]);
        assert_eq!(all(&folder.services), ["web-app", "db"]);
        assert!(!folder.stamps.is_stale());
        touch(&at, "new.rs");
        assert!(folder.stamps.is_stale());
    }

    #[test]
    fn what_git_tracks_comes_before_what_a_build_left() {
        let root = tempfile::tempdir().unwrap();
        let at = root.path();
        for path in ["build/a.out", "src/deep/er/main.rs", "README.md"] {
            touch(at, path);
        }
        fs::create_dir(at.join(".git")).unwrap();
        let index = b"DIRC\0\0\0\x02\0\0\0\x01".iter().copied().chain([0; 60]).chain([0, 19]);
        let index = index.chain(*b"src/deep/er/main.rs").chain([0; 7]);
        fs::write(at.join(".git/index"), index.collect::<Vec<u8>>()).unwrap();
        let files = |at: &Path| {
            let folder = Folder::read(at, None, Sources::default());
            folder.files.iter().map(|name| name.text.to_owned()).collect::<Vec<_>>()
        };
        let all = files(at);
        assert_eq!(all[..4], ["src", "src/deep", "src/deep/er", "src/deep/er/main.rs"]);
        assert!(all.contains(&"README.md".to_owned()) && all.contains(&"build/a.out".to_owned()), "{all:?}");
        assert_eq!(files(&at.join("src"))[..3], ["deep", "deep/er", "deep/er/main.rs"]);
    }

    #[test]
    fn loops_of_links_and_folders_that_vanished_end() {
        let root = tempfile::tempdir().unwrap();
        let at = root.path().join("here");
        touch(&at, "a/b.txt");
        symlink(&at, at.join("a/again")).unwrap();
        let folder = Folder::read(&at, Some(root.path()), Sources::default());
        assert!(folder.files.len() < 20 && folder.files.get("a/again").is_some());
        assert!(Folder::read(&root.path().join("gone"), None, Sources::default()).files.len() < 20);
        assert!(Folder::read(&at, None, Sources::NONE).is_empty());
    }
}
