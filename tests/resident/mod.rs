//! The real daemon in a home of its own, and a wire to it that checks nothing on its way.

// Each test program uses a part of it.
#![allow(dead_code)]

use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A dictation in the strict dialect.
pub(crate) const SAID: &str = "git space status space dash s";
/// What it means.
pub(crate) const MEANT: &str = "git status -s";

/// A dictation that takes long enough for something else to happen meanwhile.
pub(crate) fn long() -> String {
    "dash ".repeat(25_000)
}

/// A wait that only a defect makes last: everything here is waited for by event.
const PATIENCE: Duration = Duration::from_secs(60);

/// A home folder with at most one daemon in it.
pub(crate) struct Resident {
    home: TempDir,
    child: Option<Child>,
}

impl Resident {
    /// A home without a daemon.
    pub(crate) fn absent() -> Resident {
        // Short, because the path of the socket may have 103 bytes.
        let home = tempfile::Builder::new().prefix("saysod").tempdir_in("/tmp").unwrap();
        let resident = Resident { home, child: None };
        fs::create_dir(resident.runtime()).unwrap();
        resident.write_config("");
        resident
    }

    /// A daemon that listens.
    pub(crate) fn new() -> Resident {
        Resident::with(&[])
    }

    /// A daemon that was started with `arguments` and listens.
    pub(crate) fn with(arguments: &[&str]) -> Resident {
        let mut resident = Resident::absent();
        resident.start(arguments);
        resident
    }

    /// Starts the daemon, and waits until it says that it listens.
    pub(crate) fn start(&mut self, arguments: &[&str]) {
        let mut command = self.command();
        self.spawn(command.args(arguments));
    }

    /// Starts what `command` says is the daemon, and waits until it says that it listens.
    pub(crate) fn spawn(&mut self, command: &mut Command) {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        self.child = Some(child);
        assert!(said.contains("listens on"), "{said:?}");
    }

    /// The daemon's program with nothing of the tester's environment that could matter.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_saysod"));
        for name in ["SAYSO_SOCKET", "LISTEN_PID", "LISTEN_FDS", "XDG_DATA_HOME"] {
            command.env_remove(name);
        }
        command
            .env("HOME", self.path(""))
            .env("XDG_RUNTIME_DIR", self.runtime())
            .env("XDG_STATE_HOME", self.path("state"))
            .env("SAYSO_CONFIG", self.path("config.toml"))
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn runtime(&self) -> PathBuf {
        self.path("run")
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.runtime().join("sayso")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder().join("sayso.sock")
    }

    /// Makes the socket's folder with this mode, before any daemon does.
    pub(crate) fn make_folder(&self, mode: u32) {
        fs::create_dir(self.folder()).unwrap();
        fs::set_permissions(self.folder(), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Writes the settings, below a first line that lets a busy machine take its time.
    pub(crate) fn write_config(&self, text: &str) {
        fs::write(self.path("config.toml"), format!("deadline_ms = 60000\n{text}")).unwrap();
    }

    /// The folder of the logs.
    pub(crate) fn logs(&self) -> PathBuf {
        self.path(if cfg!(target_os = "macos") { "Library/Caches/sayso" } else { "state/sayso" })
    }

    /// All that was logged so far.
    pub(crate) fn log(&self) -> String {
        let files = fs::read_dir(self.logs()).unwrap();
        files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    }

    pub(crate) fn connect(&self) -> Wire {
        Wire::to(&self.socket())
    }

    /// One question, one answer, on a connection of its own.
    pub(crate) fn ask(&self, question: &str) -> Value {
        let mut wire = self.connect();
        wire.say(question);
        wire.hear()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Sends a signal by its name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits for the daemon to end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        self.child.take().unwrap().wait().unwrap()
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A connection that says exactly what it is told to.
pub(crate) struct Wire {
    stream: BufReader<UnixStream>,
}

impl Wire {
    pub(crate) fn to(socket: &Path) -> Wire {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Wire { stream: BufReader::new(stream) }
    }

    /// Says a line.
    pub(crate) fn say(&mut self, line: impl AsRef<[u8]>) {
        self.say_raw([line.as_ref(), b"\n"].concat());
    }

    /// Says bytes.
    pub(crate) fn say_raw(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// Says nothing more, and still listens.
    pub(crate) fn hush(&mut self) {
        self.stream.get_mut().shutdown(std::net::Shutdown::Write).unwrap();
    }

    /// The next answer; panics where the connection ended instead.
    pub(crate) fn hear(&mut self) -> Value {
        self.heard().expect("the connection ended without an answer")
    }

    /// The next answer; `None` where the connection ended.
    pub(crate) fn heard(&mut self) -> Option<Value> {
        let mut line = String::new();
        match self.stream.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(serde_json::from_str(&line).unwrap_or_else(|bad| panic!("{bad}: {line:?}"))),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// Whether the daemon closes without a word.
    pub(crate) fn closes(&mut self) -> bool {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => rest.is_empty(),
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

/// A request to convert `text`, with more members where `more` begins with a comma.
pub(crate) fn convert(id: u64, text: &str, more: &str) -> String {
    let text = serde_json::to_string(text).unwrap();
    format!(r#"{{"v":1,"id":{id},"op":"convert","text":{text}{more}}}"#)
}

/// The error code of an answer; `""` where it is none.
pub(crate) fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_default()
}

/// Whether a program is on the search path.
pub(crate) fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(OsStr::new(program)).is_file())
}
