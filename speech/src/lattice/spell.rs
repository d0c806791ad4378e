//! Which path writes a text: the cheapest of them, if there is one.

use super::arcs::{Arcs, Gap};
use super::constraint::MASK;
use super::{Kind, Lattice, Reading, ReadingId, Step};

/// When what a path writes is the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// When it is the same, byte by byte.
    Exactly,
    /// When it is the same once each of its digits is written as [`MASK`]; the text has no other digits.
    Masked,
    /// When it is the same once each run of white space is one space, and none is left at the ends. The text has single
    /// spaces only.
    Collapsed,
}

/// A gap that the search reached.
struct Arrival {
    gap: Gap,
    /// Bytes of the text that are written.
    written: usize,
    cost: f32,
    /// The arrival before it, and the step from there.
    from: usize,
    step: Step,
}

/// The cheapest path that writes `text`, or `None` where no path does. `cost` says what taking a reading costs: at least 0,
/// and `None` where a path may not take it. Of equally cheap paths the first is taken, in the order of the readings.
///
/// A search over (token, bytes written, spacing): at worst their product, in fact a narrow band of it.
///
/// ```
/// use sayso_speech::lattice::spell::{Compare, cheapest_path};
/// use sayso_speech::{clean::clean, lex::lex, words::UserWords};
///
/// let lattice = lex(clean("twenty two"), &UserWords::default(), None);
/// let writes = |text| cheapest_path(&lattice, text, Compare::Exactly, |_| Some(1.0)).is_some();
/// assert!(writes("22") && writes("20 2"));
/// assert!(!writes("202"), "this was not said");
/// ```
pub fn cheapest_path(
    lattice: &Lattice,
    text: &str,
    compare: Compare,
    cost: impl Fn(ReadingId) -> Option<f32>,
) -> Option<Vec<Step>> {
    let arcs = Arcs::new(lattice);
    let goal = text.as_bytes();
    let start = Step { reading: 0, space: false };
    let mut all = vec![Arrival { gap: arcs.start(), written: 0, cost: 0.0, from: 0, step: start }];
    // Token → what arrived there, by what is written and whether the spacing is settled. Readings lead to later tokens
    // only, so that nothing more arrives at a token once it is its turn.
    let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); lattice.len() + 1];
    waiting[0].push(0);
    for token in 0..lattice.len() {
        for at in std::mem::take(&mut waiting[token]) {
            let Arrival { gap, written, cost: so_far, .. } = all[at];
            for &id in arcs.at(token) {
                let Some(cost) = cost(id) else { continue };
                let cost = so_far + cost;
                let mut arrive = |gap, written, space| {
                    let step = Step { reading: id, space };
                    add(&mut all, &mut waiting, Arrival { gap, written, cost, from: at, step });
                };
                if arcs.is_silent(id) {
                    if let Some(behind) = arcs.silent(gap, id) {
                        arrive(behind, written, false);
                    }
                    continue;
                }
                let says = &lattice.reading(id).text;
                if let Some(end) =
                    advance(goal, written, says, compare).filter(|_| arcs.can_follow_unspaced(gap, id))
                {
                    arrive(arcs.behind(gap, id, false), end, false);
                }
                let spaced = advance(goal, written, " ", compare).filter(|_| arcs.can_follow_spaced(gap, id));
                if let Some(end) = spaced.and_then(|behind| advance(goal, behind, says, compare)) {
                    arrive(arcs.behind(gap, id, true), end, true);
                }
            }
        }
    }
    let ends =
        waiting.pop()?.into_iter().filter(|&at| all[at].written == goal.len() && arcs.is_end(all[at].gap));
    let mut at = ends.min_by(|&one, &other| all[one].cost.total_cmp(&all[other].cost))?;
    let mut steps = Vec::new();
    while at > 0 {
        steps.push(all[at].step);
        at = all[at].from;
    }
    steps.reverse();
    Some(steps)
}

/// Adds an arrival, in place of a dearer one at the same gap that has written as much.
fn add(all: &mut Vec<Arrival>, waiting: &mut [Vec<usize>], arrival: Arrival) {
    let here = &mut waiting[arrival.gap.token];
    let key = |arrival: &Arrival| (arrival.written, arrival.gap.settled);
    let end = here.partition_point(|&at| key(&all[at]) <= key(&arrival));
    let alike = here[..end].iter().rev().take_while(|&&at| key(&all[at]) == key(&arrival));
    match alike.copied().find(|&at| all[at].gap == arrival.gap) {
        Some(at) if all[at].cost <= arrival.cost => {}
        Some(at) => all[at] = arrival,
        None => {
            here.insert(end, all.len());
            all.push(arrival);
        }
    }
}

/// How much of `goal` is written once `says` was written behind its first `written` bytes; `None` where it goes on
/// otherwise.
fn advance(goal: &[u8], written: usize, says: &str, compare: Compare) -> Option<usize> {
    let mut at = written;
    for byte in says.bytes() {
        let byte = match (compare, byte) {
            (Compare::Masked, b'0'..=b'9') => MASK,
            (Compare::Collapsed, byte) if byte.is_ascii_whitespace() => {
                // At the ends, and behind other white space, it counts for nothing.
                if at == 0 || at == goal.len() || goal[at - 1] == b' ' {
                    continue;
                }
                b' '
            }
            (_, byte) => byte,
        };
        if goal.get(at) != Some(&byte) {
            return None;
        }
        at += 1;
    }
    Some(at)
}

