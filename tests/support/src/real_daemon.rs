//! The real daemon in a home of its own, started without a client.

use crate::{Home, Wire, programs, wire};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};

/// Why a daemon did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The program was not built.
    #[error(transparent)]
    Missing(#[from] programs::MissingProgram),
    /// It cannot be run.
    #[error("cannot start saysod: {0}")]
    Io(#[from] io::Error),
    /// It ended instead of listening.
    #[error("saysod ended at its start ({0}): {1}")]
    Ended(ExitStatus, String),
}

/// A home with at most one daemon that this test started. The daemon ends with it.
pub struct RealDaemon {
    /// Where it lives.
    pub home: Home,
    child: Option<Child>,
}

impl RealDaemon {
    /// A home without a daemon.
    pub fn absent() -> RealDaemon {
        let daemon = RealDaemon { home: Home::new(), child: None };
        daemon.settings("");
        daemon
    }

    /// A daemon that listens.
    #[track_caller]
    pub fn new() -> RealDaemon {
        RealDaemon::with(&[])
    }

    /// A daemon that was started with `arguments` and listens.
    #[track_caller]
    pub fn with(arguments: &[&str]) -> RealDaemon {
        let mut daemon = RealDaemon::absent();
        daemon.start(arguments);
        daemon
    }

    /// A daemon that listens, for those who handle a failure themselves.
    ///
    /// # Errors
    /// When the daemon was not built, cannot be run, or ends at once.
    pub fn try_new() -> Result<RealDaemon, StartError> {
        programs::find("saysod")?;
        let mut daemon = RealDaemon::absent();
        let mut command = daemon.command();
        daemon.try_spawn(&mut command)?;
        Ok(daemon)
    }

    /// As [`RealDaemon::try_new`], in a home with these settings.
    ///
    /// # Errors
    /// As for [`RealDaemon::try_new`].
    pub fn try_with_settings(settings: &str) -> Result<RealDaemon, StartError> {
        programs::find("saysod")?;
        let mut daemon = RealDaemon::absent();
        daemon.home.settings(settings);
        let mut command = daemon.command();
        daemon.try_spawn(&mut command)?;
        Ok(daemon)
    }

    /// Starts the daemon, and waits until it says that it listens.
    #[track_caller]
    pub fn start(&mut self, arguments: &[&str]) {
        let mut command = self.command();
        self.spawn(command.args(arguments));
    }

    /// Starts `command`, which is the daemon, and waits until it says that it listens.
    #[track_caller]
    pub fn spawn(&mut self, command: &mut Command) {
        self.try_spawn(command).unwrap_or_else(|error| panic!("{error}"));
    }

    fn try_spawn(&mut self, command: &mut Command) -> Result<(), StartError> {
        // A file, because a pipe that nobody reads may fill up.
        let complaints = self.home.folder().join("saysod.stderr");
        let mut child = command.stdout(Stdio::piped()).stderr(File::create(&complaints)?).spawn()?;
        let mut said = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut said)?;
        }
        if said.contains("listens on") {
            self.child = Some(child);
            return Ok(());
        }
        let status = child.wait()?;
        Err(StartError::Ended(status, [said, fs::read_to_string(complaints)?].concat().trim().to_owned()))
    }

    /// The daemon's program in this home.
    pub fn command(&self) -> Command {
        let mut command = self.home.command(programs::program("saysod"));
        command.stdin(Stdio::null());
        command
    }

    /// Replaces the settings, below a first line that lets a busy machine take its time.
    pub fn settings(&self, text: &str) {
        self.home.settings(&format!("deadline_ms = 60000\n{text}"));
    }

    /// A new connection.
    #[track_caller]
    pub fn connect(&self) -> Wire {
        Wire::to(&self.home.socket())
    }

    /// One request and its reply, on a connection of their own.
    #[track_caller]
    pub fn ask(&self, request: &str) -> Value {
        let mut wire = self.connect();
        wire.say(request);
        wire.hear()
    }

    /// The command that `text` is converted into, on a connection of its own; the whole reply when it is an error.
    pub fn convert(&self, text: &str) -> Result<String, Value> {
        let reply = self.ask(&wire::convert(1, text, ""));
        reply["result"]["buffer"].as_str().map(str::to_owned).ok_or(reply)
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("a daemon was started").id()
    }

    /// Sends a signal by its name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits for the daemon to end.
    pub fn ended(&mut self) -> ExitStatus {
        self.child.take().expect("a daemon was started").wait().unwrap()
    }
}

impl Default for RealDaemon {
    fn default() -> RealDaemon {
        RealDaemon::new()
    }
}

impl Drop for RealDaemon {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
