//! The list of readings: numbered, filtered by the typed text, one of them current.

use crate::difference;
use crate::row::{Row, Tone};
use sayso_protocol::Answer;
use unicode_width::UnicodeWidthStr;

/// Most rows of the list; more readings scroll.
const MAX_SHOWN: usize = 9;
/// Most rows of the current reading and of its note, if a narrow window cannot hold them in one.
const MAX_WRAPPED: usize = 4;
/// The help for the keys, for a wide window and for narrower ones.
const HELP: [&str; 4] = [
    "Enter takes, Esc leaves, Tab: word by word, 1-9 and arrows choose",
    "Enter takes, Esc leaves, Tab: by word",
    "Enter Esc Tab 1-9",
    "Enter",
];

/// A reading that can be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The line.
    pub(crate) line: String,
    /// The note of the answer about it.
    pub(crate) note: String,
}

/// The list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Readings {
    all: Vec<Reading>,
    /// The typed filter: readings without it are not shown.
    filter: String,
    /// The index of the current reading among those shown.
    current: usize,
}

impl Readings {
    /// The readings of an answer, followed by the dictation itself.
    pub(crate) fn new(answer: &Answer, dictated: &str) -> Readings {
        let about_first = answer.hint.clone().or_else(|| answer.message.clone()).unwrap_or_default();
        let note = |at: usize| answer.notes.get(at).cloned().unwrap_or_default();
        let mut all = vec![Reading { line: answer.buffer.clone(), note: about_first }];
        for (at, line) in answer.alternatives.iter().enumerate() {
            all.push(Reading { line: line.clone(), note: note(at) });
        }
        if all.iter().all(|reading| reading.line != dictated) {
            all.push(Reading { line: dictated.to_owned(), note: "as dictated".to_owned() });
        }
        Readings { all, filter: String::new(), current: 0 }
    }

    /// The readings that contain the typed text, in any letter case.
    fn shown(&self) -> Vec<&Reading> {
        let wanted = self.filter.to_lowercase();
        self.all.iter().filter(|reading| reading.line.to_lowercase().contains(&wanted)).collect()
    }

    /// The reading that Enter takes.
    pub(crate) fn current(&self) -> Option<&Reading> {
        self.shown().get(self.current).copied()
    }

    /// Goes up or down, wrapping at the ends.
    pub(crate) fn step(&mut self, by: isize) {
        let count = self.shown().len();
        if count > 0 {
            self.current = (self.current + count).saturating_add_signed(by) % count;
        }
    }

    /// Goes to number `number`, counted from 1; false if there is none.
    pub(crate) fn go_to(&mut self, number: usize) -> bool {
        let exists = (1..=self.shown().len()).contains(&number);
        if exists {
            self.current = number - 1;
        }
        exists
    }

    /// Filters by one more character.
    pub(crate) fn filter(&mut self, character: char) {
        self.filter.push(character);
        self.current = 0;
    }

    /// Removes the last character of the filter; false if there was none.
    pub(crate) fn unfilter(&mut self) -> bool {
        self.current = 0;
        self.filter.pop().is_some()
    }

    /// All readings, whatever was typed.
    pub(crate) fn all(&self) -> &[Reading] {
        &self.all
    }

    /// The rows for a window of this many rows and columns; the last row is the help for the keys.
    pub(crate) fn rows(&self, room: usize, columns: usize) -> Vec<Row> {
        let shown = self.shown();
        let note = self.current().map(|reading| reading.note.as_str()).unwrap_or_default();
        let mut notes = Vec::new();
        if !note.is_empty() {
            notes = note_rows(note, columns, MAX_WRAPPED);
        }
        // In a low window the readings matter more than the help.
        let more =
            self.current().map_or(0, |it| (it.line.width() + MARK) / columns.max(2)).min(MAX_WRAPPED - 1);
        let most = MAX_SHOWN.min(room.saturating_sub(1 + notes.len().max(1) + more)).max(1);
        let first = (self.current + 1).saturating_sub(most);
        let best = &self.all[0].line;
        let row = |(at, reading): (usize, &&Reading)| {
            let is_current = at == self.current;
            let base = if is_current { Tone::Current } else { Tone::Plain };
            let mark = if is_current { "> " } else { "  " };
            let mut row = Row::new(format!("{mark}{} ", at + 1), base);
            let parts = difference::parts(&reading.line, best);
            let parts = if is_current { parts } else { from_difference(parts, columns) };
            for (text, differs) in parts {
                row = row.with(text, if differs { Tone::Different } else { base });
            }
            if is_current { row.wrapped(columns, MARK, MAX_WRAPPED) } else { vec![row] }
        };
        let mut rows: Vec<Row> = shown.iter().enumerate().skip(first).take(most).flat_map(row).collect();
        if shown.is_empty() {
            rows.push(Row::new("  no reading holds this", Tone::Faint));
        }
        if !self.filter.is_empty() {
            rows.push(Row::new(format!("filter: {}", self.filter), Tone::Plain));
        }
        rows.extend(notes);
        rows.push(Row::first_that_fits(&HELP, columns));
        rows
    }
}

/// Columns of the text before a reading: "> 1 ".
const MARK: usize = 4;

