//! Digits, said aloud.

use crate::number;

/// Digits as a number phrase, in one of the ways that read back as the same digits.
pub fn say_number(text: &str, random: &mut fastrand::Rng) -> Vec<String> {
    let candidate = match random.u8(..4) {
        0 => one_by_one(text),
        1 => in_pairs(text),
        _ => in_full(text, random.bool()),
    };
    if reads_as(&candidate) == text { candidate } else { one_by_one(text) }
}

/// The word for each digit.
pub(super) fn one_by_one(digits: &str) -> Vec<String> {
    let words = number::words();
    digits.bytes().map(|digit| words.ones[usize::from(digit - b'0')].to_owned()).collect()
}

/// How a number below a hundred is said.
pub(super) fn below_hundred(n: u64) -> Vec<String> {
    number::words().below_hundred(n as usize).into_iter().map(str::to_owned).collect()
}

fn in_pairs(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let head = text.len() % 2;
    words.extend(one_by_one(&text[..head]));
    for pair in text.as_bytes()[head..].chunks(2) {
        if pair[0] == b'0' {
            words.extend(pair.iter().map(|digit| number::words().ones[usize::from(digit - b'0')].to_owned()));
        } else {
            words.extend(below_hundred(u64::from(pair[0] - b'0') * 10 + u64::from(pair[1] - b'0')));
        }
    }
    words
}

fn in_full(text: &str, and: bool) -> Vec<String> {
    let Some(n) = text.parse::<u64>().ok().filter(|n| *n < 1_000_000_000) else { return Vec::new() };
    if n == 0 {
        return one_by_one("0");
    }
    let mut words = Vec::new();
    for (scale, name) in [(1_000_000, "million"), (1000, "thousand"), (1, "")] {
        let group = n / scale % 1000;
        if group == 0 {
            continue;
        }
        if group >= 100 {
            words.extend(below_hundred(group / 100));
            words.push("hundred".to_owned());
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
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let parts = number::parts(&words);
    let mut text = String::new();
    let mut at = 0;
    while at < parts.len() {
        let Some(grouping) = number::groupings(&parts[at..]).pop() else { return String::new() };
        text.push_str(&grouping.text);
        at += grouping.words;
    }
    text
}
