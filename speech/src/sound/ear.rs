//! The ear: finds the targets that sound like what was heard.
//!
//! It compares only what agrees with the heard word in its consonants, roughly, but for one: every target is filed under
//! the classes of its consonants, and again with each of them left out.

use super::distance::{MAX_SOUNDS, WHOLE, distance};
use super::letters::{SOUNDS, Sound};
use super::targets::{INDEX, Index, Target};

/// Most consonants that a target is filed by.
const MAX_CONSONANTS: usize = 10;

/// A target that sounds like what was heard.
#[derive(Debug, Clone, Copy)]
pub struct Near {
    /// What it is.
    pub target: &'static Target,
    /// How far it is: the distance per sound, 64 for wholly different ones.
    pub cost: u8,
}

/// Listens for targets. Made for one line: it remembers which targets it has compared with the last sounds.
pub struct Ear {
    index: &'static Index,
    /// Number of sounds listened to so far.
    turn: u16,
    /// By target: when it was last compared.
    compared: Vec<u16>,
}

impl Ear {
    /// An ear for a line. The first one builds the index, in some hundredths of a second.
    pub fn for_a_line() -> Ear {
        let index = &*INDEX;
        Ear { index, turn: 0, compared: vec![0; index.targets.len()] }
    }

    /// Gives to `take` what sounds like `heard`, no further a sound than `most` says, which never says more than
    /// `furthest`. A `single` word is also compared with the commonest targets, and more loosely.
    pub fn near(
        &mut self,
        heard: &[Sound],
        single: bool,
        furthest: u8,
        most: impl Fn(&Target) -> u8,
        mut take: impl FnMut(Near),
    ) {
        if heard.is_empty() || heard.len() > MAX_SOUNDS {
            return;
        }
        if self.turn == u16::MAX {
            self.compared.fill(0);
            self.turn = 0;
        }
        self.turn += 1;
        let (index, turn, compared) = (self.index, self.turn, &mut self.compared);
        let mut compare = |targets: &[u32]| {
            for &at in targets {
                let at = at as usize;
                if std::mem::replace(&mut compared[at], turn) == turn {
                    continue;
                }
                let target = &index.targets[at];
                let sounds = &index.sounds[target.sounds.start as usize..target.sounds.end as usize];
                let longer = sounds.len().max(heard.len()) as u32;
                // Every sound that one has and the other has not costs three at least.
                let least = sounds.len().abs_diff(heard.len()) as u32 * 3;
                let bound = |most: u8| u32::from(most) * longer * WHOLE / 64;
                if least > bound(furthest) {
                    continue;
                }
                let bound = bound(most(target));
                if least > bound {
                    continue;
                }
                if let Some(apart) = distance(heard, sounds, bound) {
                    take(Near { target, cost: (apart * 64 / (WHOLE * longer)) as u8 });
                }
            }
        };
        if single {
            compare(&index.common);
        }
        Skeleton::of(heard).each(single, |key| {
            if let Some(range) = index.by_consonants.get(&key) {
                compare(&index.filed[range.start as usize..range.end as usize]);
            }
        });
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
    use super::*;
    use crate::sound::targets::say;

    /// What is heard, and what has to be among what it sounds like.
    fn check(heard: &str, expected: &str) {
        let mut sounds = Vec::new();
        say(heard, &mut sounds);
        let mut found = Vec::new();
        let single = !heard.contains(' ');
        Ear::for_a_line().near(&sounds, single, 25, |_| 25, |near| found.push((near.cost, near.target.text)));
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
    fn no_target_is_far() {
        let mut ear = Ear::for_a_line();
        let mut sounds = Vec::new();
        say("whatever", &mut sounds);
        ear.near(&sounds, true, 9, |_| 9, |near| assert!(near.cost <= 9, "{near:?}"));
        ear.near(&[], true, 9, |_| 9, |near| unreachable!("{near:?}"));
    }
}
