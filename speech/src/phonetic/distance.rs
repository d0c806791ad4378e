//! Phonetic distance: a weighted edit distance between strings of sounds, in which similar sounds cost little.
//!
//! The places and manners of articulation are those of the International Phonetic Alphabet's chart, with the vowels placed
//! as in General American; the weights and costs were hand-chosen on 2026-11-23.

use std::sync::LazyLock;

use super::pronunciation::{SOUNDS, Sound};

/// Cost of a whole substitution: one sound for a wholly different one.
pub const WHOLE: u32 = 8;
/// Most sounds that are compared. Hand-chosen, 2026-11-23.
pub const MAX_SOUNDS: usize = 40;

/// How a sound is articulated.
#[derive(Clone, Copy)]
enum Made {
    /// Height (0 closed to 3 open), backness (0 front to 2 back), whether it glides.
    Vowel(f32, f32, bool),
    /// Place (0 lips to 7 throat), manner, voice.
    Consonant(i8, Manner, bool),
}

#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Stop,
    Affricate,
    Fricative,
    Nasal,
    Liquid,
    Glide,
}

fn made(character: u8) -> Made {
    use Made::{Consonant, Vowel};
    use Manner::{Affricate, Fricative, Glide, Liquid, Nasal, Stop};
    match character {
        b'Y' => Vowel(0.0, 0.0, false),
        b'I' => Vowel(1.0, 0.4, false),
        b'C' => Vowel(1.5, 0.1, true),
        b'E' => Vowel(2.0, 0.2, false),
        b'X' => Vowel(2.8, 0.4, false),
        b'U' => Vowel(2.0, 1.1, false),
        b'R' => Vowel(1.8, 1.2, true),
        b'A' => Vowel(3.0, 1.6, false),
        b'O' => Vowel(2.4, 2.0, false),
        b'W' => Vowel(1.6, 2.0, true),
        b'H' => Vowel(1.0, 1.7, false),
        b'Z' => Vowel(0.0, 1.8, false),
        b'J' => Vowel(2.4, 0.9, true),
        b'Q' => Vowel(2.6, 1.5, true),
        b'V' => Vowel(2.0, 1.6, true),
        b'p' => Consonant(0, Stop, false),
        b'b' => Consonant(0, Stop, true),
        b't' => Consonant(3, Stop, false),
        b'd' => Consonant(3, Stop, true),
        b'k' => Consonant(6, Stop, false),
        b'g' => Consonant(6, Stop, true),
        b'c' => Consonant(4, Affricate, false),
        b'j' => Consonant(4, Affricate, true),
        b'f' => Consonant(1, Fricative, false),
        b'v' => Consonant(1, Fricative, true),
        b'a' => Consonant(2, Fricative, false),
        b'x' => Consonant(2, Fricative, true),
        b's' => Consonant(3, Fricative, false),
        b'z' => Consonant(3, Fricative, true),
        b'i' => Consonant(4, Fricative, false),
        b'e' => Consonant(4, Fricative, true),
        b'h' => Consonant(7, Fricative, false),
        b'm' => Consonant(0, Nasal, true),
        b'n' => Consonant(3, Nasal, true),
        b'q' => Consonant(6, Nasal, true),
        b'l' => Consonant(3, Liquid, true),
        b'r' => Consonant(4, Liquid, true),
        b'w' => Consonant(0, Glide, true),
        _ => Consonant(5, Glide, true),
    }
}

/// Cost of hearing `right` for `left`.
fn instead(left: u8, right: u8) -> u32 {
    if left == right {
        return 0;
    }
    match (made(left), made(right)) {
        (Made::Vowel(height, back, glides), Made::Vowel(other_height, other_back, other_glides)) => {
            let apart = (height - other_height).abs() + (back - other_back).abs();
            1 + (apart * 1.3).round().min(4.0) as u32 + u32::from(glides != other_glides)
        }
        (Made::Consonant(place, manner, voice), Made::Consonant(other_place, other_manner, other_voice)) => {
            let manners = match (manner, other_manner) {
                (a, b) if a == b => 0,
                (Manner::Stop | Manner::Fricative, Manner::Affricate)
                | (Manner::Affricate, Manner::Stop | Manner::Fricative) => 2,
                (Manner::Stop, Manner::Fricative) | (Manner::Fricative, Manner::Stop) => 4,
                (Manner::Liquid, Manner::Glide) | (Manner::Glide, Manner::Liquid) => 3,
                (Manner::Liquid, Manner::Nasal) | (Manner::Nasal, Manner::Liquid) => 4,
                _ => 6,
            };
            let places = u32::from(place.abs_diff(other_place)).min(4);
            (manners + places + 2 * u32::from(voice != other_voice)).min(WHOLE)
        }
        // A vowel and the consonant that it nearly is.
        _ => match (left.min(right), left.max(right)) {
            (b'R', b'r') => 2,
            (b'Y' | b'I', b'y') | (b'H' | b'Z' | b'W', b'w') => 3,
            (b'O' | b'U' | b'W' | b'H', b'l') => 4,
            _ => 11,
        },
    }
}

