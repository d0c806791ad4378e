//! What may come next on a path: a reading, and whether a space goes before it.

use super::context::Context;
use super::feature::{Feature, NO_KIND, ROWS};
use super::id::RowId;
use super::word::Case;
use sayso_speech::lattice::{Kind, Lattice, Reading, ReadingId};

/// A reading that may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The reading.
    pub reading: ReadingId,
    /// Its index among the choices at its token.
    pub choice: u32,
    /// Whether a space goes before what it writes.
    pub space: bool,
}

/// Readings of one class that write the same text are the same to the tagger. Part of its input: never renumber.
fn class(kind: Kind) -> u8 {
    match kind {
        Kind::Deletion => 1,
        Kind::NoSpace => 2,
        Kind::Whitespace => 3,
        _ => 0,
    }
}

/// Fills `found` with all candidates behind `context`. `choices` are those at the token ([`Lattice::choices`]),
/// `last` is the last reading that wrote something.
pub fn candidates(
    lattice: &Lattice,
    choices: &[ReadingId],
    context: &Context,
    last: Option<ReadingId>,
    found: &mut Vec<Candidate>,
) {
    found.clear();
    let last = last.map(|id| lattice.reading(id));
    for (choice, &id) in choices.iter().enumerate() {
        let (reading, choice) = (lattice.reading(id), choice as u32);
        let omission = context.omission();
        let may_touch = lattice.may_take(omission, reading, false);
        let spaced =
            reading.kind.writes() && context.may_space() && lattice.may_take(omission, reading, true);
        // The tagger has never seen a user's own word in training. Behind another word it always gets a space.
        if spaced
            && reading.is_user_word()
            && last.is_some_and(|last| last.text.ends_with(char::is_alphanumeric))
        {
            found.push(Candidate { reading: id, choice, space: true });
            continue;
        }
        if spaced && last.is_some_and(|last| lattice.is_typed_start(last)) {
            found.push(Candidate { reading: id, choice, space: true });
            continue;
        }
        let is_settled = !reading.kind.writes() || !context.may_space();
        let touching = is_settled || last.is_none_or(|last| lattice.can_concatenate(last, reading));
        if touching && may_touch {
            found.push(Candidate { reading: id, choice, space: false });
        }
        if spaced {
            found.push(Candidate { reading: id, choice, space: true });
        }
    }
}

/// The rows that describe a reading by itself, of the table with [`ROWS`] rows.
pub(super) fn rows(lattice: &Lattice, reading: &Reading) -> [u32; 8] {
    let first = reading.tokens.start;
    let (kind, class) = (reading.kind.code(), u64::from(class(reading.kind)));
    let entry = reading.entry.map_or(NO_KIND, |entry| entry.kind.code());
    let (case, heard_case) = (Case::of(&reading.text).code(), Case::of(lattice.line.text(first)).code());
    let tokens = reading.tokens.len().min(4) as u64;
    let length = reading.text.len().min(6) as u64;
    let (distance, prior) = (distance(reading), u64::from(reading.prior));
    [
        Feature::of(RowId::ReadingKind).number(kind).number(class),
        Feature::of(RowId::ReadingText).text(&reading.text),
        Feature::of(RowId::ReadingEntry).number(kind).number(entry).number(tokens),
        Feature::of(RowId::ReadingHeard).number(kind).text(lattice.line.lower(first)),
        Feature::of(RowId::ReadingCase).number(kind).number(case).number(heard_case),
        Feature::of(RowId::ReadingLength).number(kind).number(length),
        Feature::of(RowId::ReadingDistance).number(kind).number(distance).number(tokens),
        Feature::of(RowId::ReadingPrior).number(kind).number(prior).number(reading.fit.code()),
    ]
    .map(|feature| feature.row(ROWS))
}

/// Phonetic distance of a reading in steps of 3/64 of a wholly different sound, so that near ones share a row. Hand-chosen,
/// never measured apart.
pub(super) fn distance(reading: &Reading) -> u64 {
    u64::from(reading.cost / 3)
}
