//! The log of training: a JSON object an epoch.

use anyhow::{Context, bail};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One line of the log.
pub(super) struct Epoch {
    /// Its number within its run, from 1.
    pub(super) number: u64,
    /// Mean loss of a step in training.
    pub(super) loss: f64,
    /// What it was measured on, by name.
    pub(super) checks: BTreeMap<String, Check>,
}

/// The figures of one set of cases.
pub(super) struct Check {
    /// Mean loss of a step.
    pub(super) loss: f64,
    /// Share of lines that are right, 0 to 1.
    pub(super) right: f64,
}

/// The epochs of a log, at least one.
pub(super) fn parse(log: &str) -> anyhow::Result<Vec<Epoch>> {
    let lines = log.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let epochs: Vec<Epoch> = lines
        .map(|(at, line)| epoch(line).with_context(|| format!("line {}", at + 1)))
        .collect::<anyhow::Result<_>>()?;
    if epochs.is_empty() {
        bail!("the log holds no epoch");
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
        Some(_) => bail!("`checks` is no object"),
        None => bail!("no `checks`"),
    };
    let checks = checks.iter().map(|(name, figures)| {
        Ok((name.clone(), check(figures).with_context(|| format!("check `{name}`"))?))
    });
    Ok(Epoch { number, loss, checks: checks.collect::<anyhow::Result<_>>()? })
}

fn check(figures: &Value) -> anyhow::Result<Check> {
    let figures = figures.as_object().context("no object")?;
    Ok(Check { loss: figure(figures, "loss", f64::MAX)?, right: figure(figures, "right", 1.0)? })
}

/// A figure from 0 to `highest`. JSON has no NaN: training that lost its way writes null.
fn figure(record: &Map<String, Value>, name: &str, highest: f64) -> anyhow::Result<f64> {
    let Some(value) = record.get(name) else { bail!("no `{name}`") };
    match value.as_f64() {
        Some(figure) if (0.0..=highest).contains(&figure) => Ok(figure),
        _ if highest == f64::MAX => bail!("`{name}` is {value}, not a number from 0 on"),
        _ => bail!("`{name}` is {value}, not a number from 0 to {highest}"),
    }
}
