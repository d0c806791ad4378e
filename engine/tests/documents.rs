//! What the documents promise: every example of the README, of the page of words and of `sayso convert --help`, of which
//! the man page is made, goes through the product.

#![allow(clippy::unwrap_used)]

use sayso_engine::{Dictation, Engine, Place, Words};
use sayso_place::{Folder, Names, Source};
use std::sync::Arc;

const README: &str = include_str!("../../README.md");
const VOCABULARY: &str = include_str!("../../docs/VOCABULARY.md");
const HELP: &str = include_str!("../../client/src/cli.rs");

/// The rows of the tables whose heads are "you say" and "you get": what is said, and what comes of it.
fn rows(page: &str) -> Vec<(String, String)> {
    let lines = page.lines().skip_while(|line| !line.to_lowercase().starts_with("| you say | you get"));
    let rows = lines.skip(2).take_while(|line| line.starts_with("| `"));
    let row = |line: &str| {
        let mut cells = line.trim_matches(['|', ' ']).split(" | ").map(|cell| {
            let cell = cell.trim().trim_matches('`');
            cell.replace("\\|", "|")
        });
        (cells.next().unwrap(), cells.next().unwrap())
    };
    rows.map(row).collect()
}

/// Examples in running text: `said` writes `written`, `said` is `written`.
fn in_text(page: &str) -> Vec<(String, String)> {
    let text = page.replace('\n', " ");
    let parts: Vec<&str> = text.split('`').collect();
    let pairs = parts.windows(3).skip(1).step_by(2);
    let joined = pairs.filter(|parts| matches!(parts[1].trim(), "writes" | "is" | "becomes" | "gives"));
    joined.map(|parts| (parts[0].to_owned(), parts[2].to_owned())).collect()
}

/// Examples of a help text: `said  →  written`.
fn in_help(source: &str) -> Vec<(String, String)> {
    let pairs = source.lines().filter_map(|line| line.split_once("  →  "));
    let written = |text: &str| text.replace("\\\"", "\"").trim_end_matches("\";").to_owned();
    pairs.map(|(said, text)| (said.trim().to_owned(), written(text))).collect()
}

/// The project that the README speaks of.
fn project() -> Place {
    let folder = Folder {
        files: Names::new([("waterPump.ts", Source::File)]),
        refs: Names::new([("fix/pump-noise", Source::Branch)]),
        ..Folder::default()
    };
    Place { folder: Arc::new(folder), ..Place::default() }
}

#[test]
fn every_example_of_the_documents_is_true() {
    let mut wrong = Vec::new();
    let mut count = 0;
    let examples =
        [README, VOCABULARY].into_iter().flat_map(|page| rows(page).into_iter().chain(in_text(page)));
    let place = project();
    for (said, written) in examples.chain(in_help(HELP)) {
        let dictation = Dictation { text: &said, place: Some(&place), ..Dictation::default() };
        let got = Engine::embedded().convert(&Words::default(), &dictation, None).unwrap().buffer;
        count += 1;
        if got != written {
            wrong.push(format!("{said:?} is {got:?} and not {written:?}"));
        }
    }
    assert!(count >= 17, "only {count} examples were found");
    assert_eq!(wrong, [""; 0]);
}
