//! What the documents promise: every example of the README and of the page of words goes through the product.

#![allow(clippy::unwrap_used)]

use sayso_engine::{Dictation, Engine, Words};

const README: &str = include_str!("../../README.md");
const VOCABULARY: &str = include_str!("../../docs/VOCABULARY.md");

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

#[test]
fn every_example_of_the_documents_is_true() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for page in [README, VOCABULARY] {
        for (said, written) in rows(page).into_iter().chain(in_text(page)) {
            let dictation = Dictation { text: &said, ..Dictation::default() };
            let got = Engine::embedded().convert(&Words::default(), &dictation, None).unwrap().buffer;
            count += 1;
            if got != written {
                wrong.push(format!("{said:?} is {got:?} and not {written:?}"));
            }
        }
    }
    assert!(count >= 11, "only {count} examples were found");
    assert_eq!(wrong, [""; 0]);
}
