//! `sayso-lab speak`: says commands aloud, as dictations with known answers.

use anyhow::Context;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use sayso_speech::speak::{Dialect, speak};
use serde_json::json;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;

/// The dialects that can be chosen on the command line: name, and help.
const DIALECTS: [(Dialect, &str, &str); 3] = [
    (Dialect::Strict, "strict", "Every separator said"),
    (Dialect::Nl2bash, "nl2bash", "No separators, letters in upper case, numbers from 100 on digit by digit"),
    (Dialect::Free, "free", "As people speak: synonyms, talk around it, corrections"),
];

/// Reads a dialect from the command line.
pub(crate) fn dialect_parser() -> impl TypedValueParser<Value = Dialect> {
    let values = DIALECTS.map(|(_, name, help)| PossibleValue::new(name).help(help));
    PossibleValuesParser::new(values).map(|name| {
        let found = DIALECTS.iter().find(|(_, other, _)| *other == name);
        found.map_or(Dialect::Strict, |(dialect, ..)| *dialect)
    })
}

/// The name of a dialect on the command line.
pub(crate) fn dialect_name(dialect: Dialect) -> &'static str {
    DIALECTS.iter().find(|(other, ..)| *other == dialect).map_or("", |(_, name, _)| name)
}

/// Says commands aloud: reads one a line, writes {"dictated": …, "expected": …} a line.
///
/// The same command, dialect, seed and place in the file give the same words. What cannot be said (letters outside
/// ASCII) is left out and named on standard error.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  echo 'tar -xzf a.tar.gz' | sayso-lab speak --dialect strict")]
pub struct Speak {
    /// A file with a command a line; - or nothing reads standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// How the commands are said
    #[arg(long, value_parser = dialect_parser())]
    dialect: Dialect,
    /// Another number, other words
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

impl Speak {
    /// Speaks. Fails when the file cannot be read.
    pub fn run(&self) -> anyhow::Result<()> {
        let lines: Box<dyn BufRead> = match self.file.as_os_str() == "-" {
            true => Box::new(std::io::stdin().lock()),
            false => {
                let open = File::open(&self.file);
                Box::new(BufReader::new(
                    open.with_context(|| format!("cannot read {}", self.file.display()))?,
                ))
            }
        };
        let mut out = BufWriter::new(std::io::stdout().lock());
        self.speak_lines(lines, &mut out)?;
        Ok(out.flush()?)
    }

    fn speak_lines(&self, lines: impl BufRead, mut out: impl Write) -> anyhow::Result<()> {
        for (at, line) in lines.lines().enumerate() {
            let command = line.with_context(|| format!("line {}", at + 1))?;
            if command.trim().is_empty() {
                continue;
            }
            match speak(&command, self.dialect, self.seed.wrapping_add(at as u64)) {
                Ok(said) => writeln!(out, "{}", json!({ "dictated": said, "expected": command.trim() }))?,
                Err(unsayable) => eprintln!("sayso-lab: line {} left out: {unsayable}", at + 1),
            }
        }
        Ok(())
    }
}
