//! A home of its own for every test: start files, settings, and the folder of the socket.

use crate::programs;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// A folder with the home of a person in it. It is removed at the end of the test, and a daemon that listens in it
/// ends.
pub struct Home {
    folder: TempDir,
    /// `$HOME`, in the folder.
    path: PathBuf,
    /// The folder of the programs under test.
    programs: PathBuf,
}

impl Home {
    /// An empty home, with a runtime folder beside it.
    pub fn new() -> Home {
        Home::named("home")
    }

    /// An empty home whose folder has this name.
    pub fn named(name: &str) -> Home {
        // Short, because the path of a socket may have 103 bytes at most.
        let short = fs::canonicalize("/tmp").unwrap();
        let folder = tempfile::Builder::new().prefix("sayso").tempdir_in(short).unwrap();
        let home = Home { path: folder.path().join(name), folder, programs: programs::folder() };
        fs::create_dir(&home.path).unwrap();
        fs::DirBuilder::new().mode(0o700).create(home.runtime()).unwrap();
        home.settings("");
        home
    }

    /// A home with a settings file.
    pub fn with_settings(settings: &str) -> Home {
        let home = Home::new();
        home.settings(settings);
        home
    }

    /// A home whose daemon may take its time, for a machine that has much else to do.
    pub fn patient() -> Home {
        Home::with_settings("deadline_ms = 60000")
    }

    /// A home in which the client is installed and the daemon is not.
    pub fn without_daemon() -> Home {
        let mut home = Home::new();
        home.programs = home.folder().join("bin");
        fs::create_dir(&home.programs).unwrap();
        programs::copy("sayso", &home.programs);
        home
    }

    /// `$HOME`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder that holds the home and what lies beside it; a test may keep its own files there.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `$XDG_RUNTIME_DIR`.
    pub fn runtime(&self) -> PathBuf {
        self.folder().join("run")
    }

    /// Where the socket is.
    pub fn socket(&self) -> PathBuf {
        self.socket_folder().join("sayso.sock")
    }

    /// The folder of the socket. Whoever listens first makes it.
    pub fn socket_folder(&self) -> PathBuf {
        self.runtime().join("sayso")
    }

    /// Makes the folder of the socket with this mode, before a daemon does.
    pub fn make_socket_folder(&self, mode: u32) {
        fs::create_dir_all(self.socket_folder()).unwrap();
        fs::set_permissions(self.socket_folder(), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The settings file, `settings.toml`.
    pub fn settings_file(&self) -> PathBuf {
        self.folder().join("settings.toml")
    }

    /// Replaces the settings. They keep their line numbers: what is added comes after them.
    pub fn settings(&self, settings: &str) {
        // When a test is killed, the daemon that it started ends by itself.
        let text = format!("{settings}\n[daemon]\nidle_minutes = 1\n");
        fs::write(self.settings_file(), text).unwrap();
    }

    /// The folder of the logs.
    pub fn logs(&self) -> PathBuf {
        self.path().join(if cfg!(target_os = "macos") {
            "Library/Caches/sayso"
        } else {
            ".local/state/sayso"
        })
    }

    /// Everything that was logged so far. The daemon writes its log behind its work, so there may be nothing yet.
    pub fn log(&self) -> String {
        let Ok(files) = fs::read_dir(self.logs()) else { return String::new() };
        files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    }

    /// The folder of the language models.
    pub fn models(&self) -> PathBuf {
        let data = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
        self.path().join(data).join("sayso/models")
    }

    /// Writes a file below `$HOME`, and the folders above it.
    pub fn write(&self, path: &str, content: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// The whole environment of the programs in this home. Of the tester's own only the search path is in it, behind
    /// the programs under test.
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut path = OsString::from(&self.programs);
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        vec![
            ("HOME", self.path().into()),
            ("XDG_RUNTIME_DIR", self.runtime().into()),
            ("SAYSO_CONFIG", self.settings_file().into()),
            ("PATH", path),
            ("LANG", if cfg!(target_os = "macos") { "en_US.UTF-8" } else { "C.UTF-8" }.into()),
            ("SHELL", "/bin/sh".into()),
        ]
    }

    /// A program, to be run in this home with its environment and no other.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.environment()).current_dir(self.path());
        command
    }

    /// The tester's own search path, with `folder` put first.
    pub fn search_path_with(&self, folder: &Path) -> OsString {
        let mut path = OsString::from(folder);
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        path
    }
}

impl Default for Home {
    fn default() -> Home {
        Home::new()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // A daemon that a client started ends here: its reply says that it will.
        if let Ok(mut stream) = UnixStream::connect(self.socket()) {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
            let _ = stream.write_all(b"{\"v\":1,\"id\":1,\"op\":\"shutdown\"}\n");
            let _ = BufReader::new(stream).read_line(&mut String::new());
        }
    }
}
