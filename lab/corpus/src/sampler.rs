//! The stream of training samples: commands from the corpora and of our own making, said in every dialect.

use crate::asr_noise::asr_noise;
use crate::disfluency::disfluency;
use crate::disfluency::slots::made_up;
use crate::labelled_word::LabelledWord;
use crate::mix::Mix;
use crate::sample::{STRICT, Sample, TYPED};
use crate::say::{Style, say};
use crate::{cases, command_grammar, template};
use anyhow::{Context, bail};
use fastrand::Rng;
use sayso_speech::english;
use sayso_speech::programs::programs;
use sayso_speech::speak::{Dialect, speak};
use serde::Deserialize;
use std::path::Path;
use std::sync::LazyLock;

/// What commands are taken from.
#[derive(Debug)]
pub struct Commands {
    /// The training half of NL2Bash, dictation and command.
    pub pairs: Vec<(String, String)>,
    /// Other commands of NL2Bash.
    pub more: Vec<String>,
    /// Templates of tldr-pages without the held-out pages.
    pub templates: Vec<String>,
    /// Templates of the held-out pages: for measuring only.
    pub held_out: Vec<String>,
    /// Names of files and the like, to put in place of others.
    pub names: Vec<String>,
}

/// Of the free dialect so many of 100 in the styles of `speak`.
const SPOKEN: u8 = 40;
/// Of 100 commands so many get another name.
const RENAMED: u8 = 10;
/// One page of so many is held out.
const HELD_OUT: u64 = 12;

impl Commands {
    /// Reads the corpora under `folder`.
    pub fn read(folder: &Path) -> anyhow::Result<Commands> {
        #[derive(Deserialize)]
        struct Page {
            page: String,
            template: String,
        }
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}: name the folder of the corpora", path.display()))
        };
        let pairs = cases::read(&folder.join("nl2bash/train.jsonl"), "dictated")?;
        let more: Vec<String> = read("nl2bash/more-commands.txt")?.lines().map(str::to_owned).collect();
        let (mut templates, mut held_out) = (Vec::new(), Vec::new());
        for (at, line) in read("tldr/examples.jsonl")?.lines().enumerate() {
            let page: Page = serde_json::from_str(line)
                .with_context(|| format!("tldr/examples.jsonl, line {}", at + 1))?;
            let to = if is_held_out(&page.page) { &mut held_out } else { &mut templates };
            to.push(page.template);
        }
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
        Ok(Commands { pairs, more, templates, held_out, names })
    }

    /// A command by its source, now and then of a program that nobody knows.
    fn draw(&self, source: Source, random: &mut Rng) -> String {
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
                let choice = random.usize(..4);
                match random.bool() {
                    true => template::fill(template, choice),
                    false => {
                        template::fill_with(template, choice, |text| command_grammar::value_for(text, random))
                    }
                }
            }
            Source::Everyday => match random.u8(..4) {
                0 => self.varied(&command_grammar::command(random), random),
                _ => command_grammar::command(random),
            },
        }
    }
}

static PROGRAMS: LazyLock<Vec<&str>> = LazyLock::new(|| programs().collect());

/// Words shorter than this may be part of what a command means.
const SHORTEST_NAME: usize = 4;

impl Commands {
    /// The command under another name: there are more programs than any table holds, and what is heard for one of them is
    /// not to be taken for another that sounds like it.
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

    /// A word as commands hold them, now and then any English one.
    fn word(&self, random: &mut Rng) -> &str {
        static ENGLISH: LazyLock<Vec<&str>> = LazyLock::new(|| english::words().collect());
        match random.u8(..6) {
            0 => ENGLISH[random.usize(..ENGLISH.len())],
            _ => &self.names[random.usize(..self.names.len())],
        }
    }

    fn sometimes(&self, command: &str, random: &mut Rng) -> String {
        if random.bool() { self.varied(command, random) } else { command.to_owned() }
    }

    /// The command with other names and numbers in it: what surrounds a name is what is learnt.
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
            // A number behind a letter or a dash is a flag's, or part of a name such as `md5sum`.
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
    /// A name, now and then of several words.
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

/// Names as commands hold them, each as often as it stands there.
fn names<'c>(commands: impl Iterator<Item = &'c str>) -> Vec<String> {
    commands
        .flat_map(|command| command.split(|c: char| !c.is_ascii_lowercase()))
        .filter(|name| name.len() >= SHORTEST_NAME && !sayso_speech::commands::is_command(name))
        .map(str::to_owned)
        .collect()
}

