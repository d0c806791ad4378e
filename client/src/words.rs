//! `sayso words`: what can be said, and what it writes.

use crate::cli::Words;
use crate::settings;
use crate::stderr::say;
use crate::style::{FAINT, STRONG, styled};
use anyhow::Result;
use sayso_protocol::reply::printable;
use sayso_speech::vocabulary::{self, Entry, Kind};
use serde::Serialize;
use std::io::Write;
use std::process::ExitCode;

/// What can be said for one thing.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    writes: String,
    kind: String,
    /// The form to learn first, then what also works.
    spoken: Vec<String>,
}

/// Lists the person's own words, then the vocabulary.
pub(crate) fn run(cli: &Words) -> Result<ExitCode> {
    let settings = settings::load_or_warn();
    let filter = cli.filter.as_deref().unwrap_or_default().to_lowercase();
    let found: Vec<_> = rows(&settings.words).into_iter().filter(|row| row.matches(&filter)).collect();
    let mut out = anstream::stdout().lock();
    if cli.json {
        for row in &found {
            writeln!(out, "{}", serde_json::to_string(row)?)?;
        }
    } else {
        let mut kind = "";
        for row in &found {
            if row.kind != kind {
                kind = &row.kind;
                writeln!(out, "{}", styled(FAINT, kind))?;
            }
            writeln!(
                out,
                "  {}  {}",
                styled(STRONG, &format!("{:12}", visible(&row.writes))),
                row.spoken.join(", ")
            )?;
        }
    }
    if found.is_empty() {
        say(format_args!("no entry contains \"{}\"", printable(&filter)));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

impl Row {
    fn matches(&self, filter: &str) -> bool {
        self.writes.to_lowercase().contains(filter) || self.spoken.iter().any(|form| form.contains(filter))
    }
}

/// One row for each written text of a heading, in the order of the vocabulary.
fn rows(own: &[(String, String)]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let own = own.iter().map(|(spoken, written)| (written.clone(), "your own", spoken.clone()));
    let built_in = vocabulary::entries().iter().map(|entry| {
        let (kind, writes) = shown(entry);
        (writes, kind, entry.spoken())
    });
    for (writes, kind, spoken) in own.chain(built_in) {
        match rows.iter_mut().find(|row| row.writes == writes && row.kind == kind) {
            Some(row) => row.spoken.push(spoken),
            None => rows.push(Row { writes, kind: kind.to_owned(), spoken: vec![spoken] }),
        }
    }
    let mut headings: Vec<String> = Vec::new();
    for row in &rows {
        if !headings.contains(&row.kind) {
            headings.push(row.kind.clone());
        }
    }
    rows.sort_by_key(|row| headings.iter().position(|heading| *heading == row.kind));
    rows
}

/// The heading of an entry, and what it writes or does.
fn shown(entry: &Entry) -> (&'static str, String) {
    let writes = || entry.writes.to_owned();
    match entry.kind {
        Kind::Symbol | Kind::Point | Kind::Quote | Kind::Open | Kind::Close => ("symbols", writes()),
        Kind::Space | Kind::Join => ("between words", writes()),
        Kind::Number => ("numbers", writes()),
        // The table holds the power of ten.
        Kind::Scale => ("numbers", format!("×1{}", "0".repeat(entry.writes.parse().unwrap_or(0)))),
        Kind::Repeat => ("numbers", format!("{} times", entry.writes)),
        Kind::Case => ("upper and lower case", writes()),
        Kind::Literal => ("take the next word as it is", writes()),
        Kind::Filler | Kind::Lead | Kind::Tail => ("left out", String::new()),
        Kind::Correction => ("take something back", writes()),
        Kind::Variable => ("environment variables", writes()),
        _ => ("names", writes()),
    }
}

/// A written text, or a name for it if it would be invisible.
fn visible(writes: &str) -> &str {
    match writes {
        " " => "(space)",
        "\t" => "(tab)",
        "\n" => "(new line)",
        "" => "(nothing)",
        writes => writes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_words_come_first_and_forms_of_one_thing_share_a_row() {
        let own = [("kay eight s".to_owned(), "k8s".to_owned()), ("cube".to_owned(), "k8s".to_owned())];
        let rows = rows(&own);
        assert_eq!(rows[0].spoken, ["kay eight s", "cube"]);
        assert_eq!(rows[0].writes, "k8s");
        let dash = rows.iter().find(|row| row.writes == "-" && row.kind == "symbols").unwrap();
        assert!(dash.matches("dash") && dash.spoken.len() > 1);
        let kinds: Vec<_> = rows.iter().map(|row| row.kind.as_str()).collect();
        let runs = kinds.chunk_by(|a, b| a == b).count();
        let headings: std::collections::HashSet<_> = kinds.into_iter().collect();
        assert_eq!(runs, headings.len(), "each heading is there once");
    }
}
