//! The programs under test, and other programs that a test makes.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A program of this build that is not there.
#[derive(Debug, thiserror::Error)]
#[error("there is no {}: build it first with `cargo build --workspace --bins`, or run `tests/run`", .0.display())]
pub struct MissingProgram(PathBuf);

/// The folder where Cargo and the installer put the programs: the one of the running program, or the one above it for
/// a test.
pub fn folder() -> PathBuf {
    let mut folder = std::env::current_exe().expect("a program knows where it is");
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    folder
}

/// A program of this build, such as `saysod`. Whatever else has this name on the search path is not taken.
///
/// # Errors
/// When it was not built.
pub fn find(name: &str) -> Result<PathBuf, MissingProgram> {
    let path = folder().join(name);
    if path.is_file() { Ok(path) } else { Err(MissingProgram(path)) }
}

/// A program of this build.
///
/// # Panics
/// When it was not built, with what to do.
#[track_caller]
pub fn program(name: &str) -> PathBuf {
    find(name).unwrap_or_else(|missing| panic!("{missing}"))
}

/// Copies a program of this build into a folder.
///
/// A process of its own does the writing, here and in [`write()`]. If this process did, a child that another test starts
/// meanwhile could inherit the open file, and a program that is open for writing cannot be started.
pub fn copy(name: &str, folder: &Path) {
    let copied = Command::new("cp").arg(program(name)).arg(folder.join(name)).status();
    assert!(copied.unwrap().success());
}

/// Writes a shell script that can be run.
pub fn write(path: &Path, script: &str) {
    let written = Command::new("sh")
        .args(["-c", r#"printf '#!/bin/sh\n%s\n' "$2" >"$1" && chmod 755 "$1""#, "sh"])
        .arg(path)
        .arg(script)
        .status();
    assert!(written.unwrap().success());
}
