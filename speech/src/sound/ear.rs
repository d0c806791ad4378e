//! The ear: finds the targets that sound like what was heard.
//!
//! It compares only what agrees with the heard word in its consonants, roughly, but for one: every target is filed under
//! the classes of its consonants, and again with each of them left out. What it has found it remembers for a while,
//! since people say the same words again and again.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use super::closer;
use super::distance::{Batch, Bound, LANES, MAX_SOUNDS, WHOLE};
use super::letters::{SOUNDS, Sound};
use super::targets::{INDEX, Index, Said, Target};
use crate::quick::Quick;

/// Most consonants that a target is filed by.
const MAX_CONSONANTS: usize = 10;
/// Most words that are remembered, and most targets that sound like them: about a megabyte, for single words and for
/// several words each.
const MAX_KNOWN: usize = 4096;
const MAX_HITS: usize = 1 << 17;

/// What a distance is multiplied by before it is shared among the sounds.
const SCALE: u32 = 64 / WHOLE;

/// A target that sounds like what was heard.
#[derive(Debug, Clone, Copy)]
pub struct Near {
    /// What it is.
    pub target: &'static Target,
    /// How far it is: the distance per sound, 64 for wholly different ones; rounded down.
    pub cost: u8,
    /// The same, rounded up.
    pub at_least: u8,
}

/// A [`Near`] as it is remembered, by the place of its target.
#[derive(Debug, Clone, Copy)]
struct Hit {
    target: u16,
    cost: u8,
    at_least: u8,
}

/// What sounds like the words that were heard lately.
#[derive(Default)]
struct Known {
    /// Hash of the sounds → what sounds like them, in `hits`. The sounds themselves are not kept.
    by_sounds: HashMap<u64, Range<u32>, Quick>,
    hits: Vec<Hit>,
}

/// Listens for targets, and remembers some of what it heard. Bounded by [`MAX_KNOWN`] and [`MAX_HITS`].
pub struct Ear {
    index: &'static Index,
    /// What sounds like single words, and like several: what was said once does not drive out what is said often.
    known: [Known; 2],
    hasher: RandomState,
    search: Search,
}

impl Default for Ear {
    /// An ear that has heard nothing. The first one builds the index, in some hundredths of a second.
    fn default() -> Ear {
        let index = &*INDEX;
        let search = Search { compared: vec![0; index.targets.len()], ..Search::default() };
        Ear { index, known: Default::default(), hasher: RandomState::new(), search }
    }
}

impl Ear {
    /// Gives to `take` what sounds like `heard`, said in so many `words`, and is no further than `furthest` says of it
    /// and [`super::furthest`] ever says. It is remembered for this `context`, in which `furthest` must not change its
    /// mind. A single word is also compared with the commonest targets, and more loosely.
    pub(super) fn near(
        &mut self,
        heard: &[Sound],
        words: usize,
        context: u64,
        furthest: impl Fn(&Target) -> u8,
        mut take: impl FnMut(Near),
    ) {
        if heard.is_empty() || heard.len() > MAX_SOUNDS {
            return;
        }
        let index = self.index;
        let known = &mut self.known[usize::from(words > 1)];
        let key = self.hasher.hash_one((words, context, heard));
        let range = match known.by_sounds.get(&key) {
            Some(range) => range.clone(),
            None => {
                if known.by_sounds.len() == MAX_KNOWN || known.hits.len() >= MAX_HITS {
                    known.by_sounds.clear();
                    known.hits.clear();
                }
                let start = known.hits.len() as u32;
                self.search.search(index, heard, words, furthest, &mut known.hits);
                let range = start..known.hits.len() as u32;
                known.by_sounds.insert(key, range.clone());
                range
            }
        };
        for hit in &known.hits[range.start as usize..range.end as usize] {
            let target = &index.targets[usize::from(hit.target)];
            take(Near { target, cost: hit.cost, at_least: hit.at_least });
        }
    }
}

/// What a search needs room for.
#[derive(Default)]
struct Search {
    /// Number of searches so far.
    turn: u16,
    /// By target: the search that last came upon it.
    compared: Vec<u16>,
    /// The targets to compare with, in order.
    candidates: Vec<u32>,
    /// Their places in that order, by length.
    by_length: Vec<u16>,
    /// By place: the distance.
    apart: Vec<u8>,
    batch: Batch,
}

