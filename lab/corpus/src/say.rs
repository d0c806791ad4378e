//! Says a command aloud the way people do, for training: every word knows whether a unit or an argument starts with it.
//!
//! `sayso_speech::speak` is the exact inverse of the strict dialect; this leaves out and varies what people leave out and
//! vary. A style is drawn once a command and kept, since a person keeps theirs.

use crate::labelled_word::LabelledWord;
use fastrand::Rng;
use sayso_speech::case::Directive;
use sayso_speech::commands::{is_command, lookup};
use sayso_speech::phonetic::lexicon::said_otherwise;
use sayso_speech::speak::say_number;
use sayso_speech::vocabulary::{self, Kind};
use std::collections::HashMap;
use std::sync::LazyLock;

/// How one person says one command.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// How often a separator is said, of 100.
    spaces: u8,
    /// How often a symbol goes by another name than its first, of 100.
    synonyms: u8,
    /// How numbers are said.
    numbers: Numbers,
    /// How the case of letters is told.
    letters: Letters,
    /// How often a short name is spelled, of 100.
    spelled: u8,
    /// How often a name is said as a speech engine writes it down (`cube control`), of 100.
    heard: u8,
    /// Arguments at the start that were typed.
    typed: usize,
    /// Whether the last closing quote is left out.
    unclosed: bool,
    /// How often the dashes within the name of a flag or a command are left out, of 100.
    bare: u8,
    /// Whether a zero among digits is an "oh".
    oh: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbers {
    /// Below a hundred as a number, others digit by digit.
    Nl2bash,
    /// One of the ways that people say numbers.
    Varied,
    /// Written in digits by the dictation tool.
    Digits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Letters {
    /// Single letters in upper case, whatever their case.
    Upper,
    /// As they are.
    AsIs,
    /// In lower case, an upper-case one with a directive.
    Directed,
    /// In lower case: nothing tells.
    Lower,
}

impl Style {
    /// The style of the public series' dialect.
    pub fn nl2bash() -> Style {
        Style {
            spaces: 0,
            synonyms: 0,
            numbers: Numbers::Nl2bash,
            letters: Letters::Upper,
            spelled: 0,
            heard: 0,
            typed: 0,
            unclosed: false,
            bare: 0,
            oh: false,
        }
    }

    /// A person's.
    pub fn drawn(random: &mut Rng) -> Style {
        let of = |random: &mut Rng, choices: &[u8]| choices[random.usize(..choices.len())];
        Style {
            spaces: of(random, &[0, 0, 0, 0, 0, 0, 10, 40, 80, 96]),
            synonyms: of(random, &[0, 0, 10, 30, 60]),
            numbers: [Numbers::Varied, Numbers::Varied, Numbers::Varied, Numbers::Digits][random.usize(..4)],
            letters: [
                Letters::Directed,
                Letters::Directed,
                Letters::Directed,
                Letters::Directed,
                Letters::AsIs,
                Letters::Lower,
                Letters::Upper,
            ][random.usize(..7)],
            spelled: of(random, &[0, 0, 10, 30, 60, 90]),
            heard: of(random, &[0, 0, 5, 20, 50]),
            typed: if random.u8(..12) == 0 { random.usize(1..4) } else { 0 },
            unclosed: random.u8(..12) == 0,
            bare: of(random, &[0, 0, 0, 20, 70]),
            oh: random.u8(..5) == 0,
        }
    }
}

/// Spoken forms of names that are not said as they are written: `kubectl` → `cube control` …
static NAMES: LazyLock<HashMap<&str, Vec<String>>> = LazyLock::new(|| {
    let mut names: HashMap<&str, Vec<String>> = HashMap::new();
    for entry in vocabulary::entries() {
        if matches!(entry.kind, Kind::Heard | Kind::Ending | Kind::Name) {
            names.entry(entry.writes).or_default().push(entry.spoken());
        }
    }
    for (name, forms) in said_otherwise().filter(|(name, _)| name.len() > 1) {
        names.entry(name).or_default().extend(forms.split(',').map(|form| form.trim().to_owned()));
    }
    names
});

/// Signs that are said as one, longest first.
const LONG: [&str; 8] = ["2>&1", "2>&", "...", "--", "&&", "||", "..", ">>"];

/// Says `command`, or nothing where one of its characters has no name.
pub fn say(command: &str, style: Style, random: &mut Rng) -> Option<Vec<LabelledWord>> {
    let command = command.trim();
    let mut said: Vec<LabelledWord> = Vec::with_capacity(command.len());
    let mut rest = command;
    let mut argument = true;
    let mut open: Vec<char> = Vec::new();
    // What is left of the command behind a name that is said without its dashes.
    let mut bare_until = command.len();
    if style.typed > 0 {
        let end = command.match_indices(' ').nth(style.typed - 1)?.0;
        if !command[..end].contains(['"', '\'', '\\', '`']) && !command[end..].starts_with("  ") {
            for word in command[..end].split(' ') {
                said.push(LabelledWord { argument: true, ..LabelledWord::kept(word) });
            }
            rest = command[end..].trim_start();
        }
    }
    while let Some(c) = rest.chars().next() {
        let start = said.len();
        if argument && c != ' ' {
            let word = &rest[..rest.find([' ', '=']).unwrap_or(rest.len())];
            let bare = random.u8(..100) < style.bare && is_name(&command[..command.len() - rest.len()], word);
            bare_until = if bare { rest.len() - word.len() } else { command.len() };
        }
        let between = |at: usize| command.as_bytes().get(at).is_some_and(u8::is_ascii_alphabetic);
        let at = command.len() - rest.len();
        if c == '-' && rest.len() > bare_until && at > 0 && between(at - 1) && between(at + 1) {
            rest = &rest[1..];
            continue;
        }
        let length = if c == ' ' {
            let run = rest.len() - rest.trim_start_matches(' ').len();
            // A run of spaces is never left to chance.
            for _ in 0..run {
                if run > 1 || random.u8(..100) < style.spaces {
                    said.push(LabelledWord::kept("space"));
                }
            }
            argument = true;
            rest = &rest[run..];
            continue;
        } else if c.is_ascii_digit() && !LONG[..2].iter().any(|sign| rest.starts_with(sign)) {
            let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            number(&rest[..length], style, random, &mut said);
            length
        } else if c.is_ascii_alphabetic() {
            let length = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let flag = command[..command.len() - rest.len()].ends_with([' ', '-'])
                && command[..command.len() - rest.len()].ends_with('-');
            letters(&rest[..length], flag, style, random, &mut said);
            length
        } else {
            let sign =
                LONG.iter().find(|sign| rest.starts_with(**sign)).map_or(&rest[..c.len_utf8()], |sign| sign);
            let closes_last = style.unclosed && rest.len() == 1 && matches!(c, '"' | '\'');
            if !closes_last {
                symbol(sign, &mut open, style, random, &mut said)?;
            }
            sign.len()
        };
        if argument && let Some(first) = said.get_mut(start) {
            first.argument = true;
            argument = false;
        }
        rest = &rest[length..];
    }
    Some(said)
}

/// Whether `word`, which stands behind `before`, is the name of a flag, a command or a sub-command that has dashes in it
/// and nothing else to be told by.
fn is_name(before: &str, word: &str) -> bool {
    let name = word.trim_start_matches('-');
    let Some((first, rest)) = name.split_once('-') else { return false };
    let second = rest.split('-').next().unwrap_or_default();
    let words: Vec<&str> =
        before.rsplit(['|', ';', '&']).next().unwrap_or_default().split_whitespace().collect();
    let words = words.strip_prefix(&["sudo"]).unwrap_or(&words);
    let command = match *words {
        [] => {
            let two = lookup(&[first]).is_some_and(|command| command.has_subcommand(second));
            return word == name && !two && is_command(name);
        }
        [one] => lookup(&[one]),
        [one, two, ..] => lookup(&[one, two]).or_else(|| lookup(&[one])),
    };
    command.is_some_and(|command| match word.len() - name.len() {
        0 => words.len() == 1 && command.has_subcommand(name),
        2 => command.long(name).is_some(),
        _ => false,
    })
}

/// The words of a unit: only the first one starts it.
fn unit<'a>(words: impl IntoIterator<Item = &'a str>, said: &mut Vec<LabelledWord>) {
    for (at, word) in words.into_iter().enumerate() {
        said.push(LabelledWord { unit: at == 0, ..LabelledWord::kept(word) });
    }
}

