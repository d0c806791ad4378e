//! The quote that a path leaves open.

use sayso_speech::lattice::{Kind, Lattice, Step};
use sayso_speech::quote::State;

/// The sign of the quote that is open at the end of the command that `path` writes. Signs within words are text.
pub(crate) fn open_at_end(lattice: &Lattice, path: &[Step]) -> Option<char> {
    let mut state = State::new(lattice.open_quote());
    for step in path {
        let reading = lattice.reading(step.reading);
        let mut characters = reading.text.chars();
        if let (Kind::Symbol, Some(sign), None) = (reading.kind, characters.next(), characters.next()) {
            state.push(sign);
        }
    }
    state.open()
}
