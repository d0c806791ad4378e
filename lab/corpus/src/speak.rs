//! `sayso-lab speak`: says commands aloud, as dictations with known answers.

use anyhow::Context;
use clap::ValueEnum;
use sayso_speech::speak::{self, speak};
use serde_json::json;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;

/// How a command is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Dialect {
    /// Every separator said
    Strict,
    /// No separators, letters in upper case, numbers from 100 on digit by digit
    Nl2bash,
    /// As people speak: synonyms, talk around it, corrections
    Free,
}

impl Dialect {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Dialect::Strict => "strict",
            Dialect::Nl2bash => "nl2bash",
            Dialect::Free => "free",
        }
    }

    pub(crate) fn dialect(self) -> speak::Dialect {
        match self {
            Dialect::Strict => speak::Dialect::Strict,
            Dialect::Nl2bash => speak::Dialect::Nl2bash,
            Dialect::Free => speak::Dialect::Free,
        }
    }
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
    #[arg(long, value_enum)]
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
            match speak(&command, self.dialect.dialect(), self.seed.wrapping_add(at as u64)) {
                Ok(said) => writeln!(out, "{}", json!({ "dictated": said, "expected": command.trim() }))?,
                Err(unsayable) => eprintln!("sayso-lab: line {} left out: {unsayable}", at + 1),
            }
        }
        Ok(())
    }
}
