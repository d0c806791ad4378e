//! The result of a benchmark as a table for people, as JSON for programs, and as Markdown for the
//! docs.

use serde::Serialize;
use std::time::Duration;

/// The unit of a row's figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Unit {
    /// Microseconds.
    #[serde(rename = "µs")]
    Microseconds,
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Megabytes of 1,000,000 bytes.
    #[serde(rename = "MB")]
    Megabytes,
}

impl Unit {
    fn symbol(self) -> &'static str {
        match self {
            Unit::Microseconds => "µs",
            Unit::Milliseconds => "ms",
            Unit::Megabytes => "MB",
        }
    }

    fn of(self, duration: Duration) -> f64 {
        match self {
            Unit::Microseconds => duration.as_secs_f64() * 1e6,
            _ => duration.as_secs_f64() * 1e3,
        }
    }
}

/// A comparison of a row with another one: `value` times `to`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Ratio {
    /// The factor.
    pub(crate) value: f64,
    /// The name of the other row, such as "`true`" or "per unit of the 1,000-unit line".
    pub(crate) to: String,
}

/// One measured thing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) name: String,
    /// The unit of `p50`, `p99` and the bars.
    pub(crate) unit: Unit,
    /// Number of measurements.
    pub(crate) samples: usize,
    /// The median.
    pub p50: f64,
    /// The 99th percentile (nearest rank; the maximum below 100 samples).
    pub p99: f64,
    /// The bar that the median must stay below, if any.
    pub p50_bar: Option<f64>,
    /// The bar that the 99th percentile must stay below, if any.
    pub p99_bar: Option<f64>,
    /// The comparison with another row, if any.
    pub(crate) ratio: Option<Ratio>,
}

impl Row {
    /// Builds a row from figures in `unit`. `figures` must not be empty.
    pub(crate) fn of_figures(name: impl Into<String>, unit: Unit, mut figures: Vec<f64>) -> Row {
        figures.sort_by(f64::total_cmp);
        Row {
            name: name.into(),
            unit,
            samples: figures.len(),
            p50: nearest_rank(&figures, 0.50),
            p99: nearest_rank(&figures, 0.99),
            p50_bar: None,
            p99_bar: None,
            ratio: None,
        }
    }

    /// Builds a row from measured times. `durations` must not be empty.
    pub(crate) fn of_durations(name: impl Into<String>, unit: Unit, durations: &[Duration]) -> Row {
        Row::of_figures(name, unit, durations.iter().map(|&duration| unit.of(duration)).collect())
    }

    /// Sets the bar of the median, in the row's unit.
    pub(crate) fn p50_below(mut self, limit: f64) -> Row {
        self.p50_bar = Some(limit);
        self
    }

    /// Sets the bar of the 99th percentile, in the row's unit.
    pub(crate) fn p99_below(mut self, limit: f64) -> Row {
        self.p99_bar = Some(limit);
        self
    }

    /// Sets the comparison with another row.
    pub(crate) fn ratio(mut self, value: f64, to: impl Into<String>) -> Row {
        self.ratio = Some(Ratio { value, to: to.into() });
        self
    }

    /// Whether all bars are met. `None` if the row has no bar.
    pub(crate) fn met(&self) -> Option<bool> {
        let p50 = self.p50_bar.map(|limit| self.p50 < limit);
        let p99 = self.p99_bar.map(|limit| self.p99 < limit);
        p50.into_iter().chain(p99).reduce(|a, b| a && b)
    }

    fn cells(&self) -> [String; 6] {
        let figure = |value: f64| format!("{} {}", significant(value), self.unit.symbol());
        let bars: Vec<String> = [("p50", self.p50_bar), ("p99", self.p99_bar)]
            .into_iter()
            .filter_map(|(name, bar)| bar.map(|limit| format!("{name} < {}", figure(limit))))
            .collect();
        let verdict = match self.met() {
            None => "",
            Some(true) => ": met",
            Some(false) => ": MISSED",
        };
        let ratio = self.ratio.as_ref().map(|ratio| format!("{}× {}", significant(ratio.value), ratio.to));
        [
            self.name.clone(),
            figure(self.p50),
            figure(self.p99),
            format!("{}{verdict}", bars.join(", ")),
            ratio.unwrap_or_default(),
            self.samples.to_string(),
        ]
    }
}

/// Width of prose on a terminal, in characters. Hand-chosen, 2026-11-23.
const LINE_CHARS: usize = 100;
const HEADINGS: [&str; 6] = ["", "p50", "p99", "bar", "ratio", "samples"];

