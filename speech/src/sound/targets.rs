//! What may have been said: the names of symbols, letters, digits, and the words that commands are made of, each with
//! its sounds, found by how a heard word sounds.
//!
//! Built once per process. A look-up compares only what agrees with the heard word in its consonants, roughly, but for
//! one: every target is filed under the classes of its consonants, and again with each of them left out.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use super::distance::{MAX_SOUNDS, WHOLE, distance};
use super::letters::{self, Quick, SOUNDS, Sound};
use crate::commands;
use crate::vocabulary::{self, Entry};

/// Frequency of a word that is known from the tables of commands alone.
const RARE: u8 = 0;
/// Frequency from which on a word is also found when two sounds of a short one differ.
const STRONG: u8 = 5;
/// Frequency of symbols: that of the commonest words.
const COMMON: u8 = 9;
/// Most consonants that a target is filed by.
const MAX_CONSONANTS: usize = 10;

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
    sounds: Range<u32>,
}

struct Index {
    targets: Vec<Target>,
    /// The sounds of all targets.
    sounds: Vec<Sound>,
    /// Classes of consonants → the targets filed there, in `filed`.
    by_consonants: HashMap<u64, Range<u32>, Quick>,
    filed: Vec<u32>,
    /// Short names of symbols, letters and digits: compared with every single word.
    common: Vec<u32>,
    /// Words of `sound-words.txt`, lower case, and their frequency.
    frequencies: HashMap<String, u8>,
    /// What targets write → its number.
    words: HashMap<&'static str, u32>,
    /// By that number: whether it is a command.
    commands: Vec<bool>,
}

static INDEX: LazyLock<Index> = LazyLock::new(build);

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

/// A target that sounds like what was heard.
#[derive(Debug, Clone, Copy)]
pub struct Near {
    /// What it is.
    pub target: &'static Target,
    /// How far it is: the distance per sound, 64 for wholly different ones.
    pub cost: u8,
}

/// Listens for targets. Made for one line: it remembers which targets it has compared with the last sounds.
pub struct Ear {
    index: &'static Index,
    /// Number of sounds listened to so far.
    turn: u16,
    /// By target: when it was last compared.
    compared: Vec<u16>,
}

impl Ear {
    /// An ear for a line. The first one builds the index, in some hundredths of a second.
    pub fn for_a_line() -> Ear {
        let index = &*INDEX;
        Ear { index, turn: 0, compared: vec![0; index.targets.len()] }
    }

    /// Gives to `take` what sounds like `heard`, no further a sound than `most` says, which never says more than
    /// `furthest`. A `single` word is also compared with the commonest targets, and more loosely.
    pub fn near(
        &mut self,
        heard: &[Sound],
        single: bool,
        furthest: u8,
        most: impl Fn(&Target) -> u8,
        mut take: impl FnMut(Near),
    ) {
        if heard.is_empty() || heard.len() > MAX_SOUNDS {
            return;
        }
        if self.turn == u16::MAX {
            self.compared.fill(0);
            self.turn = 0;
        }
        self.turn += 1;
        let (index, turn, compared) = (self.index, self.turn, &mut self.compared);
        let mut compare = |targets: &[u32]| {
            for &at in targets {
                let at = at as usize;
                if std::mem::replace(&mut compared[at], turn) == turn {
                    continue;
                }
                let target = &index.targets[at];
                let sounds = &index.sounds[target.sounds.start as usize..target.sounds.end as usize];
                let longer = sounds.len().max(heard.len()) as u32;
                // Every sound that one has and the other has not costs three at least.
                let least = sounds.len().abs_diff(heard.len()) as u32 * 3;
                let bound = |most: u8| u32::from(most) * longer * WHOLE / 64;
                if least > bound(furthest) {
                    continue;
                }
                let bound = bound(most(target));
                if least > bound {
                    continue;
                }
                if let Some(apart) = distance(heard, sounds, bound) {
                    take(Near { target, cost: (apart * 64 / (WHOLE * longer)) as u8 });
                }
            }
        };
        if single {
            compare(&index.common);
        }
        Skeleton::of(heard).each(single, |key| {
            if let Some(range) = index.by_consonants.get(&key) {
                compare(&index.filed[range.start as usize..range.end as usize]);
            }
        });
    }
}

/// The classes of a string's consonants.
struct Skeleton {
    classes: [u8; MAX_CONSONANTS],
    length: usize,
}

impl Skeleton {
    fn of(sounds: &[Sound]) -> Skeleton {
        let mut skeleton = Skeleton { classes: [0; MAX_CONSONANTS], length: 0 };
        for &sound in sounds {
            let class = match SOUNDS[usize::from(sound)] {
                b'p' | b'b' => 1,
                b'f' | b'v' | b'a' => 2,
                b't' | b'd' | b'x' => 3,
                b'k' | b'g' => 4,
                b's' | b'z' => 5,
                b'i' | b'e' | b'c' | b'j' => 6,
                b'm' | b'n' | b'q' => 7,
                b'l' => 8,
                b'r' => 9,
                _ => continue,
            };
            if skeleton.length == MAX_CONSONANTS {
                break;
            }
            skeleton.classes[skeleton.length] = class;
            skeleton.length += 1;
        }
        skeleton
    }

