//! `sayso pick`: chooses among the readings of a line, and word by word.

use crate::Ask;
use crate::readings::Readings;
use crate::region::{Look, Region, TerminalError};
use crate::row::Row;
use crate::units::Units;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use sayso_protocol::{Answer, Chosen, ErrorReply};

/// Most rows that the picker takes: nine readings, the filter, the note and the keys.
const ROWS: u16 = 12;

/// The outcome.
#[derive(Debug, Clone, PartialEq)]
pub enum Picked {
    /// This answer was taken: its reading, with the others after it.
    Taken(Box<Answer>),
    /// The line stays as it was.
    Cancelled,
}

/// Shows the readings of `dictated` below the cursor until one is taken.
///
/// # Errors
/// There is no terminal, or it went away.
pub fn pick(dictated: &str, answer: &Answer, ask: &mut Ask<'_>, look: Look) -> Result<Picked, TerminalError> {
    let mut region = Region::open(ROWS, look)?;
    let mut picker = Picker::new(dictated, answer);
    loop {
        let (room, columns) = region.room()?;
        region.draw(&picker.rows(room, columns), None)?;
        let key = match region.event()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => key,
            Event::Resize(..) => {
                region.resized()?;
                continue;
            }
            // A paste is not a key.
            _ => continue,
        };
        if let Some(picked) = picker.press(key, ask) {
            return Ok(picked);
        }
    }
}

/// What is on the screen.
struct Picker<'a> {
    dictated: &'a str,
    /// The answer whose readings are listed.
    answer: Answer,
    readings: Readings,
    /// The choice by word; `None` if the answer has no units.
    units: Option<Units>,
    is_by_word: bool,
}

impl<'a> Picker<'a> {
    fn new(dictated: &'a str, answer: &Answer) -> Picker<'a> {
        let (readings, units) = (Readings::new(answer, dictated), Units::new(answer));
        Picker { dictated, answer: answer.clone(), readings, units, is_by_word: false }
    }

    fn rows(&self, room: usize, columns: usize) -> Vec<Row> {
        match &self.units {
            Some(units) if self.is_by_word => units.rows(room, columns),
            _ => self.readings.rows(room, columns),
        }
    }

    /// Carries out a key; returns the outcome if it ends the picker.
    fn press(&mut self, key: KeyEvent, ask: &mut Ask<'_>) -> Option<Picked> {
        let is_ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        if key.code == KeyCode::Esc || is_ctrl && matches!(key.code, KeyCode::Char('c' | 'd' | 'g')) {
            return Some(Picked::Cancelled);
        }
        match &mut self.units {
            Some(units) if self.is_by_word => {
                let by = if matches!(key.code, KeyCode::Up | KeyCode::Left) { -1 } else { 1 };
                match key.code {
                    KeyCode::Enter => return Some(Picked::Taken(Box::new(units.answer().clone()))),
                    KeyCode::Tab | KeyCode::BackTab => {
                        // The readings that match the choices.
                        self.answer = units.answer().clone();
                        self.readings = Readings::new(&self.answer, self.dictated);
                        self.is_by_word = false;
                    }
                    KeyCode::Left | KeyCode::Right => units.move_by(by),
                    KeyCode::Up | KeyCode::Down => units.turn(by, |chosen: &[Chosen]| {
                        ask(self.dictated, chosen).map_err(|ErrorReply { message, .. }| message)
                    }),
                    _ => {}
                }
                None
            }
            _ => self.press_in_list(key, is_ctrl),
        }
    }

    fn press_in_list(&mut self, key: KeyEvent, is_ctrl: bool) -> Option<Picked> {
        let is_alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Enter => {
                let line = &self.readings.current()?.line;
                return Some(taken(&self.answer, self.dictated, line));
            }
            KeyCode::Tab => self.is_by_word = self.units.is_some(),
            KeyCode::Up => self.readings.step(-1),
            KeyCode::Down => self.readings.step(1),
            KeyCode::Char('p') if is_ctrl => self.readings.step(-1),
            KeyCode::Char('n') if is_ctrl => self.readings.step(1),
            KeyCode::Backspace => drop(self.readings.unfilter()),
            KeyCode::Char(digit @ '1'..='9') if !is_ctrl && !is_alt => {
                self.readings.go_to(usize::from(digit as u8 - b'0'));
            }
            KeyCode::Char(character) if !is_ctrl && !is_alt => self.readings.filter(character),
            _ => {}
        }
        None
    }
}

/// The answer with `line` as its buffer. The other readings follow in their order, those before it last.
pub(crate) fn taken(answer: &Answer, dictated: &str, line: &str) -> Picked {
    let mut readings: Vec<(String, String)> = vec![(answer.buffer.clone(), String::new())];
    for (at, alternative) in answer.alternatives.iter().enumerate() {
        readings.push((alternative.clone(), answer.notes.get(at).cloned().unwrap_or_default()));
    }
    let last = answer.notes.get(answer.alternatives.len()).cloned().unwrap_or_default();
    let Some(at) = readings.iter().position(|(reading, _)| reading == line) else {
        // What was dictated is the line as it was.
        debug_assert_eq!(line, dictated);
        return Picked::Cancelled;
    };
    if at == 0 {
        return Picked::Taken(Box::new(answer.clone()));
    }
    readings.rotate_left(at);
    let (buffer, note) = readings.remove(0);
    let (alternatives, mut notes): (Vec<String>, Vec<String>) = readings.into_iter().unzip();
    notes.push(last);
    let hint = Some(note).filter(|note| !note.is_empty());
    Picked::Taken(Box::new(Answer {
        cursor: buffer.chars().count(),
        buffer,
        alternatives,
        notes,
        hint,
        // These belong to the first reading.
        message: None,
        spans: Vec::new(),
        dropped: Vec::new(),
        added: Vec::new(),
        units: None,
        ..answer.clone()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readings::tests::answer;

    fn press(picker: &mut Picker<'_>, code: KeyCode) -> Option<Picked> {
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        picker.press(key, &mut |_, _| panic!("nothing is asked for"))
    }

    #[test]
    fn enter_takes_what_the_arrows_and_numbers_are_on() {
        let answer = answer(&["a", "b", "c"]);
        let mut picker = Picker::new("said", &answer);
        assert_eq!(press(&mut picker, KeyCode::Down), None);
        let Some(Picked::Taken(taken)) = press(&mut picker, KeyCode::Enter) else { panic!() };
        assert_eq!((taken.buffer.as_str(), taken.cursor), ("b", 1));
        assert_eq!(taken.alternatives, ["c", "a"]);
        assert_eq!((taken.hint.as_deref(), taken.notes[0].as_str()), (Some("2 of 3"), "3 of 3"));
        press(&mut picker, KeyCode::Char('1'));
        assert_eq!(press(&mut picker, KeyCode::Enter), Some(Picked::Taken(Box::new(answer.clone()))));
        // The dictation is the line as it was.
        press(&mut picker, KeyCode::Char('4'));
        assert_eq!(press(&mut picker, KeyCode::Enter), Some(Picked::Cancelled));
    }

    #[test]
    fn escape_and_the_keys_that_interrupt_leave_the_line() {
        let answer = answer(&["a"]);
        let mut picker = Picker::new("said", &answer);
        assert_eq!(press(&mut picker, KeyCode::Esc), Some(Picked::Cancelled));
        let key = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(picker.press(key, &mut |_, _| panic!()), Some(Picked::Cancelled));
        // Without units there is no choice by word.
        assert_eq!(press(&mut picker, KeyCode::Tab), None);
        assert!(!picker.is_by_word);
    }
}
