//! `sayso status`: the daemon's status.

use crate::daemon_client::DaemonClient;
use crate::stderr::say;
use crate::style::{FAINT, styled};
use anyhow::Result;
use sayso_protocol::reply::printable;
use sayso_protocol::{ErrorReply, ModelState, ModelStatus, Op, Outcome, PlaceStatus, Request, Status};
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How long the daemon may take to answer. Hand-chosen, 2026-11-23.
const PATIENCE: Duration = Duration::from_secs(2);

/// Prints the daemon's status, for people or as JSON.
pub(crate) fn run(json: bool) -> Result<ExitCode> {
    let mut out = anstream::stdout().lock();
    match ask() {
        Ok(status) if json => writeln!(out, "{}", serde_json::to_string(&status)?)?,
        Ok(status) => write!(out, "{}", format_status(&status))?,
        Err(fault) => {
            if json {
                writeln!(out, "{}", sayso_protocol::cli_format::json(&Err(fault)))?;
            } else {
                say(fault);
            }
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks a running daemon for its status. Does not start one.
///
/// # Errors
/// Why there is no status, for example because no daemon is running.
pub(crate) fn ask() -> Result<Status, ErrorReply> {
    let reply = DaemonClient::new(false)?.ask(&Request::new(1, Op::Status), Instant::now() + PATIENCE)?;
    match reply.outcome {
        Outcome::Status(status) => Ok(*status),
        Outcome::Error(fault) => Err(fault),
        Outcome::Result(_) => {
            Err(ErrorReply::new(sayso_protocol::Code::Internal, "the daemon's answer is not a status"))
        }
    }
}

/// The status for people, one row for each thing.
fn format_status(status: &Status) -> String {
    let keeper = if status.owner == "service" { "a service manager" } else { "the daemon itself" };
    let mut rows = vec![
        ("daemon", format!("{}, process {}, up {}", status.version, status.pid, span(status.uptime_s))),
        ("socket", format!("{}, kept by {keeper}", status.socket)),
        ("memory", format!("{:.1} MB", status.resident_bytes as f64 / 1e6)),
        ("requests", format!("{}, of which {} failed", status.requests, status.errors)),
        ("open", format!("connections: {}, line editors: {}", status.connections, status.sessions)),
    ];
    if let Some(weights) = &status.tagger.weights {
        let found = status.tagger.error.clone().unwrap_or_else(|| format!("weights of {weights}"));
        rows.push(("tagger", printable(&found)));
    }
    rows.push(("model", model(&status.model)));
    for place in &status.places {
        rows.push(("here", place_in_words(place)));
    }
    if let Some(mistake) = &status.settings_error {
        rows.push(("settings", format!("{mistake}; everything else applies")));
    }
    if let Some(error) = &status.learning_error {
        rows.push(("learning", printable(error)));
    }
    for route in &status.routes {
        let noun = if route.count == 1 { "conversion" } else { "conversions" };
        let times =
            format!("{} {noun}, p50 {} µs, p99 {} µs", route.count, route.p50_micros, route.p99_micros);
        rows.push((&route.route, times));
    }
    rows.iter().map(|(name, value)| format!("{}  {value}\n", styled(FAINT, &format!("{name:8}")))).collect()
}

/// What is known of a place in words.
pub(crate) fn place_in_words(place: &PlaceStatus) -> String {
    let partial = if place.is_partial { ", not all" } else { "" };
    let read = format!("read {} ago in {:.1} ms", span(place.age_s), place.micros as f64 / 1e3);
    format!(
        "{}: {} names{partial}, {:.1} MB, {read}",
        printable(&place.path),
        place.names,
        place.bytes as f64 / 1e6
    )
}

/// The language model in words.
pub(crate) fn model(status: &ModelStatus) -> String {
    let name = status.name.as_deref().unwrap_or("the one that was chosen");
    let why =
        |why: &Option<String>| why.as_ref().map_or_else(String::new, |why| format!(": {}", printable(why)));
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let text = match status.state {
        ModelState::None => "none, the tagger decides alone".to_owned(),
        ModelState::Off => "none, switched off in the settings".to_owned(),
        ModelState::Unloaded => format!("{name}, loaded when a line needs it{}", why(&status.why)),
        ModelState::Loading => format!("{name}, loading"),
        ModelState::Failed => format!("{name} cannot be used{}", why(&status.why)),
        ModelState::Resident => format!(
            "{name}, loaded in {} ms: {:.0} MB of weights, {:.0} MB of working memory",
            status.load_ms,
            megabytes(status.weights_bytes),
            megabytes(status.cache_bytes)
        ),
    };
    printable(&text)
}

/// Seconds in the two largest units that are not zero.
fn span(seconds: u64) -> String {
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let first = parts.iter().position(|(count, _)| *count > 0).unwrap_or(parts.len() - 1);
    let shown: Vec<_> =
        parts[first..].iter().take(2).map(|(count, unit)| format!("{count} {unit}")).collect();
    shown.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_are_short() {
        let cases = [(0, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (3_725, "1 h 2 min"), (90_000, "1 d 1 h")];
        for (seconds, shown) in cases {
            assert_eq!(span(seconds), shown);
        }
    }
}
