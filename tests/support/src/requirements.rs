//! What system tests need on the machine, and what to do when it is missing.

use std::io::{Write, stderr};
use std::path::Path;

/// Fails when `program` is not installed, and says what to do.
#[track_caller]
pub fn need(program: &str) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    assert!(found, "this test needs {program}: `bash scripts/packages.sh` installs it");
}

/// The file of a zsh plugin, as Debian and Homebrew install it.
#[track_caller]
pub fn zsh_plugin(name: &str) -> String {
    let folders = ["/usr/share", "/opt/homebrew/share", "/usr/local/share"];
    let files = folders.map(|folder| format!("{folder}/{name}/{name}.zsh"));
    let found = files.into_iter().find(|file| Path::new(file).is_file());
    found.unwrap_or_else(|| panic!("this test needs {name}: `bash scripts/packages.sh` installs it"))
}

/// Says that this user or this kernel does not allow a test. The message goes past the test harness, which captures
/// what is printed. CI allows every test, so there it is a failure.
pub fn not_run(test: &str, why: &str) {
    assert!(std::env::var_os("CI").is_none(), "in CI every test must run, and {test} cannot: {why}");
    let _ = writeln!(stderr(), "NOT RUN: {test}: {why}");
}
