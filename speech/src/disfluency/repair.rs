//! Repairs: what a speaker takes back, and the words that say so.
//!
//! The terms are Shriberg's ("Preliminaries to a Theory of Speech Disfluencies", 1994). In "git push no wait git pull" the
//! reparandum is "git push", the interregnum (or editing term) is "no wait", and the repair is "git pull". Reparandum and
//! interregnum are dropped. The phrases that are an interregnum anywhere are the corrections of the vocabulary.

use super::{entry_at, says_symbol, starts_command};
use crate::commands;
use crate::lattice::Lattice;
use crate::vocabulary::{self, Entry, Kind};

/// Furthest that a repair looks back for the words that it repeats, in tokens. Hand-chosen on 2026-11-23.
const LOOK_BACK: usize = 8;

// These words repair only in the constructions below. As corrections of the vocabulary they would repair everywhere.

/// "git push no git pull": repairs before a word that stands shortly before it.
const NO: &str = "no";
/// "not foo but bar": the first is taken back.
const NOT: &str = "not";
const BUT: &str = "but";

/// Drops what was taken back outside of quotes. The last intention counts.
pub(super) fn find(lattice: &Lattice, quoted: &[bool], dropped: &mut [bool]) {
    replaced(lattice, quoted, dropped);
    not_but(lattice, quoted, dropped);
}

/// Drops the reparandum and the interregnum of each repair.
fn replaced(lattice: &Lattice, quoted: &[bool], dropped: &mut [bool]) {
    let mut at = 0;
    while at < lattice.len() {
        let interregnum = entry_at(lattice, at, Kind::Correction)
            .filter(|entry| !quoted[at] && !dropped[at] && stands_alone(lattice, at, entry));
        let Some(entry) = interregnum else {
            if at > 0
                && lattice.line.lower(at) == NO
                && !quoted[at]
                && at + 1 < lattice.len()
                && !says_symbol(lattice, at + 1)
                && let Some(from) = repeated_word(lattice, at, at + 1, dropped)
            {
                dropped[from..=at].fill(true);
            }
            at += 1;
            continue;
        };
        let mut end = at + entry.words.len();
        // Several phrases in a row ("no wait, I mean") are one interregnum.
        while end < lattice.len()
            && let Some(more) = entry_at(lattice, end, Kind::Correction)
        {
            end += more.words.len();
        }
        // "rm foo scratch that ls": before another command, all that came before is taken back.
        let anew = match entry.writes {
            "restart" => end < lattice.len() && starts_command(lattice, end),
            "dismiss" => end < lattice.len() && names_command(lattice, end),
            _ => false,
        };
        let reparandum = if end >= lattice.len() {
            last_unit(lattice, at, dropped)
        } else if anew || names_command(lattice, end) && begins_command(lattice, end) {
            0
        } else {
            repeated_word(lattice, at, end, dropped).unwrap_or_else(|| last_unit(lattice, at, dropped))
        };
        dropped[reparandum..end].fill(true);
        at = end;
    }
}

/// Whether an interregnum of one word stands between words: `wait_event` is a name.
fn stands_alone(lattice: &Lattice, at: usize, entry: &Entry) -> bool {
    let end = at + entry.words.len();
    entry.words.len() > 1 || at > 0 && !joins(lattice, at - 1) && end < lattice.len() && !joins(lattice, end)
}

/// Whether a symbol is said here that ties the parts of a name together.
fn joins(lattice: &Lattice, at: usize) -> bool {
    let (_, readings) = lattice.arcs_from(at);
    readings
        .iter()
        .filter_map(|reading| reading.entry)
        .any(|entry| matches!(entry.writes, "_" | "-" | "--" | "." | "/"))
}

/// Whether a command is named here. `dash` is the symbol.
fn names_command(lattice: &Lattice, at: usize) -> bool {
    commands::is_command(lattice.line.lower(at)) && !says_symbol(lattice, at)
}

/// Whether the repair starts the command anew: a sub-command follows its name at `at`, or the name was said shortly before.
fn begins_command(lattice: &Lattice, at: usize) -> bool {
    let name = lattice.line.lower(at);
    let next = (at + 1 < lattice.len()).then(|| lattice.line.lower(at + 1));
    let subcommand = next
        .is_some_and(|next| commands::lookup(&[name]).is_some_and(|command| command.has_subcommand(next)));
    let near = at.saturating_sub(4 * LOOK_BACK)..at;
    subcommand || near.into_iter().any(|before| lattice.line.lower(before) == name)
}

/// Start of the reparandum where the repair, which starts at `next`, repeats its first word: "dash r no wait dash capital
/// R".
fn repeated_word(lattice: &Lattice, at: usize, next: usize, dropped: &[bool]) -> Option<usize> {
    let word = lattice.line.lower(next);
    let same = |at: usize| !dropped[at] && lattice.line.lower(at) == word;
    let mut from = (at.saturating_sub(LOOK_BACK)..at).rev().find(|&before| same(before))?;
    // "dash dash force no wait dash dash …": both dashes.
    while from > 0 && same(from - 1) && next + 1 < lattice.len() && lattice.line.lower(next + 1) == word {
        from -= 1;
    }
    Some(from)
}

/// Start of the reparandum where the repair repeats nothing: the last unit before `at`. That is a word with all that
/// symbols tie to it (`--force`, `foo.txt`), or a run of letters or of numbers.
fn last_unit(lattice: &Lattice, at: usize, dropped: &[bool]) -> usize {
    let number = |at: usize| vocabulary::matches(&[lattice.line.lower(at)]).any(|e| e.kind == Kind::Number);
    let letter = |at: usize| lattice.line.lower(at).chars().count() == 1;
    let dash = |at: usize| vocabulary::is_name_of(lattice.line.lower(at), "-");
    let inside = |at: usize| !dash(at) && joins(lattice, at);
    let Some(mut from) = (0..at).rev().find(|before| !dropped[*before]) else { return at };
    loop {
        let before = from.checked_sub(1).filter(|before| !dropped[*before]);
        let Some(before) = before else { return from };
        let run = number(from) && number(before) || letter(from) && letter(before);
        // A dash starts a flag; other symbols stand inside a name and tie their two sides together.
        let tied = inside(before) || inside(from) && !dash(before) && before > 0;
        if dash(before) || run || tied {
            from = before;
        } else {
            return from;
        }
    }
}

/// Drops "not X but" before Y.
fn not_but(lattice: &Lattice, quoted: &[bool], dropped: &mut [bool]) {
    for at in 0..lattice.len() {
        if lattice.line.lower(at) != NOT || quoted[at] || dropped[at] {
            continue;
        }
        let near = lattice.len().min(at + LOOK_BACK);
        if let Some(but) = (at + 2..near).find(|&but| lattice.line.lower(but) == BUT)
            && but + 1 < lattice.len()
        {
            dropped[at..=but].fill(true);
        }
    }
}
