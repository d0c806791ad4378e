//! Escapes text for the markup of the lab's pages and drawings.

use sayso_text::forbidden;
use std::fmt::Write as _;

/// Text as HTML and SVG show it, in elements and in quoted attributes. Characters that no command may contain, because
/// they are invisible or reverse the text around them, are shown by their numbers, and so are those that XML forbids.
pub(crate) fn escape(text: &str) -> String {
    let mut markup = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => markup += "&amp;",
            '<' => markup += "&lt;",
            '>' => markup += "&gt;",
            '"' => markup += "&quot;",
            '\'' => markup += "&#39;",
            c if forbidden(c).is_some() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                let _ = write!(markup, "\u{ab}U+{:04X}\u{bb}", u32::from(c));
            }
            c => markup.push(c),
        }
    }
    markup
}
