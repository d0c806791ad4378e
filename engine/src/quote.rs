//! The quote that a path leaves open.

use sayso_speech::lattice::{Kind, Lattice, Step};
use sayso_speech::quote::State;

/// The sign of the quote that is open at the end of the command that `path` writes. Signs within words are text, but those
/// at either end of a reading with signs that nobody said are quotes.
pub(crate) fn open_at_end(lattice: &Lattice, path: &[Step]) -> Option<char> {
    let mut state = State::new(lattice.open_quote());
    for step in path {
        let reading = lattice.reading(step.reading);
        let mut characters = reading.text.chars();
        match (reading.kind, characters.next(), characters.next_back()) {
            (Kind::Symbol, Some(sign), None) => drop(state.push(sign)),
            (Kind::Added, Some(first), last) => {
                if matches!(first, '"' | '\'') {
                    state.push(first);
                }
                // One that closes nothing is no quote.
                if let Some(last) = last.filter(|last| state.open() == Some(*last)) {
                    state.push(last);
                }
            }
            _ => {}
        }
    }
    state.open()
}

#[cfg(test)]
mod tests {
    use crate::{Dictation, Engine, Words};

    #[test]
    fn a_quote_that_nobody_said_is_closed_too() {
        for said in ["git commit dash m fix", "git commit dash m fix login bug", "echo hello"] {
            let dictation = Dictation { text: said, ..Dictation::default() };
            let found = Engine::embedded().convert(&Words::default(), &dictation, None).unwrap();
            assert_eq!(found.buffer.matches('"').count() % 2, 0, "{said}: {}", found.buffer);
        }
    }
}
