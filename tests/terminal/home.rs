//! A home of its own for every test: start files, settings, the socket's folder.

use super::programs;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A home folder that ends with the test, and a daemon that was started in it with it.
pub(crate) struct Home {
    folder: TempDir,
    programs: PathBuf,
}

impl Home {
    /// An empty home, with a runtime folder in it.
    pub(crate) fn new() -> Home {
        // Short, because the path of the socket may have 103 bytes.
        let short = fs::canonicalize("/tmp").unwrap();
        let folder = tempfile::Builder::new().prefix("sayso").tempdir_in(short).unwrap();
        let home = Home { folder, programs: programs::folder().to_owned() };
        home.settings("");
        for private in [home.runtime(), home.runtime().join("sayso")] {
            fs::create_dir(&private).unwrap();
            fs::set_permissions(&private, fs::Permissions::from_mode(0o700)).unwrap();
        }
        home
    }

    /// A home with a settings file.
    pub(crate) fn with_settings(settings: &str) -> Home {
        let home = Home::new();
        home.settings(settings);
        home
    }

    fn settings(&self, settings: &str) {
        // Should a test be killed, the daemon that it started ends by itself.
        self.write("settings.toml", &format!("{settings}\n[daemon]\nidle_minutes = 1\n"));
    }

    /// A home in which the client is installed and the daemon is not.
    pub(crate) fn without_daemon() -> Home {
        let mut home = Home::new();
        home.programs = home.path().join("bin");
        fs::create_dir(&home.programs).unwrap();
        // By a process of its own: a shell that another test starts meanwhile would inherit the descriptor that
        // writes the program, and a program that is being written cannot be started.
        let copied = Command::new("cp").arg(programs::folder().join("sayso")).arg(&home.programs).status();
        assert!(copied.unwrap().success());
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The socket's place in this home.
    pub(crate) fn socket(&self) -> PathBuf {
        self.runtime().join("sayso/sayso.sock")
    }

    /// The folder that everything of a user at run time lies in.
    pub(crate) fn runtime(&self) -> PathBuf {
        self.path().join("run")
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// All that the programs of a test find in their environment.
    pub(crate) fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut path = OsString::from(&self.programs);
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        vec![
            ("HOME", self.path().into()),
            ("XDG_RUNTIME_DIR", self.runtime().into()),
            ("SAYSO_CONFIG", self.path().join("settings.toml").into()),
            ("PATH", path),
            ("LANG", if cfg!(target_os = "macos") { "en_US.UTF-8" } else { "C.UTF-8" }.into()),
            ("SHELL", "/bin/sh".into()),
        ]
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // Where a test started the real daemon, it ends here; its answer says that it will.
        if let Ok(mut stream) = UnixStream::connect(self.socket()) {
            let _ = stream.write_all(b"{\"v\":1,\"id\":1,\"op\":\"shutdown\"}\n");
            let _ = BufReader::new(stream).read_line(&mut String::new());
        }
    }
}
