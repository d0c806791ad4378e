//! The log of training: one JSON object for each epoch.

use anyhow::{Context, bail};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One line of the log.
pub(super) struct Epoch {
    /// Its number within its run, starting at 1.
    pub(super) number: u64,
    /// Mean training loss of a step.
    pub(super) loss: f64,
    /// The results of the checks, by name.
    pub(super) checks: BTreeMap<String, Check>,
}

/// The result of one check.
pub(super) struct Check {
    /// Mean loss of a step.
    pub(super) loss: f64,
    /// Share of lines that are right at every step, 0 to 1.
    pub(super) right: f64,
}

/// Parses a log. Fails if it has no epoch or if a line is invalid; the error names the line.
pub(super) fn parse(log: &str) -> anyhow::Result<Vec<Epoch>> {
    let lines = log.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let epochs: Vec<Epoch> = lines
        .map(|(at, line)| epoch(line).with_context(|| format!("line {}", at + 1)))
        .collect::<anyhow::Result<_>>()?;
    if epochs.is_empty() {
        bail!("the log has no epoch");
    }
    Ok(epochs)
}

fn epoch(line: &str) -> anyhow::Result<Epoch> {
    let record: Map<String, Value> = serde_json::from_str(line).context("not a JSON object")?;
    let Some(number) = record.get("epoch") else { bail!("no `epoch`") };
    let Some(number) = number.as_u64() else { bail!("`epoch` is {number}, not a whole number") };
    let loss = figure(&record, "loss", f64::MAX)?;
    let checks = match record.get("checks") {
        Some(Value::Object(checks)) => checks,
        Some(_) => bail!("`checks` is not an object"),
        None => bail!("no `checks`"),
    };
    let checks = checks.iter().map(|(name, figures)| {
        Ok((name.clone(), check(figures).with_context(|| format!("check `{name}`"))?))
    });
    Ok(Epoch { number, loss, checks: checks.collect::<anyhow::Result<_>>()? })
}

fn check(figures: &Value) -> anyhow::Result<Check> {
    let figures = figures.as_object().context("not an object")?;
    Ok(Check { loss: figure(figures, "loss", f64::MAX)?, right: figure(figures, "right", 1.0)? })
}

/// Reads a number from 0 to `highest`. JSON has no NaN, so a diverged training run writes null.
fn figure(record: &Map<String, Value>, name: &str, highest: f64) -> anyhow::Result<f64> {
    let Some(value) = record.get(name) else { bail!("no `{name}`") };
    match value.as_f64() {
        Some(figure) if (0.0..=highest).contains(&figure) => Ok(figure),
        _ if highest == f64::MAX => bail!("`{name}` is {value}, not a number of at least 0"),
        _ => bail!("`{name}` is {value}, not a number from 0 to {highest}"),
    }
}
