//! What may come next on a path: a reading, and whether a space goes before it.

use super::context::Context;
use super::feature::{Feature, ROWS};
use super::unit::case_of;
use sayso_speech::lattice::{Kind, Lattice, Reading, ReadingId};

/// A reading that may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The reading.
    pub reading: ReadingId,
    /// Its place among the choices at its token.
    pub place: u32,
    /// Whether a space goes before what it writes.
    pub space: bool,
}

fn class(kind: Kind) -> u8 {
    match kind {
        Kind::Drop => 1,
        Kind::Join => 2,
        Kind::Separator => 3,
        _ => 0,
    }
}

/// All candidates behind `context`, whose last reading was `last`. `usable` are the choices at the token
/// ([`Lattice::choices`]).
pub fn candidates(
    lattice: &Lattice,
    usable: &[ReadingId],
    context: &Context,
    last: Option<ReadingId>,
    found: &mut Vec<Candidate>,
) {
    found.clear();
    let last = last.map(|id| lattice.reading(id));
    for (place, &id) in usable.iter().enumerate() {
        let (reading, place) = (lattice.reading(id), place as u32);
        let spaced = reading.kind.writes() && context.may_space();
        // Of a word of the person's own nothing was learnt: behind another word it is one by itself.
        if spaced
            && reading.is_user_word()
            && last.is_some_and(|last| last.text.ends_with(char::is_alphanumeric))
        {
            found.push(Candidate { reading: id, place, space: true });
            continue;
        }
        let touching = !spaced || last.is_none_or(|last| lattice.may_touch(last, reading));
        if touching {
            found.push(Candidate { reading: id, place, space: false });
        }
        if spaced {
            found.push(Candidate { reading: id, place, space: true });
        }
    }
}

/// The rows that describe a reading by itself, of the table with [`ROWS`] rows.
pub fn rows(lattice: &Lattice, reading: &Reading) -> [u32; 8] {
    let heard = lattice.line.lower(reading.tokens.start);
    let kind = reading.kind as u64;
    let said = reading.entry.map_or(99, |entry| entry.kind as u64);
    [
        Feature::new(20).number(kind).number(class(reading.kind).into()),
        Feature::new(21).text(&reading.text),
        Feature::new(22).number(kind).number(said).number(reading.tokens.len().min(4) as u64),
        Feature::new(23).number(kind).text(heard),
        Feature::new(24)
            .number(kind)
            .number(case_of(&reading.text))
            .number(case_of(lattice.line.text(reading.tokens.start))),
        Feature::new(25).number(kind).number(reading.text.len().min(6) as u64),
        Feature::new(26)
            .number(kind)
            .number(u64::from(reading.cost / 3))
            .number(reading.tokens.len().min(4) as u64),
        Feature::new(27).number(kind).number(u64::from(reading.prior)).number(reading.fit as u64),
    ]
    .map(|feature| feature.row(ROWS))
}
