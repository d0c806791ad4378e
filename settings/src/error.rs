//! What is wrong with a settings file, and where.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What is wrong with a settings file. Prints as `file:line:column: what, and what is allowed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    /// The file.
    pub path: PathBuf,
    /// Line and column, counted from 1, the column in characters; `None` where it is the file as a whole.
    pub at: Option<(usize, usize)>,
    /// What is wrong, and what is allowed.
    pub message: String,
}

impl SettingsError {
    /// A mistake that is nowhere in particular.
    pub(crate) fn whole_file(message: impl Into<String>) -> SettingsError {
        SettingsError { path: PathBuf::new(), at: None, message: message.into() }
    }

    /// A mistake at a range of bytes of `text`.
    pub(crate) fn at(text: &str, bytes: Range<usize>, message: impl Into<String>) -> SettingsError {
        let before = text.get(..bytes.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let column = before[line_start..].chars().count() + 1;
        SettingsError { at: Some((line, column)), ..SettingsError::whole_file(message) }
    }

    /// The same mistake in the file at `path`.
    pub(crate) fn inside(self, path: &Path) -> SettingsError {
        SettingsError { path: path.to_owned(), ..self }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some((line, column)) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for SettingsError {}
