//! The programs under test, built where nothing has built them yet.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The folder that holds `sayso`, `saysod` and `sayso-lab`, all of them up to date.
///
/// Cargo tells a test the programs of its own crate only, and builds no others for it.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_BIN_EXE_sayso")).parent().unwrap().to_owned();
        if let Some(cargo) = std::env::var_os("CARGO") {
            let profile = folder.file_name().and_then(|name| name.to_str()).unwrap();
            let status = Command::new(cargo)
                .args(["build", "--quiet", "-p", "saysod", "-p", "sayso-lab"])
                .args(["--profile", if profile == "debug" { "dev" } else { profile }])
                .arg("--target-dir")
                .arg(folder.parent().unwrap())
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .status()
                .unwrap();
            assert!(status.success(), "cargo could not build saysod and sayso-lab");
        }
        for program in ["saysod", "sayso-lab"] {
            let path = folder.join(program);
            assert!(path.exists(), "{} is missing: cargo build -p {program}", path.display());
        }
        folder
    })
}

/// Writes a shell script that can be run. By a process of its own: a child that another test starts meanwhile would
/// inherit the descriptor that writes the program, and a program that is being written cannot be started.
#[allow(dead_code)]
pub(crate) fn write(path: &Path, script: &str) {
    let written = Command::new("sh")
        .args(["-c", r#"printf '#!/bin/sh\n%s\n' "$2" >"$1" && chmod 755 "$1""#, "sh"])
        .arg(path)
        .arg(script)
        .status();
    assert!(written.unwrap().success());
}
