//! What the encoder sees of a unit: rows of the embedding table, summed.

use super::feature::{Feature, ROWS};
use sayso_speech::clean::Shape;
use sayso_speech::commands;
use sayso_speech::english::is_english;
use sayso_speech::lattice::{Kind, Lattice};
use sayso_speech::programs::is_program;

/// Most letters of a word whose parts are looked at.
const MAX_LETTERS: usize = 20;

/// A row and its weight in the sum.
pub type Weighted = (u32, f32);

/// The rows of every token of a line.
pub fn units(lattice: &Lattice) -> Vec<Vec<Weighted>> {
    let whole = whole_line(lattice);
    let repeated =
        repetitions(&(0..lattice.len()).map(|token| lattice.line.lower(token)).collect::<Vec<_>>());
    let units = repeated.into_iter().enumerate().map(|(token, repeated)| {
        let mut rows = unit(lattice, token);
        rows.extend(repeated.map(|feature| (feature.row(ROWS), 1.0)));
        rows.extend_from_slice(&whole);
        rows
    });
    units.collect()
}

/// How far apart words are looked at to find what is said twice.
const REACH: usize = 24;

/// Where a word was said before, where it is said again, and what stands between the two. Who corrects himself says
/// some words again, which tells how far back he takes: "find dash l wrong no find dash l right".
fn repetitions(words: &[&str]) -> Vec<[Feature; 3]> {
    let count = words.len();
    let pair = |at: usize, other: usize| other + 1 < count && words[at + 1] == words[other + 1];
    // The nearest place where it is said again, best with the word behind it.
    let again = |at: usize| {
        let mut same = (at + 1..count.min(at + 1 + REACH)).filter(|other| words[*other] == words[at]);
        let first = same.clone().next()?;
        let paired = same.find(|other| pair(at, *other));
        Some((paired.unwrap_or(first) - at, paired.is_some()))
    };
    let mut earlier = vec![(0, false); count];
    // The nearest repetition of two words that a word lies in, and its place in that.
    let mut inside = vec![(0, 0); count];
    let mut later = vec![(0, false); count];
    for at in 0..count {
        let Some((distance, paired)) = again(at) else { continue };
        later[at] = (distance, paired);
        earlier[at + distance] = (distance, paired);
        if paired {
            for (place, inside) in inside[at..at + distance].iter_mut().enumerate() {
                if inside.0 == 0 || distance < inside.0 {
                    *inside = (distance, place);
                }
            }
        }
    }
    let bucket = |distance: usize| match distance {
        0..=4 => distance as u64,
        5..=6 => 5,
        7..=9 => 6,
        10..=14 => 7,
        _ => 8,
    };
    let features = |at: usize| {
        [
            Feature::new(18).number(bucket(later[at].0)).number(later[at].1.into()),
            Feature::new(19).number(bucket(earlier[at].0)).number(earlier[at].1.into()),
            Feature::new(28).number(bucket(inside[at].0)).number(inside[at].1.min(2) as u64),
        ]
    };
    (0..count).map(features).collect()
}

fn unit(lattice: &Lattice, token: usize) -> Vec<Weighted> {
    let mut rows: Vec<Weighted> = Vec::with_capacity(24);
    let mut add = |feature: Feature| rows.push((feature.row(ROWS), 1.0));
    let shape = lattice.line.tokens[token].shape;
    let text = lattice.line.text(token);
    let lower = lattice.line.lower(token);
    add(Feature::new(1).text(lower));
    add(Feature::new(2).number(shape as u64).number(case_of(text)).number(text.len().min(4) as u64));
    if lattice.line.tokens[token].pause {
        add(Feature::new(3));
    }
    if lattice.line.tokens[token].glued {
        add(Feature::new(16));
    }
    let (_, readings) = lattice.at(token);
    let mut kinds = 0u64;
    for reading in readings {
        kinds |= 1 << (reading.kind as u64);
        // What merely sounds like it would drown what was said.
        if reading.kind == Kind::Sounds {
            continue;
        }
        if let Some(entry) = reading.entry {
            let said = Feature::new(4).number(entry.kind as u64);
            add(said.number(reading.tokens.len().min(3) as u64));
            if reading.kind == Kind::Symbol {
                add(Feature::new(5).text(&reading.text));
            }
        }
    }
    add(Feature::new(6).number(kinds));
    if commands::is_command(lower) {
        add(Feature::new(7));
    }
    add(Feature::new(17).number(Standing::of(lower) as u64).number(case_of(text)));
    if shape == Shape::Typed {
        add(Feature::new(8).bytes(Pattern::of(text).bytes()));
    }
    let letters: Vec<char> = lower.chars().take(MAX_LETTERS).collect();
    let grams = parts(&letters);
    let weight = 1.0 / (grams.len().max(1) as f32).sqrt();
    rows.extend(grams.into_iter().map(|row| (row, weight)));
    rows
}

/// The hashed parts of two to four letters, with the ends of the word marked.
fn parts(letters: &[char]) -> Vec<u32> {
    let mut rows = Vec::new();
    if letters.len() < 2 {
        return rows;
    }
    let at = |at: usize| match at {
        0 => '<',
        at if at > letters.len() => '>',
        at => letters[at - 1],
    };
    for length in 3..=4 {
        for start in 0..(letters.len() + 3).saturating_sub(length) {
            let mut feature = Feature::new(9).number(length as u64);
            for place in start..start + length {
                feature = feature.number(u64::from(u32::from(at(place))));
            }
            rows.push(feature.row(ROWS));
        }
    }
    rows
}

