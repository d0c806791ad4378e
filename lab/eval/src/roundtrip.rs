//! `sayso-lab roundtrip`: what is said strictly must be heard exactly.

use anyhow::bail;
use sayso_corpus::corpus;
use sayso_corpus::progress::Progress;
use sayso_engine::{Dictation, Engine, Route, Words};
use sayso_speech::speak::{Dialect, speak};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

/// Says every command of a corpus in the strict dialect, in several styles, and converts it back.
///
/// The commands are those of tldr/examples.jsonl, placeholders filled with their own text and each style with the
/// next of a placeholder's choices, and the expected ones of nl2bash/valid.jsonl. What cannot be said is counted by
/// reason. Every command that comes back different is printed, and then the exit status is 1.
#[derive(Debug, clap::Args)]
pub struct RoundTrip {
    /// The corpus folder
    #[arg(long, value_name = "FOLDER", default_value = "../shared/corpus")]
    corpus: PathBuf,
    /// In how many styles each command is said
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..))]
    styles: u64,
    /// Do not speak: convert the commands as they are written, and count which come back unchanged
    #[arg(long, conflicts_with = "styles")]
    already_commands: bool,
    /// Print at most N commands that came back different
    #[arg(long, value_name = "N", default_value_t = 20)]
    errors: usize,
    /// One JSON object instead of a report
    #[arg(long)]
    json: bool,
}

/// A command that came back different.
struct Changed {
    said: String,
    command: String,
    got: String,
}

/// What became of the commands.
#[derive(Default)]
struct Outcome {
    commands: usize,
    equal: usize,
    /// Among the equal ones: the engine refused, and the line stayed as it was.
    refused: usize,
    unsayable: BTreeMap<String, usize>,
    changed: Vec<Changed>,
}

impl RoundTrip {
    /// Runs and prints. Fails when the corpus cannot be read, or when a spoken command came back different.
    pub fn run(&self) -> anyhow::Result<()> {
        let outcome = if self.already_commands { self.convert_written()? } else { self.convert_spoken()? };
        std::io::stdout().write_all(self.shown(&outcome).as_bytes())?;
        if !self.already_commands && !outcome.changed.is_empty() {
            bail!("{} commands came back different", outcome.changed.len());
        }
        Ok(())
    }

    fn convert_spoken(&self) -> anyhow::Result<Outcome> {
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
                let got = match convert(&words, &said) {
                    Ok(got) => got,
                    Err(refusal) => format!("(refused: {refusal})"),
                };
                outcome.count(said, command.trim().to_string(), got);
            }
        }
        Ok(outcome)
    }

    fn convert_written(&self) -> anyhow::Result<Outcome> {
        let words = Words::default();
        let mut outcome = Outcome::default();
        let commands = corpus::commands(&self.corpus, 0)?;
        let progress = Progress::new(commands.len(), "commands");
        for command in commands {
            progress.step();
            outcome.commands += 1;
            // A refusal leaves the line as it was.
            let got = convert(&words, &command).unwrap_or_else(|_| {
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
                "{commands} commands as they are written: {equal} unchanged ({percent:.2} %), of these {refused} \
                 refused; {unequal} changed\n"
            ),
            false => format!(
                "{commands} commands said strictly, in {} styles: {equal} equal ({percent:.3} % of what can be \
                 said), {unequal} unequal, {} unsayable\n",
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

fn convert(words: &Words, text: &str) -> Result<String, sayso_engine::Refusal> {
    let dictation = Dictation { text, route: Route::Auto, ..Dictation::default() };
    Engine::embedded().convert(words, &dictation, None).map(|conversion| conversion.buffer)
}
