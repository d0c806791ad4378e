//! All that the paths of a lattice write, byte by byte.
//!
//! An automaton whose states are the places where a path may stand: between two readings, behind the space that goes
//! before one, or within what one writes. It is not determinised: what has been written is in the set of all places
//! that it may lead to, and few readings begin alike, so that sets are small. Nothing here knows tokens of a model;
//! those end anywhere, also within a character.
//!
//! Each place has a way to the end of the lattice, so that whoever follows it byte by byte is never lost.

use sayso_speech::lattice::{Kind, Lattice, Reading, ReadingId, Step};

/// Where a path may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Before a token. `last` is the number that was written last, if it was one: not all may touch. `settled` says
    /// that there is no choice of a space: at the beginning, and behind white space or "no space".
    Gap { token: usize, last: Option<ReadingId>, settled: bool },
    /// The same, behind the space that goes before the next reading.
    Spaced { token: usize },
    /// Behind the first bytes of a reading: fewer than it has, and at least one.
    Within { reading: ReadingId, bytes: usize },
}

/// All places where a path may stand that has written the same: sorted, none twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Places(Vec<Place>);

/// A stretch along which all paths agree.
pub(crate) struct Certain {
    /// What they write; empty where they differ in the next byte.
    pub(crate) bytes: Vec<u8>,
    /// Whether all of them end with it.
    pub(crate) is_all: bool,
}

/// The paths of a lattice.
pub(crate) struct Paths<'l> {
    lattice: &'l Lattice,
    /// For each token the readings that start there and from whose end there is a way on.
    readings: Vec<Vec<ReadingId>>,
    /// Whether digits are all written as 0.
    masked: bool,
}

/// The byte that stands for every digit where digits are masked.
pub(crate) const MASK: u8 = b'0';

