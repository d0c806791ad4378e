//! What may have been said: the names of symbols, letters, digits, and the words that commands are made of, each with
//! its sounds. Built once per process.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use super::distance::{First, MAX_SOUNDS, first};
use super::ear::Skeleton;
use super::furthest;
use super::letters::{self, Sound};
use crate::commands;
use crate::quick::Quick;
use crate::vocabulary::{self, Entry};

/// Frequency of a word that is known from the tables of commands alone.
const RARE: u8 = 0;
/// Frequency from which on a word is also found when two sounds of a short one differ.
const STRONG: u8 = 5;
/// Frequency of symbols: that of the commonest words.
const COMMON: u8 = 9;

/// What a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A form of the vocabulary that writes a symbol.
    Symbol,
    /// A letter.
    Letter,
    /// A digit, or ten.
    Number,
    /// A word.
    Word,
}

/// Something that may have been said.
#[derive(Debug)]
pub struct Target {
    /// What it writes.
    pub text: &'static str,
    /// What it is.
    pub role: Role,
    /// The vocabulary entry behind a symbol.
    pub entry: Option<&'static Entry>,
    /// How often commands hold it: 2^n times in the lists that were counted; symbols and letters as the commonest words.
    pub frequency: u8,
    /// Words of the form.
    pub words: u8,
    /// What it writes as a number: see [`word`].
    pub word: u32,
    /// Whether it is a command.
    pub command: bool,
}

/// How a target sounds, as far as most searches look.
pub(super) struct Said {
    pub first: First,
    /// Where its sounds begin among those of all targets, and how many there are.
    start: u32,
    pub length: u8,
    /// How far it may ever be: see [`super::furthest`].
    pub furthest: u8,
}

pub(super) struct Index {
    pub targets: Vec<Target>,
    /// Target → how it sounds.
    pub said: Vec<Said>,
    /// The sounds of all targets, one after the other.
    sounds: Vec<Sound>,
    /// Classes of consonants → the targets filed there, in `filed`.
    pub by_consonants: HashMap<u64, Range<u32>, Quick>,
    pub filed: Vec<u32>,
    /// Short names of symbols, letters and digits: compared with every single word.
    pub common: Vec<u32>,
    /// Words of `sound-words.txt`, lower case, and their frequency.
    frequencies: HashMap<String, u8, Quick>,
    /// What targets write → its number.
    words: HashMap<&'static str, u32, Quick>,
    /// By that number: whether it is a command.
    commands: Vec<bool>,
}

impl Index {
    /// The sounds of a target.
    pub(super) fn sounds(&self, target: u32) -> &[Sound] {
        let said = &self.said[target as usize];
        &self.sounds[said.start as usize..][..usize::from(said.length)]
    }
}

pub(super) static INDEX: LazyLock<Index> = LazyLock::new(build);

/// Frequency of a word in commands, as 2^n; `None` for one that is not counted. `word` is in lower case.
pub fn frequency(word: &str) -> Option<u8> {
    INDEX.frequencies.get(word).copied()
}

/// The number of what targets write, smaller than [`words`].
pub fn word(text: &str) -> Option<u32> {
    INDEX.words.get(text).copied()
}

/// How many different things targets write.
pub fn words() -> usize {
    INDEX.words.len()
}

/// Whether a numbered word is a command.
pub fn is_command(word: u32) -> bool {
    INDEX.commands[word as usize]
}

/// Appends how a spoken form sounds: letters and what has no vowel are spelled, the rest is read.
pub(super) fn say(form: &str, sounds: &mut Vec<Sound>) {
    for word in form.split_whitespace() {
        if word.len() == 1 || letters::is_spelled(word) {
            letters::spell(word, sounds);
        } else {
            letters::read(word, sounds);
        }
    }
}

#[derive(Default)]
struct Builder {
    targets: Vec<Target>,
    sounds: Vec<Sound>,
    starts: Vec<u32>,
    seen: HashSet<(&'static str, Vec<Sound>)>,
    words: HashMap<&'static str, u32, Quick>,
    commands: Vec<bool>,
}

impl Builder {
    fn add(
        &mut self,
        text: &'static str,
        role: Role,
        entry: Option<&'static Entry>,
        frequency: u8,
        words: usize,
        say: impl FnOnce(&mut Vec<Sound>),
    ) {
        let mut sounds = Vec::new();
        say(&mut sounds);
        if sounds.is_empty() || sounds.len() > MAX_SOUNDS || !self.seen.insert((text, sounds.clone())) {
            return;
        }
        self.starts.push(self.sounds.len() as u32);
        self.sounds.extend(sounds);
        let next = self.words.len() as u32;
        let word = *self.words.entry(text).or_insert(next);
        if word == next {
            self.commands.push(role == Role::Word && commands::is_command(text));
        }
        let command = self.commands[word as usize];
        self.targets.push(Target { text, role, entry, frequency, words: words as u8, word, command });
    }

    fn form(
        &mut self,
        text: &'static str,
        role: Role,
        entry: Option<&'static Entry>,
        frequency: u8,
        form: &str,
    ) {
        self.add(text, role, entry, frequency, form.split_whitespace().count(), |sounds| say(form, sounds));
    }