/// The parts of a reading from shortly before its first difference, if a window of this many columns would not show
/// that otherwise: readings that are cut before they differ look the same.
pub(crate) fn from_difference(parts: Vec<(&str, bool)>, columns: usize) -> Vec<(&str, bool)> {
    let room = columns.saturating_sub(MARK + 2);
    let before =
        parts.iter().take_while(|(_, differs)| !differs).map(|(text, _)| text.width()).sum::<usize>();
    let Some((different, _)) = parts.iter().find(|(_, differs)| *differs) else { return parts };
    let mut over = (before + different.width()).saturating_sub(room).min(before);
    if over == 0 {
        return parts;
    }
    // Room for the sign that something was left out.
    over += 1;
    let mut kept = vec![("…", false)];
    for (text, differs) in parts {
        let gone = text.char_indices().find(|(at, _)| differs || text[..*at].width() >= over);
        let gone = gone.map_or(text.len(), |(at, _)| at);
        over = over.saturating_sub(text[..gone].width());
        kept.push((&text[gone..], differs));
    }
    kept
}

/// A note over at most `most` rows, in the style of a danger if it begins with one.
pub(crate) fn note_rows(note: &str, columns: usize, most: usize) -> Vec<Row> {
    let tone = if note.starts_with("careful") { Tone::Danger } else { Tone::Faint };
    Row::prose(note, tone, columns, most)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn answer(lines: &[&str]) -> Answer {
        Answer {
            buffer: lines[0].to_owned(),
            cursor: lines[0].chars().count(),
            route: "tagger".into(),
            confidence: 0.64,
            alternatives: lines[1..].iter().map(|line| (*line).to_owned()).collect(),
            spans: vec![],
            dropped: vec![],
            added: vec![],
            micros: 900,
            message: None,
            hint: Some("likely, 64 %".into()),
            notes: (1..lines.len()).map(|at| format!("{} of {}", at + 1, lines.len())).collect(),
            dictation: None,
            units: None,
        }
    }

    fn shown(readings: &Readings) -> Vec<String> {
        readings.rows(12, 80).iter().map(|row| row.shown(80, false)).collect()
    }

    #[test]
    fn the_arrows_go_round_and_numbers_jump() {
        let mut readings = Readings::new(&answer(&["a", "b"]), "said");
        let current = |readings: &Readings| readings.current().unwrap().line.clone();
        assert_eq!(current(&readings), "a");
        readings.step(-1);
        assert_eq!(current(&readings), "said");
        readings.step(1);
        assert_eq!(current(&readings), "a");
        assert!(readings.go_to(2) && !readings.go_to(4) && !readings.go_to(0));
        assert_eq!(current(&readings), "b");
    }

    #[test]
    fn typing_filters_and_backspace_takes_it_back() {
        let mut readings = Readings::new(&answer(&["git log", "git LOG -S", "git blog"]), "git log");
        "log -".chars().for_each(|c| readings.filter(c));
        assert_eq!(readings.current().unwrap().line, "git LOG -S");
        readings.filter('x');
        assert_eq!(readings.current(), None);
        assert!(shown(&readings)[0].contains("no reading"));
        readings.step(1);
        assert!(readings.unfilter());
        assert_eq!(readings.current().unwrap().line, "git LOG -S");
        (0..5).for_each(|_| assert!(readings.unfilter()));
        assert!(!readings.unfilter());
        assert_eq!(readings.shown().len(), 3, "a dictation that is a reading is there once");
    }

    #[test]
    fn the_current_reading_is_seen_in_a_low_window_too() {
        let mut readings = Readings::new(&answer(&["a", "b", "c", "d"]), "said");
        readings.step(3);
        let rows: Vec<String> = readings.rows(3, 80).iter().map(|row| row.shown(80, false)).collect();
        assert!(rows[0].contains("> 4 "), "{rows:?}");
    }

    #[test]
    fn in_a_narrow_window_differences_are_seen_and_the_current_reading_is_whole() {
        let lines = [
            "git commit -m \"fix login bug\"",
            "git commit -m \"fix login Bug\"",
            "git commit -m fix 登录错误",
        ];
        let mut readings = Readings::new(&answer(&lines), "said");
        readings.step(2);
        let rows: Vec<String> = readings.rows(12, 20).iter().map(|row| row.shown(20, false)).collect();
        let plain =
            |row: &String| row.replace("\u{1b}[1m", "").replace("\u{1b}[4m", "").replace("\u{1b}[0m", "");
        let plain: Vec<String> = rows.iter().map(plain).collect();
        assert_eq!(
            plain[..5],
            [
                "  1 git commit -m …",
                "  2 …ix login Bug\"",
                "> 3 git commit -m f",
                "    ix 登录错误",
                "  4 said"
            ],
            "{rows:?}"
        );
    }

    #[test]
    fn rows_are_numbered_and_the_current_one_has_its_note() {
        let mut readings = Readings::new(&answer(&["git status -s", "git status -S"]), "git status dash s");
        let rows = shown(&readings);
        assert!(rows[0].contains("> 1 ") && rows[1].contains("  2 ") && rows[2].contains("  3 "));
        assert!(rows[1].contains("\u{1b}[4m-S"), "{:?}", rows[1]);
        assert!(rows[3].contains("likely, 64 %"));
        readings.step(1);
        assert!(shown(&readings)[3].contains("2 of 2"));
        readings.step(1);
        assert!(shown(&readings)[3].contains("as dictated"));
    }
}
