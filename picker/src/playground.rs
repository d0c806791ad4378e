//! `sayso try`: dictate or type in the first row, and see the result below after every key.

use crate::input::Input;
use crate::readings::{from_difference, note_rows};
use crate::region::{Look, Region, TerminalError};
use crate::row::{Row, Tone};
use crate::{Ask, difference};
use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use sayso_protocol::{Answer, ErrorReply};
use sayso_speech::speak::{Dialect, speak};
use std::time::{Duration, Instant};

/// Most rows that it takes.
const ROWS: u16 = 14;
/// Stands before the dictation.
const LABEL: &str = "say  ";
/// Most rows of the command and of a note, if a narrow window cannot hold them in one.
const MAX_WRAPPED: usize = 3;
/// The help for the keys, for a wide window and for narrower ones.
const HELP: [&str; 3] = [
    "Enter: the next one, Ctrl-U clears, Ctrl-C ends without a trace",
    "Ctrl-U clears, Ctrl-C ends",
    "Ctrl-C ends",
];
/// Examples of what to type, likewise.
const INVITATION: [&str; 2] = ["a dictation, or a command to hear how it is said", "dictate here"];

/// Lets somebody try dictations until Ctrl-C. Nothing is kept, and nothing remains on the screen.
///
/// # Errors
/// There is no terminal, or it went away.
pub fn play(ask: &mut Ask<'_>, look: Look) -> Result<(), TerminalError> {
    let mut region = Region::open(ROWS, look)?;
    let mut input = Input::default();
    let mut shown = Shown::Nothing;
    loop {
        let (_, columns) = region.room()?;
        let (rows, column) = rows(&input, &shown, columns);
        region.draw(&rows, Some((0, column)))?;
        let before = input.text();
        // A dictation arrives as many keys at once, so it is converted when the last one has come.
        loop {
            match region.event()? {
                Event::Key(key) if key.kind != KeyEventKind::Release => {
                    if is_end(key, &input) {
                        return Ok(());
                    }
                    edit(key, &mut input);
                }
                Event::Paste(text) => input.insert(text.trim_end()),
                Event::Resize(..) => region.resized()?,
                _ => {}
            }
            if !event::poll(Duration::ZERO)? {
                break;
            }
        }
        let text = input.text();
        if text != before {
            shown = convert(&text, ask);
        }
    }
}

/// The rows below the dictation.
enum Shown {
    Nothing,
    Answer(Box<Answer>, Duration),
    Refusal(String),
}

fn convert(text: &str, ask: &mut Ask<'_>) -> Shown {
    if text.trim().is_empty() {
        return Shown::Nothing;
    }
    let begun = Instant::now();
    match ask(text, &[]) {
        Ok(answer) => Shown::Answer(Box::new(answer), begun.elapsed()),
        Err(ErrorReply { message, .. }) => Shown::Refusal(message),
    }
}

fn is_end(key: KeyEvent, input: &Input) -> bool {
    let is_ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Esc => true,
        KeyCode::Char('c') => is_ctrl,
        KeyCode::Char('d') => is_ctrl && input.text().is_empty(),
        _ => false,
    }
}

fn edit(key: KeyEvent, input: &mut Input) {
    let is_ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('u') if is_ctrl => input.clear(),
        KeyCode::Char('w') if is_ctrl => input.remove_word(),
        KeyCode::Char('a') if is_ctrl => input.move_by(isize::MIN + 1),
        KeyCode::Char('e') if is_ctrl => input.move_by(isize::MAX),
        KeyCode::Char(character) if !is_ctrl => input.insert(character.encode_utf8(&mut [0; 4])),
        KeyCode::Backspace => input.backspace(),
        KeyCode::Left => input.move_by(-1),
        KeyCode::Right => input.move_by(1),
        KeyCode::Home => input.move_by(isize::MIN + 1),
        KeyCode::End => input.move_by(isize::MAX),
        // Starts the next dictation.
        KeyCode::Enter => input.clear(),
        _ => {}
    }
}

/// The rows, and the column of the cursor in the first of them.
fn rows(input: &Input, shown: &Shown, columns: usize) -> (Vec<Row>, usize) {
    // If a dictation is longer than the row, the part around the cursor is visible.
    let (text, column) = input.window(columns.saturating_sub(LABEL.len() + 2));
    let mut rows = vec![Row::new(LABEL, Tone::Faint).with(text, Tone::Plain)];
    match shown {
        Shown::Nothing => rows.push(Row::first_that_fits(&INVITATION, columns)),
        Shown::Refusal(message) => {
            rows.extend(Row::prose(message, Tone::Danger, columns, MAX_WRAPPED));
        }
        Shown::Answer(answer, took) => rows.extend(answered(&input.text(), answer, *took, columns)),
    }
    rows.push(Row::first_that_fits(&HELP, columns));
    (rows, LABEL.len() + column)
}

fn answered(text: &str, answer: &Answer, took: Duration, columns: usize) -> Vec<Row> {
    let run = Row::new("run  ", Tone::Faint).with(answer.buffer.clone(), Tone::Current);
    let mut rows = run.wrapped(columns, LABEL.len(), MAX_WRAPPED);
    for (at, line) in answer.alternatives.iter().enumerate() {
        let mut row = Row::new(format!("  {}  ", at + 2), Tone::Faint);
        for (part, differs) in from_difference(difference::parts(line, &answer.buffer), columns) {
            row = row.with(part, if differs { Tone::Different } else { Tone::Plain });
        }
        rows.push(row);
    }
    // A pasted command: shows how to say it.
    if answer.buffer == text
        && let Ok(spoken) = speak(text, Dialect::Strict, 0)
    {
        let say = Row::new("say: ", Tone::Faint).with(spoken, Tone::Current);
        rows.extend(say.wrapped(columns, LABEL.len(), MAX_WRAPPED));
    }
    let note = answer.hint.as_ref().or(answer.message.as_ref());
    rows.extend(note.into_iter().flat_map(|note| note_rows(note, columns, MAX_WRAPPED)));
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    let inside = milliseconds(Duration::from_micros(answer.micros));
    let short = format!("{}, {inside:.1} ms", answer.route);
    let sure = format!("by {}, {:.0} % sure, {inside:.1} ms", answer.route, answer.confidence * 100.0);
    let long = format!("{sure}, {:.1} ms with the way there and back", milliseconds(took));
    rows.push(Row::first_that_fits(&[&long, &sure, &short], columns));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readings::tests::answer;

    fn shown(text: &str, answer: Answer) -> String {
        let mut input = Input::default();
        input.insert(text);
        let shown = Shown::Answer(Box::new(answer), Duration::from_millis(2));
        rows(&input, &shown, 100).0.iter().map(|row| row.shown(100, false) + "\n").collect()
    }

    #[test]
    fn the_command_its_other_readings_and_the_time_stand_below() {
        let shown = shown("git status dash s", answer(&["git status -s", "git status -S"]));
        for part in ["git status dash s", "git status -s", "  2  ", "likely, 64 %", "0.9 ms, 2.0 ms"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(!shown.contains("say: "));
    }

    #[test]
    fn a_command_is_said_aloud() {
        let shown = shown("ls -l", answer(&["ls -l"]));
        assert!(shown.contains("ls space dash l"), "{shown}");
    }
}
