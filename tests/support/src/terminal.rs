//! A shell in a terminal of 80 by 24, or of another width: tests and benchmarks press keys and read the screen.
//!
//! The screen is held by an emulator in this process, which needs no other program and misses nothing that is drawn.
//! A few tests use tmux in its place, because that is what people use; the calls are the same.

mod key;
mod pty;
mod shell;
mod tmux;

pub use shell::{Setup, Shell};
pub use vt100::Color;

use crate::{Home, PATIENCE, need};
use pty::Pty;
use std::cell::RefCell;
use std::io;
use std::num::NonZeroU16;
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};
use tmux::Tmux;

const ROWS: NonZeroU16 = NonZeroU16::new(24).expect("not zero");
const COLUMNS: NonZeroU16 = NonZeroU16::new(80).expect("not zero");

/// A width, which no window has as 0.
fn columns(columns: u16) -> NonZeroU16 {
    NonZeroU16::new(columns).unwrap_or(COLUMNS)
}

/// The pause between two readings of a screen that tmux holds.
const PROBE_PAUSE: Duration = Duration::from_millis(5);
/// How long a key may be without effect before it is pressed again.
const BETWEEN_PRESSES: Duration = Duration::from_secs(2);

/// Why a wait for something on the screen has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Missed {
    /// It never came.
    #[error("it did not appear in time")]
    TooLate,
    /// Nothing more can come.
    #[error("the shell has ended")]
    Ended,
}

/// A shell at its prompt. It ends when this is dropped.
pub struct Terminal {
    screen: Backend,
}

/// Who holds the screen.
enum Backend {
    Pty(Box<RefCell<Pty>>),
    Tmux(Tmux),
}

impl Terminal {
    /// Starts `command` in a new terminal, with the environment that is set on the command and no other.
    ///
    /// # Errors
    /// When there is no terminal, or the command cannot be started.
    pub fn start(command: &Command) -> io::Result<Terminal> {
        Terminal::start_with(command, COLUMNS.get())
    }

    /// As [`Terminal::start`], in a window of so many columns.
    ///
    /// # Errors
    /// As for [`Terminal::start`].
    pub fn start_with(command: &Command, columns: u16) -> io::Result<Terminal> {
        Ok(Terminal { screen: Backend::Pty(Box::new(RefCell::new(Pty::open(command, columns)?))) })
    }

    /// As [`Terminal::open`], in a window of so many columns.
    #[track_caller]
    pub fn open_with(home: &Home, shell: Shell, setup: Setup<'_>, columns: u16) -> Terminal {
        need(shell.name());
        let command = shell.set_up(home, setup);
        let terminal =
            Terminal::start_with(&command, columns).unwrap_or_else(|error| panic!("{command:?}: {error}"));
        terminal.wait_prompt();
        terminal
    }

    /// Gives the window another width.
    ///
    /// # Panics
    /// In tmux.
    pub fn resize(&self, columns: u16) -> &Self {
        match &self.screen {
            Backend::Pty(pty) => pty.borrow_mut().resize(columns),
            Backend::Tmux(_) => panic!("the window of tmux stays as it is"),
        }
        self
    }

    /// What is on the screen, with what is not plain between marks such as `[cyan bold:…]`.
    ///
    /// # Panics
    /// In tmux, whose screen is read without its colours.
    pub fn looks(&self) -> String {
        match &self.screen {
            Backend::Pty(pty) => pty.borrow_mut().looks(),
            Backend::Tmux(_) => panic!("the screen of tmux is read without colours"),
        }
    }

    /// Starts `shell` with sayso in its start file, and waits for the prompt.
    #[track_caller]
    pub fn open(home: &Home, shell: Shell, setup: Setup<'_>) -> Terminal {
        need(shell.name());
        let command = shell.set_up(home, setup);
        let terminal = Terminal::start(&command).unwrap_or_else(|error| panic!("{command:?}: {error}"));
        terminal.wait_prompt();
        terminal
    }

    /// As [`Terminal::open`], in tmux.
    #[track_caller]
    pub fn open_in_tmux(home: &Home, shell: Shell, setup: Setup<'_>) -> Terminal {
        need(shell.name());
        need("tmux");
        let tmux = Tmux::open(home, &shell.set_up(home, setup));
        let terminal = Terminal { screen: Backend::Tmux(tmux) };
        terminal.wait_prompt();
        terminal
    }

    #[track_caller]
    fn wait_prompt(&self) {
        self.wait("a prompt", |screen| screen.starts_with('$') || screen.contains("\n$"));
    }

    /// Types `text` as it is.
    pub fn text(&self, text: &str) -> &Self {
        match &self.screen {
            Backend::Pty(pty) => pty.borrow_mut().send(text.as_bytes()),
            Backend::Tmux(tmux) => tmux.text(text),
        }
        self
    }

    /// Presses keys by tmux's names for them, such as `C-x` or `Escape`.
    pub fn keys(&self, keys: &[&str]) -> &Self {
        match &self.screen {
            Backend::Pty(pty) => {
                let mut pty = pty.borrow_mut();
                let application = pty.screen().application_cursor();
                for name in keys {
                    pty.send(&key::bytes(name, application));
                }
            }
            Backend::Tmux(tmux) => tmux.keys(keys),
        }
        self
    }

    /// Presses the default key of sayso.
    pub fn convert(&self) -> &Self {
        self.keys(&["C-x", "C-v"])
    }

