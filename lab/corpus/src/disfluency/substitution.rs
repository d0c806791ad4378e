//! Mistakes that people make when they say a unit: another number, another letter, a similar word.

use super::context::{SlotContext, repeat};
use super::phrases;
use crate::labelled_word::{LabelledWord, same_texts};
use fastrand::Rng;
use sayso_speech::number::{self, Words};
use sayso_speech::vocabulary::{self, Kind};
use std::collections::HashMap;
use std::sync::LazyLock;

/// The sort of a unit, which decides how people get it wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Number,
    Letter,
    /// A directive with its word: "capital r".
    Directed,
    Symbol,
    Word,
}

/// First words of the vocabulary's forms.
static FIRST: LazyLock<HashMap<&str, Sort>> = LazyLock::new(|| {
    let mut first = HashMap::new();
    for entry in vocabulary::entries() {
        let sort = match entry.kind {
            Kind::Number | Kind::Scale | Kind::Repeat => Sort::Number,
            Kind::Symbol
            | Kind::Point
            | Kind::Quote
            | Kind::Open
            | Kind::Close
            | Kind::Space
            | Kind::Join => Sort::Symbol,
            Kind::Case => Sort::Directed,
            _ => continue,
        };
        first.entry(entry.words[0]).or_insert(sort);
    }
    first
});

/// For each word, the groups of words that are mistaken for one another.
static ALIKE: LazyLock<HashMap<&str, Vec<&[&str]>>> = LazyLock::new(|| {
    let mut alike: HashMap<&str, Vec<&[&str]>> = HashMap::new();
    for line in include_str!("../../data/disfluency/alike.txt").lines().filter(|line| !line.starts_with('#'))
    {
        let group: &[&str] = line.split_whitespace().collect::<Vec<_>>().leak();
        for word in group {
            alike.entry(word).or_default().push(group);
        }
    }
    alike
});

/// Symbols that are mistaken for one another. Hand-chosen, 2026-11-23.
const SYMBOLS: [&[&str]; 14] = [
    &["dash", "dash dash", "minus", "underscore", "dot", "hyphen", "double dash"],
    &["slash", "backslash", "forward slash", "dot", "pipe"],
    &["dot", "comma", "slash", "colon", "period", "dash"],
    &["quote", "single quote", "double quote", "backtick", "apostrophe"],
    &["open paren", "open brace", "open bracket", "open curly", "left paren"],
    &["close paren", "close brace", "close bracket", "close curly", "right paren"],
    &["greater than", "less than", "redirect", "append", "pipe"],
    &["pipe", "and and", "ampersand", "semicolon", "greater than", "double pipe"],
    &["star", "question mark", "dot star", "dot", "asterisk"],
    &["dollar", "dollar sign", "percent", "at", "hash"],
    &["colon", "semicolon", "semi colon", "dot", "comma"],
    &["equals", "colon", "space", "plus", "dash"],
    &["tilde", "caret", "slash", "dot", "dollar"],
    &["at", "hash", "at sign", "dollar", "and"],
];
/// Letters whose names sound alike.
const LETTERS: [&str; 6] = ["bdpetvgc", "mn", "sfx", "ajkh", "iy", "quwo"];
/// Whether a flag begins with this word.
pub(super) fn is_dash(word: &LabelledWord) -> bool {
    matches!(word.text.as_str(), "dash" | "minus" | "hyphen" | "double" | "-" | "--" | "Dash" | "–" | "—")
}

/// The sort of a unit; an empty one is a word.
pub(super) fn sort(unit: &[LabelledWord]) -> Sort {
    let Some(first) = unit.first() else { return Sort::Word };
    let text = first.text.as_str();
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return Sort::Number;
    }
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        // Typed text is longer than a spoken sign.
        return if text.len() > 3 { Sort::Word } else { Sort::Symbol };
    }
    if text.len() == 1 && unit.len() == 1 {
        return Sort::Letter;
    }
    let known = match FIRST.get(text) {
        Some(sort) => Some(*sort),
        None if text.bytes().any(|b| b.is_ascii_uppercase()) => {
            FIRST.get(&*text.to_ascii_lowercase()).copied()
        }
        None => None,
    };
    match known {
        Some(Sort::Directed) if unit.len() == 1 => Sort::Word,
        Some(sort) => sort,
        None => Sort::Word,
    }
}

/// Says something that could be confused with `unit`, but never `unit` itself.
pub(super) fn unit(
    unit: &[LabelledWord],
    context: &SlotContext,
    random: &mut Rng,
    out: &mut Vec<LabelledWord>,
) {
    let from = out.len();
    for _ in 0..if unit.is_empty() { 0 } else { 4 } {
        match sort(unit) {
            Sort::Number => say_number(unit, random, out),
            Sort::Letter => letter(&unit[0], random, out),
            Sort::Directed => directed(unit, context, random, out),
            Sort::Symbol => symbol(unit, random, out),
            Sort::Word => word(unit, context, random, out),
        }
        if out.len() > from && !same_texts(&out[from..], unit) {
            return;
        }
        out.truncate(from);
    }
    phrases::say_plain("thing", context, random, out);
}

fn push_words(text: &str, out: &mut Vec<LabelledWord>) {
    out.extend(text.split(' ').map(LabelledWord::disfluent));
}

