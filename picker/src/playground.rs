//! `sayso try`: dictate or type above, and see below, with every key, what becomes of it.

use crate::input::Input;
use crate::readings::note_row;
use crate::region::{Look, Region, TerminalError};
use crate::row::{Row, Tone};
use crate::{Ask, difference};
use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use sayso_protocol::{Answer, ErrorReply};
use sayso_speech::speak::{Dialect, speak};
use std::time::{Duration, Instant};

/// Rows that it takes at most.
const ROWS: u16 = 10;
/// What stands before the dictation.
const LABEL: &str = "say  ";

/// Lets somebody try dictations until Ctrl-C. Nothing is kept, and nothing is left on the screen.
///
/// # Errors
/// There is no terminal, or it went away.
pub fn play(ask: &mut Ask<'_>, look: Look) -> Result<(), TerminalError> {
    let mut region = Region::open(ROWS, look)?;
    let mut input = Input::default();
    let mut shown = Shown::Nothing;
    loop {
        let rows = rows(&input, &shown);
        region.draw(&rows, Some((0, LABEL.len() + input.column())))?;
        let before = input.text();
        // A dictation comes as many keys at once; it is asked for when the last one is there.
        loop {
            match event::read()? {
                Event::Key(key) if key.kind != KeyEventKind::Release => {
                    if is_end(key, &input) {
                        return Ok(());
                    }
                    edit(key, &mut input);
                }
                Event::Paste(text) => input.insert(text.trim_end()),
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

/// What stands below the dictation.
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
        // The next dictation.
        KeyCode::Enter => input.clear(),
        _ => {}
    }
}

fn rows(input: &Input, shown: &Shown) -> Vec<Row> {
    let mut rows = vec![Row::new(LABEL, Tone::Faint).with(input.text(), Tone::Plain)];
    match shown {
        Shown::Nothing => {
            rows.push(Row::new("a dictation, or a command to hear how it is said", Tone::Faint))
        }
        Shown::Refusal(message) => rows.push(Row::new(message.clone(), Tone::Danger)),
        Shown::Answer(answer, took) => rows.extend(answered(&input.text(), answer, *took)),
    }
    rows.push(Row::new("Enter: the next one, Ctrl-U clears, Ctrl-C ends without a trace", Tone::Faint));
    rows
}

fn answered(text: &str, answer: &Answer, took: Duration) -> Vec<Row> {
    let mut rows = vec![Row::new("run  ", Tone::Faint).with(answer.buffer.clone(), Tone::Current)];
    for (at, line) in answer.alternatives.iter().enumerate() {
        let mut row = Row::new(format!("  {}  ", at + 2), Tone::Faint);
        for (part, differs) in difference::parts(line, &answer.buffer) {
            row = row.with(part, if differs { Tone::Different } else { Tone::Plain });
        }
        rows.push(row);
    }
    // A command that was pasted: how is it said?
    if answer.buffer == text
        && let Ok(spoken) = speak(text, Dialect::Strict, 0)
    {
        rows.push(Row::new("say: ", Tone::Faint).with(spoken, Tone::Current));
    }
    let note = answer.hint.as_ref().or(answer.message.as_ref());
    rows.extend(note.map(|note| note_row(note)));
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    rows.push(Row::new(
        format!(
            "by {}, {:.0} % sure, {:.1} ms, {:.1} ms with the way there and back",
            answer.route,
            answer.confidence * 100.0,
            milliseconds(Duration::from_micros(answer.micros)),
            milliseconds(took)
        ),
        Tone::Faint,
    ));
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
        rows(&input, &shown).iter().map(|row| row.shown(100, false) + "\n").collect()
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
