//! A row of the terminal: pieces of text, each with a look, cut to a width.

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The meaning of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Ordinary text.
    Plain,
    /// Text that may be skipped.
    Faint,
    /// The entry that the arrows have selected.
    Current,
    /// A difference from the reading that it is compared with.
    Different,
    /// Text that could do damage.
    Danger,
}

impl Tone {
    /// Uses only the sixteen colours, which every terminal has in a light and a dark scheme. Without colours the looks
    /// still differ.
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
    /// A row with one piece.
    pub(crate) fn new(text: impl Into<String>, tone: Tone) -> Row {
        Row::default().with(text, tone)
    }

    /// The same with one more piece.
    #[must_use]
    pub(crate) fn with(mut self, text: impl Into<String>, tone: Tone) -> Row {
        self.0.push((text.into(), tone));
        self
    }

    /// Columns that it takes.
    pub(crate) fn width(&self) -> usize {
        self.0.iter().map(|(text, _)| visible(text).width()).sum()
    }

    /// The row over at most `most` rows of a terminal of `width` columns; all but the first are indented by `indent`.
    /// Text that finds no room is cut.
    pub(crate) fn wrapped(self, width: usize, indent: usize, most: usize) -> Vec<Row> {
        // The last column stays free, as in a row that is drawn.
        let room = width.saturating_sub(1).max(indent + 2);
        let mut rows = vec![Row::default()];
        let mut left = room;
        for (text, tone) in self.0 {
            let mut piece = String::new();
            for character in visible(&text).chars() {
                let columns = character.width().unwrap_or(0);
                if columns > left && rows.len() < most {
                    let full = rows.pop().unwrap_or_default();
                    rows.push(full.with(std::mem::take(&mut piece), tone));
                    rows.push(Row::new(" ".repeat(indent), Tone::Plain));
                    left = room - indent;
                }
                left = left.saturating_sub(columns);
                piece.push(character);
            }
            let row = rows.pop().unwrap_or_default();
            rows.push(row.with(piece, tone));
        }
        rows
    }

    /// Words over at most `most` rows of a terminal of `width` columns, broken between words; text that finds no room
    /// is cut.
    pub(crate) fn prose(text: &str, tone: Tone, width: usize, most: usize) -> Vec<Row> {
        let mut rows = vec![String::new()];
        for word in text.split(' ') {
            let (last, is_last) = (rows.len() - 1, rows.len() >= most);
            let line = &mut rows[last];
            if line.is_empty() || is_last || line.width() + 1 + word.width() < width {
                *line += if line.is_empty() { "" } else { " " };
                *line += word;
            } else {
                rows.push(format!("  {word}"));
            }
        }
        rows.into_iter().map(|row| Row::new(row, tone)).collect()
    }

    /// The first of several rows that fits a terminal of `width` columns uncut, or else the last one.
    pub(crate) fn first_that_fits(texts: &[&str], width: usize) -> Row {
        let fits = |text: &&&str| text.width() < width;
        Row::new(texts.iter().find(fits).or(texts.last()).map_or("", |text| *text), Tone::Faint)
    }

    /// The row as a terminal of `width` columns shows it, cut with `…` if it is longer. Tabs and line breaks become
    /// signs that take one column.
    pub(crate) fn shown(&self, width: usize, has_color: bool) -> String {
        let whole = self.width();
        // The last column stays free, because terminals differ in where the cursor goes after it.
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
    fn a_long_row_goes_on_below_itself() {
        let check = |text: &str, width: usize, most: usize, shown: &[&str]| {
            let rows = Row::new(text, Tone::Plain).wrapped(width, 2, most);
            let rows: Vec<String> = rows.iter().map(|row| row.shown(width, true)).collect();
            assert_eq!(rows, shown, "{text} in {width}");
        };
        check("git status", 11, 3, &["git status"]);
        check("git status", 8, 3, &["git sta", "  tus"]);
        check("git status --short", 8, 2, &["git sta", "  tus …"]);
        check("中文字 x", 6, 9, &["中文", "  字 ", "  x"]);
        check("abc", 1, 9, &[""]);
    }

    #[test]
    fn prose_is_broken_between_words() {
        let rows = |width, most| {
            let rows = Row::prose("sure, 91 % · 5 readings", Tone::Plain, width, most);
            rows.iter().map(|row| row.shown(width, true)).collect::<Vec<_>>()
        };
        assert_eq!(rows(80, 3), ["sure, 91 % · 5 readings"]);
        assert_eq!(rows(14, 3), ["sure, 91 % ·", "  5 readings"]);
        assert_eq!(rows(12, 2), ["sure, 91 %", "  · 5 read…"]);
    }

    #[test]
    fn the_longest_help_that_fits_is_taken() {
        let fits = |width| Row::first_that_fits(&["Enter takes", "Enter"], width).shown(width, false);
        assert!(fits(12).contains("Enter takes") && !fits(11).contains("takes") && fits(4).contains("En"));
    }

    #[test]
    fn what_differs_is_seen_with_and_without_colours() {
        let row = Row::new("git ", Tone::Plain).with("-s", Tone::Different);
        assert_eq!(row.shown(20, true), "git \u{1b}[1m\u{1b}[36m-s\u{1b}[0m");
        assert_eq!(row.shown(20, false), "git \u{1b}[4m-s\u{1b}[0m");
    }
}
