//! Refs and remotes, read from a repository's files. No git is started.

use crate::git_index;
use crate::source::Source;
use crate::stamp::Stamps;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Most refs that are known. Hand-chosen on 2026-11-28.
const MAX_REFS: usize = 20_000;
/// Largest file that is read, in bytes. Hand-chosen on 2026-11-28.
const MAX_FILE_BYTES: u64 = 8 << 20;

/// A repository: where its files lie.
pub(crate) struct Repository {
    /// The root of the work tree.
    root: PathBuf,
    /// Of this worktree: HEAD.
    own: PathBuf,
    /// Of all worktrees: refs, packed refs, configuration.
    common: PathBuf,
}

impl Repository {
    /// The repository that a folder is in.
    pub(crate) fn find(folder: &Path) -> Option<Repository> {
        let root = folder.ancestors().find(|folder| folder.join(".git").exists())?;
        let dot_git = root.join(".git");
        let own = match dot_git.is_dir() {
            true => dot_git,
            // A worktree or a submodule: a file that says where.
            false => {
                let text = text_of(&dot_git)?;
                let path = text.strip_prefix("gitdir:")?.trim();
                root.join(path)
            }
        };
        let common = match text_of(&own.join("commondir")) {
            Some(path) => own.join(path.trim()),
            None => own.clone(),
        };
        Some(Repository { root: root.to_owned(), own, common })
    }

    /// The tracked files below a folder and the folders that they are in, by their paths from there, the nearest first.
    pub(crate) fn tracked(&self, folder: &Path, most: usize, stamps: &mut Stamps) -> Vec<(String, Source)> {
        let index = self.own.join("index");
        stamps.note(&index);
        let below = folder.strip_prefix(&self.root).ok().and_then(Path::to_str);
        let Some(below) = below else { return Vec::new() };
        let mut found: BTreeSet<(usize, String, Source)> = BTreeSet::new();
        for (path, is_submodule) in git_index::tracked(&index).unwrap_or_default() {
            let Some(path) = path.strip_prefix(below) else { continue };
            let path = match (below.is_empty(), path.strip_prefix('/')) {
                (true, _) => path,
                (false, Some(path)) => path,
                // It only begins alike: `source` below `src`.
                (false, None) => continue,
            };
            let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
            let named = folders.map(|folder| (folder, Source::Folder));
            let own = (path, if is_submodule { Source::Folder } else { Source::File });
            for (name, source) in named.chain([own]) {
                found.insert((name.matches('/').count(), name.to_owned(), source));
            }
        }
        found.into_iter().take(most).map(|(_, name, source)| (name, source)).collect()
    }

    /// Branches, tags and branches of remotes.
    pub(crate) fn refs(&self, stamps: &mut Stamps) -> Vec<(String, Source)> {
        let mut found: BTreeSet<(String, Source)> = BTreeSet::new();
        let packed = self.common.join("packed-refs");
        stamps.note(self.own.join("HEAD"));
        stamps.note(&packed);
        for line in text_of(&packed).unwrap_or_default().lines() {
            found.extend(line.split_once(' ').and_then(|(_, name)| of_ref(name)));
        }
        let mut waiting = vec![("refs".to_owned(), 0)];
        while let Some((name, depth)) = waiting.pop() {
            let folder = self.common.join(&name);
            stamps.note(&folder);
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let Ok(part) = entry.file_name().into_string() else { continue };
                let name = format!("{name}/{part}");
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() && depth < 8 => waiting.push((name, depth + 1)),
                    Ok(kind) if kind.is_file() => found.extend(of_ref(&name)),
                    _ => {}
                }
                if found.len() > MAX_REFS {
                    return found.into_iter().collect();
                }
            }
        }
        found.into_iter().collect()
    }

    /// Remotes.
    pub(crate) fn remotes(&self, stamps: &mut Stamps) -> Vec<(String, Source)> {
        let path = self.common.join("config");
        stamps.note(&path);
        let text = text_of(&path).unwrap_or_default();
        let name = |line: &str| Some(line.trim().strip_prefix("[remote \"")?.strip_suffix("\"]")?.to_owned());
        text.lines().filter_map(name).map(|name| (name, Source::Remote)).collect()
    }
}

/// What a full name of a ref is called on a command line.
fn of_ref(name: &str) -> Option<(String, Source)> {
    if let Some(branch) = name.strip_prefix("refs/heads/") {
        return Some((branch.to_owned(), Source::Branch));
    }
    if let Some(tag) = name.strip_prefix("refs/tags/") {
        return Some((tag.to_owned(), Source::Tag));
    }
    let remote = name.strip_prefix("refs/remotes/")?;
    (!remote.ends_with("/HEAD")).then(|| (remote.to_owned(), Source::Branch))
}

/// A file's text, if it is there, is text and is not huge.
pub(crate) fn text_of(path: &Path) -> Option<String> {
    let file = fs::metadata(path).ok()?;
    if !file.is_file() || file.len() > MAX_FILE_BYTES {
        return None;
    }
    fs::read_to_string(path).ok()
}
