//! The choice word by word: one unit of the dictation is current, up and down go through its readings, and the rest of
//! the line is chosen again around it.

use crate::row::{Row, Tone};
use sayso_protocol::{Answer, Chosen, Reading, Unit};

/// Most rows of the list; more readings scroll.
const MAX_SHOWN: usize = 6;
/// The help for the keys, for a wide window and for narrower ones.
const HELP: [&str; 4] = [
    "Enter takes, Esc leaves, Tab: all readings, left and right: words, up and down: readings",
    "Enter takes, Esc leaves, Tab: list, arrows: words and readings",
    "Enter Esc Tab arrows",
    "Enter Esc Tab",
];

/// The units of a line, and the choices made by hand.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Units {
    /// The units before anything was chosen, with all their readings.
    before: Vec<Unit>,
    /// The line as it is now.
    answer: Answer,
    chosen: Vec<Chosen>,
    /// The index of the current unit.
    current: usize,
    /// The reason why the last choice was not possible.
    refusal: Option<String>,
}

impl Units {
    /// The units of an explained answer; `None` if it has none.
    pub(crate) fn new(answer: &Answer) -> Option<Units> {
        let before = answer.units.clone().filter(|units| !units.is_empty())?;
        Some(Units { before, answer: answer.clone(), chosen: Vec::new(), current: 0, refusal: None })
    }

    /// The line as it is now.
    pub(crate) fn answer(&self) -> &Answer {
        &self.answer
    }

    fn units(&self) -> &[Unit] {
        self.answer.units.as_deref().unwrap_or_default()
    }

    /// Goes to another unit, wrapping at the ends.
    pub(crate) fn move_by(&mut self, by: isize) {
        let count = self.units().len();
        if count > 0 {
            self.current = (self.current + count).saturating_add_signed(by) % count;
        }
        self.refusal = None;
    }

    /// The readings of the current unit, each text over the same words once. They are those of the whole lattice, which
    /// has more than the line has after a choice.
    fn readings(&self) -> Vec<&Reading> {
        let Some(unit) = self.units().get(self.current) else { return Vec::new() };
        let taken = unit.readings.iter().filter(|reading| reading.taken);
        let starts_here = |other: &&Unit| other.source[0] == unit.source[0];
        let all = self.before.iter().filter(starts_here).flat_map(|unit| &unit.readings);
        let mut readings: Vec<&Reading> = Vec::new();
        let again = |readings: &[&Reading], reading: &Reading| {
            readings.iter().any(|other| other.text == reading.text && other.source == reading.source)
        };
        for reading in all.chain(&unit.readings) {
            if !again(&readings, reading) {
                readings.push(reading);
            }
        }
        for reading in taken {
            if !again(&readings, reading) {
                readings.insert(0, reading);
            }
        }
        readings
    }

    /// The index of the reading that the line has.
    fn taken(&self, readings: &[&Reading]) -> usize {
        let unit = self.units().get(self.current);
        let taken = unit.and_then(|unit| unit.readings.iter().find(|reading| reading.taken));
        let is_it = |reading: &&Reading| {
            taken.is_some_and(|taken| taken.text == reading.text && taken.source == reading.source)
        };
        readings.iter().position(is_it).unwrap_or(0)
    }

    /// The choices that give the current unit the reading `by` places further on; `None` if there is no other one.
    fn choice(&self, by: isize) -> Option<Vec<Chosen>> {
        let readings = self.readings();
        let count = readings.len();
        let at = (self.taken(&readings) + count).saturating_add_signed(by).checked_rem(count)?;
        let Reading { source, text, .. } = readings[at];
        let overlaps = |other: &Chosen| other.source[0] < source[1] && source[0] < other.source[1];
        let mut chosen: Vec<Chosen> = self.chosen.iter().filter(|other| !overlaps(other)).cloned().collect();
        chosen.push(Chosen { source: *source, text: text.clone() });
        Some(chosen).filter(|_| count > 1)
    }

    /// Gives the current unit its next or previous reading, and lets `ask` choose the rest again. Readings with which
    /// the line would make no sense are skipped.
    pub(crate) fn turn(&mut self, by: isize, mut ask: impl FnMut(&[Chosen]) -> Result<Answer, String>) {
        let count = self.readings().len();
        self.refusal = None;
        for steps in 1..isize::try_from(count).unwrap_or(1) {
            let Some(chosen) = self.choice(by * steps) else { return };
            match ask(&chosen) {
                Ok(answer) if answer.units.is_some() => {
                    let start = self.units().get(self.current).map_or(0, |unit| unit.source[0]);
                    self.answer = answer;
                    self.chosen = chosen;
                    let here = self.units().iter().position(|unit| unit.source[1] > start);
                    self.current = here.unwrap_or(0);
                    self.refusal = None;
                    return;
                }
                Ok(_) => self.refusal = Some("this line is too long to be chosen word by word".to_owned()),
                Err(why) => self.refusal = Some(why),
            }
        }
    }

