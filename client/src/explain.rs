//! `sayso explain`: why a dictated line became what it became.

use crate::cli::Explain;
use crate::convert::{ask, read, request};
use crate::daemon_client::DaemonClient;
use crate::init::Shell;
use crate::settings;
use crate::stderr::say;
use crate::style::{FAINT, STRONG, styled};
use anyhow::Result;
use sayso_protocol::reply::printable;
use sayso_protocol::{Answer, Code, ErrorReply, Op, Request, Unit, cli_format};
use sayso_settings::Settings;
use std::io::Write;
use std::os::unix::process::parent_id;
use std::process::ExitCode;

/// Readings beside the taken one that are shown of each unit. Hand-chosen, 2026-11-28.
const NEAREST: usize = 2;
/// Widest column, in characters. Hand-chosen, 2026-11-28.
const MAX_WIDTH: usize = 30;

/// Explains one line.
pub(crate) fn run(cli: &Explain) -> Result<ExitCode> {
    let settings = settings::load_or_warn();
    let mut heard = String::new();
    let outcome = match cli.last {
        true => ask_last(&settings, cli).inspect(|answer| {
            heard = answer.dictation.clone().unwrap_or_default();
        }),
        false => read(&cli.text, true)?.and_then(|text| {
            heard.clone_from(&text);
            let request = Request { route: cli.route, ..request(&settings, Op::Explain, text) };
            ask(&mut DaemonClient::new(true)?, &request)
        }),
    };
    let mut out = anstream::stdout().lock();
    match &outcome {
        _ if cli.json => writeln!(out, "{}", cli_format::json(&outcome))?,
        Ok(answer) => write!(out, "{}", format_explanation(&heard, answer, cli.all))?,
        Err(fault) => say(fault),
    }
    Ok(if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Asks for the last line of the shell that started this program. Its line editor is known by the name of the shell and the
/// number of its process; which shell it is, only the daemon's memory tells.
fn ask_last(settings: &Settings, cli: &Explain) -> Result<Answer, ErrorReply> {
    let mut client = DaemonClient::new(false)?;
    let mut fault = ErrorReply::new(Code::Empty, "this shell has had no line converted");
    for shell in [Shell::Zsh, Shell::Fish, Shell::Bash] {
        let session = Some(format!("{}-{}", shell.name(), parent_id()));
        let request = request(settings, Op::Explain, String::new());
        match ask(&mut client, &Request { route: cli.route, last: true, session, ..request }) {
            Err(error) if error.code == Code::Empty => fault = error,
            other => return other,
        }
    }
    Err(fault)
}

/// The answer for people: the two lines, then a row for each unit, then the other readings.
pub(crate) fn format_explanation(heard: &str, answer: &Answer, all: bool) -> String {
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
    let rows: Vec<_> = units.iter().map(|unit| row(unit, all)).collect();
    let width = |column: fn(&[String; 3]) -> &String| {
        rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0).min(MAX_WIDTH)
    };
    let (first, second) = (width(|row| &row[0]), width(|row| &row[1]));
    if !rows.is_empty() {
        text.push('\n');
    }
    for [heard, taken, rest] in &rows {
        let line = format!("  {heard:first$}  {taken:second$}  {}", styled(FAINT, rest));
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

/// The columns of a unit: what was heard, what it became, and the readings that came nearest; or with `all` why it was
/// taken, and every other reading.
fn row(unit: &Unit, all: bool) -> [String; 3] {
    let shown = |text: &str| if text.is_empty() { "nothing".to_owned() } else { printable(text) };
    let taken = unit.readings.iter().find(|reading| reading.taken);
    // Nearly every word has a reading that writes nothing, which is not worth a mention.
    let others = unit.readings.iter().filter(|reading| !reading.taken && !reading.text.is_empty());
    let rest = if all {
        let others: Vec<_> = others
            .map(|reading| format!("{} ({})", shown(&reading.text), printable(&reading.kind)))
            .collect();
        let kind = taken.map_or_else(String::new, |reading| format!("{}: ", printable(&reading.kind)));
        let not = if others.is_empty() { String::new() } else { format!("; not {}", others.join(", ")) };
        format!("{kind}{}{not}", printable(&unit.why))
    } else {
        let mut nearest: Vec<String> = Vec::new();
        for text in others.map(|reading| shown(&reading.text)) {
            if nearest.len() < NEAREST && !nearest.contains(&text) {
                nearest.push(text);
            }
        }
        if nearest.is_empty() { String::new() } else { format!("not {}", nearest.join(", ")) }
    };
    [printable(&unit.heard), taken.map_or_else(|| "–".to_owned(), |reading| shown(&reading.text)), rest]
}

#[cfg(test)]
mod tests {
    use super::*;
    use sayso_protocol::Reading;

    fn unit() -> Unit {
        let reading = |text: &str, taken| Reading {
            text: text.into(),
            kind: "sounds like".into(),
            source: [0, 4],
            taken,
        };
        let readings =
            vec![reading("grep", true), reading("", false), reading("crept", false), reading("grape", false)];
        let readings =
            readings.into_iter().chain([reading("crept", false), reading("group", false)]).collect();
        Unit { heard: "crept".into(), source: [0, 5], readings, why: "what was heard sounds like it".into() }
    }

    #[test]
    fn a_row_has_the_two_readings_that_came_nearest() {
        assert_eq!(row(&unit(), false), ["crept", "grep", "not crept, grape"]);
        let alone = Unit { readings: unit().readings[..1].to_vec(), ..unit() };
        assert_eq!(row(&alone, false)[2], "");
    }

    #[test]
    fn all_of_them_come_with_the_reason() {
        let [_, _, rest] = row(&unit(), true);
        assert!(
            rest.starts_with("sounds like: what was heard sounds like it; not crept (sounds like)"),
            "{rest}"
        );
        assert!(rest.ends_with("group (sounds like)"), "{rest}");
    }
}