/// Whether a page of tldr is held out, on every platform that it stands for.
pub fn is_held_out(page: &str) -> bool {
    let hash = page
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash >> 20).is_multiple_of(HELD_OUT)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Pairs,
    More,
    Templates,
    HeldOut,
    Everyday,
}

/// An endless stream of samples.
pub struct Stream<'c> {
    commands: &'c Commands,
    /// What the samples are made of from now on.
    pub mix: Mix,
    random: Rng,
    /// Whether commands come from the held-out pages alone.
    held_out: bool,
    /// Commands as said lately: wrong starts are borrowed from them.
    recent: Vec<Vec<LabelledWord>>,
}

impl<'c> Stream<'c> {
    /// The same seed gives the same samples.
    pub fn new(commands: &'c Commands, mix: Mix, seed: u64) -> Stream<'c> {
        Stream { commands, mix, random: Rng::with_seed(seed), held_out: false, recent: Vec::new() }
    }

    /// A stream of held-out commands, said freely.
    pub fn held_out(commands: &'c Commands, mix: Mix, seed: u64) -> Stream<'c> {
        let none = Mix { nl2bash: 0.0, talk: 0.0, noise: 0.0, prose: 0.0, strict: 0.0, typed: 0.0, ..mix };
        let mix = Mix { free: 1.0, ..none };
        Stream { held_out: true, ..Stream::new(commands, mix, seed) }
    }

    fn source(&mut self) -> Source {
        if self.held_out {
            return Source::HeldOut;
        }
        let random = &mut self.random;
        match random.u8(..10) {
            0 | 1 => Source::Pairs,
            2 => Source::More,
            3..=5 => Source::Templates,
            _ => Source::Everyday,
        }
    }

    /// The next sample, or `None` where a command could not be said.
    pub fn draw(&mut self) -> Option<Sample> {
        let dialect = self.mix.dialect(self.random.f32());
        match dialect {
            "nl2bash" => {
                if self.random.f32() < self.mix.pairs {
                    let (dictated, expected) =
                        &self.commands.pairs[self.random.usize(..self.commands.pairs.len())];
                    return Some(Sample {
                        dictated: dictated.clone(),
                        expected: expected.clone(),
                        known: Vec::new(),
                        dialect,
                    });
                }
                let source = self.source();
                let command = self.commands.draw(source, &mut self.random);
                let words = say(&command, Style::nl2bash(), &mut self.random)?;
                Some(Sample::of_words(&words, command.trim(), dialect))
            }
            STRICT | TYPED => {
                let source = self.source();
                let command = self.commands.draw(source, &mut self.random);
                let dictated = match dialect {
                    STRICT => speak(&command, Dialect::Strict, self.random.u64(..)).ok()?,
                    _ => command.clone(),
                };
                Some(Sample { dictated, expected: command, known: Vec::new(), dialect })
            }
            "free" if !self.held_out && self.random.u8(..100) < SPOKEN => {
                let source = self.source();
                let expected = self.commands.draw(source, &mut self.random);
                let dictated = speak(&expected, Dialect::Free, self.random.u64(..)).ok()?;
                Some(Sample { dictated, expected, known: Vec::new(), dialect })
            }
            _ => {
                let source = self.source();
                let command = self.commands.draw(source, &mut self.random);
                let style = Style::drawn(&mut self.random);
                let words = say(&command, style, &mut self.random)?;
                if words.is_empty() {
                    return None;
                }
                if self.recent.len() < 64 {
                    self.recent.push(words.clone());
                } else {
                    let at = self.random.usize(..64);
                    self.recent[at].clone_from(&words);
                }
                let random = &mut self.random;
                if dialect == "prose" {
                    // Talk without the command that it was about.
                    let mut words = disfluency(words, &self.recent, random);
                    words.retain(|word| !word.kept);
                    let words = if random.u8(..3) == 0 { asr_noise(words, random) } else { words };
                    return (words.len() >= 3).then(|| Sample::of_words(&words, "", dialect));
                }
                let words = match dialect {
                    // People talk into speech engines.
                    "talk" if random.u8(..3) == 0 => {
                        asr_noise(disfluency(words, &self.recent, random), random)
                    }
                    "talk" => disfluency(words, &self.recent, random),
                    "noise" => asr_noise(words, random),
                    _ => words,
                };
                Some(Sample::of_words(&words, command.trim(), dialect))
            }
        }
    }
}