    /// Pastes `text` in brackets, as terminals do. Waits until the shell has asked for the brackets.
    #[track_caller]
    pub fn paste(&self, text: &str) -> &Self {
        match &self.screen {
            Backend::Pty(pty) => {
                let asked = || pty.borrow_mut().screen().bracketed_paste();
                self.wait("a shell that takes pastes", |_| asked());
                pty.borrow_mut().send(format!("\x1b[200~{text}\x1b[201~").as_bytes());
            }
            Backend::Tmux(tmux) => tmux.paste(text),
        }
        self
    }

    /// Does nothing for a while, as a slow person between two keys.
    pub fn dawdle(&self, time: Duration) -> &Self {
        thread::sleep(time);
        self
    }

    /// What is on the screen, without the empty rows at its end.
    pub fn screen(&self) -> String {
        match &self.screen {
            Backend::Pty(pty) => pty.borrow_mut().text(),
            Backend::Tmux(tmux) => tmux.screen(),
        }
    }

    /// Whether the shell ever sent these bytes to the terminal.
    ///
    /// # Panics
    /// In tmux, which shows what it has made of them.
    pub fn has_drawn(&self, bytes: &[u8]) -> bool {
        match &self.screen {
            Backend::Pty(pty) => {
                let mut pty = pty.borrow_mut();
                pty.screen();
                pty.drawn().windows(bytes.len()).any(|window| window == bytes)
            }
            Backend::Tmux(_) => panic!("the screen of tmux is read without what made it"),
        }
    }

    /// Whether the first place on the screen where `text` stands is in this colour.
    ///
    /// # Panics
    /// In tmux, whose screen is read without its colours.
    pub fn is_colored(&self, text: &str, color: Color) -> bool {
        match &self.screen {
            Backend::Pty(pty) => pty.borrow_mut().color(text) == Some(color),
            Backend::Tmux(_) => panic!("the screen of tmux is read without colours"),
        }
    }

    /// Column and row of the cursor, from 0.
    pub fn cursor(&self) -> (u16, u16) {
        match &self.screen {
            Backend::Pty(pty) => {
                let (row, column) = pty.borrow_mut().screen().cursor_position();
                (column, row)
            }
            Backend::Tmux(tmux) => tmux.cursor(),
        }
    }

    /// Waits until the screen meets a condition, and returns it.
    ///
    /// # Errors
    /// When it never does.
    pub fn try_wait(&self, condition: impl Fn(&str) -> bool) -> Result<String, Missed> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if condition(&screen) {
                return Ok(screen);
            }
            match &self.screen {
                Backend::Pty(pty) => pty.borrow_mut().wait_for_output(deadline)?,
                Backend::Tmux(_) if Instant::now() < deadline => thread::sleep(PROBE_PAUSE),
                Backend::Tmux(_) => return Err(Missed::TooLate),
            }
        }
    }

    /// Waits until the last row that is not empty reads `line`, prompt included.
    ///
    /// # Errors
    /// When it never does.
    pub fn try_wait_line(&self, line: &str) -> Result<String, Missed> {
        self.try_wait(|screen| screen.lines().last() == Some(line))
    }

    /// Waits until the screen meets a condition, and returns it.
    ///
    /// # Panics
    /// When it never does, with what the screen shows instead.
    #[track_caller]
    pub fn wait(&self, what: &str, condition: impl Fn(&str) -> bool) -> String {
        self.try_wait(condition).unwrap_or_else(|missed| {
            panic!("waited for {what}: {missed}; the screen shows\n{}\n(end of screen)", self.screen())
        })
    }

    /// Presses `keys` until the screen meets a condition, as a person does when a key had no effect: fish drops a Ctrl-C
    /// that arrives while a bound function has not returned.
    ///
    /// # Panics
    /// When it never does, with what the screen shows instead.
    #[track_caller]
    pub fn press_until(&self, keys: &[&str], what: &str, condition: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let pressed = Instant::now();
            self.keys(keys);
            while pressed.elapsed() < BETWEEN_PRESSES {
                let screen = self.screen();
                if condition(&screen) {
                    return screen;
                }
                match &self.screen {
                    // That nothing came in time is no failure yet.
                    Backend::Pty(pty) => {
                        let _ = pty.borrow_mut().wait_for_output(pressed + BETWEEN_PRESSES);
                    }
                    Backend::Tmux(_) => thread::sleep(PROBE_PAUSE),
                }
            }
            assert!(
                Instant::now() < deadline,
                "pressed {keys:?} for {what}; the screen shows\n{}\n(end of screen)",
                self.screen()
            );
        }
    }

    /// Waits until the last row that is not empty reads `line`, prompt included.
    #[track_caller]
    pub fn wait_line(&self, line: &str) -> String {
        self.wait(&format!("the line {line:?}"), |screen| screen.lines().last() == Some(line))
    }

    /// Waits until some row reads `line`, prompt included.
    #[track_caller]
    pub fn wait_row(&self, line: &str) -> String {
        self.wait(&format!("the row {line:?}"), |screen| screen.lines().any(|row| row == line))
    }

    /// Waits until the screen shows `text` somewhere.
    #[track_caller]
    pub fn wait_text(&self, text: &str) -> String {
        self.wait(&format!("{text:?}"), |screen| screen.contains(text))
    }

    /// Waits until the program in the terminal has ended.
    ///
    /// # Panics
    /// In tmux, which keeps the program to itself.
    pub fn ended(&self) -> ExitStatus {
        match &self.screen {
            Backend::Pty(pty) => pty.borrow_mut().ended(),
            Backend::Tmux(_) => panic!("tmux does not tell how a program ends"),
        }
    }

    /// Waits until the cursor is in `column`.
    #[track_caller]
    pub fn wait_column(&self, column: u16) {
        self.wait(&format!("the cursor in column {column}"), |_| self.cursor().0 == column);
    }
}
