//! The matcher: finds the lexicon entries that sound like what was heard.
//!
//! It compares only entries that share a consonant key with the heard word (see [`super::consonants`]), and caches what it
//! finds, since people say the same words again and again.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use super::consonants::ConsonantKeys;
use super::distance::{Batch, Bound, LANES, MAX_SOUNDS, WHOLE};
use super::lexicon::{INDEX, Index, LexiconEntry, Pronunciation, closer};
use super::pronunciation::Sound;
use crate::hash::FastHash;

/// Most heard words in a cache and most entries that match them: about a megabyte for each of the two caches of a matcher.
/// Hand-chosen, 2026-11-28.
const MAX_CACHED: usize = 4096;
const MAX_HITS: usize = 1 << 17;

/// Factor from the unit of [`super::distance`] to 64ths of a whole substitution.
const SCALE: u32 = 64 / WHOLE;

/// A lexicon entry that sounds like what was heard.
#[derive(Debug, Clone, Copy)]
pub struct Match {
    /// The entry.
    pub entry: &'static LexiconEntry,
    /// The distance per sound, in 64ths of a whole substitution; rounded down.
    pub cost: u8,
    /// The same, rounded up.
    pub at_least: u8,
}

/// A [`Match`] in a cache: the entry by its index.
#[derive(Debug, Clone, Copy)]
struct Hit {
    entry: u16,
    cost: u8,
    at_least: u8,
}

/// What sounds like the words that were heard lately.
#[derive(Default)]
struct MatchCache {
    /// Hash of the sounds and of their context → the range of their matches in `hits`.
    by_sounds: HashMap<u64, Range<u32>, FastHash>,
    hits: Vec<Hit>,
}

/// Finds lexicon entries and caches what it found. The caches are bounded by [`MAX_CACHED`] and [`MAX_HITS`], and they
/// change no result.
pub struct Matcher {
    index: &'static Index,
    /// Matches of single words, and of several: phrases that were said once do not evict words that are said often.
    caches: [MatchCache; 2],
    hasher: RandomState,
    search: Search,
}

impl Default for Matcher {
    /// A matcher with empty caches. The first one in a process builds the index, in some hundredths of a second.
    fn default() -> Matcher {
        let index = &*INDEX;
        let search = Search { compared: vec![0; index.entries.len()], ..Search::default() };
        Matcher { index, caches: Default::default(), hasher: RandomState::new(), search }
    }
}

impl Matcher {
    /// Calls `take` with each entry that sounds like `heard`, which was said in so many `words`. Their distance is at most
    /// what `max_distance` says of them, and at most [`LexiconEntry::max_distance_anywhere`]. The matches are cached
    /// under `heard` and `context`, so `max_distance` must depend on nothing else. A single word is also compared with
    /// the names of symbols, letters and digits, and with words that share only one consonant.
    pub(super) fn near(
        &mut self,
        heard: &[Sound],
        words: usize,
        context: u64,
        max_distance: impl Fn(&LexiconEntry) -> u8,
        mut take: impl FnMut(Match),
    ) {
        if heard.is_empty() || heard.len() > MAX_SOUNDS {
            return;
        }
        let index = self.index;
        let cache = &mut self.caches[usize::from(words > 1)];
        let key = self.hasher.hash_one((words, context, heard));
        let range = match cache.by_sounds.get(&key) {
            Some(range) => range.clone(),
            None => {
                if cache.by_sounds.len() == MAX_CACHED || cache.hits.len() >= MAX_HITS {
                    cache.by_sounds.clear();
                    cache.hits.clear();
                }
                let start = cache.hits.len() as u32;
                self.search.search(index, heard, words, max_distance, &mut cache.hits);
                let range = start..cache.hits.len() as u32;
                cache.by_sounds.insert(key, range.clone());
                range
            }
        };
        for hit in &cache.hits[range.start as usize..range.end as usize] {
            let entry = &index.entries[usize::from(hit.entry)];
            take(Match { entry, cost: hit.cost, at_least: hit.at_least });
        }
    }
}

/// Scratch memory of a search.
#[derive(Default)]
struct Search {
    /// Number of this search.
    turn: u16,
    /// Entry → number of the search that last came upon it.
    compared: Vec<u16>,
    /// The entries to compare with.
    candidates: Vec<u32>,
    /// Indices into `candidates`, ordered by the length of the entry.
    by_length: Vec<u16>,
    /// Candidate → distance.
    apart: Vec<u8>,
    batch: Batch,
}

impl Search {
    /// Appends the matches to `hits`: see [`Matcher::near`].
    fn search(
        &mut self,
        index: &'static Index,
        heard: &[Sound],
        words: usize,
        max_distance: impl Fn(&LexiconEntry) -> u8,
        hits: &mut Vec<Hit>,
    ) {
        let bound = Bound::of(heard);
        let low = |said: &Pronunciation| bound.distance(&said.first, usize::from(said.length)) * SCALE;
        let longer = |said: &Pronunciation| u32::from(said.length).max(heard.len() as u32);
        let less = closer(words);
        let ever = |said: &Pronunciation| u32::from(said.furthest.saturating_sub(less)) * longer(said);
        self.gather(index, heard, words == 1, |said| low(said) <= ever(said));
        // The bound on the sounds is cheap and comes first; `max_distance` looks up the table of commands.
        let most = |at: u32| {
            let (entry, said) = (&index.entries[at as usize], &index.pronunciations[at as usize]);
            ever(said).min(u32::from(max_distance(entry)) * longer(said))
        };
        self.candidates.retain(|&at| low(&index.pronunciations[at as usize]) <= most(at));
        self.compare(index, heard);
        for (&at, &apart) in self.candidates.iter().zip(&self.apart) {
            let scaled = u32::from(apart) * SCALE;
            if scaled <= most(at) {
                let longer = longer(&index.pronunciations[at as usize]);
                let (cost, at_least) = ((scaled / longer) as u8, scaled.div_ceil(longer) as u8);
                hits.push(Hit { entry: at as u16, cost, at_least });
            }
        }
    }