fn symbol(
    sign: &str,
    open: &mut Vec<char>,
    style: Style,
    random: &mut Rng,
    said: &mut Vec<LabelledWord>,
) -> Option<()> {
    let mut unwanted = None;
    if let Some(quote) = sign.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) {
        match open.iter().position(|sign| *sign == quote) {
            Some(at) => {
                open.truncate(at);
                unwanted = Some(Kind::Open);
            }
            None => {
                open.push(quote);
                unwanted = Some(Kind::Close);
            }
        }
    }
    let forms: Vec<&vocabulary::Entry> =
        vocabulary::spoken_forms(sign).filter(|entry| Some(entry.kind) != unwanted).collect();
    let varied = random.u8(..100) < style.synonyms;
    let form = if varied { random.choice(&forms) } else { forms.first() }?;
    unit(form.words.iter().copied(), said);
    Some(())
}

fn number(text: &str, style: Style, random: &mut Rng, said: &mut Vec<LabelledWord>) {
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

/// Letters between other characters. `flag` tells whether a dash stands before them.
fn letters(text: &str, flag: bool, style: Style, random: &mut Rng, said: &mut Vec<LabelledWord>) {
    if style.letters == Letters::Upper && style.numbers == Numbers::Nl2bash {
        if text.len() == 1 || (flag && text.len() <= 3) {
            return text
                .chars()
                .for_each(|letter| unit([letter.to_ascii_uppercase().to_string().as_str()], said));
        }
        return unit([text], said);
    }
    let lower = text.to_ascii_lowercase();
    if random.u8(..100) < style.heard
        && *text == lower
        && let Some(forms) = NAMES.get(text)
        && let Some(form) = random.choice(forms)
    {
        return unit(form.split(' '), said);
    }
    let short = text.len() <= 5;
    // People spell what they cannot pronounce, and bundles of flags.
    let unpronounceable = short && !lower.contains(['a', 'e', 'i', 'o', 'u']);
    let bundle = flag && text.len() <= 3 && text.len() > 1;
    let spells = text.len() > 1
        && (bundle && random.u8(..100) < 85
            || unpronounceable && random.u8(..100) < style.spelled.saturating_add(20)
            || short && random.u8(..100) < style.spelled / 4);
    if text.len() == 1 || spells {
        return spell(text, style, random, said);
    }
    if *text == lower {
        return unit([text], said);
    }
    cased(text, style, random, said);
}

/// Letter by letter.
fn spell(text: &str, style: Style, random: &mut Rng, said: &mut Vec<LabelledWord>) {
    let all_upper = text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if all_upper && style.letters == Letters::Directed {
        unit(["all", "caps"], said);
        for letter in text.chars() {
            said.push(LabelledWord {
                unit: false,
                ..LabelledWord::kept(letter.to_ascii_lowercase().to_string())
            });
        }
        return;
    }
    for letter in text.chars() {
        let lower = letter.to_ascii_lowercase().to_string();
        match style.letters {
            Letters::Upper => unit([letter.to_ascii_uppercase().to_string().as_str()], said),
            Letters::AsIs => unit([letter.to_string().as_str()], said),
            Letters::Directed if letter.is_ascii_uppercase() => {
                let directive: &[&str] = [
                    &["capital"] as &[&str],
                    &["capital"],
                    &["cap"],
                    &["upper", "case"],
                    &["uppercase"],
                    &["big"],
                ][random.usize(..5)];
                unit(directive.iter().copied().chain([lower.as_str()]), said);
            }
            Letters::Directed | Letters::Lower => unit([lower.as_str()], said),
        }
    }
}

/// A word with capitals in it.
fn cased(text: &str, style: Style, random: &mut Rng, said: &mut Vec<LabelledWord>) {
    let lower = text.to_ascii_lowercase();
    match style.letters {
        Letters::Upper | Letters::AsIs => return unit([text], said),
        // The words of a name one by one: nothing tells that they are one, or where its capitals are.
        Letters::Lower => {
            return humps(text).iter().for_each(|hump| unit([hump.to_ascii_lowercase().as_str()], said));
        }
        Letters::Directed => {}
    }
    let humps = humps(text);
    match random.u8(..8) {
        // A dictation tool that knows the name.
        0 => return unit([text], said),
        // What people leave out: the capitals of a name, and that its words are one.
        1 | 2 => return humps.iter().for_each(|hump| unit([hump.to_ascii_lowercase().as_str()], said)),
        // "capital path".
        3 if text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            let directive = ["capital", "uppercase", "cap"][random.usize(..3)];
            return unit([directive, lower.as_str()], said);
        }
        _ => {}
    }
    let words: Vec<String> = humps.iter().map(|hump| hump.to_ascii_lowercase()).collect();
    if humps.len() > 1 {
        for (directive, name) in [(Directive::Camel, "camel case"), (Directive::Pascal, "pascal case")] {
            if directive.apply(&words) == text {
                let name: Vec<&str> = if random.bool() {
                    name.split(' ').collect()
                } else {
                    vec![if directive == Directive::Camel { "camelcase" } else { "pascalcase" }]
                };
                return unit(name.into_iter().chain(words.iter().map(String::as_str)), said);
            }
        }
    }
    if text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let directive: &[&str] =
            [&["all", "caps"] as &[&str], &["all", "caps"], &["caps"]][random.usize(..2)];
        return unit(directive.iter().copied().chain([lower.as_str()]), said);
    }
    for hump in humps {
        let lower = hump.to_ascii_lowercase();
        if hump == lower {
            unit([lower.as_str()], said);
        } else if hump.len() > 1 && hump.bytes().all(|byte| byte.is_ascii_uppercase()) {
            unit(["all", "caps", lower.as_str()], said);
        } else {
            unit([if random.u8(..4) == 0 { "cap" } else { "capital" }, lower.as_str()], said);
        }
    }
}