impl<'l> Paths<'l> {
    /// Of a lattice. Where digits are `masked`, each is written as [`MASK`].
    pub(crate) fn new(lattice: &'l Lattice, masked: bool) -> Paths<'l> {
        let mut readings = vec![Vec::new(); lattice.len()];
        let mut alive = vec![false; lattice.len() + 1];
        alive[lattice.len()] = true;
        for token in (0..lattice.len()).rev() {
            readings[token] = lattice.choices(token);
            readings[token].retain(|id| alive[lattice.reading(*id).tokens.end]);
            alive[token] = !readings[token].is_empty();
        }
        Paths { lattice, readings, masked }
    }

    /// Where all paths begin.
    pub(crate) fn start(&self) -> Places {
        let places = vec![Place::Gap { token: 0, last: None, settled: true }];
        self.closed(if self.lattice.is_empty() { Vec::new() } else { places })
    }

    /// Whether some path ends there.
    pub(crate) fn may_end(&self, places: &Places) -> bool {
        let end = |place: &Place| matches!(place, Place::Gap { token, .. } if *token == self.lattice.len());
        places.0.iter().any(end)
    }

    /// What all paths write next.
    pub(crate) fn certain(&self, places: &Places) -> Certain {
        let (mut bytes, mut places) = (Vec::new(), places.clone());
        loop {
            let next = self.next(&places);
            let ends = self.may_end(&places);
            if ends || next.len() != 1 {
                return Certain { bytes, is_all: ends && next.is_empty() };
            }
            for (byte, behind) in next {
                bytes.push(byte);
                places = behind;
            }
        }
    }

    /// The bytes that may come next, in order, each with the places behind it.
    pub(crate) fn next(&self, places: &Places) -> Vec<(u8, Places)> {
        let mut next: Vec<(u8, Place)> = Vec::new();
        for place in &places.0 {
            self.each_next(*place, &mut |byte, place, _| next.push((byte, place)));
        }
        next.sort_unstable();
        next.dedup();
        let of_byte = |same: &[(u8, Place)]| {
            let places = same.iter().map(|(_, place)| *place).collect();
            (same[0].0, self.closed(places))
        };
        next.chunk_by(|(a, _), (b, _)| a == b).map(of_byte).collect()
    }

    /// The places behind `places` and these bytes; none where no path writes them.
    pub(crate) fn after(&self, places: &Places, bytes: &[u8]) -> Places {
        let mut places = places.clone();
        for byte in bytes {
            let mut next = Vec::new();
            for place in &places.0 {
                self.each_next(*place, &mut |found, place, _| {
                    if found == *byte {
                        next.push(place);
                    }
                });
            }
            places = self.closed(next);
        }
        places
    }

    /// The path that writes `text`: of several the one that drops least, and then the one with the fewest and likeliest
    /// readings. Nothing where there is none.
    pub(crate) fn writing(&self, text: &[u8]) -> Option<Vec<Step>> {
        // A place that was reached, from which of the places before it, by which step, and at what price.
        struct Arrival {
            place: Place,
            from: usize,
            step: Option<Step>,
            price: u32,
        }
        let mut all: Vec<Arrival> = Vec::new();
        let mut here: Vec<usize> = Vec::new();
        // The cheapest way to each place is kept; prices only grow along a way.
        let arrive = |all: &mut Vec<Arrival>, here: &mut Vec<usize>, arrival: Arrival| {
            match here.iter_mut().find(|at| all[**at].place == arrival.place) {
                Some(at) if all[*at].price <= arrival.price => return,
                Some(at) => *at = all.len(),
                None => here.push(all.len()),
            }
            all.push(arrival);
        };
        let start = Place::Gap { token: 0, last: None, settled: true };
        arrive(&mut all, &mut here, Arrival { place: start, from: 0, step: None, price: 0 });
        for byte in text.iter().map(Some).chain([None]) {
            // What writes nothing leads to later tokens, so that one pass in their order finds all of it.
            let mut at = 0;
            while at < here.len() {
                here[at..].sort_by_key(|at| (token(all[*at].place), all[*at].price));
                let from = here[at];
                at += 1;
                let Place::Gap { token, .. } = all[from].place else { continue };
                for &id in self.readings.get(token).into_iter().flatten() {
                    if let Some(place) = self.silent(all[from].place, id) {
                        let step = Some(Step { reading: id, space: false });
                        let price = all[from].price + price(self.lattice.reading(id));
                        arrive(&mut all, &mut here, Arrival { place, from, step, price });
                    }
                }
            }
            let Some(byte) = byte else { break };
            let mut there = Vec::new();
            for from in here {
                self.each_next(all[from].place, &mut |found, place, step| {
                    if found == *byte {
                        let paid = step.map_or(0, |step| price(self.lattice.reading(step.reading)));
                        let price = all[from].price + paid;
                        arrive(&mut all, &mut there, Arrival { place, from, step, price });
                    }
                });
            }
            here = there;
        }
        let ends = here.into_iter().filter(|at| token(all[*at].place) == Some(self.lattice.len()));
        let mut at = ends.min_by_key(|at| all[*at].price)?;
        let mut steps = Vec::new();
        while at > 0 {
            steps.extend(all[at].step);
            at = all[at].from;
        }
        steps.reverse();
        Some(steps)
    }

    /// Where what writes nothing leads from a gap; nothing for a reading that writes.
    fn silent(&self, place: Place, id: ReadingId) -> Option<Place> {
        let reading = self.lattice.reading(id);
        let Place::Gap { last, settled, .. } = place else { return None };
        let settled = settled || reading.kind == Kind::Join;
        reading.text.is_empty().then_some(Place::Gap { token: reading.tokens.end, last, settled })
    }

    /// With all places that follow without a byte.
    fn closed(&self, mut places: Vec<Place>) -> Places {
        let mut at = 0;
        while at < places.len() {
            if let Place::Gap { token, .. } = places[at] {
                for &id in self.readings.get(token).into_iter().flatten() {
                    let place = self.silent(places[at], id);
                    places.extend(place.filter(|place| !places.contains(place)));
                }
            }
            at += 1;
        }
        places.sort_unstable();
        places.dedup();
        Places(places)
    }

    /// Each byte that may follow a place, with the place behind it and the step that begins with it.
    fn each_next(&self, place: Place, found: &mut dyn FnMut(u8, Place, Option<Step>)) {
        match place {
            Place::Within { reading, bytes } => {
                let (byte, place) = self.behind(reading, bytes);
                found(byte, place, None);
            }
            Place::Spaced { token } => {
                for &id in self.writing_at(token).filter(|id| self.lattice.reading(**id).kind.writes()) {
                    let (byte, place) = self.behind(id, 0);
                    found(byte, place, Some(Step { reading: id, space: true }));
                }
            }
            Place::Gap { token, last, settled } => {
                let mut may_space = false;
                for &id in self.writing_at(token) {
                    let reading = self.lattice.reading(id);
                    may_space |= reading.kind.writes();
                    let touches = settled
                        || !reading.kind.writes()
                        || last
                            .is_none_or(|last| self.lattice.may_touch(self.lattice.reading(last), reading));
                    if touches {
                        let (byte, place) = self.behind(id, 0);
                        found(byte, place, Some(Step { reading: id, space: false }));
                    }
                }
                if may_space && !settled {
                    found(b' ', Place::Spaced { token }, None);
                }
            }
        }
    }

    /// The readings at a token that write something.
    fn writing_at(&self, token: usize) -> impl Iterator<Item = &ReadingId> {
        let readings = self.readings.get(token).into_iter().flatten();
        readings.filter(|id| !self.lattice.reading(**id).text.is_empty())
    }

    /// The byte of a reading behind its first `bytes`, and the place behind that one.
    fn behind(&self, id: ReadingId, bytes: usize) -> (u8, Place) {
        let reading = self.lattice.reading(id);
        let text = reading.text.as_bytes();
        let byte = match text[bytes] {
            digit if self.masked && digit.is_ascii_digit() => MASK,
            byte => byte,
        };
        if bytes + 1 < text.len() {
            return (byte, Place::Within { reading: id, bytes: bytes + 1 });
        }
        let last = Some(id).filter(|_| reading.kind == Kind::Number);
        // Behind white space there is no choice of another one.
        let settled = !reading.kind.writes() || text[bytes].is_ascii_whitespace();
        (byte, Place::Gap { token: reading.tokens.end, last, settled })
    }
}

impl Places {
    /// Whether there is none: no path writes so.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The token that a gap is before.
fn token(place: Place) -> Option<usize> {
    match place {
        Place::Gap { token, .. } => Some(token),
        _ => None,
    }
}

/// What a reading counts against a path.
fn price(reading: &Reading) -> u32 {
    match reading.kind {
        Kind::Drop => 48,
        Kind::Sounds => 20 + u32::from(reading.cost),
        Kind::Heard => 20,
        _ => 16,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sayso_speech::clean::clean;
    use sayso_speech::lex::lex;
    use sayso_speech::render::render;
    use sayso_speech::words::UserWords;

    fn lattice(dictated: &str) -> Lattice {
        lex(clean(dictated), &UserWords::default(), None)
    }

    #[test]
    fn what_a_path_writes_is_found_and_nothing_else() {
        for (dictated, written, is_written) in [
            ("git commit dash m quote fix quote", "git commit -m \"fix\"", true),
            ("git commit dash m", "git commit - m", true),
            ("git commit dash m", "gitcommit-m", true),
            ("git commit dash m", "git  commit -m", false),
            ("git commit dash m", "git commit -m ", false),
            // A letter may be talk too.
            ("git commit dash m", "git commit -", true),
            ("git commit dash m", "git commit -n", false),
            ("okay so git status", "git status", true),
            ("ls space dash l", "ls -l", true),
            ("ls space dash l", "ls  -l", false),
            ("git push no space er", "git pusher", true),
            ("git push no space er", "git push  er", false),
            ("twenty two", "22", true),
            ("twenty two", "20 2", true),
            ("twenty two", "202", false),
            ("twenty no space two", "202", true),
            ("eighty eighty", "8080", true),
        ] {
            let lattice = lattice(dictated);
            let paths = Paths::new(&lattice, false);
            let steps = paths.writing(written.as_bytes());
            assert_eq!(steps.is_some(), is_written, "{dictated}: {written}");
            assert_eq!(paths.may_end(&paths.after(&paths.start(), written.as_bytes())), is_written);
            if let Some(steps) = steps {
                assert_eq!(render(&lattice, &steps).text, written);
            }
        }
    }

    #[test]
    fn a_masked_text_has_the_path_of_the_likeliest_digits() {
        let lattice = lattice("ls twenty two dot forty");
        let paths = Paths::new(&lattice, true);
        let steps = paths.writing(b"ls 00.00").unwrap();
        assert_eq!(render(&lattice, &steps).text, "ls 22.40");
        assert!(paths.writing(b"ls 22.40").is_none());
    }

    #[test]
    fn nothing_leads_astray() {
        for dictated in ["git status dash s", "twenty two dash eighty eighty", "okay um", "dash space dash"] {
            let lattice = lattice(dictated);
            let paths = Paths::new(&lattice, false);
            let mut random = fastrand::Rng::with_seed(7);
            for _ in 0..50 {
                let (mut places, mut text) = (paths.start(), Vec::new());
                loop {
                    let next = paths.next(&places);
                    assert!(
                        paths.may_end(&places) || !next.is_empty(),
                        "{:?}",
                        String::from_utf8_lossy(&text)
                    );
                    if next.is_empty() || paths.may_end(&places) && random.bool() {
                        break;
                    }
                    let (byte, behind) = random.choice(next).unwrap();
                    text.push(byte);
                    assert_eq!(paths.after(&places, &[byte]), behind);
                    places = behind;
                }
                let steps = paths.writing(&text).unwrap();
                assert_eq!(render(&lattice, &steps).text.as_bytes(), text);
            }
        }
    }
}
