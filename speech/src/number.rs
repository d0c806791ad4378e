//! Number phrases: the words for numbers, and all ways to group those that start at one place.
//!
//! Digits that are said one by one, and pairs such as `eighty eighty`, need no reading of their own: their numbers stand
//! side by side, and the path writes them together or apart. A grouping is only what differs from that: `forty two`,
//! `eight thousand eighty`, `double seven`.

use std::sync::LazyLock;

use crate::vocabulary::{self, Entry, Kind};

/// A word's part in a number phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// 0 to 9.
    Digit(u8),
    /// 10 to 19.
    Teen(u8),
    /// 20, 30 … 90.
    Ten(u8),
    /// The power of ten: 2, 3, 6 or 9.
    Scale(u8),
    /// 2 or 3: how often the next digit is written.
    Repeat(u8),
    /// "and" inside a number.
    And,
    /// "a" before a scale.
    A,
    /// Not part of a number.
    None,
}

impl Part {
    /// Whether it is a number by itself or multiplies one.
    pub(crate) fn is_value(self) -> bool {
        matches!(self, Part::Digit(_) | Part::Teen(_) | Part::Ten(_) | Part::Scale(_))
    }

    /// The part of a word in lower case, whatever stands around it. "and" and "a" are grammar and no entries of the
    /// vocabulary: there they would count as signs of dictation.
    fn of(word: &str) -> Part {
        let Some(entry) = entry(word) else {
            return match word {
                "and" => Part::And,
                "a" => Part::A,
                _ => Part::None,
            };
        };
        let value: u8 = entry.writes.parse().unwrap_or(0);
        match entry.kind {
            Kind::Scale => Part::Scale(value),
            Kind::Repeat => Part::Repeat(value),
            _ if value < 10 => Part::Digit(value),
            _ if value < 20 => Part::Teen(value),
            _ => Part::Ten(value),
        }
    }
}

/// The entry of the vocabulary for a word of a number phrase.
fn entry(word: &str) -> Option<&'static Entry> {
    vocabulary::matches(&[word]).find(|entry| matches!(entry.kind, Kind::Number | Kind::Scale | Kind::Repeat))
}

/// The part of each word of a line, in lower case, where it stands.
pub fn parts(lower: &[&str]) -> Vec<Part> {
    let mut parts: Vec<Part> = lower.iter().map(|word| Part::of(word)).collect();
    // Some words belong to a number only beside one: "oh", "and", "a", "double".
    for at in 0..parts.len() {
        let before = at > 0 && parts[at - 1].is_value();
        let after = parts.get(at + 1).is_some_and(|part| part.is_value());
        let keep = match parts[at] {
            Part::And => before && after,
            Part::A => matches!(parts.get(at + 1), Some(Part::Scale(_))),
            Part::Repeat(_) => matches!(parts.get(at + 1), Some(Part::Digit(_))),
            // "oh" is an everyday word: a digit beside a number, and in "ten dot oh".
            Part::Digit(_) if entry(lower[at]).is_some_and(|entry| entry.everyday) => {
                let dotted = at > 1 && vocabulary::is_name_of(lower[at - 1], ".") && parts[at - 2].is_value();
                before || after || dotted
            }
            _ => true,
        };
        if !keep {
            parts[at] = Part::None;
        }
    }
    parts
}

/// The words for numbers, from the vocabulary: the first form of each.
#[derive(Debug)]
pub struct Words {
    /// 0 to 19.
    pub ones: [&'static str; 20],
    /// 20, 30 … 90, by the number of tens; the first two are empty.
    pub tens: [&'static str; 10],
}

/// The words for numbers.
pub fn words() -> &'static Words {
    static WORDS: LazyLock<Words> = LazyLock::new(|| {
        let mut words = Words { ones: [""; 20], tens: [""; 10] };
        for entry in vocabulary::entries() {
            if entry.kind != Kind::Number || !entry.canonical || entry.everyday {
                continue;
            }
            match entry.writes.parse::<usize>() {
                Ok(value) if value < 20 => words.ones[value] = entry.words[0],
                Ok(value) if value < 100 => words.tens[value / 10] = entry.words[0],
                _ => {}
            }
        }
        words
    });
    &WORDS
}

impl Words {
    /// How a number below a hundred is said.
    pub fn below_hundred(&self, number: usize) -> Vec<&'static str> {
        match (number / 10, number % 10) {
            _ if number < 20 => vec![self.ones[number]],
            (ten, 0) => vec![self.tens[ten]],
            (ten, one) => vec![self.tens[ten], self.ones[one]],
        }
    }