    /// The rows for a window of this many rows and columns: the first one is the line, and the last one is the help for
    /// the keys.
    pub(crate) fn rows(&self, room: usize, columns: usize) -> Vec<Row> {
        let mut rows = self.line().wrapped(columns, 2, MAX_SHOWN);
        let over = rows.len() - 1;
        if let Some(unit) = self.units().get(self.current) {
            rows.push(Row::new(format!("heard: {}", unit.heard), Tone::Faint));
        }
        let readings = self.readings();
        let taken = self.taken(&readings);
        let most = MAX_SHOWN.min(room.saturating_sub(3 + over)).max(1);
        let first = (taken + 1).saturating_sub(most);
        for (at, reading) in readings.iter().enumerate().skip(first).take(most) {
            let tone = if at == taken { Tone::Current } else { Tone::Plain };
            let mark = if at == taken { "> " } else { "  " };
            let text = if reading.text.is_empty() { "(left out)" } else { &reading.text };
            rows.push(
                Row::new(format!("{mark}{text}"), tone).with(format!("  {}", reading.kind), Tone::Faint),
            );
        }
        if let Some(why) = &self.refusal {
            rows.extend(Row::prose(why, Tone::Danger, columns, 2));
        }
        rows.push(Row::first_that_fits(&HELP, columns));
        rows
    }

    /// The line, with the text of the current unit marked.
    fn line(&self) -> Row {
        let characters: Vec<char> = self.answer.buffer.chars().collect();
        let span =
            self.answer.spans.get(self.current).filter(|_| self.answer.spans.len() == self.units().len());
        let [start, end] = span.map_or([0, 0], |span| span.output.map(|at| at.min(characters.len())));
        let text = |from: usize, to: usize| characters[from..to.max(from)].iter().collect::<String>();
        match start < end {
            true => Row::new(text(0, start), Tone::Plain)
                .with(format!("[{}]", text(start, end)), Tone::Different)
                .with(text(end, characters.len()), Tone::Plain),
            // The unit was left out: a mark shows where it would stand.
            false => Row::new(text(0, start), Tone::Plain)
                .with("[]", Tone::Different)
                .with(text(start, characters.len()), Tone::Plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readings::tests::answer;
    use sayso_protocol::Span;

    fn reading(text: &str, source: [usize; 2], taken: bool) -> Reading {
        Reading { text: text.into(), kind: "word".into(), source, taken }
    }

    /// "ls dash L", with these texts for the last two words.
    fn explained(dash: &str, letter: &str) -> Answer {
        let unit = |heard: &str, source: [usize; 2], texts: &[&str], taken: &str| {
            let mut readings: Vec<Reading> =
                texts.iter().map(|text| reading(text, source, *text == taken)).collect();
            readings.sort_by_key(|reading| !reading.taken);
            Unit { heard: heard.into(), source, readings, why: String::new() }
        };
        let buffer = format!("ls {dash}{letter}");
        let spans = [[0, 2], [3, 3 + dash.len()], [3 + dash.len(), buffer.len()]];
        Answer {
            units: Some(vec![
                unit("ls", [0, 2], &["ls"], "ls"),
                unit("dash", [3, 7], &["-", "dash"], dash),
                unit("L", [8, 9], &["l", "L", ""], letter),
            ]),
            spans: spans.map(|output| Span { source: output, output }).to_vec(),
            ..answer(&[&buffer])
        }
    }

    #[test]
    fn a_unit_goes_through_its_readings_and_keeps_what_was_chosen_before() {
        let mut units = Units::new(&explained("-", "l")).unwrap();
        units.turn(1, |_| panic!("`ls` has no other reading"));
        units.move_by(-1);
        units.turn(1, |chosen| {
            assert_eq!(chosen, [Chosen { source: [8, 9], text: "L".into() }]);
            Ok(explained("-", "L"))
        });
        assert_eq!(units.answer().buffer, "ls -L");
        units.move_by(-1);
        units.turn(-1, |chosen| {
            assert_eq!(chosen.len(), 2, "{chosen:?}");
            Ok(explained("dash", "L"))
        });
        assert_eq!(units.answer().buffer, "ls dashL");
        // If a unit is chosen again, it forgets its first choice.
        units.turn(1, |chosen| {
            assert_eq!(chosen.iter().map(|it| it.text.as_str()).collect::<Vec<_>>(), ["L", "-"]);
            Ok(explained("-", "L"))
        });
    }

    #[test]
    fn a_reading_that_cannot_be_is_passed_over_and_the_last_refusal_is_shown() {
        let mut units = Units::new(&explained("-", "l")).unwrap();
        units.move_by(-1);
        units.turn(1, |chosen| match chosen[0].text.as_str() {
            "L" => Err("not so".into()),
            _ => Ok(explained("-", "")),
        });
        assert_eq!(units.answer().buffer, "ls -");
        let mut units = Units::new(&explained("-", "l")).unwrap();
        units.move_by(-1);
        units.turn(1, |_| Err("not so".into()));
        assert_eq!(units.answer().buffer, "ls -l");
        let rows: Vec<String> = units.rows(12, 80).iter().map(|row| row.shown(80, false)).collect();
        assert!(rows.iter().any(|row| row.contains("not so")), "{rows:?}");
        assert!(rows[0].contains("[l]"), "{rows:?}");
    }

    #[test]
    fn an_answer_without_units_has_no_choice_by_word() {
        assert_eq!(Units::new(&answer(&["ls"])), None);
    }
}
