//! `sayso report`: a file about a wrong answer, for an issue. It is written and never sent.

use crate::cli::Report;
use crate::convert::{ask, read, request};
use crate::daemon_client::DaemonClient;
use crate::explain::format_explanation;
use crate::program::VERSION;
use crate::{settings, status};
use anyhow::{Context, Result, bail};
use sayso_protocol::Op;
use sayso_protocol::reply::printable;
use sayso_settings::Settings;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

/// Writes the report, or prints it.
pub(crate) fn run(cli: &Report) -> Result<ExitCode> {
    let text = match cli.text.is_empty() {
        true => None,
        false => Some(read(&cli.text, true)?.map_err(|fault| anyhow::anyhow!(fault))?),
    };
    let report = report(text.as_deref(), cli.expected.as_deref());
    if cli.output == Path::new("-") {
        io::stdout().lock().write_all(report.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let path = cli.output.display();
    match File::create_new(&cli.output) {
        Ok(mut file) => {
            file.write_all(report.as_bytes()).with_context(|| format!("{path} cannot be written"))?;
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            bail!("{path} exists already and was kept; name another file with --output")
        }
        Err(error) => return Err(error).with_context(|| format!("{path} cannot be written")),
    }
    writeln!(
        io::stdout(),
        "{path} is written, and nothing was sent. Read it before you attach it to an issue."
    )?;
    Ok(ExitCode::SUCCESS)
}

/// The report: version, system, settings without words, and, if there is one, the dictation with its answer and reasons.
fn report(text: Option<&str>, expected: Option<&str>) -> String {
    let (settings, mistake) = settings::load();
    let mut report = format!(
        "# sayso report\n\nsayso {VERSION}, {} on {}\n",
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    match status::ask() {
        Ok(status) => {
            let model = status::model(&status.model);
            let _ = writeln!(report, "saysod {}, language model: {model}", status.version);
        }
        Err(fault) => {
            let _ = writeln!(report, "no daemon: {}", fault.code);
        }
    }
    if mistake.is_some() {
        report += "The settings file has a mistake.\n";
    }
    let _ = write!(report, "\n## Settings\n\n```toml\n{}```\n", impersonal(&settings));
    if let Some(text) = text {
        let _ = write!(report, "\n## Dictation\n\n```\n{}\n```\n", printable(text));
        if let Some(expected) = expected {
            let _ = write!(report, "\n## Expected\n\n```\n{}\n```\n", printable(expected));
        }
        let request = request(&settings, Op::Explain, text.to_owned());
        let answer = DaemonClient::new(true).and_then(|mut client| ask(&mut client, &request));
        let answer = match &answer {
            Ok(answer) => anstream::adapter::strip_str(&format_explanation(text, answer, true)).to_string(),
            Err(fault) => format!("{}: {}\n", fault.code, fault.message),
        };
        let _ = write!(report, "\n## Answer\n\n```\n{answer}```\n");
    }
    report
}

/// The settings without anything of the person's own: words, patterns, and paths.
fn impersonal(settings: &Settings) -> String {
    let mut settings = settings.clone();
    settings.words.clear();
    settings.learn.ignore.clear();
    if settings.tagger.weights.is_some() {
        settings.tagger.weights = Some("~/a-file-of-my-own".to_owned());
    }
    settings.to_string()
}
