//! `sayso-lab gate`: counts what the gate does with dictations, commands and prose.

use crate::similarity::collapse;
use crate::tagger::Tagger;
use anyhow::{Context, bail};
use sayso_corpus::cases;
use sayso_corpus::progress::Progress;
use sayso_engine::{Dictation, Engine, Stage, Words};
use sayso_speech::clean::clean;
use sayso_speech::gate::{self, Verdict};
use sayso_speech::lex::lex;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Counts what the gate does with lines of a known kind, as a confusion table.
///
/// The most costly mistake has its own figure: lines that were right and were changed. A dictation
/// is right if it equals its expected command. A file of commands has one on each line; if its name
/// ends in .jsonl, it holds cases, and the expected commands are used. A file of prose has one text
/// on each line; blank lines and lines that begin with # are ignored.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("lines").multiple(true).required(true).args(["dictations", "commands", "prose"]))]
#[command(
    after_help = "Example:\n  sayso-lab gate --dictations nl2bash/valid.jsonl --commands nl2bash/valid.jsonl \
                        --prose lab/cases/prose.txt"
)]
pub struct Gate {
    /// Cases with lines that should be converted
    #[arg(long, value_name = "FILE.jsonl")]
    dictations: Option<PathBuf>,
    /// Lines that are already commands and should stay as they are
    #[arg(long, value_name = "FILE")]
    commands: Option<PathBuf>,
    /// Lines that are not dictated commands and should stay as they are
    #[arg(long, value_name = "FILE")]
    prose: Option<PathBuf>,
    /// Also print up to N mistakes for each kind of line
    #[arg(long, value_name = "N", default_value_t = 0)]
    errors: usize,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    tagger: Tagger,
}

/// What the `auto` route does with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GateOutcome {
    LeftAsCommand,
    LeftAsProse,
    /// The gate let it through, but no part of it was a command.
    LeftAsTalk,
    Refused,
    Strict,
    Otherwise,
}

const GATE_OUTCOMES: [(GateOutcome, &str); 6] = [
    (GateOutcome::LeftAsCommand, "left: command"),
    (GateOutcome::LeftAsProse, "left: prose"),
    (GateOutcome::LeftAsTalk, "left: all talk"),
    (GateOutcome::Refused, "refused"),
    (GateOutcome::Strict, "strict"),
    (GateOutcome::Otherwise, "otherwise"),
];

/// The kind of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Dictation,
    Command,
    Prose,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Dictation => "dictations",
            Kind::Command => "commands",
            Kind::Prose => "prose",
        }
    }
}

/// A line and its result.
struct Outcome {
    line: String,
    deed: GateOutcome,
    got: String,
    /// The line is already the expected command.
    right: bool,
}

impl Outcome {
    fn changed(&self) -> bool {
        collapse(&self.got) != collapse(&self.line)
    }

    /// Whether the engine changed a line that was right or prose, or did not change a dictation.
    fn mistaken(&self, kind: Kind) -> bool {
        match kind {
            Kind::Prose => self.changed(),
            _ => self.right == self.changed(),
        }
    }
}

/// All lines of a kind.
struct Row {
    kind: Kind,
    outcomes: Vec<Outcome>,
}

impl Gate {
    /// Converts the lines and prints the table.
    ///
    /// # Errors
    /// If a file cannot be read or has no lines, if the tagger cannot be loaded, or if standard
    /// output cannot be written.
    pub fn run(&self) -> anyhow::Result<()> {
        let engine = self.tagger.engine()?;
        let mut rows = Vec::new();
        if let Some(path) = &self.dictations {
            let pairs = cases::read(path, "dictated")?.into_iter();
            let lines = pairs.map(|case| {
                let right = collapse(&case.dictated) == collapse(&case.expected);
                (case.dictated, right)
            });
            rows.push(row(&engine, Kind::Dictation, lines.collect()));
        }
        if let Some(path) = &self.commands {
            let commands = match path.extension().is_some_and(|ending| ending == "jsonl") {
                true => cases::read(path, "dictated")?.into_iter().map(|case| case.expected).collect(),
                false => lines(path, |_| true)?,
            };
            rows.push(row(&engine, Kind::Command, commands.into_iter().map(|line| (line, true)).collect()));
        }
        if let Some(path) = &self.prose {
            let prose = lines(path, |line| !line.starts_with('#'))?;
            rows.push(row(&engine, Kind::Prose, prose.into_iter().map(|line| (line, false)).collect()));
        }
        let shown = match self.json {
            true => format!("{}\n", to_json(&rows, self.errors)),
            false => table(&rows) + &errors(&rows, self.errors),
        };
        Ok(std::io::stdout().write_all(shown.as_bytes())?)
    }
}

