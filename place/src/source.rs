//! Where a name comes from.

/// Where a name comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// A file below the working directory, or one that the line may name from there.
    File,
    /// A folder there.
    Folder,
    /// A branch of the repository.
    Branch,
    /// A tag.
    Tag,
    /// A remote.
    Remote,
    /// A script of `package.json` or of `pyproject.toml`.
    Script,
    /// A target of a Makefile or a recipe of a justfile.
    Target,
    /// A package, binary or example of Cargo.
    Package,
    /// A service of a compose file.
    Service,
    /// A host of the SSH configuration or of the known hosts.
    Host,
    /// A variable of the environment.
    Variable,
    /// A program on the PATH.
    Program,
    /// An alias of the shell.
    Alias,
    /// A function of the shell.
    Function,
    /// A word of the history.
    History,
}

impl Source {
    /// What `explain` and `sayso here` call it.
    pub fn name(self) -> &'static str {
        match self {
            Source::File => "file here",
            Source::Folder => "folder here",
            Source::Branch => "branch",
            Source::Tag => "tag",
            Source::Remote => "remote",
            Source::Script => "script",
            Source::Target => "target",
            Source::Package => "package",
            Source::Service => "service",
            Source::Host => "host",
            Source::Variable => "environment",
            Source::Program => "program",
            Source::Alias => "alias",
            Source::Function => "function",
            Source::History => "history",
        }
    }
}

/// Which sources are read: the switches under `[here]` in the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sources {
    /// Files and folders.
    pub files: bool,
    /// Branches, tags and remotes.
    pub git: bool,
    /// Scripts, targets, packages and services.
    pub tasks: bool,
    /// Hosts.
    pub hosts: bool,
    /// Programs, aliases, functions and names of the environment.
    pub shell: bool,
    /// Words of the history.
    pub history: bool,
}

impl Sources {
    /// None.
    pub const NONE: Sources =
        Sources { files: false, git: false, tasks: false, hosts: false, shell: false, history: false };
}

impl Default for Sources {
    fn default() -> Sources {
        Sources { files: true, git: true, tasks: true, hosts: true, shell: true, history: true }
    }
}
