//! Number phrases: all the ways to group the number words that start at one place.
//!
//! Digits said one by one, and pairs such as `eighty eighty`, need no reading of their own: their numbers stand side
//! by side and are written together or apart as the path says. Only what is *not* the sum of its parts is a reading
//! here: `forty two`, `eight thousand eighty`, `double seven`.

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

/// One grouping: so many words, written so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// Words taken.
    pub words: usize,
    /// Decimal digits.
    pub text: String,
}

/// More words than this are never one grouping ("nine hundred and ninety nine million …" has 17).
pub const MAX_WORDS: usize = 16;

/// The groupings that start at `parts[0]`, shortest first; at most 8.
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
    found.truncate(8);
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
