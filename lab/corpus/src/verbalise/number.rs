//! Says numbers.

use super::style::{Numbers, Style};
use crate::labelled_word::{LabelledWord, push_unit};
use fastrand::Rng;
use sayso_speech::number::words;
use sayso_speech::speak::say_number;

/// Says a run of digits.
pub(super) fn number(text: &str, style: Style, random: &mut Rng, said: &mut Vec<LabelledWord>) {
    match style.numbers {
        Numbers::Digits => push_unit([text], said),
        Numbers::Nl2bash if text.len() > 2 || (text.len() == 2 && text.starts_with('0')) => {
            for digit in 0..text.len() {
                push_unit([words().ones[usize::from(text.as_bytes()[digit] - b'0')]], said);
            }
        }
        Numbers::Nl2bash => {
            push_unit(words().below_hundred(text.parse().unwrap_or(0)), said);
        }
        Numbers::Varied => {
            let words = say_number(text, random);
            let oh = style.oh && (text.len() > 1 || said.last().is_some_and(|last| last.text == "dot"));
            let words = words.iter().map(String::as_str);
            push_unit(words.map(|word| if oh && word == "zero" { "oh" } else { word }), said);
        }
    }
}
