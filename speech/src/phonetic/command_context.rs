//! The commands that a word may be an argument of: those named since the last operator, as far as the unfinished
//! lattice shows.

use std::collections::HashMap;
use std::hash::Hasher;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use super::lexicon::{self, LexiconEntry, Role};
use crate::commands::{self, Arity, Command};
use crate::hash::FxHasher;
use crate::lattice::{Fit, Kind, Reading};
use crate::symbol::ends_command_after;

/// Words after the start of a command line beyond which a command's name is no longer expected. This and the next limit
/// were hand-chosen on 2026-11-23.
const SOON: usize = 3;
/// Most commands that are remembered: behind `sudo`, `xargs` or talk that looks like a command comes another.
const MAX_COMMANDS: usize = 4;

/// The words of a command's sub-commands and flags.
struct Words {
    /// Number of a word in the lexicon → what it is to the command.
    fits: Vec<Fit>,
    /// The letters that are flags, in either case: `a` is bit 0.
    letters: u32,
    /// Hashes of the first two words of names such as `force-with-lease`; sorted.
    pairs: Vec<u64>,
    /// The names of flags and sub-commands by [`squashed`]; sorted.
    squashed: Vec<(u64, Name)>,
}

/// The name of a flag, with its dashes, or of a sub-command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub text: &'static str,
    /// Whether a value follows the flag, or may.
    pub takes_value: bool,
}

impl Name {
    /// Whether it is a flag.
    pub(super) fn is_flag(self) -> bool {
        self.text.starts_with('-')
    }
}

/// The hash of the letters and digits of a name, in lower case: what is left of it where no sign is said.
fn squashed(words: &[&str]) -> u64 {
    let mut hasher = FxHasher::default();
    let bytes = words.iter().flat_map(|word| word.bytes()).filter(u8::is_ascii_alphanumeric);
    bytes.for_each(|byte| hasher.write_u8(byte.to_ascii_lowercase()));
    hasher.finish()
}

/// Squashed name → command. Of commands that are squashed alike the first counts.
static SQUASHED_COMMANDS: LazyLock<HashMap<u64, &'static str>> = LazyLock::new(|| {
    let mut names = HashMap::new();
    commands::names().for_each(|name| {
        names.entry(squashed(&[name])).or_insert(name);
    });
    names
});

/// The hash of two words that a name begins with.
fn pair(first: &str, second: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(first.as_bytes());
    hasher.write_u8(b'-');
    hasher.write(second.as_bytes());
    hasher.finish()
}

/// Path of a command → its words: a cache with at most one entry for each command of the table. It changes no result.
static WORDS: LazyLock<RwLock<HashMap<&'static str, Arc<Words>>>> = LazyLock::new(RwLock::default);

fn words(command: Command) -> Arc<Words> {
    if let Some(words) = WORDS.read().unwrap_or_else(PoisonError::into_inner).get(command.path()) {
        return Arc::clone(words);
    }
    let fits = vec![Fit::Unknown; lexicon::words()];
    let mut words = Words { fits, letters: 0, pairs: Vec::new(), squashed: Vec::new() };
    let mut note = |name: &'static str, fit: Fit| {
        for word in commands::words_of(name) {
            if let Some(at) = lexicon::word(word) {
                words.fits[at as usize] = fit;
            }
            if let [letter] = word.as_bytes() {
                words.letters |= 1 << (letter.to_ascii_lowercase() - b'a');
            }
        }
        let mut parts = name.trim_start_matches('-').split('-');
        if let (Some(first), Some(second)) = (parts.next(), parts.next()) {
            words.pairs.push(pair(first, second));
        }
    };
    command.flags().for_each(|(flag, _)| note(flag, Fit::Flag));
    command.subcommands().for_each(|subcommand| note(subcommand, Fit::Subcommand));
    words.pairs.sort_unstable();
    let flags = command.flags().filter(|(flag, _)| flag.len() > 2);
    let flags = flags.map(|(text, arity)| Name { text, takes_value: arity != Arity::None });
    let every = ["--help", "--version"].map(|text| Name { text, takes_value: false });
    let below = command.subcommands().map(|text| Name { text, takes_value: false });
    words.squashed = flags.chain(every).chain(below).map(|name| (squashed(&[name.text]), name)).collect();
    words.squashed.sort_unstable();
    words.squashed.dedup();
    let words = Arc::new(words);
    let mut all = WORDS.write().unwrap_or_else(PoisonError::into_inner);
    all.insert(command.path(), Arc::clone(&words));
    words
}

/// Whether nothing was said since the last operator, behind tokens of one reading each.
#[cfg(test)]
pub(crate) fn is_fresh_behind(readings: &[Reading]) -> bool {
    let mut context = CommandContext::default();
    readings.iter().for_each(|reading| context.read(std::slice::from_ref(reading)));
    context.commands.is_empty() && context.said == 0
}

/// The commands that were named since the last operator.
#[derive(Default)]
pub(super) struct CommandContext {
    commands: Vec<(Command, Arc<Words>)>,
    /// Words since the last operator.
    said: usize,
    /// Tokens before this one may belong to an operator or a redirection that was begun; of a redirection, so may the
    /// token behind its symbol.
    symbol_end: usize,
}

