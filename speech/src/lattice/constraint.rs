//! Everything that the paths of a lattice write, byte by byte: the automaton for constrained decoding.
//!
//! Its states are the points where a path may stand: in the gap between two readings, behind the space that goes before
//! one, or within what one writes. It is not determinised: what has been written leads to the set of all states that the
//! path may be in, and few readings begin alike, so that the sets are small. What follows a gap without a byte, which is
//! much where words may be left out, is no part of the sets: it is worked out once for each gap that a path comes to, with
//! all bytes that may follow. Nothing here knows the tokens of a model; those end anywhere, also within a character.
//!
//! From each state some path leads to the end of the lattice, so that whoever follows it byte by byte is never lost.

use super::arcs::{Arcs, Gap};
use super::{Lattice, ReadingId};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The byte that stands for every digit where digits are masked.
pub const MASK: u8 = b'0';

/// The number of a gap among those that were met: states are compared often, and gaps are large.
type GapId = u32;

/// Where a path may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    /// In the gap between two readings.
    Gap(GapId),
    /// In the gap, behind the space that goes before the next reading.
    Spaced(GapId),
    /// Behind the first bytes of a reading: fewer than it has, and at least one. `behind` is the gap that it ends in.
    Within { reading: ReadingId, bytes: u32, behind: GapId },
}

/// All states of the paths that have written the same: sorted, none twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct States(Vec<State>);

impl States {
    /// Whether there is none: no path writes so.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A stretch along which all paths agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certain {
    /// What they write; empty where they differ in the next byte.
    pub bytes: Vec<u8>,
    /// Whether all of them end with it.
    pub is_all: bool,
}

/// How paths go on from a gap, also behind readings that write nothing.
#[derive(Debug)]
struct Exits {
    /// Whether a path may end.
    may_end: bool,
    /// The bytes that may follow, each with the state behind it: sorted, none twice.
    next: Vec<(u8, State)>,
}

/// The gaps that were met, in the order of their numbers.
#[derive(Default)]
struct Gaps {
    ids: BTreeMap<Gap, GapId>,
    all: Vec<(Gap, Option<Rc<Exits>>)>,
}

/// The paths of a lattice as an automaton over bytes.
pub struct Constraint<'l> {
    arcs: Arcs<'l>,
    /// Whether digits are all written as [`MASK`].
    masked: bool,
    gaps: RefCell<Gaps>,
}

