//! Says numbers.

use super::style::{Numbers, Style};
use super::unit;
use crate::labelled_word::LabelledWord;
use fastrand::Rng;
use sayso_speech::speak::say_number;

/// Says a run of digits.
pub(super) fn number(text: &str, style: Style, random: &mut Rng, said: &mut Vec<LabelledWord>) {
    match style.numbers {
        Numbers::Digits => unit([text], said),
        Numbers::Nl2bash if text.len() > 2 || (text.len() == 2 && text.starts_with('0')) => {
            for digit in 0..text.len() {
                unit([ONES[usize::from(text.as_bytes()[digit] - b'0')]], said);
            }
        }
        Numbers::Nl2bash => {
            let words = below_hundred(text.parse().unwrap_or(0));
            unit(words, said);
        }
        Numbers::Varied => {
            let words = say_number(text, random);
            let oh = style.oh && (text.len() > 1 || said.last().is_some_and(|last| last.text == "dot"));
            let words = words.iter().map(String::as_str);
            unit(words.map(|word| if oh && word == "zero" { "oh" } else { word }), said);
        }
    }
}

const ONES: [&str; 20] = [
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

fn below_hundred(number: usize) -> Vec<&'static str> {
    match (number / 10, number % 10) {
        _ if number < 20 => vec![ONES[number]],
        (ten, 0) => vec![TENS[ten]],
        (ten, one) => vec![TENS[ten], ONES[one]],
    }
}