impl Search {
    /// Appends what is near enough: see [`Ear::near`].
    fn search(
        &mut self,
        index: &'static Index,
        heard: &[Sound],
        words: usize,
        furthest: impl Fn(&Target) -> u8,
        hits: &mut Vec<Hit>,
    ) {
        let bound = Bound::of(heard);
        let low = |said: &Said| bound.distance(&said.first, usize::from(said.length)) * SCALE;
        let longer = |said: &Said| u32::from(said.length).max(heard.len() as u32);
        let less = closer(words);
        let ever = |said: &Said| u32::from(said.furthest.saturating_sub(less)) * longer(said);
        self.gather(index, heard, words == 1, |said| low(said) <= ever(said));
        // To ask about the line takes longer than to ask about the sounds.
        let most = |at: u32| {
            let (target, said) = (&index.targets[at as usize], &index.said[at as usize]);
            ever(said).min(u32::from(furthest(target)) * longer(said))
        };
        self.candidates.retain(|&at| low(&index.said[at as usize]) <= most(at));
        self.compare(index, heard);
        for (&at, &apart) in self.candidates.iter().zip(&self.apart) {
            let scaled = u32::from(apart) * SCALE;
            if scaled <= most(at) {
                let longer = longer(&index.said[at as usize]);
                let (cost, at_least) = ((scaled / longer) as u8, scaled.div_ceil(longer) as u8);
                hits.push(Hit { target: at as u16, cost, at_least });
            }
        }
    }

    /// Gathers the targets that agree with what was heard in their consonants and `may` be near, each once.
    fn gather(&mut self, index: &'static Index, heard: &[Sound], single: bool, may: impl Fn(&Said) -> bool) {
        if self.turn == u16::MAX {
            self.compared.fill(0);
            self.turn = 0;
        }
        self.turn += 1;
        let (turn, compared, candidates) = (self.turn, &mut *self.compared, &mut self.candidates);
        let said = &*index.said;
        candidates.clear();
        let mut add = |targets: &[u32]| {
            // Which ones are kept nobody can foretell: all are written, and most written over.
            let start = candidates.len();
            candidates.resize(start + targets.len(), 0);
            let kept = &mut candidates[start..];
            let mut count = 0;
            for &at in targets {
                kept[count] = at;
                let at = at as usize;
                let fresh = std::mem::replace(&mut compared[at], turn) != turn;
                count += usize::from(fresh & may(&said[at]));
            }
            candidates.truncate(start + count);
        };
        if single {
            add(&index.common);
        }
        Skeleton::of(heard).each(single, |key| {
            if let Some(range) = index.by_consonants.get(&key) {
                add(&index.filed[range.start as usize..range.end as usize]);
            }
        });
    }

    /// Compares with all candidates: those of like lengths together.
    fn compare(&mut self, index: &'static Index, heard: &[Sound]) {
        let Search { candidates, by_length, apart, batch, .. } = self;
        let mut ends = [0_u16; MAX_SOUNDS + 2];
        for &at in &*candidates {
            ends[usize::from(index.said[at as usize].length) + 1] += 1;
        }
        for length in 1..ends.len() {
            ends[length] += ends[length - 1];
        }
        by_length.resize(candidates.len(), 0);
        for (&at, place) in candidates.iter().zip(0..) {
            let end = &mut ends[usize::from(index.said[at as usize].length)];
            by_length[usize::from(*end)] = place;
            *end += 1;
        }
        apart.resize(candidates.len(), 0);
        for places in by_length.chunks(LANES) {
            let others = places.iter().map(|&place| index.sounds(candidates[usize::from(place)]));
            batch.distances(heard, others, |lane, far| apart[usize::from(places[lane])] = far);
        }
    }
}

/// The classes of a string's consonants.
pub(super) struct Skeleton {
    classes: [u8; MAX_CONSONANTS],
    length: usize,
}

impl Skeleton {
    pub(super) fn of(sounds: &[Sound]) -> Skeleton {
        let mut skeleton = Skeleton { classes: [0; MAX_CONSONANTS], length: 0 };
        for &sound in sounds {
            let class = match SOUNDS[usize::from(sound)] {
                b'p' | b'b' => 1,
                b'f' | b'v' | b'a' => 2,
                b't' | b'd' | b'x' => 3,
                b'k' | b'g' => 4,
                b's' | b'z' => 5,
                b'i' | b'e' | b'c' | b'j' => 6,
                b'm' | b'n' | b'q' => 7,
                b'l' => 8,
                b'r' => 9,
                _ => continue,
            };
            if skeleton.length == MAX_CONSONANTS {
                break;
            }
            skeleton.classes[skeleton.length] = class;
            skeleton.length += 1;
        }
        skeleton
    }

