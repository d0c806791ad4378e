//! Which commands a word may stand in: those named since the last pipe.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use crate::commands::{self, Command};
use crate::lattice::{Fit, Kind, Reading};

/// Most commands of a line that are kept in mind: `sudo`, `xargs` and talk that looks like a command lead to others.
const MAX_COMMANDS: usize = 4;

/// The words of a command's sub-commands and flags.
type Words = HashMap<&'static str, Fit>;

/// Path of a command → its words. As many as there are commands at most.
static WORDS: LazyLock<RwLock<HashMap<&'static str, Arc<Words>>>> = LazyLock::new(RwLock::default);

fn words(command: Command) -> Arc<Words> {
    if let Some(words) = WORDS.read().unwrap_or_else(PoisonError::into_inner).get(command.path()) {
        return Arc::clone(words);
    }
    let mut words = Words::new();
    for (flag, _) in command.flags() {
        words.extend(commands::words_of(flag).map(|word| (word, Fit::Flag)));
    }
    for subcommand in command.subcommands() {
        words.extend(commands::words_of(subcommand).map(|word| (word, Fit::Subcommand)));
    }
    let words = Arc::new(words);
    let mut all = WORDS.write().unwrap_or_else(PoisonError::into_inner);
    all.insert(command.path(), Arc::clone(&words));
    words
}

/// The commands that are being said.
#[derive(Default)]
pub(super) struct Within {
    commands: Vec<(Command, Arc<Words>)>,
    /// Words since the last pipe.
    said: usize,
}

impl Within {
    /// Reads on over a token, given its readings.
    pub(super) fn read(&mut self, readings: &[Reading]) {
        let separates = |reading: &Reading| {
            reading.kind == Kind::Symbol && matches!(reading.text.as_ref(), "|" | "||" | "&&" | ";")
        };
        if readings.iter().any(separates) {
            *self = Within::default();
            return;
        }
        let mut words = readings.iter().filter(|reading| matches!(reading.kind, Kind::Word | Kind::Heard));
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

    /// What the table of commands says of a word here.
    pub(super) fn fit(&self, word: &str) -> Fit {
        let known = self.commands.iter().rev().find_map(|(_, words)| words.get(word).copied());
        let due = || {
            let runs = self.commands.last().is_none_or(|(command, _)| command.runs_command());
            (runs || self.said < 3) && commands::is_command(word)
        };
        known.unwrap_or_else(|| if due() { Fit::Command } else { Fit::Unknown })
    }
}