/// Reads the lines of a file that are not blank and that `wanted` accepts.
fn lines(path: &Path, wanted: fn(&str) -> bool) -> anyhow::Result<Vec<String>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = text.lines().filter(|line| !line.trim().is_empty() && wanted(line));
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    if lines.is_empty() {
        bail!("{} has no lines", path.display());
    }
    Ok(lines)
}

fn row(engine: &Engine, kind: Kind, lines: Vec<(String, bool)>) -> Row {
    let words = Words::default();
    let progress = Progress::new(lines.len(), kind.name());
    let outcome = |(line, right): (String, bool)| {
        progress.step();
        let (deed, got) = outcome_of(engine, &words, &line);
        Outcome { line, deed, got, right }
    };
    Row { kind, outcomes: lines.into_iter().map(outcome).collect() }
}

/// What the engine does with a line, and the line that results.
fn outcome_of(engine: &Engine, words: &Words, line: &str) -> (GateOutcome, String) {
    let dictation = Dictation { text: line, ..Dictation::default() };
    let Ok(conversion) = engine.convert(words, &dictation, None) else {
        return (GateOutcome::Refused, line.to_owned());
    };
    let deed = match conversion.stage {
        Stage::Strict => GateOutcome::Strict,
        Stage::Gate => match gate::classify(&lex(clean(line), words, None)) {
            Verdict::Command => GateOutcome::LeftAsCommand,
            Verdict::Prose => GateOutcome::LeftAsProse,
            Verdict::Dictation => GateOutcome::LeftAsTalk,
        },
        _ => GateOutcome::Otherwise,
    };
    (deed, conversion.buffer)
}

impl Row {
    fn count(&self, deed: GateOutcome) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.deed == deed).count()
    }

    fn mistakes(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.mistaken(self.kind))
    }
}

