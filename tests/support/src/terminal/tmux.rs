//! A tmux server with one window, which holds the screen: what many people have around their shell.

use super::{COLUMNS, ROWS};
use crate::Home;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A shell in tmux. The server ends when this is dropped.
pub(super) struct Tmux {
    environment: Vec<(&'static str, OsString)>,
    socket: PathBuf,
}

impl Tmux {
    /// Starts `command` in a window of its own; its environment comes on top of that of the home.
    pub(super) fn open(home: &Home, command: &Command) -> Tmux {
        // A server of its own, whose end takes a moment: two in one home must not meet.
        static SERVERS: AtomicUsize = AtomicUsize::new(0);
        let number = SERVERS.fetch_add(1, Ordering::Relaxed);
        let socket = home.folder().join(format!("tmux{number}"));
        let tmux = Tmux { environment: home.environment(), socket };
        let mut server = tmux.command();
        server.args(["-f", "/dev/null", "new-session", "-d"]).current_dir(home.path());
        server.args(["-x", &COLUMNS.to_string(), "-y", &ROWS.to_string()]);
        for (name, value) in command.get_envs() {
            if let (Some(name), Some(value)) = (name.to_str(), value.and_then(|value| value.to_str()))
                && name != "TERM"
            {
                server.args(["-e", &format!("{name}={value}")]);
            }
        }
        succeed(server.arg("--").arg(command.get_program()).args(command.get_args()));
        tmux
    }

    fn command(&self) -> Command {
        let mut command = Command::new("tmux");
        command.env_clear().envs(self.environment.clone()).arg("-S").arg(&self.socket);
        command
    }

    /// Types `text` as it is.
    pub(super) fn text(&self, text: &str) {
        succeed(self.command().args(["send-keys", "-l", "--", text]));
    }

    /// Presses keys by their names.
    pub(super) fn keys(&self, keys: &[&str]) {
        succeed(self.command().arg("send-keys").args(keys));
    }

    /// Pastes `text`, in brackets when the shell has asked for them.
    pub(super) fn paste(&self, text: &str) {
        succeed(self.command().args(["set-buffer", "--", text]));
        succeed(self.command().args(["paste-buffer", "-p", "-r"]));
    }

    /// The rows of the screen, without the empty ones at its end.
    pub(super) fn screen(&self) -> String {
        capture(self.command().args(["capture-pane", "-p"]))
    }

    /// Column and row of the cursor, from 0.
    pub(super) fn cursor(&self) -> (u16, u16) {
        let out = capture(self.command().args(["display-message", "-p", "#{cursor_x} #{cursor_y}"]));
        let mut numbers = out.split_whitespace().map(|number| number.parse().unwrap());
        (numbers.next().unwrap(), numbers.next().unwrap())
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        // The server ends with its only session; when the shell is gone already there is nothing to end.
        let _ = self.command().arg("kill-server").output();
    }
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"))
}

fn succeed(command: &mut Command) {
    let output = run(command);
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn capture(command: &mut Command) -> String {
    String::from_utf8_lossy(&run(command).stdout).trim_end().to_owned()
}
