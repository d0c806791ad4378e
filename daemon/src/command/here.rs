//! `saysod here`: lists the names that are known in this place, with the source of each and the age of that source.

use crate::configuration::Configuration;
use crate::place;
use sayso_engine::Place;
use sayso_place::Names;
use serde_json::json;
use std::io::{self, Write};
use std::process::ExitCode;

/// Names shown of each source without `--all`. Hand-chosen, 2026-11-28.
const EXAMPLES: usize = 5;

/// Shows which names of this folder, of the shell and of the history can be read from what is said.
#[derive(Debug, clap::Args)]
pub(crate) struct Here {
    /// Print one JSON object: {"folder", "sources": [{"source", "names", "examples", "seconds"}], "bytes", "micros"}
    #[arg(long)]
    json: bool,
    /// List all names of one source instead of a few of each
    #[arg(long, value_name = "SOURCE")]
    all: Option<String>,
}

/// Prints the known names.
pub(crate) fn run(here: &Here) -> anyhow::Result<ExitCode> {
    let place = place::of_process(Configuration::load().current().settings.here);
    let sources = sources(&place);
    let mut out = io::stdout().lock();
    if let Some(all) = &here.all {
        let Some((_, names, _)) = sources.iter().find(|(source, ..)| source == all) else {
            let known: Vec<&str> = sources.iter().map(|(source, ..)| *source).collect();
            anyhow::bail!("there is no source \"{all}\"; the sources are: {}", known.join(", "));
        };
        for name in names {
            writeln!(out, "{name}")?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let bytes = place.folder.bytes() + place.user.bytes() + place.shell.bytes();
    let micros = (place.folder.took + place.user.took).as_micros() as u64;
    if here.json {
        let sources: Vec<_> = sources
            .iter()
            .map(|(source, names, age)| {
                let examples: Vec<_> = names.iter().take(EXAMPLES).collect();
                json!({"source": source, "names": names.len(), "examples": examples, "seconds": age})
            })
            .collect();
        let folder = place.folder.path.display().to_string();
        let shown = json!({"folder": folder, "sources": sources, "bytes": bytes, "micros": micros});
        writeln!(out, "{shown}")?;
        return Ok(ExitCode::SUCCESS);
    }
    for (source, names, age) in &sources {
        let shown = names.iter().take(EXAMPLES).cloned().collect::<Vec<_>>().join(", ");
        let more = if names.len() > EXAMPLES { ", …" } else { "" };
        let age = age.map_or_else(String::new, |seconds| format!(", changed {} ago", span(seconds)));
        writeln!(out, "{source:18} {:6}{age}  {shown}{more}", names.len())?;
    }
    if place.folder.is_partial {
        writeln!(out, "some files were left out: there are too many, or reading them took too long")?;
    }
    writeln!(out, "{:.1} MB, read in {:.1} ms", bytes as f64 / 1e6, micros as f64 / 1e3)?;
    Ok(ExitCode::SUCCESS)
}

/// Each source with its names, and the seconds since that source last changed.
fn sources(place: &Place) -> Vec<(&'static str, Vec<String>, Option<u64>)> {
    let all = |names: &Names| names.iter().map(|name| name.text.to_owned()).collect::<Vec<_>>();
    let folder = place.folder.stamps.age();
    let user = place.user.stamps.age();
    let mut sources: Vec<_> =
        place.folder.parts().iter().map(|(source, names)| (*source, all(names), folder)).collect();
    sources.push(("hosts", all(&place.user.hosts), user));
    sources.push(("history", place.user.history.words(), user));
    sources.push(("programs", all(&place.shell.programs), None));
    sources.push(("your own commands", all(&place.shell.own), None));
    sources.push(("environment", all(&place.shell.variables), None));
    sources
}

/// A time in the largest unit that fits.
fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
