//! Repairs: "head dash n five no fifty". What is taken back is mostly like what replaces it, and that shows how far back a
//! correction reaches.
//!
//! The features compare words across the words of the correction, as "rough copies" do in parsers of speech (Johnson and
//! Charniak 2004; Honnibal and Johnson 2014).

use super::feature::Feature;
use super::id::{CrossId, RowId};
use super::word::WordClass;
use sayso_speech::clean::{Line, Shape};
use sayso_speech::codes;
use sayso_speech::lattice::omission::{self, Cue};
use sayso_speech::number;
use sayso_speech::vocabulary::{self, Kind};

/// Words between something taken back and the words of the correction, at most. Hand-chosen, 2026-11-28.
const MAX_REACH: usize = 12;

/// How like two words of a line are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// There are no two words to compare.
    Nothing,
    Same,
    Numbers,
    Letters,
    /// Both name a symbol.
    Symbols,
    /// They begin alike.
    Start,
    /// They are known as the same: commands, programs, English words, words of no list.
    Class,
    Different,
}

codes!(Likeness {
    Nothing = 0,
    Same = 1,
    Numbers = 2,
    Letters = 3,
    Symbols = 4,
    Start = 5,
    Class = 6,
    Different = 7,
});

/// Letters with which two words must begin to begin alike. Hand-chosen, 2026-11-28.
const START: usize = 3;

fn likeness(line: &Line, left: usize, right: usize) -> Likeness {
    if left >= line.tokens.len() || right >= line.tokens.len() || left == right {
        return Likeness::Nothing;
    }
    let (a, b) = (line.lower(left), line.lower(right));
    let is_number =
        |at: usize| line.tokens[at].shape == Shape::Digits || number::words().value(line.lower(at)).is_some();
    let is_symbol = |word: &str| {
        vocabulary::matches(&[word])
            .any(|entry| matches!(entry.kind, Kind::Symbol | Kind::Point | Kind::Quote))
    };
    let begins = |word: &str| word.char_indices().nth(START).map(|(end, _)| end);
    match () {
        () if a == b => Likeness::Same,
        () if is_number(left) && is_number(right) => Likeness::Numbers,
        () if a.len() == 1 && b.len() == 1 => Likeness::Letters,
        () if is_symbol(a) && is_symbol(b) => Likeness::Symbols,
        () if begins(a).is_some_and(|end| b.starts_with(&a[..end])) => Likeness::Start,
        () if WordClass::of(a) == WordClass::of(b) => Likeness::Class,
        () => Likeness::Different,
    }
}

/// For each token what kind of talk it may be, how it is like the word with which the speaker goes on behind the next
/// correction, and, where the speaker goes on so, how it is like the word before that correction.
pub(super) fn features(line: &Line) -> Vec<[Feature; 3]> {
    let count = line.tokens.len();
    let cues: Vec<Option<Cue>> = (0..count)
        .map(|at| omission::cue(line.lower(at)).filter(|_| line.tokens[at].shape == Shape::Word))
        .collect();
    let hesitates = |at: usize| omission::is_hesitation(line.lower(at));
    // Token → the correction that begins at it or behind it, and the token behind that.
    let mut ahead: Vec<Option<(usize, usize)>> = vec![None; count + 1];
    for at in (0..count).rev() {
        ahead[at] = if cues[at] == Some(Cue::Correction) {
            let goes_on = match ahead[at + 1] {
                Some((from, end)) if from == at + 1 => end,
                _ => {
                    let talk = (at + 1..count).take_while(|&at| cues[at].is_some() || hesitates(at)).count();
                    at + 1 + talk
                }
            };
            Some((at, goes_on))
        } else {
            ahead[at + 1]
        };
    }
    let mut behind = vec![Likeness::Nothing; count];
    for at in 1..count {
        if let Some((from, goes_on)) = ahead[at]
            && from == at
            && goes_on < count
            && cues[at - 1] != Some(Cue::Correction)
        {
            behind[goes_on] = likeness(line, at - 1, goes_on);
        }
    }
    let features = |at: usize| {
        let cue = cues[at].map_or(0, |cue| cue.code() + 1) + 8 * u64::from(hesitates(at));
        let correction = ahead[at].filter(|(from, _)| *from > at && from - at <= MAX_REACH);
        let (reach, like) = correction
            .map_or((0, Likeness::Nothing), |(from, goes_on)| (from - at, likeness(line, at, goes_on)));
        [
            Feature::of(RowId::Cue).number(cue),
            Feature::of(RowId::RepairAhead).number(bucket(reach)).number(like.code()),
            Feature::of(RowId::RepairBehind).number(behind[at].code()),
        ]
    };
    (0..count).map(features).collect()
}

/// How a reading goes on at token `at` behind a run of omissions that began at token `from`.
pub(super) fn resumption(line: &Line, from: usize, at: usize, kind: u64) -> [Feature; 2] {
    let like = likeness(line, from, at).code();
    let before = from.checked_sub(1).map_or(Likeness::Nothing, |before| likeness(line, before, at)).code();
    let length = bucket(at - from);
    [
        Feature::of(CrossId::Resumed).number(like).number(before).number(length),
        Feature::of(CrossId::ResumedKind).number(like).number(kind).text(line.lower(at - 1)),
    ]
}

/// Hand-chosen, 2026-11-28.
fn bucket(distance: usize) -> u64 {
    match distance {
        0..=5 => distance as u64,
        6..=7 => 6,
        8..=10 => 7,
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sayso_speech::clean::clean;

    #[test]
    fn words_are_compared_across_a_correction() {
        let said = |text: &str| features(&clean(text));
        let (alike, other) =
            (said("head dash n five no wait fifty"), said("head dash n five no wait folder"));
        assert_ne!(alike[3][1], other[3][1], "a number for a number");
        assert_eq!(alike[0][1], other[0][1]);
        assert_ne!(alike[6][2], other[6][2]);
        assert_eq!(alike[4], other[4], "the words of the correction");
        let plain = said("head dash n five or so fifty");
        assert_ne!(plain[3][1], alike[3][1]);
    }

    #[test]
    fn any_line_has_features() {
        for text in ["", "no", "no no no", "sorry i mean", "um no um no um", "no git no"] {
            let line = clean(text);
            assert_eq!(features(&line).len(), line.tokens.len(), "{text}");
        }
    }
}