impl CommandContext {
    /// Takes in the readings of the next token.
    pub(super) fn read(&mut self, readings: &[Reading]) {
        let symbols = || readings.iter().filter(|reading| reading.is_symbol());
        // An "ampersand" is no operator of its own inside "double ampersand", nor in or behind "two greater than".
        let is_part = readings.first().is_some_and(|reading| reading.tokens.start < self.symbol_end);
        let before = if is_part { ">" } else { "" };
        let operators = symbols().filter(|reading| ends_command_after(before, &reading.text));
        if let Some(symbol_end) = operators.map(|reading| reading.tokens.end).max() {
            *self = CommandContext { symbol_end, ..CommandContext::default() };
            return;
        }
        let redirections = symbols().filter(|reading| reading.text.ends_with(['>', '<']));
        let end = redirections.map(|reading| reading.tokens.end).max();
        self.symbol_end = end.map_or(0, |end| end + 1).max(self.symbol_end);
        let mut words = readings.iter().filter(|reading| matches!(reading.kind, Kind::Word | Kind::Alias));
        let entered = words.clone().any(|reading| self.enter(&reading.text));
        if !entered && words.next().is_some() {
            self.said += 1;
        }
    }

    /// Enters the command or sub-command `name`, if it is one.
    pub(super) fn enter(&mut self, name: &str) -> bool {
        let below = self.commands.iter().rev().find_map(|(command, _)| command.subcommand(name));
        let early = self.commands.len() < MAX_COMMANDS - 1 && name.len() > 1;
        let command = below.or_else(|| if early { commands::lookup(&[name]) } else { None });
        let Some(command) = command else { return false };
        if self.commands.iter().any(|(known, _)| known.path() == command.path()) {
            return true;
        }
        if self.commands.len() == MAX_COMMANDS {
            self.commands.remove(1);
        }
        self.commands.push((command, words(command)));
        true
    }

    /// A key that differs whenever [`Self::fit`] could differ.
    pub(super) fn cache_key(&self) -> u64 {
        let paths = self.commands.iter().map(|(command, _)| command.path().as_ptr() as usize as u64);
        let mut hasher = FxHasher::default();
        paths.for_each(|path| hasher.write_u64(path));
        hasher.write_u64(self.said.min(SOON) as u64);
        hasher.finish()
    }

    /// What the table of commands says of an entry here.
    pub(super) fn fit(&self, entry: &LexiconEntry) -> Fit {
        match entry.role {
            Role::Word => self.fit_of(entry.word, entry.command),
            Role::Letter => self.fit_of_letter(entry.text),
            Role::Symbol | Role::Number => Fit::Unknown,
        }
    }

    /// What the table of commands says here of a written word.
    pub(super) fn fit_of_text(&self, text: &str) -> Fit {
        match lexicon::word(text) {
            Some(word) => self.fit_of(word, lexicon::is_command(word)),
            None => self.fit_of_letter(text),
        }
    }

    /// The hyphenated name that words such as "force with lease" make here, and what the table of commands says of it.
    pub(super) fn fit_of_name(&self, words: &[&str]) -> Option<(String, Fit)> {
        let [first, second, ..] = *words else { return None };
        let (begins, mut name) = (pair(first, second), None);
        for (command, of_command) in self.commands.iter().rev() {
            if of_command.pairs.binary_search(&begins).is_err() {
                continue;
            }
            let name = name.get_or_insert_with(|| words.join("-"));
            if command.has_subcommand(name) {
                return Some((name.clone(), Fit::Subcommand));
            }
            if command.long(name).is_some() {
                return Some((name.clone(), Fit::Flag));
            }
        }
        let two = || commands::lookup(&[first]).is_some_and(|command| command.has_subcommand(second));
        if !self.is_command_due() || !commands::hyphenated(first, second) || two() {
            return None;
        }
        let name = name.unwrap_or_else(|| words.join("-"));
        commands::is_command(&name).then_some((name, Fit::Command))
    }

    /// The flags and sub-commands whose names these words are here, whatever signs are missing between them: those of the
    /// command that was named last come first.
    pub(super) fn names(&self, words: &[&str]) -> impl Iterator<Item = Name> {
        let key = squashed(words);
        self.commands.iter().rev().flat_map(move |(_, of_command)| {
            let first = of_command.squashed.partition_point(|(hash, _)| *hash < key);
            let alike = of_command.squashed[first..].iter().take_while(move |(hash, _)| *hash == key);
            alike.map(|(_, name)| *name)
        })
    }

    /// The command whose name these words are, whatever signs are missing between them, where a command is due.
    pub(super) fn command(&self, words: &[&str]) -> Option<&'static str> {
        if self.is_command_due() { SQUASHED_COMMANDS.get(&squashed(words)).copied() } else { None }
    }

    /// Whether one of the commands that were named has one of these names.
    pub(super) fn has_any(&self, names: &[&str]) -> bool {
        let root = |path: &'static str| path.split(' ').next().unwrap_or(path);
        self.commands.iter().any(|(command, _)| names.contains(&root(command.path())))
    }

    /// Whether the command that was named last is at `path`.
    pub(super) fn is_at(&self, path: &str) -> bool {
        self.commands.last().is_some_and(|(command, _)| command.path() == path)
    }

    fn is_command_due(&self) -> bool {
        self.said < SOON || self.commands.last().is_none_or(|(last, _)| last.runs_command())
    }

    fn fit_of(&self, word: u32, command: bool) -> Fit {
        let fits = self.commands.iter().rev().map(|(_, words)| words.fits[word as usize]);
        fits.into_iter()
            .find(|fit| *fit != Fit::Unknown)
            .unwrap_or_else(|| if command && self.is_command_due() { Fit::Command } else { Fit::Unknown })
    }

    fn fit_of_letter(&self, text: &str) -> Fit {
        let [letter] = text.as_bytes() else { return Fit::Unknown };
        let flag = letter.is_ascii_alphabetic()
            && self
                .commands
                .iter()
                .any(|(_, words)| words.letters >> (letter.to_ascii_lowercase() - b'a') & 1 == 1);
        if flag { Fit::Flag } else { Fit::Unknown }
    }
}
