//! A row of the terminal: pieces of text, each in a look, cut to a width.

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Why a piece of text looks as it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As everything else.
    Plain,
    /// May be skipped.
    Faint,
    /// What the arrows are on.
    Current,
    /// Different from the reading that it is compared with.
    Different,
    /// Could do damage.
    Danger,
}

impl Tone {
    /// Of the sixteen colours only, which every terminal has in a light and a dark scheme. Without colours everything
    /// is told apart all the same.
    fn style(self, has_color: bool) -> Style {
        let style = match self {
            Tone::Plain => Style::new(),
            Tone::Faint => Style::new().dimmed(),
            Tone::Current => Style::new().bold(),
            Tone::Different => Style::new().underline(),
            Tone::Danger => Style::new().bold(),
        };
        match self {
            Tone::Different if has_color => AnsiColor::Cyan.on_default().bold(),
            Tone::Danger if has_color => AnsiColor::Red.on_default().bold(),
            _ => style,
        }
    }
}

/// A row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Row(Vec<(String, Tone)>);

impl Row {
    /// A row of one piece.
    pub(crate) fn new(text: impl Into<String>, tone: Tone) -> Row {
        Row::default().with(text, tone)
    }

    /// The same with one more piece.
    #[must_use]
    pub(crate) fn with(mut self, text: impl Into<String>, tone: Tone) -> Row {
        self.0.push((text.into(), tone));
        self
    }

    /// The row as a terminal of `width` columns shows it, cut with `…` where it is longer. Tabs and line breaks become
    /// signs that take one column.
    pub(crate) fn shown(&self, width: usize, has_color: bool) -> String {
        let whole: usize = self.0.iter().map(|(text, _)| visible(text).width()).sum();
        // The last column stays free: terminals differ in what a character there does to the cursor.
        let room = width.saturating_sub(1);
        let mut left = if whole > room { room.saturating_sub(1) } else { room };
        let mut shown = String::new();
        for (text, tone) in &self.0 {
            let mut piece = String::new();
            for character in visible(text).chars() {
                let columns = character.width().unwrap_or(0);
                if columns > left {
                    left = 0;
                    break;
                }
                left -= columns;
                piece.push(character);
            }
            let style = tone.style(has_color);
            if !piece.is_empty() {
                shown += &format!("{style}{piece}{style:#}");
            }
            if left == 0 && whole > room {
                break;
            }
        }
        if whole > room && room > 0 {
            shown.push('…');
        }
        shown
    }
}

fn visible(text: &str) -> String {
    text.replace('\n', "⏎").replace('\t', "→")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, width: usize, shown: &str) {
        assert_eq!(Row::new(text, Tone::Plain).shown(width, true), shown);
        assert!(shown.width() < width.max(1), "{shown:?}");
    }

    #[test]
    fn a_row_never_reaches_the_last_column() {
        check("git status", 11, "git status");
        check("git status", 10, "git stat…");
        check("中文 echo", 7, "中文 …");
        check("中文", 4, "中…");
        check("中文", 3, "…");
        check("a\nb\tc", 9, "a⏎b→c");
        check("abc", 2, "…");
        check("abc", 1, "");
        check("e\u{301}te\u{301}", 9, "e\u{301}te\u{301}");
    }

    #[test]
    fn what_differs_is_seen_with_and_without_colours() {
        let row = Row::new("git ", Tone::Plain).with("-s", Tone::Different);
        assert_eq!(row.shown(20, true), "git \u{1b}[1m\u{1b}[36m-s\u{1b}[0m");
        assert_eq!(row.shown(20, false), "git \u{1b}[4m-s\u{1b}[0m");
    }
}
