//! The strict dialect: the speaker says every separator, and words without one are written
//! together.
//!
//! The longest form of the vocabulary wins, a number takes the longest phrase that is a number, and
//! a case directive runs to the next space, symbol or directive. These rules leave one path, so the
//! result is exact and needs no model.

use crate::commands;
use crate::lattice::{Kind, Lattice, Reading, ReadingId, Step};

/// Returns the one path of a strict line, or `None` if the line is not strict.
///
/// A strict line says a separator (such as `space` or `no space`) at least once and never leaves
/// one out. A separator is missing between two plain words, or between a command and its flag
/// ([`lacks_separator`]): the strict dialect would write these together, so the speaker is not
/// using it.
pub fn path(lattice: &Lattice) -> Option<Vec<Step>> {
    let mut steps = Vec::with_capacity(lattice.len());
    let mut says_separators = false;
    let mut after_word = false;
    let mut at = 0;
    while at < lattice.len() {
        let id = choose(lattice, at);
        let reading = lattice.reading(id);
        let said = matches!(reading.kind, Kind::Whitespace | Kind::NoSpace) && reading.entry.is_some();
        says_separators |= said;
        let word = matches!(reading.kind, Kind::Word | Kind::Typed);
        if word && after_word {
            return None;
        }
        after_word = word;
        at = reading.tokens.end;
        steps.push(Step { reading: id, space: false });
    }
    let readings: Vec<&Reading> = steps.iter().take(4).map(|step| lattice.reading(step.reading)).collect();
    (says_separators && !lacks_separator(&readings)).then_some(steps)
}

/// Whether a line that begins with these readings lacks the separator after its command:
/// `ls dash l`, `kill dash nine`, `git dash dash version`, `sleep five`. No program is called
/// `ls-l`.
fn lacks_separator(readings: &[&Reading]) -> bool {
    let [command, rest @ ..] = readings else { return false };
    if command.kind != Kind::Word || !commands::is_command(&command.text) {
        return false;
    }
    match rest {
        [sign, ..] if sign.kind == Kind::Symbol && sign.text == "--" => true,
        [sign, flag, ..] if sign.kind == Kind::Symbol && sign.text == "-" => {
            matches!(flag.kind, Kind::Letter | Kind::Number)
                && !commands::hyphenated(&command.text, &flag.text)
        }
        [number, rest @ ..] if number.kind == Kind::Number => {
            let ends = rest.first().is_none_or(|next| next.kind == Kind::Whitespace);
            ends && !commands::is_command(&format!("{}{}", command.text, number.text))
        }
        _ => false,
    }
}

/// Returns the reading that the strict dialect takes at token `at`: the longest, and of equally
/// long ones the kind of the highest rank.
pub fn choose(lattice: &Lattice, at: usize) -> ReadingId {
    let (first, readings) = lattice.arcs_from(at);
    let rank = |kind: Kind| match kind {
        Kind::Literal => 6,
        // One "all caps" covers a whole name in capitals, such as `NODE_ENV`.
        Kind::Case | Kind::WideCase => 5,
        Kind::Whitespace | Kind::NoSpace | Kind::Symbol => 4,
        Kind::Number => 3,
        Kind::Typed => 2,
        Kind::Letter | Kind::Word => 1,
        Kind::Alias | Kind::SoundAlike | Kind::Added | Kind::Deletion => 0,
    };
    let best = readings
        .iter()
        .enumerate()
        .filter(|(_, reading)| rank(reading.kind) > 0)
        // `max_by_key` returns the last of equal elements; reversed, that is the first one.
        .rev()
        .max_by_key(|(_, reading)| (reading.tokens.len(), rank(reading.kind)));
    best.map_or(first, |(at, _)| first + at as u32)
}