/// Cost of a sound that was heard and not said, or said and not heard.
fn lost(character: u8) -> u32 {
    match character {
        b'U' | b'I' | b'h' | b'y' => 3,
        b'E' | b'R' | b'H' | b't' | b'd' | b'r' | b'l' | b'w' => 4,
        _ if character.is_ascii_uppercase() => 5,
        b'n' | b's' | b'z' => 5,
        _ => 6,
    }
}

/// More sounds than there are, and a power of two: an index needs no check.
const SIDE: usize = 64;

struct Costs {
    instead: [[u8; SIDE]; SIDE],
    lost: [u8; SIDE],
}

static COSTS: LazyLock<Costs> = LazyLock::new(|| {
    let mut costs = Costs { instead: [[0; SIDE]; SIDE], lost: [0; SIDE] };
    for (at, &left) in SOUNDS.iter().enumerate() {
        costs.lost[at] = lost(left) as u8;
        for (other, &right) in SOUNDS.iter().enumerate() {
            costs.instead[at][other] = instead(left, right) as u8;
        }
    }
    costs
});

/// The first sounds of a string, padded with [`NOTHING`] to a fixed length so that loops over them need no branch.
pub(super) type First = [Sound; 8];
/// No sound: it costs nothing.
const NOTHING: Sound = SIDE as Sound - 1;

/// The first of some sounds.
pub(super) fn first(sounds: &[Sound]) -> First {
    let mut first = [NOTHING; 8];
    first.iter_mut().zip(sounds).for_each(|(first, &sound)| *first = sound);
    first
}

/// A lower bound on the distances of one string: the least that each sound of another costs, in whatever order.
pub(super) struct Bound {
    /// The least cost of each sound: lost, or substituted for the most similar one in the string.
    least: [u8; SIDE],
    /// Number of lost sounds → the least that their loss costs.
    lost: [u8; MAX_SOUNDS + 1],
    length: usize,
}

impl Bound {
    pub(super) fn of(heard: &[Sound]) -> Bound {
        let costs = &*COSTS;
        let mut bound = Bound { least: costs.lost, lost: [0; MAX_SOUNDS + 1], length: heard.len() };
        let mut lost = [0; MAX_SOUNDS];
        for (&sound, lost) in heard.iter().zip(&mut lost) {
            let place = usize::from(sound) % SIDE;
            *lost = costs.lost[place];
            for (least, &instead) in bound.least.iter_mut().zip(&costs.instead[place]) {
                *least = (*least).min(instead);
            }
        }
        let lost = &mut lost[..heard.len()];
        lost.sort_unstable();
        for (count, &mut lost) in lost.iter_mut().enumerate() {
            bound.lost[count + 1] = bound.lost[count].saturating_add(lost);
        }
        bound
    }

    /// No more than the distance to a string of so many sounds that begins with `first`.
    pub(super) fn distance(&self, first: &First, length: usize) -> u32 {
        let least: u32 = first.iter().map(|&sound| u32::from(self.least[usize::from(sound) % SIDE])).sum();
        least + u32::from(self.lost[self.length.saturating_sub(length)])
    }
}

/// Strings that are compared at once: as many as a vector register of any processor holds bytes.
pub(super) const LANES: usize = 16;

/// What is one byte for each of [`LANES`] strings.
type Lanes = [u8; LANES];

/// The distances of one string of sounds to [`LANES`] others at once.
///
/// The lanes hold different strings and not parts of one, so that no cell waits for its neighbour: Rognes, "Faster
/// Smith-Waterman database searches with inter-sequence SIMD parallelisation" (BMC Bioinformatics 12, 2011).
pub(super) struct Batch {
    /// By place in the strings: the sound of each, and what it costs when it is lost.
    sounds: [Lanes; MAX_SOUNDS],
    lost: [Lanes; MAX_SOUNDS],
    /// By place: the distance to each string up to there.
    row: [Lanes; MAX_SOUNDS],
}

impl Default for Batch {
    fn default() -> Batch {
        let nothing = [[0; LANES]; MAX_SOUNDS];
        Batch { sounds: nothing, lost: nothing, row: nothing }
    }
}