impl<'l> Constraint<'l> {
    /// Of a lattice. Where digits are `masked`, each is written as [`MASK`].
    pub fn new(lattice: &'l Lattice, masked: bool) -> Constraint<'l> {
        Constraint { arcs: Arcs::new(lattice), masked, gaps: RefCell::default() }
    }

    /// Where all paths begin; nowhere in an empty lattice.
    pub fn start(&self) -> States {
        match self.arcs.lattice.is_empty() {
            true => States::default(),
            false => States(vec![State::Gap(self.id(self.arcs.start()))]),
        }
    }

    /// Whether some path ends there.
    pub fn may_end(&self, states: &States) -> bool {
        states.0.iter().any(|state| matches!(state, State::Gap(gap) if self.exits(*gap).may_end))
    }

    /// What all paths write next.
    pub fn certain(&self, states: &States) -> Certain {
        let (mut bytes, mut states) = (Vec::new(), states.clone());
        loop {
            let next = self.next(&states);
            let ends = self.may_end(&states);
            if ends || next.len() != 1 {
                return Certain { bytes, is_all: ends && next.is_empty() };
            }
            for (byte, behind) in next {
                bytes.push(byte);
                states = behind;
            }
        }
    }

    /// The bytes that may come next, in order, each with the states behind it.
    pub fn next(&self, states: &States) -> Vec<(u8, States)> {
        let mut next: Vec<(u8, State)> = Vec::new();
        for state in &states.0 {
            self.each_next(*state, &mut |byte, state| next.push((byte, state)));
        }
        next.sort_unstable();
        next.dedup();
        let of_byte =
            |same: &[(u8, State)]| (same[0].0, States(same.iter().map(|(_, state)| *state).collect()));
        next.chunk_by(|(a, _), (b, _)| a == b).map(of_byte).collect()
    }

    /// The states behind `states` and these bytes; none where no path writes them.
    pub fn after(&self, states: &States, bytes: &[u8]) -> States {
        let mut states = states.clone();
        for byte in bytes {
            let mut next = Vec::new();
            for state in &states.0 {
                self.each_next(*state, &mut |found, state| {
                    if found == *byte {
                        next.push(state);
                    }
                });
            }
            next.sort_unstable();
            next.dedup();
            states = States(next);
        }
        states
    }

    /// How paths go on from a gap.
    fn exits(&self, id: GapId) -> Rc<Exits> {
        let (gap, known) = self.gaps.borrow().all[id as usize].clone();
        if let Some(known) = known {
            return known;
        }
        // All gaps that follow without a byte; ordered, since there may be hundreds of them.
        let (mut known, mut waiting) = (BTreeSet::from([gap]), vec![gap]);
        let mut exits = Exits { may_end: false, next: Vec::new() };
        while let Some(gap) = waiting.pop() {
            exits.may_end |= self.arcs.is_end(gap);
            self.each_next_of(gap, &mut |byte, state| exits.next.push((byte, state)));
            let behind = self.arcs.at(gap.token).iter().filter_map(|&id| self.arcs.silent(gap, id));
            waiting.extend(behind.filter(|behind| known.insert(*behind)));
        }
        exits.next.sort_unstable();
        exits.next.dedup();
        let exits = Rc::new(exits);
        self.gaps.borrow_mut().all[id as usize].1 = Some(Rc::clone(&exits));
        exits
    }

    /// The number of a gap.
    fn id(&self, gap: Gap) -> GapId {
        let Gaps { ids, all } = &mut *self.gaps.borrow_mut();
        *ids.entry(gap).or_insert_with(|| {
            all.push((gap, None));
            // A line has far fewer than 2³² of them.
            (all.len() - 1) as GapId
        })
    }

    /// The gap of a number.
    fn gap(&self, id: GapId) -> Gap {
        self.gaps.borrow().all[id as usize].0
    }

    /// Each byte that may follow a state, with the state behind it.
    fn each_next(&self, state: State, found: &mut dyn FnMut(u8, State)) {
        match state {
            State::Within { reading, bytes, behind } => {
                let (byte, state) = self.write(reading, bytes, behind);
                found(byte, state);
            }
            State::Spaced(gap) => {
                let gap = self.gap(gap);
                for id in self.writing_at(gap.token).filter(|id| self.arcs.can_follow_spaced(gap, *id)) {
                    let (byte, state) = self.write(id, 0, self.id(self.arcs.behind(gap, id, true)));
                    found(byte, state);
                }
            }
            State::Gap(gap) => self.exits(gap).next.iter().for_each(|(byte, state)| found(*byte, *state)),
        }
    }

    /// Each byte that may follow a gap at once, with the state behind it.
    fn each_next_of(&self, gap: Gap, found: &mut dyn FnMut(u8, State)) {
        for id in self.writing_at(gap.token).filter(|id| self.arcs.can_follow_unspaced(gap, *id)) {
            let (byte, state) = self.write(id, 0, self.id(self.arcs.behind(gap, id, false)));
            found(byte, state);
        }
        if self.writing_at(gap.token).any(|id| self.arcs.can_follow_spaced(gap, id)) {
            found(b' ', State::Spaced(self.id(gap)));
        }
    }

    /// The readings at a token that write something.
    fn writing_at(&self, token: usize) -> impl Iterator<Item = ReadingId> {
        self.arcs.at(token).iter().copied().filter(|id| !self.arcs.is_silent(*id))
    }

    /// The byte of a reading behind its first `bytes`, and the state behind that byte.
    fn write(&self, id: ReadingId, bytes: u32, behind: GapId) -> (u8, State) {
        let text = self.arcs.lattice.reading(id).text.as_bytes();
        let byte = match text[bytes as usize] {
            digit if self.masked && digit.is_ascii_digit() => MASK,
            byte => byte,
        };
        match (bytes as usize + 1) < text.len() {
            true => (byte, State::Within { reading: id, bytes: bytes + 1, behind }),
            false => (byte, State::Gap(behind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::clean;
    use crate::lattice::spell::path_writing;
    use crate::lex::lex;
    use crate::render::render;
    use crate::words::UserWords;

    fn lattice(dictated: &str) -> Lattice {
        lex(clean(dictated), &UserWords::default(), None)
    }

    #[test]
    fn it_writes_what_a_path_writes() {
        for (dictated, written, is_written) in crate::lattice::spell::WRITTEN {
            let lattice = lattice(dictated);
            let constraint = Constraint::new(&lattice, false);
            let states = constraint.after(&constraint.start(), written.as_bytes());
            assert_eq!(constraint.may_end(&states), is_written, "{dictated}: {written}");
        }
    }

    #[test]
    fn nothing_leads_astray() {
        for dictated in ["git status dash s", "twenty two dash eighty eighty", "okay um", "dash space dash"] {
            let lattice = lattice(dictated);
            let constraint = Constraint::new(&lattice, false);
            let mut random = fastrand::Rng::with_seed(7);
            for _ in 0..50 {
                let (mut states, mut text) = (constraint.start(), Vec::new());
                loop {
                    let next = constraint.next(&states);
                    assert!(
                        constraint.may_end(&states) || !next.is_empty(),
                        "{:?}",
                        String::from_utf8_lossy(&text)
                    );
                    if next.is_empty() || constraint.may_end(&states) && random.bool() {
                        break;
                    }
                    let (byte, behind) = random.choice(next).unwrap();
                    text.push(byte);
                    assert_eq!(constraint.after(&states, &[byte]), behind);
                    states = behind;
                }
                let text = String::from_utf8(text).unwrap();
                let steps = path_writing(&lattice, &text).unwrap();
                assert_eq!(render(&lattice, &steps).text, text);
            }
        }
    }
}
