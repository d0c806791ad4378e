//! The lexicon: names of symbols, letters, digits and the words that commands are made of, each with its sounds. Built
//! once per process.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use super::consonants::ConsonantKeys;
use super::distance::{First, MAX_SOUNDS, first};
use super::pronunciation::{self, Sound};
use crate::commands;
use crate::hash::FastHash;
use crate::lattice::Fit;
use crate::vocabulary::{self, Entry};

/// Frequency of a word that only the table of commands knows.
const RARE: u8 = 0;
/// A word at least this frequent is also filed without one of its two consonants, so that a short word is found when it
/// was misheard. Hand-chosen on 2026-11-23.
const STRONG: u8 = 5;
/// Frequency of symbols: that of the commonest words.
const COMMON: u8 = 9;

// The distances below are in 64ths of a whole substitution per sound. All were hand-chosen on 2026-11-23.

/// Largest distance of any match.
pub(super) const FURTHEST: u8 = 25;
/// Largest distance of a word that the table of commands knows where it stands.
const FITTING: u8 = FURTHEST - 1;
/// Largest distance of a number, and of anything from a number.
const NEARLY: u8 = 10;
/// How much closer a match must be for each further word that it merges.
const MERGED: u8 = 4;

/// How much closer a match must be when it was heard as so many words.
pub(super) fn closer(words: usize) -> u8 {
    MERGED * (words as u8 - 1)
}

/// What an entry is.
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
pub struct LexiconEntry {
    /// What it writes.
    pub text: &'static str,
    /// What it is.
    pub role: Role,
    /// The vocabulary entry behind a symbol.
    pub symbol: Option<&'static Entry>,
    /// How often it occurs in commands: 2^n times in the corpora that were counted. Symbols and letters count as the
    /// commonest words.
    pub frequency: u8,
    /// Words of the form.
    pub words: u8,
    /// The number of what it writes: see [`word`].
    pub word: u32,
    /// Whether it is a command.
    pub command: bool,
}

impl LexiconEntry {
    /// Largest distance at which this entry is taken for what was heard as so many words, in 64ths of a whole
    /// substitution: larger when its frequency or the command that it stands in (`fit`) supports it. `number` tells
    /// whether digits were heard. Nothing supports another number than the one heard unless they sound nearly the same
    /// (`for`, `won`).
    pub(super) fn max_distance(&self, fit: Fit, words: usize, number: bool) -> u8 {
        let most = match self.role {
            Role::Number if number => return 0,
            Role::Number => NEARLY,
            _ if number && words == 1 => NEARLY,
            Role::Symbol | Role::Letter => FURTHEST,
            Role::Word if fit != Fit::Unknown => FITTING,
            Role::Word => self.max_distance_unknown(),
        };
        most.saturating_sub(closer(words))
    }

    /// The largest value of [`Self::max_distance`] for one word. `of_commands` tells whether the table of commands holds
    /// it.
    fn max_distance_anywhere(&self, of_commands: bool) -> u8 {
        match self.role {
            Role::Number => NEARLY,
            Role::Symbol | Role::Letter => FURTHEST,
            Role::Word if of_commands || self.command => FITTING,
            Role::Word => self.max_distance_unknown().max(NEARLY),
        }
    }

    /// Largest distance of a word that the table of commands does not know where it stands.
    fn max_distance_unknown(&self) -> u8 {
        8 + self.frequency * 3 / 2
    }
}

/// How an entry sounds, as far as most searches look.
pub(super) struct Pronunciation {
    pub first: First,
    /// Where its sounds begin among those of all entries.
    start: u32,
    /// How many sounds it has.
    pub length: u8,
    /// See [`LexiconEntry::max_distance_anywhere`].
    pub furthest: u8,
}

pub(super) struct Index {
    pub entries: Vec<LexiconEntry>,
    /// Entry → how it sounds.
    pub pronunciations: Vec<Pronunciation>,
    /// The sounds of all entries, one after the other.
    sounds: Vec<Sound>,
    /// Consonant key → the entries filed there, in `filed`.
    pub by_consonants: HashMap<u64, Range<u32>, FastHash>,
    pub filed: Vec<u32>,
    /// Short names of symbols, letters and digits: compared with every single word.
    pub common: Vec<u32>,
    /// Words of `sound-words.txt`, lower case, and their frequency.
    frequencies: HashMap<String, u8, FastHash>,
    /// What entries write → its number.
    words: HashMap<&'static str, u32, FastHash>,
    /// By that number: whether it is a command.
    commands: Vec<bool>,
}

