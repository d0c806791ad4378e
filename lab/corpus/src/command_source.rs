//! The commands behind training samples: from the corpora and of our own making, with names exchanged.

use crate::corpus;
use crate::disfluency::slots::made_up;
use crate::written::{TalkKind, Written};
use crate::{cases, command_grammar, template};
use anyhow::{Context, bail};
use fastrand::Rng;
use sayso_speech::english;
use sayso_speech::hash::fnv1a;
use sayso_speech::programs::programs;
use std::path::Path;
use std::sync::LazyLock;

/// The commands of the corpora.
#[derive(Debug)]
pub struct Commands {
    /// The training half of NL2Bash, dictation and command.
    pub pairs: Vec<(String, String)>,
    /// Other commands of NL2Bash.
    pub more: Vec<String>,
    /// Templates of tldr-pages without the held-out pages.
    pub templates: Vec<String>,
    /// Templates of the held-out pages, for measuring only.
    pub held_out: Vec<String>,
    /// Names of files and the like, which replace others.
    pub names: Vec<String>,
    /// Talk, and lines as engines write them, written by hand.
    pub written: Written,
}

/// The source of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The training pairs of NL2Bash.
    Pairs,
    /// Other commands of NL2Bash.
    More,
    /// Pages of tldr.
    Templates,
    /// Pages of tldr that training never sees.
    HeldOut,
    /// Our own grammar.
    Grammar,
}

/// Percentage of commands that get another name. Hand-chosen, 2026-11-23.
const RENAMED: u8 = 10;
/// One page in this many is held out.
const ONE_HELD_OUT_OF: u64 = 12;

impl Commands {
    /// Reads the corpora under `folder`; `own` adds the written lines that come with this crate.
    ///
    /// # Errors
    /// If a file cannot be read, or contains nothing to learn from.
    pub fn read(folder: &Path, own: bool) -> anyhow::Result<Commands> {
        let pairs = cases::read(&folder.join("nl2bash/train.jsonl"), "dictated")?;
        let path = folder.join("nl2bash/more-commands.txt");
        let more = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}: name the folder of the corpora", path.display()))?;
        let more: Vec<String> = more.lines().map(str::to_owned).collect();
        let (held_out, learnt): (Vec<_>, Vec<_>) =
            corpus::examples(folder)?.into_iter().partition(|example| is_held_out(&example.page));
        let templates = |examples: Vec<corpus::Example>| -> Vec<String> {
            examples.into_iter().map(|example| example.template).collect()
        };
        let (templates, held_out) = (templates(learnt), templates(held_out));
        let pairs: Vec<(String, String)> =
            pairs.into_iter().map(|case| (case.dictated, case.expected)).collect();
        let names = names(pairs.iter().map(|(_, command)| command.as_str()));
        for (what, none) in [
            ("commands in nl2bash/more-commands.txt", more.is_empty()),
            ("commands in nl2bash/train.jsonl with a name to vary", names.is_empty()),
            ("pages of tldr/examples.jsonl to learn from", templates.is_empty()),
            ("pages of tldr/examples.jsonl to hold out", held_out.is_empty()),
        ] {
            if none {
                bail!("{} holds no {what}", folder.display());
            }
        }
        let written = Written::read(folder, own)?;
        Ok(Commands { pairs, more, templates, held_out, names, written })
    }

    /// What comes with this crate, in place of the corpora: the commands of the written lines. Nothing is held out.
    ///
    /// # Errors
    /// If a written line is broken.
    pub fn shipped() -> anyhow::Result<Commands> {
        let written = Written::own()?;
        let pairs: Vec<(String, String)> =
            written.engine.iter().map(|line| (line.dictated.clone(), line.expected.clone())).collect();
        let talk = written.talk.iter().filter(|line| line.kind != TalkKind::Prose);
        let more: Vec<String> = talk.map(|line| line.expected.clone()).collect();
        // Two braces would begin a placeholder.
        let templates: Vec<String> = more.iter().filter(|command| !command.contains("{{")).cloned().collect();
        let names = names(pairs.iter().map(|(_, command)| command.as_str()));
        Ok(Commands { pairs, more, templates, held_out: Vec::new(), names, written })
    }

    /// A command from a source, now and then under the name of a program that is in no table.
    pub(crate) fn draw(&self, source: Source, random: &mut Rng) -> String {
        let command = self.known(source, random);
        match source != Source::HeldOut && random.u8(..100) < RENAMED {
            true => self.renamed(&command, random).unwrap_or(command),
            false => command,
        }
    }

    fn known(&self, source: Source, random: &mut Rng) -> String {
        match source {
            Source::Pairs => self.sometimes(&self.pairs[random.usize(..self.pairs.len())].1, random),
            Source::More => self.sometimes(&self.more[random.usize(..self.more.len())], random),
            Source::Templates | Source::HeldOut => {
                let templates = if source == Source::HeldOut { &self.held_out } else { &self.templates };
                let template = &templates[random.usize(..templates.len())];
                filled(template, random)
            }
            Source::Grammar => match random.u8(..4) {
                0 => self.varied(&command_grammar::command(random), random),
                _ => command_grammar::command(random),
            },
        }
    }
}

