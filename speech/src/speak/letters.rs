//! Letters, said aloud with the directives that their case needs.

use super::{Words, is_written};
use crate::camel;
use crate::case::Directive;
use crate::vocabulary::{self, Kind};

/// Letters, with the directives that their case needs. `behind` holds the words that follow, the next one last.
pub(super) fn say_letters(text: &str, behind: &[String], random: &mut fastrand::Rng) -> Words {
    let runs: Vec<&str> = camel::words(text, 1).map(|word| &text[word]).collect();
    if runs.len() > 1
        && random.bool()
        && let Some(words) = in_camel_case(text, &runs, behind)
    {
        return words;
    }
    let mut said: Words = Vec::new();
    for run in runs.iter().rev() {
        let next: Words = said.iter().chain(behind.iter().rev()).cloned().collect();
        let lower = run.to_lowercase();
        let word = guarded(&lower, &next);
        let mut words = if *run == lower {
            word
        } else if run.len() == 1 {
            [vec![if random.u8(..4) == 0 { "cap" } else { "capital" }.to_owned()], word].concat()
        } else if run[1..].bytes().all(|b| b.is_ascii_uppercase()) {
            [vec!["all".to_owned(), "caps".to_owned()], word].concat()
        } else {
            [vec!["capital".to_owned()], word].concat()
        };
        words.extend(said);
        said = words;
    }
    said
}

/// A word, with "literal" before it where it would be taken for something else.
fn guarded(word: &str, next: &[String]) -> Words {
    let words: Vec<&str> = std::iter::once(word).chain(next.iter().map(String::as_str).take(4)).collect();
    let taken = vocabulary::matches(&words).any(|entry| match entry.kind {
        Kind::Filler | Kind::Lead | Kind::Tail | Kind::Heard | Kind::Ending | Kind::Name | Kind::Variable => {
            false
        }
        Kind::Correction => entry.words.len() > 1,
        _ => true,
    });
    if taken || word == "and" || (word == "a" && !next.is_empty()) && is_scale(&next[0]) {
        vec!["literal".to_owned(), word.to_owned()]
    } else {
        vec![word.to_owned()]
    }
}

fn is_scale(word: &str) -> bool {
    vocabulary::matches(&[word]).any(|entry| entry.kind == Kind::Scale)
}

/// "camel case get user name", where that is what the directive writes and something ends its scope.
fn in_camel_case(text: &str, runs: &[&str], behind: &[String]) -> Option<Words> {
    let words: Words = runs.iter().map(|run| run.to_lowercase()).collect();
    let (directive, name) = [(Directive::Camel, "camel case"), (Directive::Pascal, "pascal case")]
        .into_iter()
        .find(|(directive, _)| directive.apply(&words) == text)?;
    let next: Vec<&str> = behind.iter().rev().map(String::as_str).take(4).collect();
    let ends = next.is_empty() || vocabulary::matches(&next).any(|entry| is_written(entry.kind));
    let plain = (0..words.len()).all(|at| {
        let rest: Vec<&str> = words[at..].iter().map(String::as_str).collect();
        vocabulary::matches(&rest).next().is_none() && !matches!(rest[0], "and" | "a" | "no")
    });
    let short = words.len() <= 6 && directive.runs();
    (ends && plain && short).then(|| {
        let mut said: Words = name.split(' ').map(str::to_owned).collect();
        said.extend(words);
        said
    })
}
