//! `sayso-lab curves`: draws the log of a training run.

mod epochs;
mod log;

use anyhow::Context;
use epochs::Epochs;
use log::Epoch;
use sayso_curves::{Axis, Chart, Line};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;

/// Draws the training curves: the loss and the share of lines that are right, over epochs.
///
/// Reads the log.jsonl that `sayso-lab train tagger` writes and prints one SVG without links to
/// other files. If a log holds several runs, they are drawn side by side; a new run begins where
/// the epoch number does not grow.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sayso-lab curves models/weights/log.jsonl --output curves.svg")]
pub struct Curves {
    /// The log of training
    #[arg(value_name = "LOG.jsonl")]
    log: PathBuf,
    /// Write the drawing into this file instead of standard output
    #[arg(long, value_name = "FILE.svg")]
    output: Option<PathBuf>,
}

impl Curves {
    /// Draws the log.
    ///
    /// # Errors
    /// If the log cannot be read or is invalid (see [`draw`]), or if the drawing cannot be written.
    pub fn run(&self) -> anyhow::Result<()> {
        let log = std::fs::read_to_string(&self.log)
            .with_context(|| format!("cannot read {}", self.log.display()))?;
        let drawing = draw(&log).with_context(|| format!("in {}", self.log.display()))?;
        match &self.output {
            Some(path) => {
                std::fs::write(path, drawing).with_context(|| format!("cannot write {}", path.display()))
            }
            None => Ok(std::io::stdout().write_all(drawing.as_bytes())?),
        }
    }
}

/// The name of the training loss in the legend, which otherwise names checks.
const TRAINING: &str = "training";
/// Draws a log as SVG.
///
/// # Errors
/// If the log has no epoch, or a line is not one that training writes; the error names the line.
pub fn draw(log: &str) -> anyhow::Result<String> {
    let log = log::parse(log)?;
    let checks: BTreeSet<&str> =
        log.iter().flat_map(|epoch| epoch.checks.keys().map(String::as_str)).collect();
    let epochs = Epochs::new(&log.iter().map(|epoch| epoch.number).collect::<Vec<_>>());
    let axis = Axis {
        title: epochs.title(),
        last: epochs.last(),
        labels: 20,
        label: &|position| epochs.label(position),
        breaks: epochs.breaks(),
    };
    // A check has the same style in both charts; style 0 is that of the training loss.
    let line = |style: usize, name, value: &dyn Fn(&Epoch) -> Option<f64>| {
        let values: Vec<Option<f64>> = log.iter().map(value).collect();
        Line { name, style, pieces: epochs.pieces(&values) }
    };
    let mut losses = vec![line(0, TRAINING, &|epoch| Some(epoch.loss))];
    let mut shares = Vec::new();
    for (at, name) in checks.into_iter().enumerate() {
        losses.push(line(at + 1, name, &|epoch| Some(epoch.checks.get(name)?.loss)));
        shares.push(line(at + 1, name, &|epoch| Some(epoch.checks.get(name)?.right * 100.0)));
    }
    let points = losses.iter().flat_map(|line| line.pieces.iter().flatten());
    let highest = points.fold(0.0, |highest: f64, (_, value)| highest.max(*value));
    let charts = [
        Chart { title: "loss of a step", unit: "", axis: &axis, highest, lines: losses },
        Chart { title: "lines that are right", unit: " %", axis: &axis, highest: 100.0, lines: shares },
    ];
    Ok(sayso_curves::draw("Training of the tagger", &charts)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log of two runs; one check is only in the second run.
    const LOG: &str = include_str!("../fixtures/curves.jsonl");

    /// `SAYSO_WRITE_FIXTURES=1 cargo test -p sayso-train --lib curves` writes the fixture again.
    #[test]
    fn the_drawing_is_as_it_was() {
        let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/curves.svg");
        if std::env::var_os("SAYSO_WRITE_FIXTURES").is_some() {
            std::fs::write(fixture, draw(LOG).unwrap()).unwrap();
        }
        assert_eq!(draw(LOG).unwrap(), std::fs::read_to_string(fixture).unwrap());
    }

    #[test]
    fn the_drawing_loads_and_runs_nothing() {
        let hostile = LOG.replace("talk", "</text><script>alert(1)</script>\\u0007\\uffff\\\" onload=\\\"x");
        let drawing = draw(&hostile).unwrap();
        assert!(!drawing.contains("<script") && !drawing.contains("\" onload"), "{drawing}");
        assert!(drawing.contains("«U+0007»«U+FFFF»"), "{drawing}");
        for link in ["href", "src=", "@import", "url("] {
            assert!(!drawing.contains(link), "{link}");
        }
    }

    #[test]
    fn any_finite_figures_can_be_drawn() {
        let check = |lines: &[(u64, f64)]| {
            let log: String = lines
                .iter()
                .map(|(epoch, loss)| format!("{{\"epoch\":{epoch},\"loss\":{loss:e},\"checks\":{{}}}}\n"))
                .collect();
            let drawing = draw(&log).expect(&log);
            assert!(!drawing.contains("NaN") && !drawing.contains("inf"), "{log}{drawing}");
        };
        check(&[(1, 0.0)]);
        check(&[(1, f64::MIN_POSITIVE), (2, 0.0)]);
        check(&[(1, 1e300), (u64::MAX, 1.0)]);
        check(&(0..500).map(|at| (at % 3 + 1, 0.5)).collect::<Vec<_>>());
    }

    #[test]
    fn mistakes_name_their_line() {
        let check = |log: &str, message: &str| {
            let error = format!("{:#}", draw(log).expect_err(log));
            assert!(error.starts_with(message), "{log}: {error}");
        };
        let of_check = |check: &str| {
            let first = "{\"epoch\":1,\"loss\":1,\"checks\":{}}";
            format!("{first}\n\n{{\"epoch\":2,\"loss\":1,\"checks\":{{\"talk\":{check}}}}}")
        };
        check("", "the log has no epoch");
        check("\n \n", "the log has no epoch");
        check("{\"epoch\":1", "line 1: not a JSON object");
        check("[]", "line 1: not a JSON object");
        check("{\"loss\":1,\"checks\":{}}", "line 1: no `epoch`");
        check("{\"epoch\":1.5,\"loss\":1,\"checks\":{}}", "line 1: `epoch` is 1.5");
        check("{\"epoch\":1,\"checks\":{}}", "line 1: no `loss`");
        check("{\"epoch\":1,\"loss\":null,\"checks\":{}}", "line 1: `loss` is null");
        check("{\"epoch\":1,\"loss\":NaN,\"checks\":{}}", "line 1: not a JSON object");
        check("{\"epoch\":1,\"loss\":-1,\"checks\":{}}", "line 1: `loss` is -1");
        check("{\"epoch\":1,\"loss\":1}", "line 1: no `checks`");
        check("{\"epoch\":1,\"loss\":1,\"checks\":[]}", "line 1: `checks` is not an object");
        check(&of_check("{\"loss\":null,\"right\":1}"), "line 3: check `talk`: `loss` is null");
        check(&of_check("{\"loss\":1}"), "line 3: check `talk`: no `right`");
        check(&of_check("{\"loss\":1,\"right\":1.1}"), "line 3: check `talk`: `right` is 1.1");
        check(&of_check("1"), "line 3: check `talk`: not an object");
    }
}
