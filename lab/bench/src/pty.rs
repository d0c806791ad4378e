//! A shell under a terminal of its own, and the screen that it draws there.

use anyhow::{Context, bail};
use pty_process::blocking::{Command, open};
use std::io::{ErrorKind, Read, Write};
use std::num::NonZeroU16;
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// What has not appeared by then will not.
const PATIENCE: Duration = Duration::from_secs(10);
const ROWS: NonZeroU16 = NonZeroU16::new(24).expect("not zero");
const COLUMNS: NonZeroU16 = NonZeroU16::new(80).expect("not zero");

/// A shell, its terminal, and what the terminal shows. The shell ends when this is dropped.
pub(super) struct Screen {
    shell: Child,
    input: std::fs::File,
    output: Receiver<Vec<u8>>,
    shown: vt100::Parser,
}

impl Screen {
    /// Starts `command` with a terminal of 80 by 24 as its own.
    pub(super) fn open(command: &std::process::Command) -> anyhow::Result<Screen> {
        let (pty, pts) = open().context("no terminal can be had")?;
        pty.resize(pty_process::Size::new(ROWS.get(), COLUMNS.get()))?;
        let mut inner = Command::new(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            inner = match value {
                Some(value) => inner.env(name, value),
                None => inner.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            inner = inner.current_dir(folder);
        }
        let shell = inner.spawn(pts).with_context(|| format!("cannot start {:?}", command.get_program()))?;
        let input = std::fs::File::from(std::os::fd::OwnedFd::from(pty));
        let output = follow(input.try_clone()?);
        Ok(Screen { shell, input, output, shown: vt100::Parser::new(ROWS, COLUMNS, 0) })
    }

    /// Types `keys`, and waits until the last row that is not empty reads `row`. The time from the one to the other.
    pub(super) fn time(&mut self, keys: &str, row: &str) -> anyhow::Result<Duration> {
        let start = Instant::now();
        self.input.write_all(keys.as_bytes())?;
        self.wait(row)?;
        Ok(start.elapsed())
    }

    /// Waits until the last row that is not empty reads `row`.
    pub(super) fn wait(&mut self, row: &str) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let contents = self.shown.screen().contents();
            if contents.trim_end().lines().last().is_some_and(|last| last.trim_end() == row) {
                return Ok(());
            }
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.shown.process(&bytes),
                Err(RecvTimeoutError::Timeout) => bail!("waited for {row:?}; the screen shows\n{contents}"),
                Err(RecvTimeoutError::Disconnected) => bail!("the shell ended; the screen shows\n{contents}"),
            }
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A shell that is gone already need not be ended.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// Passes on what the shell prints, as soon as it is there: a read of a terminal has no time-out of its own.
fn follow(mut terminal: std::fs::File) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        loop {
            match terminal.read(&mut bytes) {
                Ok(count) if count > 0 => {
                    if sender.send(bytes[..count].to_vec()).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The shell has closed its end.
                _ => return,
            }
        }
    });
    receiver
}
