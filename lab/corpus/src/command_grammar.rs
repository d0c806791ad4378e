//! Everyday commands of developers from a grammar of our own: most of what a tagger must know besides `find`.
//!
//! The lists are in `data/commands`, in the notation that [`crate::grammar`] explains. Every command starts at `[line]`
//! in `shell.txt`. A test checks facts, such as the case of each flag, against the table of commands.

mod placeholder;

use crate::grammar::Grammar;
use fastrand::Rng;
pub use placeholder::value_for;
use std::sync::LazyLock;

static LISTS: [&str; 10] = [
    include_str!("../data/commands/words.txt"),
    include_str!("../data/commands/git.txt"),
    include_str!("../data/commands/containers.txt"),
    include_str!("../data/commands/packages.txt"),
    include_str!("../data/commands/files.txt"),
    include_str!("../data/commands/text.txt"),
    include_str!("../data/commands/network.txt"),
    include_str!("../data/commands/system.txt"),
    include_str!("../data/commands/cloud.txt"),
    include_str!("../data/commands/shell.txt"),
];

#[expect(clippy::expect_used, reason = "the lists are part of the program, and every test reads them")]
static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::read(&LISTS, &[]).expect("readable lists"));

/// A command line. Each kind comes about as often as developers type it.
pub fn command(random: &mut Rng) -> String {
    fill("line", random).unwrap_or_default()
}

/// A text for the slot `name`, such as `branch`, `path` or `port`; `None` if there is no such list.
pub fn fill(name: &str, random: &mut Rng) -> Option<String> {
    GRAMMAR.entry(name, random)
}

#[cfg(test)]
mod tests;
