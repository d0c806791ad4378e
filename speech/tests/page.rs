//! `docs/VOCABULARY.md` is the table of words as a page: this test holds it to the table, and writes it anew when
//! `UPDATE_DOCS` is set.

use std::fmt::Write as _;
use std::path::Path;

use sayso_speech::vocabulary::{Entry, Kind, entries};

const SECTIONS: [(&str, &[Kind]); 9] = [
    ("Symbols", &[Kind::Symbol, Kind::Point, Kind::Quote, Kind::Open, Kind::Close]),
    ("Separators", &[Kind::Space, Kind::Join]),
    ("Numbers", &[Kind::Number, Kind::Scale, Kind::Repeat]),
    ("Case, and words as they are", &[Kind::Case, Kind::Literal]),
    ("Talk that is left out", &[Kind::Filler, Kind::Lead, Kind::Tail]),
    ("Corrections", &[Kind::Correction]),
    ("Names in capitals: variables after `$` and `export`, commits of git", &[Kind::Variable]),
    ("What speech engines hear for a command", &[Kind::Heard]),
    ("What they hear for a file's ending, or a name", &[Kind::Ending, Kind::Name]),
];

fn page() -> String {
    let mut page = String::from(
        "# What you can say\n\nWritten from `speech/data/vocabulary.txt` by `just docs`; `sayso words` shows the same, with your own words.\n",
    );
    for (title, kinds) in SECTIONS {
        let _ = write!(page, "\n## {title}\n\n| writes | said |\n|---|---|\n");
        let mut rows: Vec<(&Entry, Vec<String>)> = Vec::new();
        for entry in entries().iter().filter(|entry| kinds.contains(&entry.kind)) {
            match rows.last_mut() {
                Some((row, forms)) if row.writes == entry.writes && row.kind == entry.kind => {
                    forms.push(entry.spoken())
                }
                _ => rows.push((entry, vec![entry.spoken()])),
            }
        }
        for (entry, forms) in rows {
            let _ = writeln!(page, "| {} | {} |", written(entry), forms.join(", "));
        }
    }
    page
}

fn written(entry: &Entry) -> String {
    match (entry.kind, entry.writes) {
        (_, " ") => "a space".to_owned(),
        (_, "\t") => "a tab".to_owned(),
        (_, "\n") => "a line break".to_owned(),
        (Kind::Join, _) => "no space".to_owned(),
        (Kind::Scale, zeros) => {
            format!("× 10{}", if zeros == "2" { "²".into() } else { format!("^{zeros}") })
        }
        (Kind::Repeat, times) => format!("the next digit {times} times"),
        (Kind::Literal, _) => "the next word as it is".to_owned(),
        (Kind::Filler, _) => "nothing, anywhere".to_owned(),
        (Kind::Lead, _) => "nothing, before a command".to_owned(),
        (Kind::Tail, _) => "nothing, after it".to_owned(),
        (Kind::Correction, "restart") => "takes all back".to_owned(),
        (Kind::Correction, "dismiss") => {
            "takes the last thing back, or all before another command".to_owned()
        }
        (Kind::Correction, _) => "takes the last thing back".to_owned(),
        (Kind::Case, name) => name.to_owned(),
        (_, "`") => "`` ` ``".to_owned(),
        (_, text) => format!("`{}`", text.replace('|', "\\|")),
    }
}

#[test]
fn the_page_shows_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/VOCABULARY.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, page()).expect("the page is written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, page(), "docs/VOCABULARY.md is behind the table: run `just docs`");
}