    /// The key of the whole and, where `short` or there are three or more, of it without each of its consonants.
    fn each(&self, short: bool, mut take: impl FnMut(u64)) {
        let key = |without: usize| {
            let classes = self.classes[..self.length].iter().enumerate();
            classes.filter(|(at, _)| *at != without).fold(1, |key, (_, &class)| key << 4 | u64::from(class))
        };
        take(key(MAX_CONSONANTS));
        if self.length > 2 || short && self.length == 2 {
            (0..self.length).for_each(|without| take(key(without)));
        }
    }
}

/// Appends how a spoken form sounds: letters and what has no vowel are spelled, the rest is read.
fn say(form: &str, sounds: &mut Vec<Sound>) {
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
    seen: HashSet<(&'static str, Vec<Sound>)>,
    words: HashMap<&'static str, u32>,
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
        let start = self.sounds.len() as u32;
        self.sounds.extend(sounds);
        let sounds = start..self.sounds.len() as u32;
        let next = self.words.len() as u32;
        let word = *self.words.entry(text).or_insert(next);
        if word == next {
            self.commands.push(role == Role::Word && commands::is_command(text));
        }
        let command = self.commands[word as usize];
        self.targets.push(Target { text, role, entry, frequency, words: words as u8, word, command, sounds });
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
    let mut frequencies: HashMap<String, u8> = HashMap::new();
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
    for line in lines(include_str!("../../data/sounds.txt")) {
        let (text, forms) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
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

fn file(builder: Builder, frequencies: HashMap<String, u8>) -> Index {
    let Builder { targets, sounds, words, commands, .. } = builder;
    let mut pairs: Vec<(u64, u32)> = Vec::new();
    let mut common = Vec::new();
    for (at, target) in targets.iter().enumerate() {
        if target.role != Role::Word && target.words == 1 {
            common.push(at as u32);
        }
        let own = &sounds[target.sounds.start as usize..target.sounds.end as usize];
        let strong = target.frequency >= if target.command { STRONG - 3 } else { STRONG };
        Skeleton::of(own).each(strong, |key| pairs.push((key, at as u32)));
    }
    pairs.sort_unstable();
    pairs.dedup();
    let filed: Vec<u32> = pairs.iter().map(|(_, at)| *at).collect();
    let mut by_consonants = HashMap::default();
    let mut start = 0;
    for group in pairs.chunk_by(|a, b| a.0 == b.0) {
        let end = start + group.len() as u32;
        by_consonants.insert(group[0].0, start..end);
        start = end;
    }
    Index { targets, sounds, by_consonants, filed, common, frequencies, words, commands }
}

fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is heard, and what has to be among what it sounds like.
    fn check(heard: &str, expected: &str) {
        let mut sounds = Vec::new();
        say(heard, &mut sounds);
        let mut found = Vec::new();
        let single = !heard.contains(' ');
        Ear::for_a_line().near(&sounds, single, 25, |_| 25, |near| found.push((near.cost, near.target.text)));
        found.sort_unstable();
        assert!(found.iter().any(|(_, text)| *text == expected), "{heard:?}: {expected:?} not in {found:?}");
    }

    #[test]
    fn what_things_sound_like() {
        for (heard, expected) in [
            ("till the", "~"),
            ("grip", "grep"),
            ("crept", "grep"),
            ("can fake", "config"),
            ("so do", "sudo"),
            ("see h mod", "chmod"),
            ("flash", "/"),
            ("tash", "-"),
            ("forage slash", "/"),
            ("hyphen hyphen", "--"),
            ("for", "4"),
            ("won", "1"),
            ("ate", "8"),
            ("vee", "b"),
            ("dee", "d"),
            ("why", "y"),
            ("docks", "docs"),
            ("engine x", "nginx"),
            ("cube c t l", "kubectl"),
            ("jason", "json"),
            ("merch", "merge"),
            ("staging", "staging"),
        ] {
            check(heard, expected);
        }
    }

    #[test]
    fn no_target_is_far() {
        let mut ear = Ear::for_a_line();
        let mut sounds = Vec::new();
        say("whatever", &mut sounds);
        ear.near(&sounds, true, 9, |_| 9, |near| assert!(near.cost <= 9, "{near:?}"));
        ear.near(&[], true, 9, |_| 9, |near| unreachable!("{near:?}"));
    }

    #[test]
    fn words_are_numbered() {
        let grep = word("grep").unwrap();
        assert!(is_command(grep) && (grep as usize) < words());
        assert!(!is_command(word("json").unwrap()));
        assert_eq!(word("no such word"), None);
        assert!(frequency("grep") > frequency("kubectl"));
    }
}
