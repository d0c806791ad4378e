//! Everyday commands of developers, from a grammar of our own: what a tagger must know besides `find`.
//!
//! The lists are in `data/everyday`, in the notation that [`grammar`] explains; `[line]` in `shell.txt` is where every
//! command starts. Each one is drawn anew. The facts, such as which flag has which case, are held to the table of
//! commands by a test.

pub mod grammar;
mod placeholder;

use fastrand::Rng;
use grammar::Grammar;
pub use placeholder::value_for;
use std::sync::LazyLock;

static LISTS: [&str; 10] = [
    include_str!("../data/everyday/words.txt"),
    include_str!("../data/everyday/git.txt"),
    include_str!("../data/everyday/containers.txt"),
    include_str!("../data/everyday/packages.txt"),
    include_str!("../data/everyday/files.txt"),
    include_str!("../data/everyday/text.txt"),
    include_str!("../data/everyday/network.txt"),
    include_str!("../data/everyday/system.txt"),
    include_str!("../data/everyday/cloud.txt"),
    include_str!("../data/everyday/shell.txt"),
];

#[expect(clippy::expect_used, reason = "the lists are part of the program, and every test reads them")]
static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::read(&LISTS).expect("readable lists"));

/// A command line, about as often of each kind as developers type them.
pub fn command(random: &mut Rng) -> String {
    fill("line", random).unwrap_or_default()
}

/// A text for the slot `name`, such as `branch`, `path` or `port`; nothing where there is no such list.
pub fn fill(name: &str, random: &mut Rng) -> Option<String> {
    GRAMMAR.entry(name, random)
}

#[cfg(test)]
mod tests;
