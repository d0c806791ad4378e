//! What a path may do next: the one place that knows everything a lattice forbids. The search for a text
//! ([`super::spell`]) and the automaton for constrained decoding ([`super::constraint`]) both move by it.

use super::omission::Omission;
use super::{Kind, Lattice, ReadingId};

/// A gap between two readings of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Gap {
    /// The token behind the gap.
    pub(super) token: usize,
    /// The number that the path wrote last, if nothing was written since: not every two numbers may touch.
    pub(super) number: Option<ReadingId>,
    /// Whether the spacing is decided: no space may follow at the beginning, behind white space and behind "no space".
    pub(super) settled: bool,
    /// What the path has left out here.
    pub(super) omission: Omission,
}

/// The readings of a lattice that lie on some path.
pub(super) struct Arcs<'l> {
    pub(super) lattice: &'l Lattice,
    /// For each token its [`Lattice::choices`], without those from whose end no path goes on.
    choices: Vec<Vec<ReadingId>>,
}

impl<'l> Arcs<'l> {
    pub(super) fn new(lattice: &'l Lattice) -> Arcs<'l> {
        let mut choices = vec![Vec::new(); lattice.len()];
        let mut alive = vec![false; lattice.len() + 1];
        alive[lattice.len()] = true;
        for token in (0..lattice.len()).rev() {
            choices[token] = lattice.choices(token);
            choices[token].retain(|id| alive[lattice.reading(*id).tokens.end]);
            alive[token] = !choices[token].is_empty();
        }
        Arcs { lattice, choices }
    }

    /// The readings that a path may take at a token; none behind the last one.
    pub(super) fn at(&self, token: usize) -> &[ReadingId] {
        self.choices.get(token).map_or(&[], Vec::as_slice)
    }

    /// Where every path begins.
    pub(super) fn start(&self) -> Gap {
        let omission = Omission::start(self.lattice.open_quote());
        Gap { token: 0, number: None, settled: true, omission }
    }

    /// Whether a path may end at a gap.
    pub(super) fn is_end(&self, gap: Gap) -> bool {
        gap.token == self.lattice.len() && self.lattice.may_end(gap.omission)
    }

    /// Whether a reading writes nothing.
    pub(super) fn is_silent(&self, id: ReadingId) -> bool {
        self.lattice.reading(id).text.is_empty()
    }

    /// The gap behind a reading that writes nothing; `None` for one that writes, or may not be taken here.
    pub(super) fn silent(&self, gap: Gap, id: ReadingId) -> Option<Gap> {
        let reading = self.lattice.reading(id);
        if !self.is_silent(id) || !self.lattice.may_take(gap.omission, reading, false) {
            return None;
        }
        let settled = gap.settled || reading.kind == Kind::NoSpace;
        let omission = self.lattice.behind(gap.omission, reading, false);
        Some(Gap { token: reading.tokens.end, settled, omission, ..gap })
    }

    /// The gap behind a reading that writes something.
    pub(super) fn behind(&self, gap: Gap, id: ReadingId, space: bool) -> Gap {
        let reading = self.lattice.reading(id);
        Gap {
            token: reading.tokens.end,
            number: Some(id).filter(|_| reading.kind == Kind::Number),
            settled: !reading.kind.writes() || reading.text.ends_with(|c: char| c.is_ascii_whitespace()),
            omission: self.lattice.behind(gap.omission, reading, space),
        }
    }

    /// Whether a reading that writes something may follow a gap without a space.
    pub(super) fn can_follow_unspaced(&self, gap: Gap, id: ReadingId) -> bool {
        let reading = self.lattice.reading(id);
        let touches = |number| self.lattice.can_concatenate(self.lattice.reading(number), reading);
        let fits = gap.settled || !reading.kind.writes() || gap.number.is_none_or(touches);
        fits && self.lattice.may_take(gap.omission, reading, false)
    }

    /// Whether a reading that writes something may follow a gap behind a space.
    pub(super) fn can_follow_spaced(&self, gap: Gap, id: ReadingId) -> bool {
        let reading = self.lattice.reading(id);
        !gap.settled && reading.kind.writes() && self.lattice.may_take(gap.omission, reading, true)
    }
}
