//! The first reading of a line, step by step.

use sayso_speech::lattice::{Kind, Lattice, Reading, Step};
use sayso_speech::quote::State;

/// What a step of the first reading wrote, and where it stands.
pub(super) struct Written<'l> {
    pub(super) reading: &'l Reading,
    /// A space goes before it, or it begins the line.
    pub(super) is_apart: bool,
    /// It stands in quotes, or holds some.
    pub(super) is_quoted: bool,
}

/// The steps of a path with the state of the line at each.
pub(super) fn written<'l>(lattice: &'l Lattice, path: &[Step]) -> Vec<Written<'l>> {
    let mut quote = State::new(lattice.open_quote());
    let mut apart = true;
    let mut written = Vec::with_capacity(path.len());
    for step in path {
        let reading = lattice.reading(step.reading);
        apart |= step.space || reading.kind == Kind::Whitespace;
        let was_open = quote.is_open();
        // The apostrophe of a word is no quote.
        let is_word = matches!(reading.kind, Kind::Word | Kind::Alias | Kind::SoundAlike)
            && reading.text.starts_with(char::is_alphanumeric);
        if !is_word {
            reading.text.chars().for_each(|character| {
                quote.push(character);
            });
        }
        let is_quoted = was_open || quote.is_open() || !is_word && reading.text.contains(['"', '\'', '`']);
        written.push(Written { reading, is_apart: apart, is_quoted });
        if reading.kind.writes() && !reading.text.is_empty() {
            apart = false;
        }
    }
    written
}
