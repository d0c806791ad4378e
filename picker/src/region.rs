//! A region of rows below the cursor, redrawn in place and removed without a trace. It never fills the screen.

use crate::row::Row;
use crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste, Event};
use crossterm::{queue, terminal};
use std::fs::File;
use std::io::{self, Write};
use std::time::Duration;

/// The abilities of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether it may show colours.
    pub has_color: bool,
}

impl Look {
    /// Reads the environment: no colours if `NO_COLOR` is not empty, or if the terminal is a dumb one.
    pub fn of_environment() -> Look {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        Look { has_color: !is_set("NO_COLOR") && !is_dumb }
    }
}

/// The reason why nothing can be drawn.
#[derive(Debug, thiserror::Error)]
#[error("this needs a terminal ({0}); `sayso pick --plain` asks in plain lines")]
pub struct TerminalError(#[from] io::Error);

/// How often the window's size is checked while no key comes: crossterm loses a change of size that comes before the
/// first wait, or together with a key. Hand-chosen, 2026-11-29: quick enough for the eye, and four times a second costs
/// nothing.
const LOOK_AT_SIZE: Duration = Duration::from_millis(250);

/// The region. Dropping it clears it and restores the terminal.
pub(crate) struct Region {
    terminal: File,
    look: Look,
    /// Most rows that it may take.
    rows: u16,
    /// The number of rows that it was opened with.
    wanted: u16,
    /// Columns and rows of the window when the room was made.
    size: (u16, u16),
    /// Rows from its top to where the cursor was left.
    below: u16,
}

impl Region {
    /// Makes room for at most `rows` rows below the cursor, which returns to its place after every drawing. The
    /// terminal no longer turns keys into signals.
    pub(crate) fn open(rows: u16, look: Look) -> Result<Region, TerminalError> {
        let terminal = File::options().read(true).write(true).open("/dev/tty")?;
        terminal::enable_raw_mode()?;
        let mut region = Region { terminal, look, rows: 0, wanted: rows, size: (0, 0), below: 0 };
        region.make_room()?;
        queue!(region.terminal, EnableBracketedPaste)?;
        Ok(region)
    }

    /// Scrolls if there are too few rows below the cursor, and remembers where the cursor is.
    fn make_room(&mut self) -> io::Result<()> {
        self.size = terminal::size()?;
        self.rows = self.wanted.min(self.size.1.saturating_sub(1));
        let mut text = "\n".repeat(self.rows.into());
        if self.rows > 0 {
            text += &format!("\x1b[{}A", self.rows);
        }
        // Saved and restored with the VT100's codes, which more terminals know than the others.
        text += "\x1b7\x1b[?25l";
        self.terminal.write_all(text.as_bytes())
    }

    /// Waits for a key, a paste, or a change of the window's size.
    pub(crate) fn event(&self) -> io::Result<Event> {
        while !event::poll(LOOK_AT_SIZE)? {
            let (columns, rows) = terminal::size()?;
            if (columns, rows) != self.size {
                return Ok(Event::Resize(columns, rows));
            }
        }
        event::read()
    }

    /// Adapts to a new window size. Terminals move the cursor together with the text around it, but not the saved
    /// position, so it is saved anew.
    pub(crate) fn resized(&mut self) -> io::Result<()> {
        if self.below > 0 {
            // Only a region that begins at the left edge shows the cursor inside it.
            self.terminal.write_all(format!("\x1b[{}A\r", self.below).as_bytes())?;
            self.below = 0;
        }
        self.make_room()
    }

    /// Rows and columns that may be drawn.
    pub(crate) fn room(&self) -> io::Result<(usize, usize)> {
        let (columns, _) = terminal::size()?;
        Ok((self.rows.into(), columns.into()))
    }

    /// Draws rows, as many as there is room for. `cursor`, if given, is the row and the column in which the cursor is
    /// shown.
    pub(crate) fn draw(&mut self, rows: &[Row], cursor: Option<(usize, usize)>) -> io::Result<()> {
        let (room, columns) = self.room()?;
        let mut text = String::from("\x1b[?25l\x1b8");
        for row in rows.iter().take(room) {
            text += &format!("\r\n{}\x1b[K", row.shown(columns, self.look.has_color));
        }
        // If the window has grown, older rows may stand below the region too.
        text += if room > 0 && !rows.is_empty() { "\x1b[J\x1b8" } else { "\x1b8" };
        self.below = 0;
        if let Some((row, column)) = cursor {
            self.below = u16::try_from(row + 1).unwrap_or(0);
            text += &format!("\x1b[{}B\r", row + 1);
            if column > 0 {
                text += &format!("\x1b[{}C", column.min(columns.saturating_sub(1)));
            }
            text += "\x1b[?25h";
        }
        self.terminal.write_all(text.as_bytes())?;
        self.terminal.flush()
    }

    fn clear(&mut self) -> io::Result<()> {
        queue!(self.terminal, DisableBracketedPaste)?;
        let below = if self.rows > 0 { "\r\n\x1b[J\x1b8" } else { "" };
        self.terminal.write_all(format!("\x1b8{below}\x1b[?25h").as_bytes())?;
        self.terminal.flush()
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // A terminal that has gone needs no clearing.
        let _ = self.clear();
        let _ = terminal::disable_raw_mode();
    }
}
