//! A pseudo-terminal, and an emulator in this process that holds its screen.

use super::{Missed, ROWS};
use pty_process::blocking::{self, Command, open};
use std::io::{self, ErrorKind, Read, Write};
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Instant;
use vt100::{Color, Parser, Screen};

/// A shell with a terminal of its own. The shell ends when this is dropped.
pub(super) struct Pty {
    shell: Child,
    input: Arc<blocking::Pty>,
    output: Receiver<Vec<u8>>,
    shown: Parser<Queries>,
    /// Everything that the shell has drawn.
    drawn: Vec<u8>,
}

impl Pty {
    /// Starts `command` with a new terminal as its own.
    pub(super) fn open(command: &std::process::Command, columns: u16) -> io::Result<Pty> {
        let (pty, pts) = open().map_err(io::Error::other)?;
        let size = pty_process::Size::new(ROWS.get(), columns);
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
        let input = Arc::new(pty);
        let output = follow(input.clone());
        let shown = Parser::new_with_callbacks(ROWS, super::columns(columns), 0, Queries::default());
        Ok(Pty { shell, input, output, shown, drawn: Vec::new() })
    }

    /// Types bytes. When the shell has ended nothing happens, and the next wait says so.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        let _ = (&*self.input).write_all(bytes);
    }

    /// Gives the window another width.
    pub(super) fn resize(&mut self, columns: u16) {
        self.screen();
        self.shown.screen_mut().set_size(ROWS, super::columns(columns));
        self.input.resize(pty_process::Size::new(ROWS.get(), columns)).unwrap();
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

    /// Every byte that the shell has drawn so far, and that the last look at the screen has seen.
    pub(super) fn drawn(&self) -> &[u8] {
        &self.drawn
    }

    fn process(&mut self, bytes: &[u8]) {
        self.drawn.extend_from_slice(bytes);
        self.shown.process(bytes);
        let replies = std::mem::take(&mut self.shown.callbacks_mut().replies);
        if !replies.is_empty() {
            self.send(&replies);
        }
    }

    /// The rows of the screen, without the empty ones at its end.
    pub(super) fn text(&mut self) -> String {
        let (_, columns) = self.screen().size();
        let rows: Vec<_> =
            self.screen().rows(0, columns.get()).map(|row| row.trim_end().to_owned()).collect();
        rows.join("\n").trim_end().to_owned()
    }

    /// The rows of the screen, with what is not plain between marks: `[bold …]`, `[cyan bold …]`.
    pub(super) fn looks(&mut self) -> String {
        let screen = self.screen();
        let (height, width) = screen.size();
        let mut rows = Vec::new();
        for row in 0..height.get() {
            let mut text = String::new();
            let mut look = String::new();
            for column in 0..width.get() {
                let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation()) else {
                    continue;
                };
                // An empty cell has no look: whether a row was cleared in a colour is not seen.
                let its = if cell.has_contents() { look_of(cell) } else { String::new() };
                if its != look {
                    text += if look.is_empty() { "" } else { "]" };
                    text += &if its.is_empty() { String::new() } else { format!("[{its}:") };
                    look = its;
                }
                text += if cell.has_contents() { cell.contents() } else { " " };
            }
            text += if look.is_empty() { "" } else { "]" };
            rows.push(text.trim_end().to_owned());
        }
        rows.join("\n").trim_end().to_owned()
    }

    /// The colour of the first place where `text` stands on the screen, when all of it has the same.
    pub(super) fn color(&mut self, text: &str) -> Option<Color> {
        let screen = self.screen();
        let (row, column) = screen.rows(0, screen.size().1.get()).enumerate().find_map(|(at, row)| {
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

fn look_of(cell: &vt100::Cell) -> String {
    const COLORS: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
    let color = match cell.fgcolor() {
        Color::Default => None,
        Color::Idx(index) => {
            Some(COLORS.get(usize::from(index)).map_or(format!("color {index}"), |it| (*it).to_owned()))
        }
        Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
    };
    let mark = |is: bool, name: &str| is.then(|| name.to_owned());
    let marks = [
        color,
        mark(cell.bold(), "bold"),
        mark(cell.dim(), "faint"),
        mark(cell.underline(), "underlined"),
        mark(cell.inverse(), "inverse"),
    ];
    marks.into_iter().flatten().collect::<Vec<_>>().join(" ")
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
fn follow(terminal: Arc<blocking::Pty>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        loop {
            match (&*terminal).read(&mut bytes) {
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
