//! Says letters: words, spelled words, words with capitals.

use super::style::{Letters, Numbers, Style};
use crate::labelled_word::{LabelledWord, push_unit};
use fastrand::Rng;
use sayso_speech::camel;
use sayso_speech::case::Directive;
use sayso_speech::phonetic::lexicon::said_otherwise;
use sayso_speech::vocabulary::{self, Kind};
use std::collections::HashMap;
use std::sync::LazyLock;

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

/// Says a run of letters. `flag` says whether a dash precedes them.
pub(super) fn letters(text: &str, flag: bool, style: Style, random: &mut Rng, said: &mut Vec<LabelledWord>) {
    if style.letters == Letters::Upper && style.numbers == Numbers::Nl2bash {
        if text.len() == 1 || (flag && text.len() <= 3) {
            return text
                .chars()
                .for_each(|letter| push_unit([letter.to_ascii_uppercase().to_string().as_str()], said));
        }
        return push_unit([text], said);
    }
    let lower = text.to_ascii_lowercase();
    if random.u8(..100) < style.heard
        && *text == lower
        && let Some(forms) = NAMES.get(text)
        && let Some(form) = random.choice(forms)
    {
        return push_unit(form.split(' '), said);
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
        return push_unit([text], said);
    }
    cased(text, style, random, said);
}

/// Letter by letter.
fn spell(text: &str, style: Style, random: &mut Rng, said: &mut Vec<LabelledWord>) {
    let all_upper = text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if all_upper && style.letters == Letters::Directed {
        push_unit(["all", "caps"], said);
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
            Letters::Upper => push_unit([letter.to_ascii_uppercase().to_string().as_str()], said),
            Letters::AsIs => push_unit([letter.to_string().as_str()], said),
            Letters::Directed if letter.is_ascii_uppercase() => {
                let directive: &[&str] = [
                    &["capital"] as &[&str],
                    &["capital"],
                    &["cap"],
                    &["upper", "case"],
                    &["uppercase"],
                    &["big"],
                ][random.usize(..5)];
                push_unit(directive.iter().copied().chain([lower.as_str()]), said);
            }
            Letters::Directed | Letters::Lower => push_unit([lower.as_str()], said),
        }
    }
}

/// A word with capitals in it.
fn cased(text: &str, style: Style, random: &mut Rng, said: &mut Vec<LabelledWord>) {
    let lower = text.to_ascii_lowercase();
    match style.letters {
        Letters::Upper | Letters::AsIs => return push_unit([text], said),
        // The words of a name one by one: nothing tells that they belong together, or where its capitals are.
        Letters::Lower => {
            return humps(text).iter().for_each(|hump| push_unit([hump.to_ascii_lowercase().as_str()], said));
        }
        Letters::Directed => {}
    }
    let humps = humps(text);
    match random.u8(..8) {
        // A dictation tool that knows the name.
        0 => return push_unit([text], said),
        // People leave out the capitals of a name, and that its words are one.
        1 | 2 => return humps.iter().for_each(|hump| push_unit([hump.to_ascii_lowercase().as_str()], said)),
        // "capital path".
        3 if text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            let directive = ["capital", "uppercase", "cap"][random.usize(..3)];
            return push_unit([directive, lower.as_str()], said);
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
                return push_unit(name.into_iter().chain(words.iter().map(String::as_str)), said);
            }
        }
    }
    if text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let directive: &[&str] =
            [&["all", "caps"] as &[&str], &["all", "caps"], &["caps"]][random.usize(..2)];
        return push_unit(directive.iter().copied().chain([lower.as_str()]), said);
    }
    for hump in humps {
        let lower = hump.to_ascii_lowercase();
        if hump == lower {
            push_unit([lower.as_str()], said);
        } else if hump.len() > 1 && hump.bytes().all(|byte| byte.is_ascii_uppercase()) {
            push_unit(["all", "caps", lower.as_str()], said);
        } else {
            push_unit([if random.u8(..4) == 0 { "cap" } else { "capital" }, lower.as_str()], said);
        }
    }
}

/// `getUserID` → get, User, ID.
fn humps(text: &str) -> Vec<&str> {
    camel::words(text, 1).map(|word| &text[word]).collect()
}
