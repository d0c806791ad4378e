//! Styles for people at a terminal. The stream removes them for a pipe, for NO_COLOR, and for a
//! terminal that cannot show them.

use anstyle::{AnsiColor, Style};

/// What matters most.
pub(crate) const STRONG: Style = Style::new().bold();
/// What may be skipped.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// All is as it should be.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Worth a look.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default();
/// Broken.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();

/// `text` in a style, for [`anstream::stdout`].
pub(crate) fn styled(style: Style, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
}
