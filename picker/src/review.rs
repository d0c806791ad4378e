//! `sayso learn review`: decides about learnt words, one after the other, below the cursor.

use crate::input::Input;
use crate::region::{Look, Region, TerminalError};
use crate::row::{Row, Tone};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// Most rows that it takes.
const ROWS: u16 = 12;
/// Most words that are visible at once.
const MAX_SHOWN: usize = 8;
/// The help for the keys, for a wide window and for narrower ones.
const HELP: [&str; 3] = [
    "a accepts, r rejects, e edits what is written, arrows choose, Esc ends",
    "a accepts, r rejects, e edits, Esc",
    "a r e Esc",
];
const HELP_OF_EDIT: [&str; 2] = ["Enter accepts this instead, Esc leaves it", "Enter Esc"];

/// A word to decide about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// The word that the dictation tool wrote.
    pub heard: String,
    /// The word that the person wrote instead.
    pub written: String,
    /// How often.
    pub seen: u32,
}

/// A decision about a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is written like this from now on.
    Accept(String),
    /// It is never offered again.
    Reject,
}

/// Carries out a decision about the word at this index, and returns a sentence about the result.
pub type Decide<'a> = dyn FnMut(usize, &Verdict) -> Result<String, String> + 'a;

/// Shows the words until all are decided, or the person has had enough.
///
/// # Errors
/// There is no terminal, or it went away.
pub fn review(words: &[Doubt], decide: &mut Decide<'_>, look: Look) -> Result<(), TerminalError> {
    let mut region = Region::open(ROWS, look)?;
    let mut review = Review::new(words);
    loop {
        let (room, columns) = region.room()?;
        region.draw(&review.rows(room, columns), None)?;
        match region.event()? {
            Event::Key(key) if key.kind != KeyEventKind::Release && review.press(key, decide) => {
                return Ok(());
            }
            Event::Resize(..) => region.resized()?,
            Event::Paste(text) => review.paste(&text),
            _ => {}
        }
    }
}

struct Review<'a> {
    words: &'a [Doubt],
    /// The result of the decision about each word.
    outcomes: Vec<Option<String>>,
    current: usize,
    /// The replacement, while it is being typed.
    edit: Option<Input>,
    /// Why the last decision was not carried out.
    refusal: Option<String>,
}

impl<'a> Review<'a> {
    fn new(words: &'a [Doubt]) -> Review<'a> {
        Review { words, outcomes: vec![None; words.len()], current: 0, edit: None, refusal: None }
    }

    /// Carries out a key; returns whether the review has ended.
    fn press(&mut self, key: KeyEvent, decide: &mut Decide<'_>) -> bool {
        let is_ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let interrupts = is_ctrl && matches!(key.code, KeyCode::Char('c' | 'd' | 'g'));
        if let Some(input) = &mut self.edit {
            match key.code {
                _ if interrupts => self.edit = None,
                KeyCode::Esc => self.edit = None,
                KeyCode::Enter => {
                    let written = input.text().trim().to_owned();
                    self.edit = None;
                    if !written.is_empty() {
                        return self.settle(&Verdict::Accept(written), decide);
                    }
                }
                KeyCode::Char('u') if is_ctrl => input.clear(),
                KeyCode::Char('w') if is_ctrl => input.remove_word(),
                KeyCode::Char(character) if !is_ctrl => input.insert(character.encode_utf8(&mut [0; 4])),
                KeyCode::Backspace => input.backspace(),
                KeyCode::Left => input.move_by(-1),
                KeyCode::Right => input.move_by(1),
                _ => {}
            }
            return false;
        }
        self.refusal = None;
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') => return true,
            _ if interrupts => return true,
            KeyCode::Up | KeyCode::Char('k') => self.step(-1),
            KeyCode::Down | KeyCode::Char('j' | 's') => self.step(1),
            KeyCode::Char('a') | KeyCode::Enter => {
                let written = self.words[self.current].written.clone();
                return self.settle(&Verdict::Accept(written), decide);
            }
            KeyCode::Char('r') => return self.settle(&Verdict::Reject, decide),
            KeyCode::Char('e') if self.outcomes[self.current].is_none() => {
                let mut input = Input::default();
                input.insert(&self.words[self.current].written);
                self.edit = Some(input);
            }
            _ => {}
        }
        false
    }

    fn paste(&mut self, text: &str) {
        if let Some(input) = &mut self.edit {
            input.insert(text.trim_end());
        }
    }

    fn step(&mut self, by: isize) {
        let count = self.words.len();
        self.current = (self.current + count).saturating_add_signed(by) % count;
    }