/// What a word is known as, which tells whether a speech engine may have written it for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Unknown,
    Command,
    Program,
    English,
    EnglishProgram,
}

impl Standing {
    /// Of a word in lower case.
    pub(super) fn of(word: &str) -> Standing {
        match word {
            _ if commands::is_command(word) => Standing::Command,
            _ if is_program(word) && is_english(word) => Standing::EnglishProgram,
            _ if is_program(word) => Standing::Program,
            _ if is_english(word) => Standing::English,
            _ => Standing::Unknown,
        }
    }
}

/// 0 no letters, 1 lower, 2 one capital alone, 3 a capital first, 4 all capitals, 5 mixed.
pub(super) fn case_of(text: &str) -> u64 {
    let capitals = text.chars().filter(|c| c.is_uppercase()).count();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    match (capitals, letters) {
        (_, 0) => 0,
        (0, _) => 1,
        (1, 1) => 2,
        (1, _) if text.starts_with(char::is_uppercase) => 3,
        (capitals, letters) if capitals == letters => 4,
        _ => 5,
    }
}

/// `file-2.txt` → `a-9.a`: what kind of text it is. At most 15 bytes; it grows with the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pattern {
    bytes: [u8; 16],
    length: u8,
    last: char,
}

impl Pattern {
    pub(super) const EMPTY: Pattern = Pattern { bytes: [0; 16], length: 0, last: '\0' };
    /// Longer ones do not grow.
    const LONGEST: u8 = 12;

    pub(super) fn of(text: &str) -> Pattern {
        Pattern::EMPTY.and(text)
    }

    /// With `text` behind it.
    #[must_use]
    pub(super) fn and(mut self, text: &str) -> Pattern {
        for c in text.chars() {
            if self.length >= Pattern::LONGEST {
                break;
            }
            let class = match c {
                _ if c.is_ascii_digit() => '9',
                _ if c.is_lowercase() => 'a',
                _ if c.is_uppercase() => 'A',
                other => other,
            };
            if self.last != class || !class.is_alphanumeric() {
                self.length += class.encode_utf8(&mut self.bytes[usize::from(self.length)..]).len() as u8;
                self.last = class;
            }
        }
        self
    }

    /// As bytes of UTF-8.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// What tells the dialects apart: rows that every unit of the line gets.
fn whole_line(lattice: &Lattice) -> Vec<Weighted> {
    let line = &lattice.line;
    let (mut upper, mut lower, mut pauses, mut spaces, mut typed, mut capitals) = (0, 0, 0, 0, 0, 0);
    for token in 0..lattice.len() {
        let text = line.text(token);
        match case_of(text) {
            2 => upper += 1,
            1 if text.len() == 1 => lower += 1,
            3 => capitals += 1,
            _ => {}
        }
        pauses += usize::from(line.tokens[token].pause);
        spaces += usize::from(line.lower(token) == "space");
        typed += usize::from(line.tokens[token].shape == Shape::Typed);
    }
    let bucket = |count: usize| match count {
        0..=2 => count as u64,
        3..=5 => 3,
        _ => 4,
    };
    let letters = match (upper, lower) {
        (0, 0) => 0,
        (_, 0) => 1,
        (0, _) => 2,
        _ => 3,
    };
    [
        Feature::new(10).number(letters),
        Feature::new(11).number(bucket(pauses)),
        Feature::new(12).number(bucket(spaces)),
        Feature::new(13).number(bucket(typed)),
        Feature::new(14).number(bucket(capitals)),
        Feature::new(15).number((lattice.len() / 6).min(6) as u64),
    ]
    .into_iter()
    .map(|feature| (feature.row(ROWS), 0.5))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_twice_is_found() {
        let said = |line: &str| repetitions(&line.split(' ').collect::<Vec<_>>());
        let (plain, twice) = (said("find dash l x no look dash l y"), said("find dash l x no find dash l y"));
        let differs = |at: usize| plain[at].iter().zip(&twice[at]).map(|(a, b)| a != b).collect::<Vec<_>>();
        // Said again, said before, in between.
        assert_eq!(differs(0), [true, false, true]);
        assert_eq!(differs(3), [false, false, false], "within the nearer one of \"dash l\"");
        assert_eq!(differs(5), [false, true, false]);
        assert_eq!(differs(8), [false; 3]);
    }

    #[test]
    fn patterns_and_cases() {
        for (text, pattern) in
            [("file-2.txt", "a-9.a"), ("--all", "--a"), ("x/y/z/1/2/3/4/5", "a/a/a/9/9/9/")]
        {
            assert_eq!(Pattern::of(text).bytes(), pattern.as_bytes(), "{text}");
            let (first, second) = text.split_at(3);
            assert_eq!(Pattern::of(first).and(second).bytes(), pattern.as_bytes(), "{text}");
        }
        for (text, case) in [("12", 0), ("ab", 1), ("L", 2), ("Git", 3), ("XZ", 4), ("gitHub", 5)] {
            assert_eq!(case_of(text), case, "{text}");
        }
    }
}
