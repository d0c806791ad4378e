#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod atuin;
mod elsewhere;
mod fold;
mod folder;
mod git;
mod git_index;
mod history;
mod hosts;
mod names;
pub mod quoting;
mod said;
mod shell;
mod source;
mod spoken;
mod stamp;
mod tasks;
mod user;

pub use elsewhere::{Elsewhere, Listing};
pub use folder::Folder;
pub use history::History;
pub use names::{Found, Name, Names};
pub use said::{OTHERWISE, Said};
pub use shell::Shell;
pub use source::{Source, Sources};
pub use stamp::Stamps;
pub use user::User;

use std::sync::Arc;

/// All that is known where a line is dictated. Each part is shared and replaced as a whole when it was read anew.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// The working directory and its repository.
    pub folder: Arc<Folder>,
    /// What belongs to the user everywhere: hosts and history.
    pub user: Arc<User>,
    /// What the shell knows: programs, aliases, functions, environment.
    pub shell: Arc<Shell>,
    /// Folders that the line names.
    pub elsewhere: Elsewhere,
}

impl Place {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.folder.is_empty() && self.user.is_empty() && self.shell.is_empty()
    }
}
