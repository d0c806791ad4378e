//! A pseudo-terminal, and an emulator in this process that holds its screen.

use super::{COLUMNS, Missed, ROWS};
use pty_process::blocking::{Command, open};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Instant;
use vt100::{Color, Parser, Screen};

/// A shell with a terminal of its own. The shell ends when this is dropped.
pub(super) struct Pty {
    shell: Child,
    input: File,
    output: Receiver<Vec<u8>>,
    shown: Parser<Queries>,
}

impl Pty {
    /// Starts `command` with a new terminal as its own.
    pub(super) fn open(command: &std::process::Command) -> io::Result<Pty> {
        let (pty, pts) = open().map_err(io::Error::other)?;
        let size = pty_process::Size::new(ROWS.get(), COLUMNS.get());
        pty.resize(size).map_err(io::Error::other)?;
        let mut inner = Command::new(command.get_program()).args(command.get_args()).env_clear();
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                inner = inner.env(name, value);
            }
        }
        if let Some(folder) = command.get_current_dir() {
            inner = inner.current_dir(folder);
        }
        let shell = inner.spawn(pts).map_err(io::Error::other)?;
        let input = File::from(OwnedFd::from(pty));
        let output = follow(input.try_clone()?);
        let shown = Parser::new_with_callbacks(ROWS, COLUMNS, 0, Queries::default());
        Ok(Pty { shell, input, output, shown })
    }

    /// Types bytes. When the shell has ended nothing happens, and the next wait says so.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        let _ = self.input.write_all(bytes);
    }

    /// The screen with everything on it that the shell has drawn so far.
    pub(super) fn screen(&mut self) -> &Screen {
        while let Ok(bytes) = self.output.try_recv() {
            self.process(&bytes);
        }
        self.shown.screen()
    }

    /// Waits until the shell has drawn something more.
    pub(super) fn wait_for_output(&mut self, deadline: Instant) -> Result<(), Missed> {
        match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(bytes) => {
                self.process(&bytes);
                Ok(())
            }
            Err(RecvTimeoutError::Timeout) => Err(Missed::TooLate),
            Err(RecvTimeoutError::Disconnected) => Err(Missed::Ended),
        }
    }

    /// Waits until the shell has ended, and reads the rest of what it printed.
    pub(super) fn ended(&mut self) -> ExitStatus {
        while let Ok(bytes) = self.output.recv() {
            self.process(&bytes);
        }
        self.shell.wait().unwrap()
    }

    fn process(&mut self, bytes: &[u8]) {
        self.shown.process(bytes);
        let replies = std::mem::take(&mut self.shown.callbacks_mut().replies);
        if !replies.is_empty() {
            self.send(&replies);
        }
    }

    /// The rows of the screen, without the empty ones at its end.
    pub(super) fn text(&mut self) -> String {
        let rows: Vec<_> =
            self.screen().rows(0, COLUMNS.get()).map(|row| row.trim_end().to_owned()).collect();
        rows.join("\n").trim_end().to_owned()
    }

    /// The colour of the first place where `text` stands on the screen, when all of it has the same.
    pub(super) fn color(&mut self, text: &str) -> Option<Color> {
        let screen = self.screen();
        let (row, column) = screen.rows(0, COLUMNS.get()).enumerate().find_map(|(at, row)| {
            let byte = row.find(text)?;
            // The tests colour text of plain letters, each of which fills one cell.
            Some((u16::try_from(at).ok()?, u16::try_from(row[..byte].chars().count()).ok()?))
        })?;
        let length = u16::try_from(text.chars().count()).ok()?;
        let mut colors =
            (column..column + length).map(|column| screen.cell(row, column).map(|c| c.fgcolor()));
        let first = colors.next()??;
        colors.all(|color| color == Some(first)).then_some(first)
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // A shell that is gone already need not be ended.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// Answers what a shell asks of its terminal. fish 4 waits for such answers before it shows a prompt.
#[derive(Default)]
struct Queries {
    replies: Vec<u8>,
}

impl vt100::Callbacks for Queries {
    fn unhandled_csi(
        &mut self,
        screen: &mut Screen,
        first: Option<u8>,
        _second: Option<u8>,
        parameters: &[&[u16]],
        letter: char,
    ) {
        match (first, parameters, letter) {
            // What are you? A VT220.
            (None, [] | [[0]], 'c') => self.replies.extend(b"\x1b[?62;22c"),
            // Where is the cursor? Rows and columns count from 1.
            (None, [[6]], 'n') => {
                let (row, column) = screen.cursor_position();
                self.replies.extend(format!("\x1b[{};{}R", row + 1, column + 1).as_bytes());
            }
            _ => {}
        }
    }
}

/// Passes on what the shell prints, as soon as it is there: a read of a terminal has no time-out of its own.
fn follow(mut terminal: File) -> Receiver<Vec<u8>> {
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