/// The path that writes `text`: of several the one that drops least, and of those the one with the fewest and likeliest
/// readings. A text that has none holds something that was not said.
pub fn path_writing(lattice: &Lattice, text: &str) -> Option<Vec<Step>> {
    cheapest_path(lattice, text, Compare::Exactly, |id| Some(arc_cost(lattice.reading(id))))
}

/// What a reading counts against a path: a dropped token as much as three that are written as they were heard.
pub fn arc_cost(reading: &Reading) -> f32 {
    match reading.kind {
        Kind::Deletion => 48.0,
        Kind::SoundAlike => 20.0 + f32::from(reading.cost),
        // What was said does without.
        Kind::Added => 24.0,
        Kind::Alias => 20.0,
        _ => 16.0,
    }
}

/// Whether some path writes `expected`, spaces counted once and at the ends not at all.
pub fn is_reachable(lattice: &Lattice, expected: &str) -> bool {
    let goal = expected.split_whitespace().collect::<Vec<_>>().join(" ");
    cheapest_path(lattice, &goal, Compare::Collapsed, |_| Some(0.0)).is_some()
}

/// Dictations, texts, and whether some path writes exactly that: for the search and for the automaton.
#[cfg(test)]
pub(super) const WRITTEN: [(&str, &str, bool); 23] = [
    ("git commit dash m quote fix quote", "git commit -m \"fix\"", true),
    ("git commit dash m", "git commit - m", true),
    ("git commit dash m", "gitcommit-m", true),
    ("git commit dash m", "git  commit -m", false),
    ("git commit dash m", "git commit -m ", false),
    // No word goes without a reason that was said.
    ("git commit dash m", "git commit -", false),
    ("git commit dash m", "commit -m", false),
    ("git push no wait git pull", "git pull", true),
    ("git commit dash no wait dash m", "git commit -m", true),
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
    // Talk between two numbers does not let them touch.
    ("twenty um two", "202", false),
    ("one hundred five", "1005", false),
    ("two zero two", "202", true),
    ("eighty eighty", "8080", true),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::clean;
    use crate::lex::lex;
    use crate::render::render;
    use crate::words::UserWords;

    fn lattice(dictated: &str) -> Lattice {
        lex(clean(dictated), &UserWords::default(), None)
    }

    #[test]
    fn what_a_path_writes_is_found_and_nothing_else() {
        for (dictated, written, is_written) in WRITTEN {
            let lattice = lattice(dictated);
            let steps = path_writing(&lattice, written);
            assert_eq!(steps.is_some(), is_written, "{dictated}: {written}");
            if let Some(steps) = steps {
                assert_eq!(render(&lattice, &steps).text, written);
            }
        }
    }

    #[test]
    fn a_masked_text_has_the_path_of_the_likeliest_digits() {
        let lattice = lattice("ls twenty two dot forty");
        let masked =
            |text| cheapest_path(&lattice, text, Compare::Masked, |id| Some(arc_cost(lattice.reading(id))));
        assert_eq!(render(&lattice, &masked("ls 00.00").unwrap()).text, "ls 22.40");
        assert!(masked("ls 22.40").is_none());
    }

    #[test]
    fn reachability() {
        for (dictated, expected, reachable) in [
            ("git commit dash m quote fix quote", "git commit -m \"fix\"", true),
            ("eighty eighty", "8080", true),
            ("okay so git status", "git status", true),
            ("git status", "git stash", false),
            // White space is counted once, and at the ends not at all.
            ("ls space space dash l", "ls -l", true),
            ("space ls new line", "ls", true),
            ("git status", "  git \t status\n", true),
            ("git push no space er", "git pusher", true),
            // What the lattice forbids is out of reach: numbers that were not said so do not touch.
            ("twenty two", "202", false),
            ("twenty two", "22", true),
            // A word is dropped on its own, a phrase with all its words.
            ("git okay status", "git status", true),
            ("", "", true),
            ("", "ls", false),
        ] {
            assert_eq!(is_reachable(&lattice(dictated), expected), reachable, "{dictated:?}: {expected:?}");
        }
    }

    #[test]
    fn the_users_own_words_are_what_they_say() {
        let words = UserWords::new([("bell".to_owned(), "belle".to_owned())]);
        let lattice = lex(clean("ring bell"), &words, None);
        assert!(is_reachable(&lattice, "ring belle"));
        assert!(!is_reachable(&lattice, "ring bell") && !is_reachable(&lattice, "ring"));
    }

    #[test]
    fn a_path_takes_no_reading_without_a_cost() {
        let lattice = lattice("um status");
        let first = |id| {
            (lattice.reading(id).tokens.start > 0 || lattice.reading(id).kind == Kind::Deletion)
                .then_some(1.0)
        };
        assert!(cheapest_path(&lattice, "status", Compare::Exactly, first).is_some());
        assert!(cheapest_path(&lattice, "um status", Compare::Exactly, first).is_none());
    }
}