/// A command from a template, its placeholders filled with their own text or with typical names.
pub(crate) fn filled(template: &str, random: &mut Rng) -> String {
    let choice = random.usize(..4);
    match random.bool() {
        true => template::fill(template, choice),
        false => template::fill_with(template, choice, |text| command_grammar::value_for(text, random)),
    }
}

static PROGRAMS: LazyLock<Vec<&str>> = LazyLock::new(|| programs().collect());

/// Words shorter than this may be part of what a command means. Hand-chosen, 2026-11-23.
const SHORTEST_NAME: usize = 4;

impl Commands {
    /// The command under another name. There are more programs than any table holds, and a misheard name of one must
    /// not be taken for another that sounds like it.
    fn renamed(&self, command: &str, random: &mut Rng) -> Option<String> {
        let start = if command.starts_with("sudo ") { "sudo ".len() } else { 0 };
        let name = &command[start..];
        let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
        if end < 2 || !name[end..].is_empty() && !name[end..].starts_with(' ') {
            return None;
        }
        let mut renamed = command[..start].to_owned();
        match random.u8(..12) {
            6.. => renamed.push_str(PROGRAMS[random.usize(..PROGRAMS.len())]),
            0 | 1 => renamed.push_str(&made_up(random).to_ascii_lowercase()),
            kind => {
                renamed.push_str(self.word(random));
                match kind {
                    2 => renamed.push_str(["2", "3", "4", "53", "2x", "64"][random.usize(..6)]),
                    3 => {
                        renamed.push('-');
                        renamed.push_str(self.word(random));
                    }
                    _ => {}
                }
            }
        }
        renamed.push_str(&name[end..]);
        Some(renamed)
    }

    /// A word as commands contain it, now and then any English one.
    pub(crate) fn word(&self, random: &mut Rng) -> &str {
        static ENGLISH: LazyLock<Vec<&str>> = LazyLock::new(|| english::words().collect());
        match random.u8(..6) {
            0 => ENGLISH[random.usize(..ENGLISH.len())],
            _ => &self.names[random.usize(..self.names.len())],
        }
    }

    fn sometimes(&self, command: &str, random: &mut Rng) -> String {
        if random.bool() { self.varied(command, random) } else { command.to_owned() }
    }

    /// The command with other names and numbers in it, because the tagger should learn what surrounds a name.
    fn varied(&self, command: &str, random: &mut Rng) -> String {
        let mut varied = String::with_capacity(command.len() + 8);
        let mut rest = command;
        while let Some(first) = rest.chars().next() {
            let class = |c: char| (c.is_ascii_digit(), c.is_ascii_lowercase());
            let length = match class(first) {
                (false, false) => first.len_utf8(),
                this => rest.find(|c| class(c) != this).unwrap_or(rest.len()),
            };
            let (run, behind) = rest.split_at(length);
            let is_name = first.is_ascii_lowercase()
                && run.len() >= SHORTEST_NAME
                && !varied.ends_with(['-', '$', '{', '%', '\\', ':'])
                && !varied.ends_with(|c: char| c.is_ascii_uppercase())
                && !behind.starts_with(|c: char| c.is_ascii_uppercase())
                && !sayso_speech::commands::is_command(run);
            // A number after a letter or a dash belongs to a flag, or to a name such as `md5sum`.
            let is_number = first.is_ascii_digit()
                && !varied.ends_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '-' | '$'))
                && !behind.starts_with(['>', '&'])
                && run != "0";
            if is_name && random.u8(..5) < 3 {
                self.name(&mut varied, random);
            } else if is_number && random.bool() {
                varied.push(char::from(b'1' + random.u8(..9)));
                varied.extend((1..run.len()).map(|_| char::from(b'0' + random.u8(..10))));
            } else {
                varied.push_str(run);
            }
            rest = behind;
        }
        varied
    }
}

impl Commands {
    /// A name, which now and then has several words.
    fn name(&self, varied: &mut String, random: &mut Rng) {
        varied.push_str(self.word(random));
        match random.u8(..12) {
            0 => {
                let second = self.word(random);
                varied.push_str(&second[..1].to_ascii_uppercase());
                varied.push_str(&second[1..]);
            }
            1 => {
                varied.push(['-', '_'][random.usize(..2)]);
                varied.push_str(self.word(random));
            }
            _ => {}
        }
    }
}

/// Names as commands contain them, each as often as it occurs there.
fn names<'c>(commands: impl Iterator<Item = &'c str>) -> Vec<String> {
    commands
        .flat_map(|command| command.split(|c: char| !c.is_ascii_lowercase()))
        .filter(|name| name.len() >= SHORTEST_NAME && !sayso_speech::commands::is_command(name))
        .map(str::to_owned)
        .collect()
}

/// Whether a page of tldr is held out, on all its platforms.
pub fn is_held_out(page: &str) -> bool {
    let hash = fnv1a(page.bytes());
    (hash >> 20).is_multiple_of(ONE_HELD_OUT_OF)
}
