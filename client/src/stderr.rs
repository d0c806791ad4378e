//! Messages on standard error.

use std::fmt::Display;
use std::io::{self, Write};

/// Prints a message in one write, because other processes may write there too. Errors are ignored:
/// nobody may be listening, which is no reason to fail.
pub(crate) fn say(message: impl Display) {
    let _ = io::stderr().write_all(format!("sayso: {message}\n").as_bytes());
}