    /// The key of the whole and, where `short` or there are three or more, of it without each of its consonants.
    pub(super) fn each(&self, short: bool, mut take: impl FnMut(u64)) {
        let key = |without: usize| {
            let classes = self.classes[..self.length].iter().enumerate();
            classes.filter(|(at, _)| *at != without).fold(1, |key, (_, &class)| key << 4 | u64::from(class))
        };
        take(key(MAX_CONSONANTS));
        if self.length > 2 || short && self.length == 2 {
            (0..self.length).for_each(|without| take(key(without)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::sound::distance::tests::distance;
    use crate::sound::targets::{Role, say};

    /// Whatever is near enough for the line that makes it likeliest.
    fn any(_: &Target) -> u8 {
        u8::MAX
    }

    /// What is heard, and what has to be among what it sounds like.
    fn check(heard: &str, expected: &str) {
        let mut sounds = Vec::new();
        say(heard, &mut sounds);
        let mut found = Vec::new();
        let words = heard.split(' ').count().min(2);
        Ear::default().near(&sounds, words, 0, any, |near| found.push((near.cost, near.target.text)));
        found.sort_unstable();
        assert!(found.iter().any(|(_, text)| *text == expected), "{heard:?}: {expected:?} not in {found:?}");
    }

    #[test]
    fn what_things_sound_like() {
        for (heard, expected) in [
            ("till the", "~"),
            ("grip", "grep"),
            ("crept", "grep"),
            ("can fake", "config"),
            ("so do", "sudo"),
            ("see h mod", "chmod"),
            ("flash", "/"),
            ("tash", "-"),
            ("forage slash", "/"),
            ("hyphen hyphen", "--"),
            ("for", "4"),
            ("won", "1"),
            ("ate", "8"),
            ("vee", "b"),
            ("dee", "d"),
            ("why", "y"),
            ("docks", "docs"),
            ("engine x", "nginx"),
            ("cube c t l", "kubectl"),
            ("jason", "json"),
            ("merch", "merge"),
            ("staging", "staging"),
        ] {
            check(heard, expected);
        }
    }

    #[test]
    fn what_cannot_be_said_sounds_like_nothing() {
        let mut ear = Ear::default();
        ear.near(&[], 1, 0, any, |near| unreachable!("{near:?}"));
        ear.near(&[0; MAX_SOUNDS + 1], 1, 0, any, |near| unreachable!("{near:?}"));
    }

    /// What is near, found by comparing with every target; in any order.
    fn all_near(heard: &[Sound], words: usize) -> Vec<(u16, u8, u8)> {
        let keys = |sounds: &[Sound], short: bool| {
            let mut keys = HashSet::new();
            Skeleton::of(sounds).each(short, |key| _ = keys.insert(key));
            keys
        };
        let asked = keys(heard, words == 1);
        let mut near = Vec::new();
        for (place, (target, said)) in INDEX.targets.iter().zip(&INDEX.said).enumerate() {
            let sounds = INDEX.sounds(place as u32);
            let common = words == 1 && target.role != Role::Word && target.words == 1;
            let strong = target.frequency >= if target.command { 2 } else { 5 };
            if !common && keys(sounds, strong).is_disjoint(&asked) {
                continue;
            }
            let longer = sounds.len().max(heard.len()) as u32;
            let scaled = distance(heard, sounds) * 8;
            if scaled <= u32::from(said.furthest.saturating_sub(closer(words))) * longer {
                near.push((place as u16, (scaled / longer) as u8, scaled.div_ceil(longer) as u8));
            }
        }
        near
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn nothing_near_is_missed_or_forgotten_wrongly(
            lines in prop::collection::vec(("[a-z]{1,9}( [a-z]{1,6}){0,2}", 1_usize..=3), 1..4),
        ) {
            let place = |target: &Target| {
                INDEX.targets.iter().position(|other| std::ptr::eq(other, target)).unwrap_or_default()
            };
            let mut ear = Ear::default();
            for (line, words) in lines.iter().chain(&lines) {
                let mut sounds = Vec::new();
                say(line, &mut sounds);
                let mut found = Vec::new();
                ear.near(&sounds, *words, 0, any, |near| {
                    found.push((place(near.target) as u16, near.cost, near.at_least));
                });
                found.sort_unstable();
                prop_assert_eq!(found, all_near(&sounds, *words));
            }
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        assert!(INDEX.targets.len() <= usize::from(u16::MAX));
        let mut ear = Ear::default();
        let letters = SOUNDS.len();
        for at in 0..MAX_KNOWN + 100 {
            let sounds = [at, at / letters, at / letters.pow(2)].map(|at| (at % letters) as Sound);
            ear.near(&sounds, 2, 0, any, |_| ());
            let known = &ear.known[1];
            assert!(known.by_sounds.len() <= MAX_KNOWN && known.hits.len() <= MAX_HITS + INDEX.targets.len());
        }
    }
}
