//! How much two phrases sound alike.

use super::consonants::ConsonantKeys;
use super::distance::{Batch, LANES, MAX_SOUNDS, WHOLE};
use super::lexicon::say;
use super::pronunciation::Sound;

/// What a phrase of lower-case words sounds like: letters and words without a vowel are spelled, the others are read.
pub fn sounds(phrase: &str) -> Vec<Sound> {
    let mut sounds = Vec::new();
    say(phrase, &mut sounds);
    sounds
}

/// Calls `take` with each key under which something that sounds like this may be filed: misheard words keep their
/// consonants, apart from one.
pub fn consonant_keys(sounds: &[Sound], take: impl FnMut(u64)) {
    ConsonantKeys::of(sounds).each(true, take);
}

/// The distance per sound of two phrases of lower-case words, in 64ths of a whole substitution; 255 if either has no
/// sounds or too many.
pub fn apart(left: &str, right: &str) -> u8 {
    let (left, right) = (sounds(left), sounds(right));
    let mut apart = u8::MAX;
    each_apart(&left, std::iter::once(&right[..]), |_, distance| apart = distance);
    apart
}

/// The same for many: gives `take` the place and the distance of each of `others` that can be compared.
pub fn each_apart<'a>(
    heard: &[Sound],
    others: impl Iterator<Item = &'a [Sound]>,
    mut take: impl FnMut(usize, u8),
) {
    if heard.is_empty() || heard.len() > MAX_SOUNDS {
        return;
    }
    let comparable = |(_, sounds): &(usize, &[Sound])| !sounds.is_empty() && sounds.len() <= MAX_SOUNDS;
    let others: Vec<(usize, &[Sound])> = others.enumerate().filter(comparable).collect();
    let mut batch = Batch::default();
    for others in others.chunks(LANES) {
        batch.distances(heard, others.iter().map(|(_, sounds)| *sounds), |lane, distance| {
            let (place, sounds) = others[lane];
            let longer = heard.len().max(sounds.len()) as u32;
            take(place, (u32::from(distance) * 64 / WHOLE / longer).min(u32::from(u8::MAX)) as u8);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_sounds_are_near() {
        assert_eq!(apart("get", "get"), 0);
        assert!(apart("stache", "stash") < apart("stache", "status"));
        assert_eq!(apart("", "git"), u8::MAX);
    }
}
