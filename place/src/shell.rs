//! What a shell knows: programs, aliases, functions, and the names of its environment.

use crate::names::Names;
use crate::source::Source;
use crate::stamp::Stamps;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Most names of each kind. Hand-chosen on 2026-11-28.
const MAX_NAMES: usize = 20_000;

/// What a shell knows.
#[derive(Debug, Clone, Default)]
pub struct Shell {
    /// Programs of the system's folders.
    pub programs: Names,
    /// What is the user's own: programs of other folders, aliases, functions.
    pub own: Names,
    /// Variables of the environment. Their values are never asked for.
    pub variables: Names,
    /// What was read.
    pub stamps: Stamps,
}

impl Shell {
    /// Reads what a shell says it knows, a line each: `path FOLDERS`, `alias NAME`, `function NAME`, `variable NAME`. The
    /// programs are read from the folders.
    pub fn read(names: &str) -> Shell {
        let mut stamps = Stamps::default();
        let (mut programs, mut own, mut variables) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for line in names.lines().take(MAX_NAMES) {
            match line.split_once(' ') {
                Some(("path", path)) => {
                    for folder in path.split(':').filter(|folder| folder.starts_with('/')) {
                        stamps.note(folder);
                        read_programs(folder, &mut programs, &mut own);
                    }
                }
                Some(("alias", name)) => {
                    own.insert((name.to_owned(), Source::Alias));
                }
                // Those that begin with an underscore are helpers of completions and the like.
                Some(("function", name)) if !name.starts_with('_') => {
                    own.insert((name.to_owned(), Source::Function));
                }
                Some(("variable", name)) if is_variable(name) => {
                    variables.insert((name.to_owned(), Source::Variable));
                }
                _ => {}
            }
        }
        Shell {
            programs: Names::new(programs.into_iter().filter(|(name, _)| is_command(name))),
            own: Names::new(own.into_iter().filter(|(name, _)| is_command(name))),
            variables: Names::new(variables),
            stamps,
        }
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.programs.is_empty() && self.own.is_empty() && self.variables.is_empty()
    }

    /// Whether a word would run: a program, an alias or a function of this name.
    pub fn runs(&self, word: &str) -> bool {
        self.own.get(word).is_some() || self.programs.get(word).is_some()
    }

    /// Bytes of memory that it takes.
    pub fn bytes(&self) -> usize {
        self.programs.bytes() + self.own.bytes() + self.variables.bytes()
    }
}

/// Reads the programs of a folder of the PATH.
fn read_programs(
    folder: &str,
    programs: &mut BTreeSet<(String, Source)>,
    own: &mut BTreeSet<(String, Source)>,
) {
    let is_system = is_system(folder);
    for entry in fs::read_dir(folder).into_iter().flatten().take(MAX_NAMES).flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        if is_system {
            programs.insert((name, Source::Program));
        } else if fs::metadata(entry.path())
            .is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
        {
            own.insert((name, Source::Program));
        }
    }
}

/// Whether a variable may be offered: those that begin with an underscore belong to programs.
fn is_variable(name: &str) -> bool {
    !name.starts_with('_') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether a name can be that of a command without quotes.
fn is_command(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+' | b'@'))
}

/// Whether a folder holds what comes with the system.
fn is_system(folder: &str) -> bool {
    let folder = Path::new(folder);
    ["/usr", "/bin", "/sbin", "/opt/homebrew", "/nix", "/snap"]
        .iter()
        .any(|system| folder.starts_with(system))
        && !folder.starts_with("/usr/local")
}
