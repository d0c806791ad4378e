//! The table of the series "Teaching a Tiny Model to Hear Bash", and our runs in its columns.

use super::run::Run;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Where the published rows come from.
const SOURCE: &str = "published: \"Teaching a Tiny Model to Hear Bash\", its own 630 test cases on its author's machine, so not \
                      comparable case by case; peak MB: the whole process; –: not known";

/// A row of the table: of a published model, or of a run. `None` where something is not known.
#[derive(Debug, Clone)]
struct Row {
    name: String,
    /// Percent of the cases in the classes exact, near, partial and wrong, and in the first two together.
    tiers: [Option<f64>; 5],
    /// Seconds for a case: the mean, half of the cases at most, 99 % at most.
    seconds: [Option<f64>; 3],
    /// The peak of the memory, in bytes.
    peak: Option<f64>,
}

/// The measures of [`Row::tiers`].
const TIERS: [&str; 5] = ["exact", "near", "partial", "wrong", "effective"];

/// A model of the series. "Near" is not published, but "effective" is exact and near together.
fn published(name: &str, exact: f64, effective: f64, seconds: f64, peak: Option<f64>) -> Row {
    let near = effective - exact;
    Row {
        name: name.to_owned(),
        tiers: [Some(exact), Some(near), None, None, Some(effective)],
        seconds: [Some(seconds), None, None],
        peak,
    }
}

/// What the series reports.
fn series() -> [Row; 2] {
    [
        published("Qwen2.5-1.5B, published", 76.2, 97.1, 0.69, None),
        published("Qwen3-0.6B, published", 67.0, 94.0, 0.29, Some(331e6)),
    ]
}

impl Run {
    fn row(&self) -> Row {
        let tally = self.tally(&(0..self.answers.len()).collect::<Vec<_>>());
        let pace = self.pace();
        let name = match self.answerer.name() {
            route if route == self.label => self.label.clone(),
            route => format!("{}, route {route}", self.label),
        };
        Row {
            name,
            tiers: TIERS.map(|measure| tally.percent(measure)),
            seconds: [pace.mean, pace.p50, pace.p99].map(Some),
            peak: self.peak().map(|bytes| bytes as f64),
        }
    }
}

/// The table for people: the published rows, then one for each run.
pub(super) fn table(runs: &[Run]) -> String {
    let rows: Vec<Row> = series().into_iter().chain(runs.iter().map(Run::row)).collect();
    let title = "The series' table";
    let width = rows.iter().map(|row| row.name.chars().count()).chain([title.len()]).max().unwrap_or(0);
    let mut text = format!("\n{title:<width$}");
    TIERS.iter().for_each(|measure| text += &format!("  {measure:>9}"));
    text += "     s/case        p50        p99  peak MB\n";
    let number = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
    };
    for Row { name, tiers, seconds, peak } in rows {
        let _ = write!(text, "{name:<width$}");
        tiers.iter().for_each(|percent| text += &format!("  {:>9}", number(*percent, 1)));
        seconds.iter().for_each(|time| text += &format!("  {:>9}", number(*time, 6)));
        let _ = writeln!(text, "  {:>7}", number(peak.map(|bytes| bytes / 1e6), 0));
    }
    text + SOURCE + "\n"
}

/// The published rows for programs.
pub(super) fn to_json() -> Value {
    let row = |row: &Row| {
        let mut object = json!({
            "name": row.name,
            "seconds_per_case": row.seconds[0],
            "peak_memory_bytes": row.peak,
        });
        for (measure, percent) in TIERS.iter().zip(row.tiers) {
            object[measure] = json!(percent);
        }
        object
    };
    series().iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::answer::{Answer, Reply};
    use crate::route::Answerer;
    use crate::score::Score;
    use std::time::Duration;

    #[test]
    fn our_row_stands_below_the_published_ones() {
        let answer = |text: &str, milliseconds: u64, peak: Option<u64>| Answer {
            reply: Reply::crash(String::new()),
            score: Score::new(text, &[], "abcdefghij"),
            time: Duration::from_millis(milliseconds),
            peak,
        };
        let answers = vec![
            answer("abcdefghij", 100, Some(5_000_000)),
            answer("abcdefghix", 300, Some(7_400_000)),
            answer("abcdefgxyz", 200, None),
            answer("ls", 200, Some(6_000_000)),
        ];
        let run = Run { label: "auto".to_owned(), answerer: Answerer::default(), answers };
        let unknown = Run {
            label: "old".to_owned(),
            answerer: Answerer::default(),
            answers: vec![answer("abcdefghij", 1, None)],
        };
        let text = table(&[run, unknown]);
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        let check = |row: usize, expected: &str| assert_eq!(rows[row].join(" "), expected, "{text}");
        check(1, "The series' table exact near partial wrong effective s/case p50 p99 peak MB");
        check(2, "Qwen2.5-1.5B, published 76.2 20.9 – – 97.1 0.690000 – – –");
        check(3, "Qwen3-0.6B, published 67.0 27.0 – – 94.0 0.290000 – – 331");
        check(4, "auto 25.0 25.0 25.0 25.0 50.0 0.200000 0.200000 0.300000 7");
        check(5, "old, route auto 100.0 0.0 0.0 0.0 100.0 0.001000 0.001000 0.001000 –");
        assert_eq!(to_json()[1]["effective"], 94.0);
        assert!(to_json()[0]["peak_memory_bytes"].is_null() && to_json()[0]["wrong"].is_null());
    }
}
