//! How alike two strings of sounds are: an edit distance in which similar sounds cost little.

use std::sync::LazyLock;

use super::letters::{SOUNDS, Sound};

/// What one wholly different sound costs.
pub const WHOLE: u32 = 8;
/// Most sounds that are compared.
pub const MAX_SOUNDS: usize = 40;

/// A sound as it is made.
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

/// What it costs to hear `right` for `left`.
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

/// What it costs when a sound is heard that was not said, or the other way round.
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

/// The distance of two strings of sounds, [`WHOLE`] for a wholly different sound; `None` above `most`.
pub fn distance(left: &[Sound], right: &[Sound], most: u32) -> Option<u32> {
    if left.len() > MAX_SOUNDS || right.len() > MAX_SOUNDS {
        return None;
    }
    let costs = &*COSTS;
    let place = |sound: Sound| usize::from(sound) % SIDE;
    let mut row = [0_u16; MAX_SOUNDS];
    let row = &mut row[..right.len()];
    let mut total = 0;
    for (cell, &sound) in row.iter_mut().zip(right) {
        total += u16::from(costs.lost[place(sound)]);
        *cell = total;
    }
    // The cell before the row: what all of `left` so far costs when it is lost.
    let mut edge = 0;
    for &sound in left {
        let lost = u16::from(costs.lost[place(sound)]);
        let instead = &costs.instead[place(sound)];
        let mut diagonal = edge;
        edge += lost;
        let (mut before, mut least) = (edge, edge);
        for (cell, &other) in row.iter_mut().zip(right) {
            let best = (diagonal + u16::from(instead[place(other)]))
                .min(*cell + lost)
                .min(before + u16::from(costs.lost[place(other)]));
            diagonal = *cell;
            *cell = best;
            before = best;
            least = least.min(best);
        }
        if u32::from(least) > most {
            return None;
        }
    }
    Some(u32::from(row.last().copied().unwrap_or(edge))).filter(|&total| total <= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::letters::read;

    fn apart(left: &str, right: &str) -> u32 {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        read(left, &mut a);
        read(right, &mut b);
        distance(&a, &b, u32::MAX).unwrap()
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

    #[test]
    fn a_bound_is_kept() {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        read("slash", &mut a);
        read("quote", &mut b);
        assert_eq!(distance(&a, &b, 5), None);
        assert_eq!(distance(&a, &[0; MAX_SOUNDS + 1], u32::MAX), None);
        assert_eq!(distance(&[], &[], 0), Some(0));
        assert_eq!(distance(&a, &[], u32::MAX), distance(&[], &a, u32::MAX));
    }
}