    /// The number that one of the words is, in lower case: 0 to 20, 30 … 90.
    pub fn value(&self, word: &str) -> Option<usize> {
        let ones = self.ones.iter().position(|name| *name == word);
        ones.or_else(|| Some(10 * (2 + self.tens[2..].iter().position(|name| *name == word)?)))
    }
}

/// One grouping: so many words, written so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// Words taken.
    pub words: usize,
    /// Decimal digits.
    pub text: String,
}

/// More words than this are never one grouping ("nine hundred and ninety nine billion …" has 23).
/// Hand-chosen, 2026-11-28.
pub const MAX_WORDS: usize = 24;

/// Most groupings that start at one place. Hand-chosen, 2026-11-28.
const MAX_GROUPINGS: usize = 8;

/// The groupings that start at `parts[0]`, shortest first. Of many the first and the longest count.
pub fn groupings(parts: &[Part]) -> Vec<Grouping> {
    let parts = &parts[..parts.len().min(MAX_WORDS)];
    let mut found = Vec::new();
    match parts.first() {
        Some(Part::Repeat(times)) => {
            if let Some(Part::Digit(digit)) = parts.get(1) {
                found.push(Grouping { words: 2, text: digit.to_string().repeat(usize::from(*times)) });
            }
        }
        Some(Part::Digit(_) | Part::Teen(_) | Part::Ten(_)) => sums(parts, &mut found),
        // "a" alone is no number.
        Some(Part::A) => {
            sums(parts, &mut found);
            found.retain(|grouping| grouping.words > 1);
        }
        _ => {}
    }
    if found.len() > MAX_GROUPINGS {
        found.drain(1..found.len() - MAX_GROUPINGS + 1);
    }
    found
}

/// Every prefix that is a number in the way numbers are said.
fn sums(parts: &[Part], found: &mut Vec<Grouping>) {
    let mut total: u64 = 0;
    let mut at = 0;
    // Each turn reads one group below a thousand and its scale, in falling order of scale.
    let mut ceiling = u8::MAX;
    loop {
        let start = at;
        if start > 0 && parts.get(at) == Some(&Part::And) {
            at += 1;
        }
        let ends = below_thousand(&parts[at..]);
        let Some(&(words, value)) = ends.last() else { return };
        for &(words, value) in &ends {
            // Only what stays below the last scale adds to it.
            if start == 0 || value > 0 {
                keep(found, at + words, total + value);
            }
        }
        at += words;
        match parts.get(at) {
            Some(&Part::Scale(power)) if power >= 3 && power < ceiling && value > 0 => {
                total += value * 10u64.pow(u32::from(power));
                at += 1;
                ceiling = power;
                keep(found, at, total);
            }
            _ => return,
        }
    }
}

fn keep(found: &mut Vec<Grouping>, words: usize, value: u64) {
    if found.last().is_none_or(|last| last.words < words) {
        found.push(Grouping { words, text: value.to_string() });
    }
}

/// Prefixes that make a number below a thousand (or "fifteen hundred"): words taken and value.
fn below_thousand(parts: &[Part]) -> Vec<(usize, u64)> {
    let mut ends = below_hundred(parts);
    if parts.first() == Some(&Part::A) {
        match parts.get(1) {
            Some(Part::Scale(2)) => ends.push((2, 100)),
            Some(Part::Scale(_)) => ends.push((1, 1)),
            _ => return ends,
        }
        if ends == [(1, 1)] {
            return ends;
        }
    }
    let Some(&(words, value)) = ends.last() else { return ends };
    let hundreds = if parts.first() == Some(&Part::A) {
        Some((words, 1))
    } else {
        (parts.get(words) == Some(&Part::Scale(2)) && value > 0).then_some((words + 1, value))
    };
    let Some((words, hundreds)) = hundreds else { return ends };
    if parts.first() != Some(&Part::A) {
        ends.push((words, hundreds * 100));
    }
    let and = usize::from(parts.get(words) == Some(&Part::And));
    for (more, rest) in below_hundred(&parts[words + and..]) {
        if rest > 0 {
            ends.push((words + and + more, hundreds * 100 + rest));
        }
    }
    ends
}

