//! What the encoder sees of a token: rows of the embedding table, summed.

use super::feature::{Feature, ROWS};
use super::id::RowId;
use super::pattern::Pattern;
use super::repair;
use super::word::{Case, WordClass};
use sayso_speech::clean::Shape;
use sayso_speech::commands;
use sayso_speech::lattice::{Kind, Lattice};

/// Letters of a word that are cut into n-grams; the rest of a longer word is left out. Hand-chosen, never measured apart.
const MAX_LETTERS: usize = 20;
/// Weight of each feature of the whole line, which every token gets. Hand-chosen, never measured apart.
const LINE_WEIGHT: f32 = 0.5;

/// A row and its weight in the sum.
pub type Weighted = (u32, f32);

/// The rows of every token of a line, of the table with [`ROWS`] rows.
pub fn units(lattice: &Lattice) -> Vec<Vec<Weighted>> {
    let whole = whole_line(lattice);
    let repeated =
        repetitions(&(0..lattice.len()).map(|token| lattice.line.lower(token)).collect::<Vec<_>>());
    let repairs = repair::features(&lattice.line);
    let units = repeated.into_iter().zip(repairs).enumerate().map(|(token, (repeated, repair))| {
        let mut rows = unit(lattice, token);
        rows.extend(repeated.iter().chain(&repair).map(|feature| (feature.row(ROWS), 1.0)));
        rows.extend_from_slice(&whole);
        rows
    });
    units.collect()
}

/// Longest distance, in words, over which a repetition is looked for. Hand-chosen, never measured apart.
const MAX_REPETITION_DISTANCE: usize = 24;

/// For each word how far ahead it comes again, how far back it was said before, and whether it lies between two words and
/// their repetition. Speakers who correct themselves repeat some words, which shows how far back the correction reaches:
/// "find dash l wrong no find dash l right".
fn repetitions(words: &[&str]) -> Vec<[Feature; 3]> {
    let count = words.len();
    let pair = |at: usize, other: usize| other + 1 < count && words[at + 1] == words[other + 1];
    // The nearest repetition, preferably one in which the next word is repeated too.
    let again = |at: usize| {
        let mut same =
            (at + 1..count.min(at + 1 + MAX_REPETITION_DISTANCE)).filter(|other| words[*other] == words[at]);
        let first = same.clone().next()?;
        let paired = same.find(|other| pair(at, *other));
        Some((paired.unwrap_or(first) - at, paired.is_some()))
    };
    let mut earlier = vec![(0, false); count];
    // The nearest repetition of two words that a word lies in: how far apart the two are, and where in between it lies.
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
    // Hand-chosen, never measured apart, like all such limits in this file.
    let bucket = |distance: usize| match distance {
        0..=4 => distance as u64,
        5..=6 => 5,
        7..=9 => 6,
        10..=14 => 7,
        _ => 8,
    };
    let features = |at: usize| {
        [
            Feature::of(RowId::SaidAgain).number(bucket(later[at].0)).number(later[at].1.into()),
            Feature::of(RowId::SaidBefore).number(bucket(earlier[at].0)).number(earlier[at].1.into()),
            Feature::of(RowId::InRepetition).number(bucket(inside[at].0)).number(inside[at].1.min(2) as u64),
        ]
    };
    (0..count).map(features).collect()
}

/// The rows of one token, without those that its line gives it.
fn unit(lattice: &Lattice, token: usize) -> Vec<Weighted> {
    let mut rows: Vec<Weighted> = Vec::with_capacity(24);
    let mut add = |feature: Feature| rows.push((feature.row(ROWS), 1.0));
    let shape = lattice.line.tokens[token].shape;
    let text = lattice.line.text(token);
    let lower = lattice.line.lower(token);
    add(Feature::of(RowId::Word).text(lower));
    let case = Case::of(text).code();
    add(Feature::of(RowId::Form).number(shape.code()).number(case).number(text.len().min(4) as u64));
    if lattice.line.tokens[token].followed_by_pause {
        add(Feature::of(RowId::Pause));
    }
    if lattice.line.tokens[token].attached_to_previous {
        add(Feature::of(RowId::Attached));
    }
    let (_, readings) = lattice.arcs_from(token);
    let mut kinds = 0u64;
    for reading in readings {
        kinds |= 1 << reading.kind.code();
        // There are so many readings by sound that their features would drown those of the words that were heard.
        if reading.kind == Kind::SoundAlike {
            continue;
        }
        if let Some(entry) = reading.entry {
            let said = Feature::of(RowId::Entry).number(entry.kind.code());
            add(said.number(reading.tokens.len().min(3) as u64));
            if reading.kind == Kind::Symbol {
                add(Feature::of(RowId::Symbol).text(&reading.text));
            }
        }
    }
    add(Feature::of(RowId::Kinds).number(kinds));
    if commands::is_command(lower) {
        add(Feature::of(RowId::Command));
    }
    add(Feature::of(RowId::Class).number(WordClass::of(lower).code()).number(case));
    if shape == Shape::Typed {
        add(Feature::of(RowId::TypedPattern).bytes(Pattern::of(text).bytes()));
    }
    let letters: Vec<char> = lower.chars().take(MAX_LETTERS).collect();
    let grams = n_grams(&letters);
    let weight = 1.0 / (grams.len().max(1) as f32).sqrt();
    rows.extend(grams.into_iter().map(|row| (row, weight)));
    rows
}

/// The rows of all three and four letters in a row, the ends of the word counting as letters (Bojanowski et al. 2017).
fn n_grams(letters: &[char]) -> Vec<u32> {
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
            let mut feature = Feature::of(RowId::Letters).number(length as u64);
            for place in start..start + length {
                feature = feature.number(u64::from(u32::from(at(place))));
            }
            rows.push(feature.row(ROWS));
        }
    }
    rows
}

/// What tells typed from dictated lines and ways of speaking apart: rows that every token of the line gets.
fn whole_line(lattice: &Lattice) -> Vec<Weighted> {
    let line = &lattice.line;
    let (mut upper, mut lower, mut pauses, mut spaces, mut typed, mut capitals) = (0, 0, 0, 0, 0, 0);
    for token in 0..lattice.len() {
        let text = line.text(token);
        match Case::of(text) {
            Case::OneCapital => upper += 1,
            Case::Lower if text.len() == 1 => lower += 1,
            Case::Title => capitals += 1,
            _ => {}
        }
        pauses += usize::from(line.tokens[token].followed_by_pause);
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
        Feature::of(RowId::LineLetters).number(letters),
        Feature::of(RowId::LinePauses).number(bucket(pauses)),
        Feature::of(RowId::LineSpaces).number(bucket(spaces)),
        Feature::of(RowId::LineTyped).number(bucket(typed)),
        Feature::of(RowId::LineCapitals).number(bucket(capitals)),
        Feature::of(RowId::LineLength).number((lattice.len() / 6).min(6) as u64),
    ]
    .into_iter()
    .map(|feature| (feature.row(ROWS), LINE_WEIGHT))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_found() {
        let said = |line: &str| repetitions(&line.split(' ').collect::<Vec<_>>());
        let (plain, twice) = (said("find dash l x no look dash l y"), said("find dash l x no find dash l y"));
        let differs = |at: usize| plain[at].iter().zip(&twice[at]).map(|(a, b)| a != b).collect::<Vec<_>>();
        // Said again, said before, in between.
        assert_eq!(differs(0), [true, false, true]);
        assert_eq!(differs(3), [false, false, false], "within the nearer one of \"dash l\"");
        assert_eq!(differs(5), [false, true, false]);
        assert_eq!(differs(8), [false; 3]);
    }
}
