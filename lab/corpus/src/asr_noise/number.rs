//! Writes spoken numbers in digits, as speech engines do.

use super::table::RATES;
use super::{happens, joinable, replace};
use crate::labelled_word::LabelledWord;
use fastrand::Rng;
use sayso_speech::number;

/// Words that are heard for a spoken digit. Hand-chosen on 2026-11-23.
const ALIKE: [(&str, &[&str]); 6] = [
    ("0", &["oh", "o", "O"]),
    ("1", &["won", "a", "one"]),
    ("2", &["to", "too", "to"]),
    ("4", &["for", "for", "four"]),
    ("8", &["ate", "a", "eight"]),
    ("9", &["nine", "none"]),
];

/// Writes most number words in digits. Splits some numbers in two and writes some digits as words
/// of the same sound.
pub(super) fn digits(words: Vec<LabelledWord>, random: &mut Rng) -> Vec<LabelledWord> {
    let mut out: Vec<LabelledWord> = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        let mut end = at;
        // A number ends where its argument ends or where the speaker pauses.
        while end < words.len()
            && (value(&words[end].text).is_some() || is_and(&words[end..]))
            && (end == at || (joinable(&words[end - 1], &words[end]) && !words[end].argument))
        {
            end += 1;
        }
        let numbers = parts(&words[at..end]);
        match numbers.is_empty() {
            true => {
                end = at + 1;
                out.push(words[at].clone());
            }
            false => write(&words[at..end], numbers, random, &mut out),
        }
        at = end;
    }
    out
}

/// Whether the words start with an "and" inside a number, as in "one hundred and two".
fn is_and(words: &[LabelledWord]) -> bool {
    let [and, next, ..] = words else { return false };
    and.text == "and" && !and.unit && value(&next.text).is_some()
}

/// The value of a number word, including the multipliers "hundred" and "thousand".
fn value(word: &str) -> Option<u32> {
    let lower = word.to_ascii_lowercase();
    number::words().value(&lower).map(|value| value as u32).or(match lower.as_str() {
        "hundred" => Some(100),
        "thousand" => Some(1000),
        _ => None,
    })
}

/// The numbers that the words say: `eighty eighty` is two numbers, `eight thousand eighty` is one.
/// Empty if the words start with a multiplier.
fn parts(words: &[LabelledWord]) -> Vec<u32> {
    let mut numbers: Vec<u32> = Vec::new();
    // A value below this can still be added to the last number.
    let mut limit = 0;
    for value in words.iter().filter_map(|said| value(&said.text)) {
        match (value, numbers.last_mut()) {
            (100 | 1000, None) => return Vec::new(),
            // "hundred" multiplies only the last part: "eight thousand two hundred".
            (100, Some(number)) if (1..100).contains(&(*number % 1000)) => {
                *number += *number % 1000 * 99;
                limit = 100;
            }
            (1000, Some(number)) if (1..1000).contains(number) => {
                *number *= 1000;
                limit = 1000;
            }
            (_, Some(number)) if value > 0 && value < limit && value < 100 => {
                *number += value;
                limit = if value >= 20 { 10 } else { 0 };
            }
            _ => {
                numbers.push(value);
                limit = if (20..100).contains(&value) { 10 } else { 0 };
            }
        }
    }
    numbers
}

fn write(words: &[LabelledWord], numbers: Vec<u32>, random: &mut Rng, out: &mut Vec<LabelledWord>) {
    if !happens(RATES.digit, random) {
        return out.extend(words.iter().cloned());
    }
    if let ([number], true) = (&numbers[..], happens(RATES.homophone, random))
        && let Some((_, alike)) = ALIKE.iter().find(|(digit, _)| *digit == number.to_string())
    {
        return replace(words, [alike[random.usize(..alike.len())].to_owned()], out);
    }
    let mut texts: Vec<String> = numbers.iter().map(u32::to_string).collect();
    if texts.len() == 1 {
        if texts[0].len() == 4 && random.u8(..5) == 0 {
            texts[0].insert(1, ',');
        }
        return replace(words, texts, out);
    }
    // Split the number at one place at most.
    let place = happens(RATES.cut, random).then(|| random.usize(1..texts.len()));
    let (left, right) = texts.split_at(place.unwrap_or(texts.len()));
    let start = out.len();
    replace(words, [left.concat(), right.concat()].into_iter().filter(|text| !text.is_empty()), out);
    if place.is_some() && random.bool() {
        out[start].pause = ",";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_add_up() {
        let check = |said: &str, expected: &[u32]| {
            let words: Vec<LabelledWord> = said.split(' ').map(LabelledWord::kept).collect();
            assert_eq!(parts(&words), expected, "{said}");
        };
        check("zero seven five five", &[0, 7, 5, 5]);
        check("twenty two", &[22]);
        check("twenty twenty", &[20, 20]);
        check("eighty eighty", &[80, 80]);
        check("seven fifty five", &[7, 55]);
        check("one hundred", &[100]);
        check("five hundred sixteen", &[516]);
        check("eight thousand eighty", &[8080]);
        check("eight thousand", &[8000]);
        check("eight thousand two hundred", &[8200]);
        check("twenty two hundred", &[2200]);
        check("two fifty thousand", &[2, 50000]);
        check("nineteen ten", &[19, 10]);
        check("hundred", &[]);
    }
}
