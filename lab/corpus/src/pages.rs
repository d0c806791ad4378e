//! `sayso-lab cases`: pages of tldr said aloud, as a file of cases for `eval`.

use crate::command_source::{filled, is_held_out};
use crate::corpus::{self, Example};
use crate::labelled_word::line;
use crate::speak::{dialect_name, dialect_parser};
use crate::verbalise::{Style, verbalise};
use anyhow::bail;
use fastrand::Rng;
use sayso_speech::speak::{Dialect, speak};
use serde_json::json;
use std::collections::{BTreeMap, HashSet};
use std::io::{BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Makes a file of cases: commands of tldr-pages, said aloud.
///
/// Writes {"dictated": …, "expected": …, "dialect": …, "page": …} a line, which `eval --cases` reads. Every example comes
/// once before any comes again, its placeholders filled with their own text or with names as developers use them. The same
/// corpus and seed give the same cases. What cannot be said is left out and counted on standard error.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  sayso-lab cases --held-out --dialect free --seed 7 | sayso-lab eval --cases -"
)]
pub struct Cases {
    /// The corpus folder
    #[arg(long, value_name = "FOLDER", default_value = "../shared/corpus")]
    corpus: PathBuf,
    /// How the commands are said
    #[arg(long, value_parser = dialect_parser())]
    dialect: Dialect,
    /// Say them in the styles that training draws, in place of those of `speak`; there is none that is strict
    #[arg(long)]
    training_styles: bool,
    /// Only pages that training never sees, and of them only what no other page has too
    #[arg(long)]
    held_out: bool,
    /// Another number, other commands and other words
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Commands to say
    #[arg(long, value_name = "N", default_value = "1000")]
    count: NonZeroUsize,
}

/// Most styles that are tried for a command: one that types the first words leaves nothing of a short command to say.
/// Hand-chosen, 2026-11-23.
const STYLES: usize = 8;

impl Cases {
    /// Makes the cases. Fails if the corpus cannot be read, or if nothing of it can be said.
    pub fn run(&self) -> anyhow::Result<()> {
        if self.training_styles && self.dialect == Dialect::Strict {
            bail!("training says nothing strictly: leave out --training-styles, or choose another --dialect");
        }
        let mut examples = corpus::examples(&self.corpus)?;
        if self.held_out {
            examples = held_out(examples);
        }
        if examples.is_empty() {
            bail!("no page under {} can be used", self.corpus.display());
        }
        let mut random = Rng::with_seed(self.seed);
        random.shuffle(&mut examples);
        let mut out = BufWriter::new(std::io::stdout().lock());
        let mut unsayable: BTreeMap<String, usize> = BTreeMap::new();
        for example in examples.iter().cycle().take(self.count.get()) {
            let command = filled(&example.template, &mut random);
            match self.said(&command, &mut random) {
                Ok(dictated) => {
                    let case = json!({
                        "dictated": dictated,
                        "expected": command.trim(),
                        "dialect": dialect_name(self.dialect),
                        "page": example.page,
                    });
                    writeln!(out, "{case}")?;
                }
                Err(reason) => *unsayable.entry(reason).or_default() += 1,
            }
        }
        out.flush()?;
        let left_out: usize = unsayable.values().sum();
        for (reason, count) in &unsayable {
            eprintln!("sayso-lab: {count} left out: {reason}");
        }
        if left_out == self.count.get() {
            bail!("none of {left_out} commands can be said");
        }
        Ok(())
    }

    /// The dictation of `command`, or the reason why there is none.
    fn said(&self, command: &str, random: &mut Rng) -> Result<String, String> {
        // It also tells why a command has no spoken form in any style.
        let spoken = speak(command, self.dialect, random.u64(..)).map_err(|why| why.to_string())?;
        if !self.training_styles {
            return Ok(spoken);
        }
        let mut styles = std::iter::repeat_with(|| {
            let style =
                if self.dialect == Dialect::Nl2bash { Style::nl2bash() } else { Style::drawn(random) };
            verbalise(command, style, random)
        });
        let words = styles.by_ref().take(STYLES).flatten().find(|words| !words.is_empty());
        words.map(|words| line(&words)).ok_or_else(|| "no style of training says it".to_owned())
    }
}

/// The examples of held-out pages, without those that stand on another page too: a page may have an alias.
fn held_out(examples: Vec<Example>) -> Vec<Example> {
    let (held_out, others): (Vec<Example>, Vec<Example>) =
        examples.into_iter().partition(|example| is_held_out(&example.page));
    let known: HashSet<String> = others.into_iter().map(|example| example.template).collect();
    held_out.into_iter().filter(|example| !known.contains(&example.template)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_page_has_too_is_not_held_out() {
        let page = |held_out: bool| {
            (0..).map(|at| format!("page{at}")).find(|page| is_held_out(page) == held_out).unwrap()
        };
        let examples = [(true, "ls -a"), (false, "ls -b"), (true, "ls -b"), (true, "ls -c")]
            .map(|(held_out, template)| Example { page: page(held_out), template: template.to_owned() });
        let left: Vec<String> =
            held_out(examples.into()).into_iter().map(|example| example.template).collect();
        assert_eq!(left, ["ls -a", "ls -c"]);
    }
}
