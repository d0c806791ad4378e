//! `sayso explain`: why a dictated line became what it became.

use crate::cli::Explain;
use crate::convert::{ask, read, request, settings};
use crate::paint::{Paint, Tone};
use crate::reach::Reach;
use crate::say;
use anyhow::Result;
use sayso_protocol::reply::printable;
use sayso_protocol::{Answer, Op, Request, Unit, output};
use std::io::{self, Write};
use std::process::ExitCode;

/// Explains one line.
pub(crate) fn run(cli: &Explain) -> Result<ExitCode> {
    let (settings, mistake) = settings();
    if let Some(mistake) = mistake {
        say(format_args!("{mistake}; the rest of the settings is in force"));
    }
    let mut heard = String::new();
    let outcome = read(&cli.text, true)?.and_then(|text| {
        heard.clone_from(&text);
        let request = Request { route: cli.route, ..request(&settings, Op::Explain, text) };
        ask(&mut Reach::new(true)?, &request)
    });
    let mut out = io::stdout().lock();
    match &outcome {
        _ if cli.json => writeln!(out, "{}", output::json(&outcome))?,
        Ok(answer) => write!(out, "{}", told(Paint::stdout(), &heard, answer))?,
        Err(fault) => say(fault),
    }
    Ok(if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The answer in words and columns.
fn told(paint: Paint, heard: &str, answer: &Answer) -> String {
    let mut text = format!(
        "{}\n{}\n",
        paint.text(Tone::Faint, &printable(heard)),
        paint.text(Tone::Strong, &answer.buffer)
    );
    let sure = (answer.confidence * 100.0).round();
    text += &format!(
        "{}\n",
        paint.text(Tone::Faint, &format!("by {}, {sure} % sure, in {} µs", answer.route, answer.micros))
    );
    if let Some(message) = &answer.message {
        text += &format!("{message}\n");
    }
    let units = answer.units.as_deref().unwrap_or_default();
    let rows: Vec<_> = units.iter().map(row).collect();
    let width = |column: fn(&[String; 3]) -> &String| {
        rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0).min(30)
    };
    let (first, second) = (width(|row| &row[0]), width(|row| &row[1]));
    if !rows.is_empty() {
        text.push('\n');
    }
    for [heard, taken, why] in &rows {
        let line = format!("  {heard:first$}  {taken:second$}  {}", paint.text(Tone::Faint, why));
        text += line.trim_end();
        text.push('\n');
    }
    for alternative in &answer.alternatives {
        text += &format!("\n{} {alternative}", paint.text(Tone::Faint, "or"));
    }
    if !answer.alternatives.is_empty() {
        text.push('\n');
    }
    text
}

/// What was heard, what was taken, and why with the readings that were not.
fn row(unit: &Unit) -> [String; 3] {
    let shown = |text: &str| if text.is_empty() { "nothing".to_owned() } else { printable(text) };
    let taken = unit.readings.iter().find(|reading| reading.taken);
    let others: Vec<_> = unit
        .readings
        .iter()
        // That every word may be dropped goes without saying.
        .filter(|reading| !reading.taken && !reading.text.is_empty())
        .map(|reading| format!("{} ({})", shown(&reading.text), reading.kind))
        .collect();
    let kind = taken.map_or_else(String::new, |reading| format!("{}: ", printable(&reading.kind)));
    let not = if others.is_empty() { String::new() } else { format!("; not {}", others.join(", ")) };
    [
        printable(&unit.heard),
        taken.map_or_else(|| "–".to_owned(), |reading| shown(&reading.text)),
        format!("{kind}{}{not}", printable(&unit.why)),
    ]
}
