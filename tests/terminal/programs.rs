//! The programs under test, built where nothing has built them yet.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

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