/// One benchmark: how it was measured, and its rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Report {
    /// The name of the benchmark, such as "scanner".
    pub(crate) name: &'static str,
    /// A few sentences on how it was measured and which bias is known.
    pub(crate) method: String,
    /// The measurements.
    pub(crate) rows: Vec<Row>,
}

impl Report {
    /// Formats the report for a terminal: the method, then the rows in aligned columns.
    pub(crate) fn to_text(&self) -> String {
        let table: Vec<[String; 6]> = self.table();
        let widths: [usize; 6] = std::array::from_fn(|column| {
            table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)
        });
        let mut text = wrapped(&format!("{}: {}", self.name, self.method)) + "\n\n";
        for row in &table {
            let mut line = format!("  {:<width$}", row[0], width = widths[0]);
            for column in 1..6 {
                // Columns of figures are aligned to the right, columns of words to the left.
                match column {
                    1 | 2 | 5 => line += &format!("  {:>width$}", row[column], width = widths[column]),
                    _ => line += &format!("  {:<width$}", row[column], width = widths[column]),
                }
            }
            text += line.trim_end();
            text.push('\n');
        }
        text
    }

    /// Formats the report for docs/BENCHMARKS.md: a heading, the method and a table.
    pub(crate) fn to_markdown(&self) -> String {
        let mut text = format!("## {}\n\n{}\n\n", self.name, self.method);
        for (at, row) in self.table().iter().enumerate() {
            text += &format!("| {} |\n", row.each_ref().map(|cell| cell.replace('|', "\\|")).join(" | "));
            if at == 0 {
                text += "|---|--:|--:|---|---|--:|\n";
            }
        }
        text
    }

    fn table(&self) -> Vec<[String; 6]> {
        std::iter::once(HEADINGS.map(String::from)).chain(self.rows.iter().map(Row::cells)).collect()
    }
}

/// Breaks text at spaces into lines of at most [`LINE_CHARS`] characters.
fn wrapped(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LINE_CHARS => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

/// The smallest figure that at least `share` of the sorted figures do not exceed.
fn nearest_rank(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

/// Formats a figure with three significant digits and without an exponent. More digits would be
/// noise.
fn significant(value: f64) -> String {
    let magnitude = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    let decimals = (2 - magnitude).clamp(0, 3) as usize;
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let check = |figures: &[f64], p50: f64, p99: f64| {
            let row = Row::of_figures("x", Unit::Milliseconds, figures.to_vec());
            assert_eq!((row.p50, row.p99), (p50, p99), "of {figures:?}");
        };
        check(&[3.0], 3.0, 3.0);
        check(&[4.0, 1.0, 3.0, 2.0], 2.0, 4.0);
        check(&(1..=200).map(f64::from).collect::<Vec<_>>(), 100.0, 198.0);
    }

    #[test]
    fn figures_have_three_digits() {
        let check = |value: f64, expected: &str| assert_eq!(significant(value), expected);
        check(0.0, "0");
        check(0.01234, "0.012");
        check(1.0, "1");
        check(12.345, "12.3");
        check(-1.25, "-1.25");
        check(1234.5, "1234");
    }

    #[test]
    fn a_row_is_met_when_all_its_bars_are() {
        let row = Row::of_figures("x", Unit::Milliseconds, vec![1.0, 9.0]);
        assert_eq!(row.met(), None);
        assert_eq!(row.clone().p50_below(2.0).met(), Some(true));
        assert_eq!(row.p50_below(2.0).p99_below(9.0).met(), Some(false));
    }

    #[test]
    fn tables_are_aligned() {
        let report = Report {
            name: "spawn",
            method: "As a shell does. ".repeat(6).trim_end().into(),
            rows: vec![
                Row::of_figures("`true`", Unit::Milliseconds, vec![0.7]),
                Row::of_figures("client", Unit::Milliseconds, vec![1.1]).p50_below(2.7).ratio(1.57, "`true`"),
            ],
        };
        assert_eq!(
            report.to_text(),
            "spawn: As a shell does. As a shell does. As a shell does. As a shell does. As a shell does. As a\n\
             shell does.\n\n             p50     p99  bar                ratio         samples\n  \
             `true`  0.7 ms  0.7 ms                                         1\n  \
             client  1.1 ms  1.1 ms  p50 < 2.7 ms: met  1.57× `true`        1\n"
        );
        assert!(
            report
                .to_markdown()
                .ends_with("| client | 1.1 ms | 1.1 ms | p50 < 2.7 ms: met | 1.57× `true` | 1 |\n")
        );
    }
}