    /// A word as it is read, and as it is spelled where it is short.
    fn word(&mut self, text: &'static str, frequency: u8) {
        if !letters::is_spelled(text) {
            self.add(text, Role::Word, None, frequency, 1, |sounds| letters::read(text, sounds));
        }
        if text.len() <= 3 || text.len() <= 5 && letters::is_spelled(text) {
            self.add(text, Role::Word, None, frequency, text.len(), |sounds| letters::spell(text, sounds));
        }
    }
}

fn build() -> Index {
    let mut frequencies: HashMap<String, u8, Quick> = HashMap::default();
    let mut builder = Builder::default();
    symbols(&mut builder);
    let mut words: Vec<(&'static str, u8)> = Vec::new();
    for line in lines(include_str!("../../data/sound-words.txt")) {
        let mut fields = line.split(' ');
        let frequency = fields.next().and_then(|level| level.parse().ok()).unwrap_or(RARE);
        for word in fields {
            frequencies.entry(word.to_ascii_lowercase()).or_insert(frequency);
            words.push((word, frequency));
        }
    }
    let frequency_of = |word: &str| frequencies.get(word).copied().unwrap_or(RARE);
    words.iter().for_each(|&(word, frequency)| builder.word(word, frequency));
    for word in commands::words() {
        let said = word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_lowercase());
        if said && !frequencies.contains_key(word) {
            builder.word(word, RARE);
        }
    }
    for (text, forms) in said_otherwise() {
        let (role, frequency) = match text.as_bytes() {
            [b'0'..=b'9'] => (Role::Number, COMMON - 2),
            [b'a'..=b'z'] => (Role::Letter, COMMON - 2),
            _ => (Role::Word, frequency_of(text)),
        };
        for form in forms.split(',') {
            builder.form(text, role, None, frequency, form);
        }
    }
    for entry in vocabulary::entries() {
        use vocabulary::Kind::{Ending, Heard, Name};
        // What is heard for a name as one word says nothing about what else may be heard for it.
        if matches!(entry.kind, Heard | Ending | Name) && entry.words.len() > 1 {
            builder.form(entry.writes, Role::Word, None, frequency_of(entry.writes), &entry.spoken());
        }
    }
    file(builder, frequencies)
}

/// Names that are not said as they are spelled, and what is heard for letters and digits: what is written and its forms,
/// separated by commas.
pub fn said_otherwise() -> impl Iterator<Item = (&'static str, &'static str)> {
    lines(include_str!("../../data/sounds.txt"))
        .map(|line| line.split_once(char::is_whitespace).unwrap_or((line, "")))
}

/// Symbols, letters and digits.
fn symbols(builder: &mut Builder) {
    use vocabulary::Kind::{Close, Number, Open, Quote, Symbol};
    for entry in vocabulary::entries() {
        match entry.kind {
            Symbol | Quote | Open | Close => {
                let frequency = if entry.canonical { COMMON } else { COMMON - 2 };
                builder.form(entry.writes, Role::Symbol, Some(entry), frequency, &entry.spoken());
            }
            Number if entry.writes.len() == 1 || entry.writes == "10" => {
                builder.form(entry.writes, Role::Number, Some(entry), COMMON - 2, &entry.spoken());
            }
            _ => {}
        }
    }
    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";
    for at in 0..LETTERS.len() {
        let letter = &LETTERS[at..=at];
        builder.add(letter, Role::Letter, None, COMMON - 2, 1, |sounds| letters::spell(letter, sounds));
    }
}

fn file(builder: Builder, frequencies: HashMap<String, u8, Quick>) -> Index {
    let Builder { targets, sounds, mut starts, words, commands, .. } = builder;
    starts.push(sounds.len() as u32);
    let of_commands: HashSet<&str> = commands::words().collect();
    let said = targets.iter().zip(starts.windows(2)).map(|(target, bounds)| {
        let own = &sounds[bounds[0] as usize..bounds[1] as usize];
        let furthest = furthest(target, of_commands.contains(target.text));
        Said { first: first(own), start: bounds[0], length: own.len() as u8, furthest }
    });
    let said = said.collect();
    let (by_consonants, filed, common) = (HashMap::default(), Vec::new(), Vec::new());
    let mut index =
        Index { targets, said, sounds, by_consonants, filed, common, frequencies, words, commands };
    let mut pairs: Vec<(u64, u32)> = Vec::new();
    for (target, at) in index.targets.iter().zip(0..) {
        if target.role != Role::Word && target.words == 1 {
            index.common.push(at);
        }
        let strong = target.frequency >= if target.command { STRONG - 3 } else { STRONG };
        Skeleton::of(index.sounds(at)).each(strong, |key| pairs.push((key, at)));
    }
    pairs.sort_unstable();
    pairs.dedup();
    index.filed = pairs.iter().map(|(_, at)| *at).collect();
    let mut start = 0;
    for group in pairs.chunk_by(|a, b| a.0 == b.0) {
        let end = start + group.len() as u32;
        index.by_consonants.insert(group[0].0, start..end);
        start = end;
    }
    index
}

fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_numbered() {
        let grep = word("grep").unwrap();
        assert!(is_command(grep) && (grep as usize) < words());
        assert!(!is_command(word("json").unwrap()));
        assert_eq!(word("no such word"), None);
        assert!(frequency("grep") > frequency("kubectl"));
    }
}
