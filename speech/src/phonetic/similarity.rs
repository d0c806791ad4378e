//! How much two phrases sound alike.

use super::distance::{Batch, MAX_SOUNDS, WHOLE};
use super::lexicon::say;

/// The distance per sound of two phrases of lower-case words, in 64ths of a whole substitution; 255 if either has no
/// sounds or too many.
pub fn apart(left: &str, right: &str) -> u8 {
    let sounds = |phrase: &str| {
        let mut sounds = Vec::new();
        say(phrase, &mut sounds);
        sounds
    };
    let (left, right) = (sounds(left), sounds(right));
    let longer = left.len().max(right.len());
    if left.is_empty() || right.is_empty() || longer > MAX_SOUNDS {
        return u8::MAX;
    }
    let mut apart = u8::MAX;
    Batch::default().distances(&left, std::iter::once(&right[..]), |_, distance| {
        apart = (u32::from(distance) * 64 / WHOLE / longer as u32).min(u32::from(u8::MAX)) as u8;
    });
    apart
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
