//! What is said as an instruction binds: "literal", "the word", "space", "no space", cases and the person's own words are
//! outvoted by nothing.

#![allow(clippy::unwrap_used)]

mod property;

use proptest::prelude::*;
use sayso_engine::{Dictation, Engine, Words};
use sayso_speech::{english, number, vocabulary};

/// What the line becomes, and its other readings.
fn readings(words: &Words, text: &str) -> Vec<String> {
    let dictation = Dictation { text, ..Dictation::default() };
    let conversion = Engine::embedded().convert(words, &dictation, None).unwrap();
    std::iter::once(conversion.buffer).chain(conversion.alternatives).collect()
}

/// A word of no language: none that names a sign ("caret") or a number ("seven"), or after which talk may begin ("yikes").
fn made_up() -> impl Strategy<Value = String> {
    "[b-df-hj-np-tv-z][aeiou][b-df-hj-np-tv-z][aeiou][b-df-hj-np-tv-z]".prop_filter(
        "a word that means something",
        |word| {
            let is_sign = vocabulary::matches(&[word.as_str()]).next().is_some();
            !is_sign && number::words().value(word).is_none() && !english::is_english(word)
        },
    )
}

/// Ordinary words, and words that mean something else to sayso.
fn word() -> impl Strategy<Value = String> {
    let known = ["status", "main", "report", "invoice", "like", "well", "token", "garden", "user", "build"];
    prop_oneof![
        2 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned),
        1 => made_up(),
    ]
}

/// A command that stands before an argument.
fn command() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec!["echo", "cat", "git checkout", "mkdir", "vim", "touch", "docker run"])
}

/// A word of the vocabulary that nobody would want as a word unless they say so.
fn symbol() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "dash", "slash", "pipe", "tilde", "star", "dot", "comma", "plus", "colon", "five",
    ])
}

fn holds(readings: &[String], wanted: &str) -> bool {
    readings.iter().all(|line| line.contains(wanted))
}

/// Directives over several words.
const CASES: [&str; 8] = [
    "camel case",
    "pascal case",
    "snake case",
    "kebab case",
    "screaming case",
    "screaming snake case",
    "dot case",
    "path case",
];

/// `userName`, `UserName`, `user_name`, `user-name`, `USER_NAME`.
fn in_case(case: &str, words: &[String]) -> String {
    let capital = |word: &String| format!("{}{}", word[..1].to_uppercase(), &word[1..]);
    match case {
        "camel case" => words[0].clone() + &words[1..].iter().map(capital).collect::<String>(),
        "pascal case" => words.iter().map(capital).collect(),
        "snake case" => words.join("_"),
        "kebab case" => words.join("-"),
        "dot case" => words.join("."),
        "path case" => words.join("/"),
        _ => words.join("_").to_uppercase(),
    }
}

proptest! {
    #![proptest_config(property::config(1500))]

    #[test]
    fn a_literal_word_is_that_word(command in command(), symbol in symbol(), says in 0..2usize, tail in word()) {
        let says = ["literal", "the word"][says];
        let lines = readings(&Words::default(), &format!("{command} {says} {symbol} space {tail}"));
        prop_assert!(holds(&lines, symbol), "{lines:?}");
    }

    #[test]
    fn a_space_parts_and_no_space_joins(command in command(), a in word(), b in word()) {
        let lines = readings(&Words::default(), &format!("{command} dash v {a} space {b}"));
        prop_assert!(lines.iter().all(|line| !line.to_lowercase().contains(&format!("{a}{b}"))), "{lines:?}");
        let lines = readings(&Words::default(), &format!("{command} dash v {a} no space {b}"));
        let joined = |line: &String| !line.to_lowercase().contains(&format!("{a} {b}"));
        prop_assert!(lines.iter().all(joined), "{lines:?}");
    }

    #[test]
    fn a_case_runs_over_all_its_words(
        command in command(),
        case in proptest::sample::select(CASES.to_vec()),
        words in proptest::collection::vec(made_up(), 2..4),
    ) {
        let lines = readings(&Words::default(), &format!("{command} {case} {} dot t x t", words.join(" ")));
        prop_assert!(holds(&lines[..1], &in_case(case, &words)), "{lines:?}");
    }

    #[test]
    fn a_case_ends_where_it_is_said(command in command(), case in proptest::sample::select(CASES.to_vec()), words in proptest::collection::vec(made_up(), 2..4), next in made_up()) {
        let lines = readings(&Words::default(), &format!("{command} {case} {} end case {next}", words.join(" ")));
        let name = in_case(case, &words);
        prop_assert!(holds(&lines[..1], &name), "{lines:?}");
        prop_assert!(!lines[0].contains(&in_case(case, &[words, vec![next]].concat())), "{lines:?}");
    }

    #[test]
    fn words_of_ones_own_are_written(command in command(), tail in word()) {
        let words = Words::new([("kay eight ess".to_owned(), "k8s-prod".to_owned())]);
        let lines = readings(&words, &format!("{command} kay eight ess {tail}"));
        prop_assert!(holds(&lines, "k8s-prod"), "{lines:?}");
    }
}
