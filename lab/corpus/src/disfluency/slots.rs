//! Fills the slots of phrases that refer to the command.

use super::context::{SlotContext, repeat};
use super::phrases::{self, Slot};
use super::substitution;
use crate::labelled_word::LabelledWord;
use fastrand::Rng;

/// Says an entry of a list of phrases, with its slots filled from the context.
pub(super) fn say(list: &str, context: &SlotContext, random: &mut Rng, out: &mut Vec<LabelledWord>) {
    phrases::say_with(list, context, random, out, |slot, random, out| fill(slot, context, random, out));
}

fn fill(slot: Slot, context: &SlotContext, random: &mut Rng, out: &mut Vec<LabelledWord>) {
    match slot {
        Slot::Initial => initial(context, random, out),
        Slot::Spelled => spell(context, out),
        Slot::Next => repeat(context.next, out),
        Slot::Other => match random.choice(context.others).filter(|other| !other.is_empty()) {
            Some(other) => repeat(&other[..other.len().min(random.usize(1..4))], out),
            None => phrases::say_plain("tool", context, random, out),
        },
        Slot::Wrong => substitution::unit(context.akin, context, random, out),
        Slot::Part => {
            let flag = context.next.first().is_some_and(substitution::is_dash);
            say(if flag { "flag-part" } else { "thing-part" }, context, random, out);
        }
        Slot::Name => out.push(LabelledWord::disfluent(context.written(&made_up(random)))),
    }
}

/// A word that begins with the letter that was just said.
fn initial(context: &SlotContext, random: &mut Rng, out: &mut Vec<LabelledWord>) {
    let letter = context
        .prev
        .last()
        .and_then(|word| word.text.chars().next())
        .map(|letter| letter.to_ascii_lowercase());
    let before = out.len();
    for _ in 0..200 {
        phrases::say_plain("nato", context, random, out);
        if letter.is_none() || out[before].text.chars().next() == letter {
            return;
        }
        out.truncate(before);
    }
    phrases::say_plain("thing", context, random, out);
}

/// The letters of the word that was just said.
fn spell(context: &SlotContext, out: &mut Vec<LabelledWord>) {
    let letters = context.prev.iter().flat_map(|word| word.text.chars()).filter(char::is_ascii_alphanumeric);
    out.extend(letters.map(|letter| LabelledWord::disfluent(letter.to_ascii_lowercase())));
}

/// A made-up name of a project, a machine or a person.
pub(crate) fn made_up(random: &mut Rng) -> String {
    const START: [&str; 20] = [
        "b", "br", "ch", "d", "f", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "tr", "v",
        "z",
    ];
    const MIDDLE: [&str; 10] = ["a", "e", "i", "o", "u", "ee", "ai", "o", "a", "ou"];
    const END: [&str; 14] = ["", "", "", "n", "r", "s", "l", "m", "x", "k", "nd", "ck", "st", "th"];
    let mut name = String::new();
    for _ in 0..random.usize(1..4) {
        for sounds in [&START[..], &MIDDLE, &END] {
            name.push_str(sounds[random.usize(..sounds.len())]);
        }
    }
    if name.len() < 3 {
        name.push_str("ron");
    }
    name[..1].make_ascii_uppercase();
    name
}