/// Number of lines that were right, and of those the number that were changed.
fn right_and_changed(rows: &[Row]) -> (usize, usize) {
    let right = || rows.iter().flat_map(|row| &row.outcomes).filter(|outcome| outcome.right);
    (right().count(), right().filter(|outcome| outcome.changed()).count())
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

/// A table with a row for each kind of line and a column for each outcome, then the mistakes in
/// percent.
fn table(rows: &[Row]) -> String {
    let mut text = format!("{:<10}  lines", "");
    GATE_OUTCOMES.iter().for_each(|(_, heading)| text += &format!("  {heading}"));
    text += "  changed\n";
    for row in rows {
        let _ = write!(text, "{:<10}  {:>5}", row.kind.name(), row.outcomes.len());
        for (deed, heading) in GATE_OUTCOMES {
            let _ = write!(text, "  {:>1$}", row.count(deed), heading.len());
        }
        let changed = row.outcomes.iter().filter(|outcome| outcome.changed()).count();
        let _ = writeln!(text, "  {changed:>7}");
    }
    let (right, changed) = right_and_changed(rows);
    if right > 0 {
        let share = percent(changed, right);
        let _ = writeln!(text, "lines that were right and were changed: {changed} of {right}, {share:.2} %");
    }
    for row in rows.iter().filter(|row| row.kind != Kind::Command) {
        let what = match row.kind {
            Kind::Prose => "prose that was changed",
            _ => "dictations that were not converted, or were right and were changed",
        };
        let (mistakes, of) = (row.mistakes().count(), row.outcomes.len());
        let _ = writeln!(text, "{what}: {mistakes} of {of}, {:.2} %", percent(mistakes, of));
    }
    text
}

/// Lists at most `limit` mistakes for each kind of line.
fn errors(rows: &[Row], limit: usize) -> String {
    let mut text = String::new();
    for (row, outcome) in rows.iter().flat_map(|row| row.mistakes().take(limit).map(move |it| (row, it))) {
        let _ = write!(text, "\n{}: {}\n", row.kind.name(), outcome.line);
        if outcome.changed() {
            let _ = writeln!(text, "  became {}", outcome.got);
        }
    }
    text
}

fn to_json(rows: &[Row], limit: usize) -> Value {
    let (right, changed) = right_and_changed(rows);
    let mut object = json!({
        "right_and_changed": { "right": right, "changed": changed, "percent": percent(changed, right) },
    });
    for row in rows {
        let of_row = &mut object[row.kind.name()];
        of_row["lines"] = json!(row.outcomes.len());
        of_row["mistakes"] = json!(row.mistakes().count());
        for (deed, heading) in GATE_OUTCOMES {
            of_row["deeds"][heading] = json!(row.count(deed));
        }
        if limit > 0 {
            let error = |it: &Outcome| json!({ "line": it.line, "got": it.got });
            of_row["errors"] = row.mistakes().take(limit).map(error).collect();
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deeds() {
        let check = |line: &str, deed: GateOutcome, got: &str| {
            assert_eq!(
                outcome_of(Engine::embedded(), &Words::default(), line),
                (deed, got.to_owned()),
                "of {line:?}"
            );
        };
        check("ls -la | wc -l", GateOutcome::LeftAsCommand, "ls -la | wc -l");
        check(
            "remind me to buy milk on the way home",
            GateOutcome::LeftAsProse,
            "remind me to buy milk on the way home",
        );
        check("ls space dash l", GateOutcome::Strict, "ls -l");
        check("git status dash s", GateOutcome::Otherwise, "git status -s");
        check("  ", GateOutcome::Refused, "  ");
    }

    #[test]
    fn mistakes_depend_on_what_the_line_is() {
        let outcome = |line: &str, got: &str, right: bool| Outcome {
            line: line.to_owned(),
            deed: GateOutcome::Otherwise,
            got: got.to_owned(),
            right,
        };
        let rows = [
            Row {
                kind: Kind::Dictation,
                outcomes: vec![
                    outcome("ls dash l", "ls -l", false),
                    outcome("ls dash a", "ls dash a", false),
                    outcome("pwd", "pwd", true),
                ],
            },
            Row {
                kind: Kind::Command,
                outcomes: vec![outcome("ls", "ls", true), outcome("wc", "w c", true)],
            },
            Row {
                kind: Kind::Prose,
                outcomes: vec![outcome("hello", "hello", false), outcome("o", "0", false)],
            },
        ];
        let mistakes: Vec<usize> = rows.iter().map(|row| row.mistakes().count()).collect();
        assert_eq!(mistakes, [1, 1, 1]);
        assert_eq!(right_and_changed(&rows), (3, 1));
        assert!(table(&rows).contains("right and were changed: 1 of 3, 33.33 %"), "{}", table(&rows));
        assert!(errors(&rows, 9).contains("commands: wc\n  became w c\n"));
        assert_eq!(to_json(&rows, 1)["prose"]["errors"][0]["line"], "o");
    }

    #[test]
    fn prose_to_measure_with_is_varied() {
        let prose: Vec<&str> =
            include_str!("../../cases/prose.txt").lines().filter(|line| !line.starts_with('#')).collect();
        let mut different: Vec<String> = prose.iter().map(|line| line.to_lowercase()).collect();
        different.sort_unstable();
        different.dedup();
        assert!(
            different.len() >= 150 && different.len() == prose.len(),
            "{} of {}",
            different.len(),
            prose.len()
        );
    }
}