    /// Decides about the current word, once, and goes to the next undecided one; returns whether there is none.
    fn settle(&mut self, verdict: &Verdict, decide: &mut Decide<'_>) -> bool {
        if self.outcomes[self.current].is_some() {
            return false;
        }
        match decide(self.current, verdict) {
            Ok(outcome) => self.outcomes[self.current] = Some(outcome),
            Err(why) => {
                self.refusal = Some(why);
                return false;
            }
        }
        let count = self.words.len();
        let open = (0..count).map(|by| (self.current + by) % count).find(|at| self.outcomes[*at].is_none());
        self.current = open.unwrap_or(self.current);
        open.is_none()
    }

    fn rows(&self, room: usize, columns: usize) -> Vec<Row> {
        let most = MAX_SHOWN.min(room.saturating_sub(3)).max(1);
        let first = (self.current + 1).saturating_sub(most);
        let mut rows = Vec::new();
        for (at, word) in self.words.iter().enumerate().skip(first).take(most) {
            let base = if at == self.current { Tone::Current } else { Tone::Plain };
            let mark = if at == self.current { "> " } else { "  " };
            let row = Row::new(format!("{mark}{} -> ", word.heard), base);
            let row = match &self.edit {
                Some(input) if at == self.current => {
                    row.with(input.text(), Tone::Different).with("_", Tone::Plain)
                }
                _ => row.with(word.written.clone(), Tone::Different),
            };
            let said = match &self.outcomes[at] {
                Some(outcome) => format!("  {outcome}"),
                None => format!("  {} times", word.seen),
            };
            let row = row.with(said, Tone::Faint);
            rows.extend(if at == self.current { row.wrapped(columns, 2, 3) } else { vec![row] });
        }
        if let Some(why) = &self.refusal {
            rows.extend(Row::prose(why, Tone::Danger, columns, 2));
        }
        let help: &[&str] = if self.edit.is_some() { &HELP_OF_EDIT } else { &HELP };
        rows.push(Row::first_that_fits(help, columns));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Vec<Doubt> {
        let word =
            |heard: &str, written: &str| Doubt { heard: heard.into(), written: written.into(), seen: 2 };
        vec![word("poke errs", "pokerth"), word("redo check", "rdacheck")]
    }

    fn press(review: &mut Review<'_>, keys: &[KeyCode], decided: &mut Vec<(usize, Verdict)>) -> bool {
        let mut decide = |at: usize, verdict: &Verdict| {
            if *verdict == Verdict::Accept("bad word".into()) {
                return Err("it cannot be said".to_owned());
            }
            decided.push((at, verdict.clone()));
            Ok("done".to_owned())
        };
        keys.iter().any(|code| review.press(KeyEvent::new(*code, KeyModifiers::NONE), &mut decide))
    }

    fn shown(review: &Review<'_>) -> String {
        review.rows(12, 80).iter().map(|row| row.shown(80, false) + "\n").collect()
    }

    #[test]
    fn each_word_is_decided_about_once() {
        let words = words();
        let (mut review, mut decided) = (Review::new(&words), Vec::new());
        assert!(!press(&mut review, &[KeyCode::Char('r'), KeyCode::Up, KeyCode::Char('a')], &mut decided));
        assert_eq!(decided, [(0, Verdict::Reject)]);
        assert!(shown(&review).contains("done"), "{}", shown(&review));
        assert!(
            press(&mut review, &[KeyCode::Down, KeyCode::Char('a')], &mut decided),
            "that was the last one"
        );
        assert_eq!(decided[1], (1, Verdict::Accept("rdacheck".into())));
    }

    #[test]
    fn what_is_written_can_be_edited_or_left() {
        let words = words();
        let (mut review, mut decided) = (Review::new(&words), Vec::new());
        let keys = [KeyCode::Char('e'), KeyCode::Backspace, KeyCode::Char('a'), KeyCode::Esc, KeyCode::Down];
        press(&mut review, &keys, &mut decided);
        assert!(decided.is_empty() && shown(&review).contains("poke errs -> "));
        press(&mut review, &[KeyCode::Char('e'), KeyCode::Char('2')], &mut decided);
        assert!(shown(&review).contains("rdacheck2") && shown(&review).contains("Enter accepts this"));
        press(&mut review, &[KeyCode::Enter], &mut decided);
        assert_eq!(decided, [(1, Verdict::Accept("rdacheck2".into()))]);
    }

    #[test]
    fn a_decision_that_fails_is_told_and_stays_open() {
        let words = [Doubt { heard: "x".into(), written: "bad word".into(), seen: 1 }];
        let (mut review, mut decided) = (Review::new(&words), Vec::new());
        assert!(!press(&mut review, &[KeyCode::Enter], &mut decided));
        assert!(shown(&review).contains("it cannot be said"));
        assert!(press(&mut review, &[KeyCode::Char('q')], &mut decided) && decided.is_empty());
    }
}
