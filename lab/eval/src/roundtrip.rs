//! `sayso-lab roundtrip`: speaks commands in the strict dialect and checks that they convert back.

use crate::tagger::Tagger;
use anyhow::bail;
use sayso_corpus::corpus;
use sayso_corpus::progress::Progress;
use sayso_engine::{Dictation, Engine, Route, Words};
use sayso_speech::speak::{Dialect, speak};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

/// Speaks every command of a corpus in the strict dialect, in several styles, and converts it back.
///
/// The commands are those of tldr/examples.jsonl and the expected ones of nl2bash/valid.jsonl.
/// Placeholders are filled with their own text; if a placeholder has choices, each style takes the
/// next one. Commands that cannot be spoken are counted by reason. Commands that come back
/// different are printed, and the exit status is then 1.
#[derive(Debug, clap::Args)]
pub struct RoundTrip {
    /// The corpus folder
    #[arg(long, value_name = "FOLDER", default_value = "../shared/corpus")]
    corpus: PathBuf,
    /// Number of styles in which each command is spoken
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..))]
    styles: u64,
    /// Convert the commands as they are written instead of speaking them, and count the unchanged
    /// ones
    #[arg(long, conflicts_with = "styles")]
    already_commands: bool,
    /// Print at most N commands that came back different
    #[arg(long, value_name = "N", default_value_t = 20)]
    errors: usize,
    /// Print one JSON object instead of a report
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    tagger: Tagger,
}

/// A command that came back different.
struct Changed {
    said: String,
    command: String,
    got: String,
}

/// Counts of the results.
#[derive(Default)]
struct Outcome {
    commands: usize,
    equal: usize,
    /// Commands among the equal ones that the engine refused to convert, so that they stayed the
    /// same.
    refused: usize,
    unsayable: BTreeMap<String, usize>,
    changed: Vec<Changed>,
}

impl RoundTrip {
    /// Converts the commands and prints the report.
    ///
    /// # Errors
    /// If the tagger's weights or the corpus cannot be read, if a spoken command came back different, or if standard output
    /// cannot be written.
    pub fn run(&self) -> anyhow::Result<()> {
        let engine = self.tagger.engine()?;
        let outcome = match self.already_commands {
            true => self.convert_written(&engine)?,
            false => self.convert_spoken(&engine)?,
        };
        std::io::stdout().write_all(self.shown(&outcome).as_bytes())?;
        if !self.already_commands && !outcome.changed.is_empty() {
            bail!("{} commands came back different", outcome.changed.len());
        }
        Ok(())
    }

    fn convert_spoken(&self, engine: &Engine) -> anyhow::Result<Outcome> {
        let words = Words::default();
        let mut outcome = Outcome::default();
        let styles: Vec<Vec<String>> = (0..self.styles)
            .map(|style| corpus::commands(&self.corpus, style as usize))
            .collect::<anyhow::Result<_>>()?;
        let progress = Progress::new(styles.iter().map(Vec::len).sum(), "commands");
        for (style, commands) in styles.iter().enumerate() {
            for command in commands {
                progress.step();
                outcome.commands += 1;
                let said = match speak(command, Dialect::Strict, style as u64) {
                    Ok(said) => said,
                    Err(unsayable) => {
                        *outcome.unsayable.entry(unsayable.to_string()).or_default() += 1;
                        continue;
                    }
                };
                let got = match convert(engine, &words, &said) {
                    Ok(got) => got,
                    Err(refusal) => format!("(refused: {refusal})"),
                };
                outcome.count(said, command.trim().to_string(), got);
            }
        }
        Ok(outcome)
    }

    fn convert_written(&self, engine: &Engine) -> anyhow::Result<Outcome> {
        let words = Words::default();
        let mut outcome = Outcome::default();
        let commands = corpus::commands(&self.corpus, 0)?;
        let progress = Progress::new(commands.len(), "commands");
        for command in commands {
            progress.step();
            outcome.commands += 1;
            // A refused line stays as it was.
            let got = convert(engine, &words, &command).unwrap_or_else(|_| {
                outcome.refused += 1;
                command.clone()
            });
            outcome.count(command.clone(), command, got);
        }
        Ok(outcome)
    }

    fn shown(&self, outcome: &Outcome) -> String {
        let Outcome { commands, equal, refused, unsayable, changed } = outcome;
        let listed = changed.iter().take(self.errors);
        if self.json {
            let listed: Vec<_> = listed
                .map(|one| json!({ "dictated": one.said, "expected": one.command, "got": one.got }))
                .collect();
            let object = json!({
                "commands": commands, "equal": equal, "refused": refused,
                "unsayable": unsayable, "unequal": changed.len(), "errors": listed,
            });
            return format!("{object}\n");
        }
        let (unequal, percent) =
            (changed.len(), 100.0 * *equal as f64 / (equal + changed.len()).max(1) as f64);
        let mut text = match self.already_commands {
            true => format!(
                "{commands} commands as written: {equal} unchanged ({percent:.2} %), {refused} of these refused; \
                 {unequal} changed\n"
            ),
            false => format!(
                "{commands} commands spoken strictly in {} styles: {equal} equal ({percent:.3} % of those that can \
                 be spoken), {unequal} unequal, {} unsayable\n",
                self.styles,
                unsayable.values().sum::<usize>()
            ),
        };
        for (reason, count) in unsayable {
            text += &format!("  unsayable {count:>5}  {reason}\n");
        }
        for one in listed {
            let Changed { said, command, got } = one;
            text += &format!("\n  said      {said}\n  expected  {command}\n  got       {got}\n");
        }
        text
    }
}

impl Outcome {
    fn count(&mut self, said: String, command: String, got: String) {
        match got == command {
            true => self.equal += 1,
            false => self.changed.push(Changed { said, command, got }),
        }
    }
}

fn convert(engine: &Engine, words: &Words, text: &str) -> Result<String, sayso_engine::Refusal> {
    let dictation = Dictation { text, route: Route::Auto, ..Dictation::default() };
    engine.convert(words, &dictation, None).map(|conversion| conversion.buffer)
}
