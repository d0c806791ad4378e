//! What the tests need on the machine, and what to do where it is missing.

use std::path::Path;

const INSTALL: &str = "apt-get install tmux zsh fish shellcheck zsh-autosuggestions zsh-syntax-highlighting \
                       (or brew install the same, and bash)";

/// Fails where `program` is not installed, and says what to do.
pub(crate) fn need(program: &str) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    assert!(found, "{program} is missing, and the tests of the shells need it: {INSTALL}");
}

/// The file of a zsh plugin, from where Debian and Homebrew put it.
pub(crate) fn zsh_plugin(name: &str) -> String {
    let folders = ["/usr/share", "/opt/homebrew/share", "/usr/local/share"];
    let files = folders.map(|folder| format!("{folder}/{name}/{name}.zsh"));
    let found = files.into_iter().find(|file| Path::new(file).is_file());
    found.unwrap_or_else(|| panic!("{name} is missing, and the tests of the shells need it: {INSTALL}"))
}