impl Index {
    /// The sounds of an entry.
    pub(super) fn sounds(&self, entry: u32) -> &[Sound] {
        let said = &self.pronunciations[entry as usize];
        &self.sounds[said.start as usize..][..usize::from(said.length)]
    }
}

pub(super) static INDEX: LazyLock<Index> = LazyLock::new(build);

/// How often a word, in lower case, occurs in commands: 2^n times. `None` when it was not counted.
pub fn frequency(word: &str) -> Option<u8> {
    INDEX.frequencies.get(word).copied()
}

/// The number of a word that entries write, smaller than [`words`].
pub fn word(text: &str) -> Option<u32> {
    INDEX.words.get(text).copied()
}

/// How many different words entries write.
pub fn words() -> usize {
    INDEX.words.len()
}

/// Whether a numbered word is a command.
pub fn is_command(word: u32) -> bool {
    INDEX.commands[word as usize]
}

/// Appends the sounds of a spoken form. Letters and words without a vowel are spelled, the others are read.
pub(super) fn say(form: &str, sounds: &mut Vec<Sound>) {
    for word in form.split_whitespace() {
        if word.len() == 1 || pronunciation::is_spelled(word) {
            pronunciation::spell(word, sounds);
        } else {
            pronunciation::read(word, sounds);
        }
    }
}

#[derive(Default)]
struct Builder {
    entries: Vec<LexiconEntry>,
    sounds: Vec<Sound>,
    starts: Vec<u32>,
    seen: HashSet<(&'static str, Vec<Sound>)>,
    words: HashMap<&'static str, u32, FastHash>,
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
        let symbol = entry;
        self.entries.push(LexiconEntry { text, role, symbol, frequency, words: words as u8, word, command });
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
        if !pronunciation::is_spelled(text) {
            self.add(text, Role::Word, None, frequency, 1, |sounds| pronunciation::read(text, sounds));
        }
        if text.len() <= 3 || text.len() <= 5 && pronunciation::is_spelled(text) {
            self.add(text, Role::Word, None, frequency, text.len(), |sounds| {
                pronunciation::spell(text, sounds)
            });
        }
    }
}

fn build() -> Index {
    let mut frequencies: HashMap<String, u8, FastHash> = HashMap::default();
    let mut builder = Builder::default();
    symbols(&mut builder);
    let mut words: Vec<(&'static str, u8)> = Vec::new();
    for line in lines(crate::data::SOUND_WORDS) {
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
    lines(crate::data::SOUNDS).map(|line| line.split_once(char::is_whitespace).unwrap_or((line, "")))
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
        builder.add(letter, Role::Letter, None, COMMON - 2, 1, |sounds| pronunciation::spell(letter, sounds));
    }
}

fn file(builder: Builder, frequencies: HashMap<String, u8, FastHash>) -> Index {
    let Builder { entries, sounds, mut starts, words, commands, .. } = builder;
    starts.push(sounds.len() as u32);
    let of_commands: HashSet<&str> = commands::words().collect();
    let pronunciations = entries.iter().zip(starts.windows(2)).map(|(entry, bounds)| {
        let own = &sounds[bounds[0] as usize..bounds[1] as usize];
        let furthest = entry.max_distance_anywhere(of_commands.contains(entry.text));
        Pronunciation { first: first(own), start: bounds[0], length: own.len() as u8, furthest }
    });
    let pronunciations = pronunciations.collect();
    let (by_consonants, filed, common) = (HashMap::default(), Vec::new(), Vec::new());
    let mut index =
        Index { entries, pronunciations, sounds, by_consonants, filed, common, frequencies, words, commands };
    let mut pairs: Vec<(u64, u32)> = Vec::new();
    for (entry, at) in index.entries.iter().zip(0..) {
        if entry.role != Role::Word && entry.words == 1 {
            index.common.push(at);
        }
        let strong = entry.frequency >= if entry.command { STRONG - 3 } else { STRONG };
        ConsonantKeys::of(index.sounds(at)).each(strong, |key| pairs.push((key, at)));
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
