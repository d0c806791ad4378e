//! Digits, said aloud.

use crate::number::{self, Part};

pub(super) const ONES: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// Digits as a number phrase, in one of the ways that read back as the same digits.
pub fn say_number(text: &str, random: &mut fastrand::Rng) -> Vec<String> {
    let one_by_one = || text.bytes().map(|b| ONES[usize::from(b - b'0')].to_owned()).collect::<Vec<_>>();
    let candidate = match random.u8(..4) {
        0 => one_by_one(),
        1 => in_pairs(text),
        _ => in_full(text, random.bool()),
    };
    if reads_as(&candidate) == text { candidate } else { one_by_one() }
}

/// A number below a hundred, as it is said.
pub(super) fn below_hundred(n: u64) -> Vec<String> {
    let n = n as usize;
    match (n / 10, n % 10) {
        _ if n < 20 => vec![ONES[n].to_owned()],
        (ten, 0) => vec![TENS[ten].to_owned()],
        (ten, one) => vec![TENS[ten].to_owned(), ONES[one].to_owned()],
    }
}

fn in_pairs(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let head = text.len() % 2;
    words.extend(text[..head].bytes().map(|b| ONES[usize::from(b - b'0')].to_owned()));
    for pair in text.as_bytes()[head..].chunks(2) {
        if pair[0] == b'0' {
            words.push(ONES[0].to_owned());
            words.push(ONES[usize::from(pair[1] - b'0')].to_owned());
        } else {
            words.extend(below_hundred(u64::from(pair[0] - b'0') * 10 + u64::from(pair[1] - b'0')));
        }
    }
    words
}

fn in_full(text: &str, and: bool) -> Vec<String> {
    let Some(n) = text.parse::<u64>().ok().filter(|n| *n < 1_000_000_000) else { return Vec::new() };
    if n == 0 {
        return vec![ONES[0].to_owned()];
    }
    let mut words = Vec::new();
    for (scale, name) in [(1_000_000, "million"), (1000, "thousand"), (1, "")] {
        let group = n / scale % 1000;
        if group == 0 {
            continue;
        }
        if group >= 100 {
            words.extend([ONES[(group / 100) as usize].to_owned(), "hundred".to_owned()]);
        }
        if group % 100 > 0 {
            if and && !words.is_empty() {
                words.push("and".to_owned());
            }
            words.extend(below_hundred(group % 100));
        }
        if scale > 1 {
            words.push(name.to_owned());
        }
    }
    words
}

/// The digits that the strict dialect reads in a number phrase: the longest grouping at each place.
fn reads_as(words: &[String]) -> String {
    let parts: Vec<Part> = words
        .iter()
        .map(|word| match word.as_str() {
            "hundred" => Part::Scale(2),
            "thousand" => Part::Scale(3),
            "million" => Part::Scale(6),
            "and" => Part::And,
            word => {
                let ones = ONES.iter().position(|name| *name == word);
                let tens = TENS.iter().position(|name| *name == word).map(|ten| Part::Ten(10 * ten as u8));
                ones.map(|n| if n < 10 { Part::Digit(n as u8) } else { Part::Teen(n as u8) })
                    .or(tens)
                    .unwrap_or(Part::None)
            }
        })
        .collect();
    let mut text = String::new();
    let mut at = 0;
    while at < parts.len() {
        let Some(grouping) = number::groupings(&parts[at..]).pop() else { return String::new() };
        text.push_str(&grouping.text);
        at += grouping.words;
    }
    text
}