    /// Gathers each entry once that shares a consonant key with what was heard and that `may` be near.
    fn gather(
        &mut self,
        index: &'static Index,
        heard: &[Sound],
        single: bool,
        may: impl Fn(&Pronunciation) -> bool,
    ) {
        if self.turn == u16::MAX {
            self.compared.fill(0);
            self.turn = 0;
        }
        self.turn += 1;
        let (turn, compared, candidates) = (self.turn, &mut *self.compared, &mut self.candidates);
        let pronunciations = &*index.pronunciations;
        candidates.clear();
        let mut add = |entries: &[u32]| {
            // Most are not kept, and a branch would be mispredicted: each is written, and overwritten unless it is kept.
            let start = candidates.len();
            candidates.resize(start + entries.len(), 0);
            let kept = &mut candidates[start..];
            let mut count = 0;
            for &at in entries {
                kept[count] = at;
                let at = at as usize;
                let fresh = std::mem::replace(&mut compared[at], turn) != turn;
                count += usize::from(fresh & may(&pronunciations[at]));
            }
            candidates.truncate(start + count);
        };
        if single {
            add(&index.common);
        }
        ConsonantKeys::of(heard).each(single, |key| {
            if let Some(range) = index.by_consonants.get(&key) {
                add(&index.filed[range.start as usize..range.end as usize]);
            }
        });
    }

    /// Compares with all candidates, in batches of similar length.
    fn compare(&mut self, index: &'static Index, heard: &[Sound]) {
        let Search { candidates, by_length, apart, batch, .. } = self;
        let mut ends = [0_u16; MAX_SOUNDS + 2];
        for &at in &*candidates {
            ends[usize::from(index.pronunciations[at as usize].length) + 1] += 1;
        }
        for length in 1..ends.len() {
            ends[length] += ends[length - 1];
        }
        by_length.resize(candidates.len(), 0);
        for (&at, place) in candidates.iter().zip(0..) {
            let end = &mut ends[usize::from(index.pronunciations[at as usize].length)];
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::phonetic::distance::tests::distance;
    use crate::phonetic::lexicon::{Role, say};
    use crate::phonetic::pronunciation::SOUNDS;

    /// Accepts every distance.
    fn any(_: &LexiconEntry) -> u8 {
        u8::MAX
    }

    /// What is heard, and what has to be among what it sounds like.
    fn check(heard: &str, expected: &str) {
        let mut sounds = Vec::new();
        say(heard, &mut sounds);
        let mut found = Vec::new();
        let words = heard.split(' ').count().min(2);
        Matcher::default().near(&sounds, words, 0, any, |near| found.push((near.cost, near.entry.text)));
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
        let mut matcher = Matcher::default();
        matcher.near(&[], 1, 0, any, |near| unreachable!("{near:?}"));
        matcher.near(&[0; MAX_SOUNDS + 1], 1, 0, any, |near| unreachable!("{near:?}"));
    }

    /// What is near, found by comparing with every entry; in any order.
    fn all_near(heard: &[Sound], words: usize) -> Vec<(u16, u8, u8)> {
        let keys = |sounds: &[Sound], short: bool| {
            let mut keys = HashSet::new();
            ConsonantKeys::of(sounds).each(short, |key| _ = keys.insert(key));
            keys
        };
        let asked = keys(heard, words == 1);
        let mut near = Vec::new();
        for (place, (entry, said)) in INDEX.entries.iter().zip(&INDEX.pronunciations).enumerate() {
            let sounds = INDEX.sounds(place as u32);
            let common = words == 1 && entry.role != Role::Word && entry.words == 1;
            let strong = entry.frequency >= if entry.command { 2 } else { 5 };
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
            let place = |entry: &LexiconEntry| {
                INDEX.entries.iter().position(|other| std::ptr::eq(other, entry)).unwrap_or_default()
            };
            let mut matcher = Matcher::default();
            for (line, words) in lines.iter().chain(&lines) {
                let mut sounds = Vec::new();
                say(line, &mut sounds);
                let mut found = Vec::new();
                matcher.near(&sounds, *words, 0, any, |near| {
                    found.push((place(near.entry) as u16, near.cost, near.at_least));
                });
                found.sort_unstable();
                prop_assert_eq!(found, all_near(&sounds, *words));
            }
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        assert!(INDEX.entries.len() <= usize::from(u16::MAX));
        let mut matcher = Matcher::default();
        let letters = SOUNDS.len();
        for at in 0..MAX_CACHED + 100 {
            let sounds = [at, at / letters, at / letters.pow(2)].map(|at| (at % letters) as Sound);
            matcher.near(&sounds, 2, 0, any, |_| ());
            let cache = &matcher.caches[1];
            assert!(
                cache.by_sounds.len() <= MAX_CACHED && cache.hits.len() <= MAX_HITS + INDEX.entries.len()
            );
        }
    }
}