/// `getUserID` → get, User, ID.
fn humps(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut humps = Vec::new();
    let mut start = 0;
    for at in 1..=bytes.len() {
        let cut = at == bytes.len()
            || (bytes[at - 1].is_ascii_lowercase() && bytes[at].is_ascii_uppercase())
            || (at - start >= 1
                && bytes[at - 1].is_ascii_uppercase()
                && bytes[at].is_ascii_uppercase()
                && bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase));
        if cut {
            humps.push(&text[start..at]);
            start = at;
        }
    }
    humps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labelled_word::line;

    #[test]
    fn the_series_dialect() {
        let mut random = Rng::with_seed(1);
        let said = say("find . -name '*.c' -mtime +100", Style::nl2bash(), &mut random).unwrap();
        assert_eq!(
            line(&said),
            "find dot dash name single quote star dot C single quote dash mtime plus one zero zero"
        );
        assert_eq!(said.iter().filter(|word| word.argument).count(), 6);
    }

    #[test]
    fn styles_differ_and_a_seed_repeats() {
        let once = |seed| {
            let mut random = Rng::with_seed(seed);
            let style = Style::drawn(&mut random);
            line(&say("tar -xzf getUserName.txt 8080", style, &mut random).unwrap())
        };
        let all: std::collections::HashSet<String> = (0..100).map(once).collect();
        assert!(all.len() > 50, "{}", all.len());
        assert_eq!(once(3), once(3));
    }
}