fn say_number(unit: &[LabelledWord], random: &mut Rng, out: &mut Vec<LabelledWord>) {
    if unit.len() > 1 && random.u8(..5) == 0 {
        // The word is broken off half-way.
        return repeat(&unit[..random.usize(1..unit.len())], out);
    }
    let changed = random.usize(..unit.len());
    for (at, word) in unit.iter().enumerate() {
        if at == changed || random.u8(..4) == 0 {
            out.push(LabelledWord::disfluent(other_number(&word.text, random)));
        } else {
            repeat(&unit[at..=at], out);
        }
    }
}

fn other_number(text: &str, random: &mut Rng) -> String {
    let Words { ones, tens } = number::words();
    let (ones, teens, tens) = (&ones[1..10], &ones[10..], &tens[2..]);
    for list in [ones, teens, tens] {
        if list.contains(&text) {
            return list[random.usize(..list.len())].to_owned();
        }
    }
    if !text.as_bytes().first().is_some_and(u8::is_ascii_digit) {
        return ones[random.usize(..ones.len())].to_owned();
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let changed = random.usize(..digits);
    let mut seen = 0;
    text.chars()
        .map(|c| {
            seen += usize::from(c.is_ascii_digit());
            if c.is_ascii_digit() && seen == changed + 1 { random.digit(10) } else { c }
        })
        .collect()
}

fn letter(word: &LabelledWord, random: &mut Rng, out: &mut Vec<LabelledWord>) {
    let is = word.text.chars().next().unwrap_or('x');
    if random.u8(..5) == 0 {
        let name = ["capital", "capital", "cap", "upper case"][random.usize(..4)];
        push_words(name, out);
        return out.push(LabelledWord::disfluent(is));
    }
    let near = LETTERS.iter().find(|near| near.contains(is.to_ascii_lowercase()) && random.bool());
    let other = match near {
        Some(near) => near.as_bytes()[random.usize(..near.len())] as char,
        None => random.lowercase(),
    };
    out.push(LabelledWord::disfluent(if is.is_ascii_uppercase() {
        other.to_ascii_uppercase()
    } else {
        other
    }));
}

fn directed(unit: &[LabelledWord], context: &SlotContext, random: &mut Rng, out: &mut Vec<LabelledWord>) {
    let about = unit.iter().rposition(|word| word.unit).filter(|&at| at > 0).unwrap_or(unit.len() - 1);
    match random.u8(..10) {
        0..5 => repeat(&unit[about..], out),
        5 => {
            push_words(["lower case", "small", "lowercase"][random.usize(..3)], out);
            repeat(&unit[about..], out);
        }
        _ => {
            repeat(&unit[..about], out);
            if unit[about].text.len() == 1 {
                letter(&unit[about], random, out);
            } else {
                word(&unit[about..], context, random, out);
            }
        }
    }
}

fn symbol(unit: &[LabelledWord], random: &mut Rng, out: &mut Vec<LabelledWord>) {
    let is = |form: &str| form.split(' ').eq(unit.iter().map(|word| word.text.as_str()));
    let group = SYMBOLS.iter().find(|group| group.iter().any(|form| is(form)) && random.u8(..4) > 0);
    let group = group.unwrap_or_else(|| &SYMBOLS[random.usize(..SYMBOLS.len())]);
    push_words(group[random.usize(..group.len())], out);
}

fn word(unit: &[LabelledWord], context: &SlotContext, random: &mut Rng, out: &mut Vec<LabelledWord>) {
    let text = &unit[0].text;
    if random.u8(..10) < 6
        && let Some(groups) = ALIKE.get(text.as_str())
    {
        let group = groups[random.usize(..groups.len())];
        return out.push(LabelledWord::disfluent(group[random.usize(..group.len())]));
    }
    match random.u8(..10) {
        0..5 => {
            if let Some(other) = random.choice(context.others).filter(|other| !other.is_empty()) {
                let from = random.usize(..other.len());
                let plain = |word: &&LabelledWord| {
                    sort(std::slice::from_ref(*word)) == Sort::Word && word.text.len() > 1
                };
                if let Some(word) = other[from..].iter().chain(&other[..from]).find(plain) {
                    repeat(std::slice::from_ref(word), out);
                }
            }
        }
        5 if text.len() > 3 && text.is_ascii() => {
            // The plural, or the singular.
            let singular = text.strip_suffix('s').map(str::to_owned);
            out.push(LabelledWord::disfluent(singular.unwrap_or_else(|| format!("{text}s"))));
        }
        6 if unit.len() > 1 => repeat(&unit[..unit.len() - 1], out),
        6 | 7 => phrases::say_plain("adj", context, random, out),
        _ => phrases::say_plain("thing", context, random, out),
    }
}

/// Says the beginning of a word and breaks off: "pu" of "push". Says nothing if the word is too short for that.
pub(super) fn cut_off(word: &LabelledWord, random: &mut Rng, out: &mut Vec<LabelledWord>) {
    let text = &word.text;
    if text.len() < 4 || !text.bytes().all(|b| b.is_ascii_alphabetic()) {
        return;
    }
    out.push(LabelledWord::disfluent(&text[..random.usize(2..text.len())]));
}
