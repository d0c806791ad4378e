//! `sayso words`: what can be said, and what it writes; and changes to a person's own words.

use crate::cli::{Words, WordsAction};
use crate::settings;
use crate::stderr::say;
use crate::style::{FAINT, STRONG, styled};
use crate::trust;
use anyhow::{Context, Result, anyhow, bail};
use sayso_protocol::reply::printable;
use sayso_settings::project::{self, Standing};
use sayso_settings::{Settings, folders, import, words};
use sayso_speech::vocabulary::{self, Entry, Kind};
use serde::Serialize;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Most bytes of a list that are read: more than the settings could hold. Hand-chosen, 2026-11-28.
const MAX_LIST_BYTES: u64 = 8 << 20;
/// Most entries that were left out of a list which are named one by one. Hand-chosen, 2026-11-28.
const MAX_NAMED: usize = 5;

/// What can be said for one thing.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    writes: String,
    kind: String,
    /// The form to learn first, then what also works.
    spoken: Vec<String>,
}

/// Lists the words or changes the person's own.
pub(crate) fn run(cli: &Words) -> Result<ExitCode> {
    match &cli.action {
        None => list(cli),
        Some(WordsAction::Add { spoken, written, also }) => add(spoken, written, also),
        Some(WordsAction::Remove { word }) => remove(word),
        Some(WordsAction::Import { file }) => import(file),
        Some(WordsAction::Export) => {
            io::stdout().lock().write_all(import::write(&Settings::load()?.words).as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn settings_file() -> Result<PathBuf> {
    folders::config_file().context("no home folder was found, so there is no settings file; set SAYSO_CONFIG")
}

fn add(spoken: &str, written: &str, also: &[String]) -> Result<ExitCode> {
    let forms = std::iter::once(spoken).chain(also.iter().map(String::as_str));
    let pairs: Vec<_> = forms.map(|form| (form.to_owned(), written.to_owned())).collect();
    let added = words::add(&settings_file()?, &pairs)?;
    let mut out = io::stdout().lock();
    for (form, before) in &added.replaced {
        writeln!(out, "\"{form}\" wrote {}", printable(before))?;
    }
    for (form, _) in &pairs {
        writeln!(out, "\"{}\" now writes {}", words::spoken_form(form), printable(written))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn remove(word: &str) -> Result<ExitCode> {
    let gone = words::remove(&settings_file()?, word)?;
    for (spoken, written) in &gone {
        writeln!(io::stdout(), "removed \"{}\", which wrote {}", printable(spoken), printable(written))?;
    }
    if gone.is_empty() {
        bail!("none of your own words is said or written \"{}\"; `sayso words` lists them", printable(word));
    }
    Ok(ExitCode::SUCCESS)
}

fn import(file: &Path) -> Result<ExitCode> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        io::stdin().lock().take(MAX_LIST_BYTES).read_to_end(&mut bytes)
    } else {
        File::open(file).and_then(|file| file.take(MAX_LIST_BYTES).read_to_end(&mut bytes))
    }
    .with_context(|| format!("{} cannot be read", file.display()))?;
    let list = import::read(&bytes)
        .map_err(|why| anyhow!("{} was not imported: {why}; your words stay as they were", file.display()))?;
    let added = words::add(&settings_file()?, &list.pairs)?;
    for why in list.left_out.iter().take(MAX_NAMED) {
        say(format_args!("left out {why}"));
    }
    if let Some(more) = list.left_out.len().checked_sub(MAX_NAMED + 1) {
        say(format_args!("and {} more were left out", more + 1));
    }
    writeln!(
        io::stdout(),
        "{} words added, {} replaced, {} known already, {} left out",
        added.new,
        added.replaced.len(),
        added.known,
        list.left_out.len()
    )?;
    // A list of which nothing can be used was not imported.
    Ok(if list.pairs.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The words of the project that the working directory is in, if they count.
fn project_words() -> Vec<(String, String)> {
    let Some(file) = std::env::current_dir().ok().and_then(|folder| project::find(&folder)) else {
        return Vec::new();
    };
    match project::read(&file) {
        Standing::Trusted(words, mistake) => {
            if let Some(mistake) = mistake {
                settings::warn(&mistake.to_string());
            }
            words
        }
        Standing::Untrusted => {
            say(trust::advice(&file));
            Vec::new()
        }
        Standing::Refused(why) => {
            say(format_args!("the words of {} do not count: {why}", file.display()));
            Vec::new()
        }
    }
}

/// Lists the person's own words, those of the project, then the vocabulary.
fn list(cli: &Words) -> Result<ExitCode> {
    let settings = settings::load_or_warn();
    let filter = cli.filter.as_deref().unwrap_or_default().to_lowercase();
    let rows = rows(&settings.words, &project_words());
    let found: Vec<_> = rows.into_iter().filter(|row| row.matches(&filter)).collect();
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
fn rows(own: &[(String, String)], project: &[(String, String)]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let project = project.iter().filter(|(spoken, _)| own.iter().all(|(form, _)| form != spoken));
    let own = own.iter().map(|pair| (pair, "your own")).chain(project.map(|pair| (pair, "of this project")));
    let own = own.map(|((spoken, written), kind)| (written.clone(), kind, spoken.clone()));
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
        let project = [("cube".to_owned(), "outvoted".to_owned()), ("pie".to_owned(), "π".to_owned())];
        let rows = rows(&own, &project);
        assert_eq!(rows[0].spoken, ["kay eight s", "cube"]);
        assert_eq!(rows[0].writes, "k8s");
        assert_eq!((rows[1].writes.as_str(), rows[1].kind.as_str()), ("π", "of this project"));
        let dash = rows.iter().find(|row| row.writes == "-" && row.kind == "symbols").unwrap();
        assert!(dash.matches("dash") && dash.spoken.len() > 1);
        let kinds: Vec<_> = rows.iter().map(|row| row.kind.as_str()).collect();
        let runs = kinds.chunk_by(|a, b| a == b).count();
        let headings: std::collections::HashSet<_> = kinds.into_iter().collect();
        assert_eq!(runs, headings.len(), "each heading is there once");
    }
}