fn below_hundred(parts: &[Part]) -> Vec<(usize, u64)> {
    match (parts.first(), parts.get(1)) {
        (Some(&Part::Ten(ten)), Some(&Part::Digit(digit))) if digit > 0 => {
            vec![(1, u64::from(ten)), (2, u64::from(ten + digit))]
        }
        (Some(&Part::Ten(value) | &Part::Teen(value) | &Part::Digit(value)), _) => {
            vec![(1, u64::from(value))]
        }
        _ => Vec::new(),
    }
}

/// Whether a number that reads `left` may be followed by `right` without a space.
///
/// `twenty` `two` is 22 or the words 20 and 2, never 202: a number that ends in zeros would have taken the next one
/// in, had that been meant. Digits said one by one or already written (`digitwise`) are free.
pub fn may_touch(left: &str, right: &str, digitwise: bool) -> bool {
    if digitwise || right.starts_with('0') {
        return true;
    }
    let zeros = left.len() - left.trim_end_matches('0').len();
    zeros == 0 || zeros == left.len() || right.len() > zeros
}

#[cfg(test)]
mod tests {
    use super::*;
    use Part::{A, And, Digit, Repeat, Scale, Teen, Ten};

    fn check(parts: &[Part], expected: &[(usize, &str)]) {
        let found = groupings(parts);
        let found: Vec<(usize, &str)> = found.iter().map(|g| (g.words, g.text.as_str())).collect();
        assert_eq!(found, expected, "{parts:?}");
    }

    #[test]
    fn groupings_of_a_phrase() {
        check(&[Ten(40), Digit(2)], &[(1, "40"), (2, "42")]);
        check(&[Ten(20), Digit(0)], &[(1, "20")]);
        check(&[Digit(1), Digit(2)], &[(1, "1")]);
        check(&[Teen(19), Ten(20)], &[(1, "19")]);
        check(&[Digit(1), Scale(2)], &[(1, "1"), (2, "100")]);
        check(&[A, Scale(2)], &[(2, "100")]);
        check(&[A, Scale(3)], &[(2, "1000")]);
        check(&[Digit(8), Scale(3), Ten(80)], &[(1, "8"), (2, "8000"), (3, "8080")]);
        check(&[Digit(1), Scale(2), And, Digit(5)], &[(1, "1"), (2, "100"), (4, "105")]);
        check(
            &[Digit(1), Scale(3), And, Ten(20), Digit(4)],
            &[(1, "1"), (2, "1000"), (4, "1020"), (5, "1024")],
        );
        check(&[Digit(5), Scale(3), Digit(4), Scale(2)], &[(1, "5"), (2, "5000"), (3, "5004"), (4, "5400")]);
        check(&[Teen(15), Scale(2)], &[(1, "15"), (2, "1500")]);
        check(&[Repeat(2), Digit(7)], &[(2, "77")]);
        check(&[Repeat(2), Ten(20)], &[]);
        check(&[Digit(1), Scale(2), And, And], &[(1, "1"), (2, "100")]);
        check(&[Scale(3)], &[]);
        // Of more than eight groupings the longest stay.
        let long = [
            [Digit(9), Scale(2), And, Ten(90), Digit(9), Scale(6)],
            [Digit(9), Scale(2), And, Ten(90), Digit(9), Scale(3)],
        ];
        let found = groupings(&[long.concat(), vec![And, Digit(7)]].concat());
        assert_eq!((found[0].words, found.len()), (1, MAX_GROUPINGS));
        assert_eq!(found.last(), Some(&Grouping { words: 14, text: "999999007".to_owned() }));
    }

    #[test]
    fn words_for_numbers() {
        let words = words();
        assert!(words.ones.iter().chain(&words.tens[2..]).all(|word| !word.is_empty()));
        for number in 0..100 {
            let said = words.below_hundred(number);
            assert_eq!(said.iter().map(|word| words.value(word).unwrap()).sum::<usize>(), number);
        }
        assert_eq!((words.value("oh"), words.value("hundred"), words.value("")), (None, None, None));
    }

    #[test]
    fn twenty_two_is_never_202() {
        assert!(!may_touch("20", "2", false));
        assert!(!may_touch("100", "20", false));
        assert!(may_touch("80", "80", false));
        assert!(may_touch("20", "0", false));
        assert!(may_touch("7", "55", false));
        assert!(may_touch("10", "2", true));
    }
}
