//! `sayso explain`: why a dictated line became what it became.

use crate::cli::Explain;
use crate::convert::{ask, read, request};
use crate::daemon_client::DaemonClient;
use crate::settings;
use crate::stderr::say;
use crate::style::{FAINT, STRONG, styled};
use anyhow::Result;
use sayso_protocol::reply::printable;
use sayso_protocol::{Answer, Op, Request, Unit, cli_format};
use std::io::Write;
use std::process::ExitCode;

/// Explains one line.
pub(crate) fn run(cli: &Explain) -> Result<ExitCode> {
    let settings = settings::load_or_warn();
    let mut heard = String::new();
    let outcome = read(&cli.text, true)?.and_then(|text| {
        heard.clone_from(&text);
        let request = Request { route: cli.route, ..request(&settings, Op::Explain, text) };
        ask(&mut DaemonClient::new(true)?, &request)
    });
    let mut out = anstream::stdout().lock();
    match &outcome {
        _ if cli.json => writeln!(out, "{}", cli_format::json(&outcome))?,
        Ok(answer) => write!(out, "{}", format_explanation(&heard, answer))?,
        Err(fault) => say(fault),
    }
    Ok(if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The answer for people: the two lines, then a row for each unit, then the other readings.
fn format_explanation(heard: &str, answer: &Answer) -> String {
    let mut text = format!("{}\n{}\n", styled(FAINT, &printable(heard)), styled(STRONG, &answer.buffer));
    let sure = (answer.confidence * 100.0).round();
    text += &format!(
        "{}\n",
        styled(FAINT, &format!("by {}, {sure} % sure, in {} µs", answer.route, answer.micros))
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
        let line = format!("  {heard:first$}  {taken:second$}  {}", styled(FAINT, why));
        text += line.trim_end();
        text.push('\n');
    }
    for alternative in &answer.alternatives {
        text += &format!("\n{} {alternative}", styled(FAINT, "or"));
    }
    if !answer.alternatives.is_empty() {
        text.push('\n');
    }
    text
}

/// The columns of a unit: what was heard, what it became, and why, with the readings that were not chosen.
fn row(unit: &Unit) -> [String; 3] {
    let shown = |text: &str| if text.is_empty() { "nothing".to_owned() } else { printable(text) };
    let taken = unit.readings.iter().find(|reading| reading.taken);
    let others: Vec<_> = unit
        .readings
        .iter()
        // Every word has a reading that writes nothing, which is not worth a mention.
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