impl Batch {
    /// Compares `heard` with at most [`LANES`] `others`, none of either empty or longer than [`MAX_SOUNDS`]; gives
    /// `take` each one's place and distance, [`WHOLE`] for a wholly different sound. What is further than 254 is 255.
    pub(super) fn distances<'a>(
        &mut self,
        heard: &[Sound],
        others: impl Iterator<Item = &'a [Sound]> + Clone,
        mut take: impl FnMut(usize, u8),
    ) {
        let costs = &*COSTS;
        let mut longest = 0;
        for (lane, other) in others.clone().enumerate() {
            for (place, &sound) in other.iter().enumerate() {
                self.sounds[place][lane] = sound;
            }
            longest = longest.max(other.len());
        }
        let (sounds, lost) = (&self.sounds[..longest], &mut self.lost[..longest]);
        let row = &mut self.row[..longest];
        let mut total = [0; LANES];
        for ((lost, row), sounds) in lost.iter_mut().zip(&mut *row).zip(sounds) {
            *lost = each(sounds, &costs.lost);
            for lane in 0..LANES {
                total[lane] = lost[lane].saturating_add(total[lane]);
            }
            *row = total;
        }
        // The cell before the row: what all of `heard` so far costs when it is lost.
        let mut edge = 0_u8;
        for &sound in heard {
            let place = usize::from(sound) % SIDE;
            let (instead, lost_here) = (&costs.instead[place], costs.lost[place]);
            let mut diagonal = [edge; LANES];
            edge = edge.saturating_add(lost_here);
            let mut before = [edge; LANES];
            for ((cells, sounds), lost) in row.iter_mut().zip(sounds).zip(&*lost) {
                let instead = each(sounds, instead);
                for lane in 0..LANES {
                    let swapped = diagonal[lane].saturating_add(instead[lane]);
                    let heard_lost = cells[lane].saturating_add(lost_here);
                    let other_lost = before[lane].saturating_add(lost[lane]);
                    before[lane] = swapped.min(heard_lost).min(other_lost);
                }
                diagonal = std::mem::replace(cells, before);
            }
        }
        for (lane, other) in others.enumerate() {
            take(lane, row[other.len() - 1][lane]);
        }
    }
}

/// The entry of a table for each sound.
fn each(sounds: &Lanes, table: &[u8; SIDE]) -> Lanes {
    sounds.map(|sound| table[usize::from(sound) % SIDE])
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::phonetic::pronunciation::read;

    /// The distance of two strings, as it is defined.
    pub(in super::super) fn distance(left: &[Sound], right: &[Sound]) -> u32 {
        let lost = |sound: Sound| lost(SOUNDS[usize::from(sound)]);
        let mut row: Vec<u32> = vec![0];
        row.extend(right.iter().scan(0, |total, &sound| {
            *total += lost(sound);
            Some(*total)
        }));
        for &sound in left {
            let above = row.clone();
            row[0] += lost(sound);
            for (at, &other) in right.iter().enumerate() {
                let swapped = above[at] + instead(SOUNDS[usize::from(sound)], SOUNDS[usize::from(other)]);
                row[at + 1] = swapped.min(above[at + 1] + lost(sound)).min(row[at] + lost(other));
            }
        }
        row[right.len()]
    }

    fn apart(left: &str, right: &str) -> u32 {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        read(left, &mut a);
        read(right, &mut b);
        distance(&a, &b)
    }

    #[test]
    fn like_sounds_are_near() {
        for (heard, near, far) in [
            ("grip", "grep", "pipe"),
            ("flash", "slash", "dash"),
            ("podcast", "pods", "nodes"),
            ("tilt", "tilde", "title"),
        ] {
            assert!(apart(heard, near) <= apart(heard, far), "{heard}");
            assert_eq!(apart(heard, heard), 0);
            assert_eq!(apart(heard, near), apart(near, heard));
        }
    }

    fn sounds() -> impl Strategy<Value = Vec<Sound>> {
        prop::collection::vec(0..SOUNDS.len() as Sound, 1..=MAX_SOUNDS)
    }

    proptest! {
        #[test]
        fn many_at_once_are_as_far_as_one_by_one(
            heard in sounds(),
            batches in prop::collection::vec(prop::collection::vec(sounds(), 1..=LANES), 1..3),
        ) {
            let mut batch = Batch::default();
            for others in batches {
                let mut found = Vec::new();
                let each = others.iter().map(Vec::as_slice);
                batch.distances(&heard, each.clone(), |lane, apart| found.push((lane, u32::from(apart))));
                let expected: Vec<_> = each.map(|other| distance(&heard, other).min(255)).enumerate().collect();
                let bound = Bound::of(&heard);
                let low = others.iter().zip(&expected).all(|(other, apart)| bound.distance(&first(other), other.len()).min(255) <= apart.1);
                prop_assert!(low, "{:?} {:?}", heard, others);
                prop_assert_eq!(found, expected);
            }
        }
    }
}
