//! How a word fits where it stands in the command line, as a number that features are made of.
//!
//! The numbers are part of the tagger's input: never renumber. A new way to fit takes a number that was never used.

use sayso_speech::commands::{self, Arity, Command};
use sayso_speech::programs;

/// What the next word may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expects {
    /// Something in quotes.
    Anything,
    /// A command's name.
    Name,
    /// An argument of a command, if it is known.
    Argument(Option<Command>),
}

impl Expects {
    /// How `word` fits.
    pub(super) fn fit(self, word: &str) -> u64 {
        match self {
            _ if word.is_empty() => 1,
            Expects::Anything => 0,
            Expects::Name => fit_name(word),
            Expects::Argument(command) => fit_argument(command, word),
        }
    }
}

/// What follows the flag `word`, if the command is known to take it.
pub(super) fn arity(command: Option<Command>, word: &str) -> Option<Arity> {
    let command = command?;
    match word.strip_prefix("--") {
        Some(name) => command.long(name),
        None => {
            let body = word.strip_prefix('-')?;
            let mut letters = body.chars();
            match (letters.next(), letters.next()) {
                (Some(letter), None) => command.short(letter),
                // In a bundle of short flags the last one may take a value.
                _ => command.word_flag(body).or_else(|| command.short(body.chars().next_back()?)),
            }
        }
    }
}

/// What `word-next` would be: 0 nothing known, 1 the beginning of a command, 2 of a program, 3 a sub-command, 4 the beginning
/// of a flag.
pub(super) fn hyphenated(word: &str, next: &str, expects: Expects) -> u64 {
    match expects {
        _ if word.is_empty() => 0,
        Expects::Anything => 0,
        Expects::Name if commands::hyphenated(word, next) => 1,
        Expects::Name if programs::starts_program(&format!("{word}-{next}")) => 2,
        Expects::Name => 0,
        Expects::Argument(command) => match (command, word.strip_prefix("--")) {
            (Some(command), Some(flag)) if command.long_starts_with(&format!("{flag}-{next}")) => 4,
            (Some(command), None) if command.has_hyphenated_subcommand(word, next) => 3,
            _ => 0,
        },
    }
}

/// How a word fits as the name of a command: 2 to 7.
fn fit_name(word: &str) -> u64 {
    match word {
        word if commands::is_command(word) => 2,
        word if word.contains('=') => 3,
        word if word.contains('/') => 4,
        word if programs::is_program(word) => 6,
        word if word.ends_with('-') && programs::starts_program(word) => 7,
        _ => 5,
    }
}

/// How a word fits as an argument of a command: 10 to 69.
fn fit_argument(command: Option<Command>, word: &str) -> u64 {
    let Some(body) = word.strip_prefix('-') else {
        return match command {
            Some(command) if command.has_subcommand(word) => 10,
            Some(command) if command.has_subcommands() => 11,
            Some(_) => 12,
            None => 13,
        };
    };
    let Some(command) = command else { return 14 };
    if let Some(long) = body.strip_prefix('-') {
        let (name, value) = long.split_once('=').map_or((long, 0), |(name, _)| (name, 6));
        return value
            + match command.long(name) {
                _ if name.is_empty() => 20,
                Some(arity) => 21 + arity.code(),
                None if value == 0 && command.long_starts_with(name) => 25,
                None => 40,
            };
    }
    let mut letters = body.chars();
    let Some(first) = letters.next() else { return 50 };
    if let Some(arity) = command.word_flag(body) {
        return 51 + arity.code();
    }
    if body.bytes().all(|byte| byte.is_ascii_digit()) {
        return 55 + u64::from(command.takes_number());
    }
    match (command.short(first), letters.as_str()) {
        (Some(arity), "") => 60 + arity.code(),
        (Some(Arity::Value | Arity::Glued | Arity::Optional), rest) => {
            64 + u64::from(rest.starts_with(|c: char| c.is_ascii_digit()))
        }
        (Some(Arity::None), rest) if rest.chars().all(|letter| command.short(letter).is_some()) => 66,
        (Some(Arity::None), _) => 67,
        (None, "") => 68,
        (None, _) => 69,
    }
}
