//! What people say by mistake instead of a unit or an argument: another number, another letter, a word like it.

use std::collections::HashMap;
use std::sync::LazyLock;

use sayso_speech::vocabulary::{self, Kind};

use super::grammar;
use super::scene::{Scene, repeat};
use crate::said::Said;

/// What a unit is, as far as mistakes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Number,
    Letter,
    /// A directive and what it is about: "capital r".
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

/// Groups of words that are said for one another.
static ALIKE: LazyLock<HashMap<&str, Vec<&[&str]>>> = LazyLock::new(|| {
    let mut alike: HashMap<&str, Vec<&[&str]>> = HashMap::new();
    for line in include_str!("../../data/talk/alike.txt").lines().filter(|line| !line.starts_with('#')) {
        let group: &[&str] = line.split_whitespace().collect::<Vec<_>>().leak();
        for word in group {
            alike.entry(word).or_default().push(group);
        }
    }
    alike
});

/// Symbols that are said for one another, and then the rest.
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
const LETTERS: [&str; 6] = ["bdpetvgc", "mn", "sfx", "ajkh", "iy", "quwo"];
const ONES: [&str; 9] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const TEENS: [&str; 10] = [
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
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// Whether a flag begins with this word.
pub(super) fn is_dash(said: &Said) -> bool {
    matches!(said.text.as_str(), "dash" | "minus" | "hyphen" | "double" | "-" | "--" | "Dash" | "–" | "—")
}

pub(super) fn sort(unit: &[Said]) -> Sort {
    let Some(first) = unit.first() else { return Sort::Word };
    let text = first.text.as_str();
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return Sort::Number;
    }
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        // What was typed rather than said is longer than a sign.
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

/// Says something that `unit` could be mistaken for, and never `unit` itself.
pub(super) fn unit(unit: &[Said], scene: &Scene, random: &mut fastrand::Rng, out: &mut Vec<Said>) {
    let from = out.len();
    for _ in 0..if unit.is_empty() { 0 } else { 4 } {
        match sort(unit) {
            Sort::Number => number(unit, random, out),
            Sort::Letter => letter(&unit[0], random, out),
            Sort::Directed => directed(unit, scene, random, out),
            Sort::Symbol => symbol(unit, random, out),
            Sort::Word => word(unit, scene, random, out),
        }
        let same = out.len() - from == unit.len()
            && out[from..].iter().zip(unit).all(|(a, b)| a.text.eq_ignore_ascii_case(&b.text));
        if out.len() > from && !same {
            return;
        }
        out.truncate(from);
    }
    grammar::say("thing", scene, random, out);
}

fn push_words(text: &str, out: &mut Vec<Said>) {
    out.extend(text.split(' ').map(Said::talk));
}

fn number(unit: &[Said], random: &mut fastrand::Rng, out: &mut Vec<Said>) {
    if unit.len() > 1 && random.u8(..5) == 0 {
        // Broken off half-way.
        return repeat(&unit[..random.usize(1..unit.len())], out);
    }
    let changed = random.usize(..unit.len());
    for (at, said) in unit.iter().enumerate() {
        if at == changed || random.u8(..4) == 0 {
            out.push(Said::talk(other_number(&said.text, random)));
        } else {
            repeat(&unit[at..=at], out);
        }
    }
}

fn other_number(text: &str, random: &mut fastrand::Rng) -> String {
    for list in [&ONES[..], &TEENS, &TENS] {
        if list.contains(&text) {
            return list[random.usize(..list.len())].to_owned();
        }
    }
    if !text.as_bytes().first().is_some_and(u8::is_ascii_digit) {
        return ONES[random.usize(..ONES.len())].to_owned();
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

fn letter(said: &Said, random: &mut fastrand::Rng, out: &mut Vec<Said>) {
    let is = said.text.chars().next().unwrap_or('x');
    if random.u8(..5) == 0 {
        let name = ["capital", "capital", "cap", "upper case"][random.usize(..4)];
        push_words(name, out);
        return out.push(Said::talk(is));
    }
    let near = LETTERS.iter().find(|near| near.contains(is.to_ascii_lowercase()) && random.bool());
    let other = match near {
        Some(near) => near.as_bytes()[random.usize(..near.len())] as char,
        None => random.lowercase(),
    };
    out.push(Said::talk(if is.is_ascii_uppercase() { other.to_ascii_uppercase() } else { other }));
}

fn directed(unit: &[Said], scene: &Scene, random: &mut fastrand::Rng, out: &mut Vec<Said>) {
    let about = unit.iter().rposition(|said| said.unit).filter(|&at| at > 0).unwrap_or(unit.len() - 1);
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
                word(&unit[about..], scene, random, out);
            }
        }
    }
}

fn symbol(unit: &[Said], random: &mut fastrand::Rng, out: &mut Vec<Said>) {
    let is = |form: &str| form.split(' ').eq(unit.iter().map(|said| said.text.as_str()));
    let group = SYMBOLS.iter().find(|group| group.iter().any(|form| is(form)) && random.u8(..4) > 0);
    let group = group.unwrap_or_else(|| &SYMBOLS[random.usize(..SYMBOLS.len())]);
    push_words(group[random.usize(..group.len())], out);
}

fn word(unit: &[Said], scene: &Scene, random: &mut fastrand::Rng, out: &mut Vec<Said>) {
    let text = &unit[0].text;
    if random.u8(..10) < 6
        && let Some(groups) = ALIKE.get(text.as_str())
    {
        let group = groups[random.usize(..groups.len())];
        return out.push(Said::talk(group[random.usize(..group.len())]));
    }
    match random.u8(..10) {
        0..5 => {
            if let Some(other) = random.choice(scene.others).filter(|other| !other.is_empty()) {
                let from = random.usize(..other.len());
                let plain =
                    |said: &&Said| sort(std::slice::from_ref(*said)) == Sort::Word && said.text.len() > 1;
                if let Some(said) = other[from..].iter().chain(&other[..from]).find(plain) {
                    repeat(std::slice::from_ref(said), out);
                }
            }
        }
        5 if text.len() > 3 && text.is_ascii() => {
            // The plural, or the singular.
            let singular = text.strip_suffix('s').map(str::to_owned);
            out.push(Said::talk(singular.unwrap_or_else(|| format!("{text}s"))));
        }
        6 if unit.len() > 1 => repeat(&unit[..unit.len() - 1], out),
        6 | 7 => grammar::say("adj", scene, random, out),
        _ => grammar::say("thing", scene, random, out),
    }
}

/// Says a word's beginning, as one who breaks off: "pu" of "push". Nothing if it is too short for that.
pub(super) fn cut_off(said: &Said, random: &mut fastrand::Rng, out: &mut Vec<Said>) {
    let text = &said.text;
    if text.len() < 4 || !text.bytes().all(|b| b.is_ascii_alphabetic()) {
        return;
    }
    out.push(Said::talk(&text[..random.usize(2..text.len())]));
}
