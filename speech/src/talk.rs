//! Talk around the command: which tokens of a free line are lead-ins, tails, fillers, or taken back.
//!
//! Rules only: the phrases of the vocabulary, and open talk before the first command as far as everyday words reach.
//! The last intention counts.

use std::sync::LazyLock;

use crate::commands;
use crate::lattice::Lattice;
use crate::vocabulary::{self, Entry, Kind};

/// The words of `data/talk.txt`, sorted.
static TALK: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let lines = include_str!("../data/talk.txt").lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).collect()
});

/// Furthest that a lead-in reaches into a line, in tokens.
const LONGEST_LEAD: usize = 16;
/// Furthest that a correction looks back for the words that it repeats, in tokens.
const LOOK_BACK: usize = 8;

/// For every token whether it is talk or was taken back.
pub fn dropped(lattice: &Lattice) -> Vec<bool> {
    drop_with(lattice, true)
}

/// The same with nothing taken back: for whoever meant "no wait" to the letter.
pub fn dropped_without_corrections(lattice: &Lattice) -> Vec<bool> {
    drop_with(lattice, false)
}

fn drop_with(lattice: &Lattice, correct: bool) -> Vec<bool> {
    let mut dropped = vec![false; lattice.len()];
    let mut quoted = quoted(lattice);
    quoted.resize(lattice.len(), false);
    fillers(lattice, &quoted, &mut dropped);
    if correct {
        corrections(lattice, &quoted, &mut dropped);
        not_but(lattice, &quoted, &mut dropped);
    }
    if lattice.inside.is_none() {
        lead_in(lattice, &mut dropped);
        tail(lattice, &quoted, &mut dropped);
    }
    if dropped.iter().all(|dropped| *dropped) {
        // All of it talk: then none of it is, and the gate has the word.
        dropped.fill(false);
    }
    dropped
}

/// Whether a word (in lower case) is one of those that talk is made of.
pub fn is_talk_word(word: &str) -> bool {
    TALK.binary_search(&word).is_ok()
}

/// Entries of one kind that match at a token.
fn entry_at(lattice: &Lattice, at: usize, kind: Kind) -> Option<&'static Entry> {
    let (_, readings) = lattice.at(at);
    readings.iter().filter_map(|reading| reading.entry).find(|entry| entry.kind == kind)
}

/// Tokens between spoken quotes: a message may say "please".
fn quoted(lattice: &Lattice) -> Vec<bool> {
    let mut inside = lattice.inside.is_some();
    let mut at = 0;
    let mut quoted = Vec::with_capacity(lattice.len());
    while at < lattice.len() {
        let (_, readings) = lattice.at(at);
        let sign = readings
            .iter()
            .filter_map(|reading| reading.entry)
            .find(|entry| matches!(entry.writes, "\"" | "'") && entry.kind != Kind::Case);
        let words = sign.map_or(1, |entry| entry.words.len());
        quoted.extend(std::iter::repeat_n(inside && sign.is_none(), words));
        inside ^= sign.is_some();
        at += words;
    }
    // A quote that is never closed says nothing about what follows it, unless an earlier line opened it.
    if inside && lattice.inside.is_none() { vec![false; lattice.len()] } else { quoted }
}

fn fillers(lattice: &Lattice, quoted: &[bool], dropped: &mut [bool]) {
    for at in 0..lattice.len() {
        if let Some(entry) = entry_at(lattice, at, Kind::Filler)
            && !quoted[at]
        {
            dropped[at..at + entry.words.len()].fill(true);
        }
    }
}

/// "X no wait Y": what Y replaces, and the words that say so.
fn corrections(lattice: &Lattice, quoted: &[bool], dropped: &mut [bool]) {
    let mut at = 0;
    while at < lattice.len() {
        let correction = entry_at(lattice, at, Kind::Correction)
            .filter(|entry| !quoted[at] && !dropped[at] && stands_alone(lattice, at, entry));
        let Some(entry) = correction else {
            // "git push no git pull": a lone "no" before a plain word that stands shortly before it.
            if at > 0
                && lattice.line.lower(at) == "no"
                && !quoted[at]
                && at + 1 < lattice.len()
                && !says_symbol(lattice, at + 1)
                && let Some(from) = repeated(lattice, at, at + 1, dropped)
            {
                dropped[from..=at].fill(true);
            }
            at += 1;
            continue;
        };
        let mut end = at + entry.words.len();
        // Several in a row ("no wait, I mean") are one.
        while end < lattice.len()
            && let Some(more) = entry_at(lattice, end, Kind::Correction)
        {
            end += more.words.len();
        }
        // "scratch that ls": what is dismissed before another command is all of it.
        let anew = match entry.writes {
            "restart" => end < lattice.len() && starts_command(lattice, end),
            "dismiss" => end < lattice.len() && names_command(lattice, end),
            _ => false,
        };
        let from = if end >= lattice.len() {
            last_thing(lattice, at, dropped)
        } else if anew || names_command(lattice, end) && begins_command(lattice, end) {
            0
        } else {
            repeated(lattice, at, end, dropped).unwrap_or_else(|| last_thing(lattice, at, dropped))
        };
        dropped[from..end].fill(true);
        at = end;
    }
}

/// A single word takes something back only between words: `wait_event` is a name.
fn stands_alone(lattice: &Lattice, at: usize, entry: &Entry) -> bool {
    let end = at + entry.words.len();
    entry.words.len() > 1 || at > 0 && !joins(lattice, at - 1) && end < lattice.len() && !joins(lattice, end)
}

/// Whether a symbol is said here that stands inside names.
fn joins(lattice: &Lattice, at: usize) -> bool {
    let (_, readings) = lattice.at(at);
    readings
        .iter()
        .filter_map(|reading| reading.entry)
        .any(|entry| matches!(entry.writes, "_" | "-" | "--" | "." | "/"))
}

/// Whether a command is named here, and no symbol said that a command is called like (`dash`).
fn names_command(lattice: &Lattice, at: usize) -> bool {
    commands::is_command(lattice.line.lower(at)) && !says_symbol(lattice, at)
}

/// Whether the command named at `at` begins anew: it has a sub-command or a flag behind it, or is where all began.
fn begins_command(lattice: &Lattice, at: usize) -> bool {
    let name = lattice.line.lower(at);
    let next = (at + 1 < lattice.len()).then(|| lattice.line.lower(at + 1));
    let subcommand = next
        .is_some_and(|next| commands::lookup(&[name]).is_some_and(|command| command.has_subcommand(next)));
    let near = at.saturating_sub(4 * LOOK_BACK)..at;
    subcommand || near.into_iter().any(|before| lattice.line.lower(before) == name)
}

/// The nearest earlier place that begins like what follows the correction: "dash r no wait dash capital R".
fn repeated(lattice: &Lattice, at: usize, next: usize, dropped: &[bool]) -> Option<usize> {
    let word = lattice.line.lower(next);
    let same = |at: usize| !dropped[at] && lattice.line.lower(at) == word;
    let mut from = (at.saturating_sub(LOOK_BACK)..at).rev().find(|&before| same(before))?;
    // "dash dash force no wait dash dash …": both dashes.
    while from > 0 && same(from - 1) && next + 1 < lattice.len() && lattice.line.lower(next + 1) == word {
        from -= 1;
    }
    Some(from)
}

/// Where the last thing said before `at` begins: a word with all that symbols tie to it (`--force`, `foo.txt`), or a run
/// of letters, digits or numbers.
fn last_thing(lattice: &Lattice, at: usize, dropped: &[bool]) -> usize {
    let number = |at: usize| vocabulary::matches(&[lattice.line.lower(at)]).any(|e| e.kind == Kind::Number);
    let letter = |at: usize| lattice.line.lower(at).chars().count() == 1;
    let dash = |at: usize| matches!(lattice.line.lower(at), "dash" | "minus" | "hyphen");
    let inside = |at: usize| !dash(at) && joins(lattice, at);
    let Some(mut from) = (0..at).rev().find(|before| !dropped[*before]) else { return at };
    loop {
        let before = from.checked_sub(1).filter(|before| !dropped[*before]);
        let Some(before) = before else { return from };
        let run = number(from) && number(before) || letter(from) && letter(before);
        // A dash begins a flag; other symbols stand inside a name and tie what is on both their sides.
        let tied = inside(before) || inside(from) && !dash(before) && before > 0;
        if dash(before) || run || tied {
            from = before;
        } else {
            return from;
        }
    }
}

/// "not X but Y": Y.
fn not_but(lattice: &Lattice, quoted: &[bool], dropped: &mut [bool]) {
    for at in 0..lattice.len() {
        if lattice.line.lower(at) != "not" || quoted[at] || dropped[at] {
            continue;
        }
        let near = lattice.len().min(at + LOOK_BACK);
        if let Some(but) = (at + 2..near).find(|&but| lattice.line.lower(but) == "but")
            && but + 1 < lattice.len()
        {
            dropped[at..=but].fill(true);
        }
    }
}

/// Whether a symbol, a separator or a case directive is said here ("and and", "at sign"), and no everyday word.
pub fn says_symbol(lattice: &Lattice, at: usize) -> bool {
    let (_, readings) = lattice.at(at);
    readings.iter().filter_map(|reading| reading.entry).any(|entry| {
        let says = matches!(
            entry.kind,
            Kind::Symbol | Kind::Quote | Kind::Open | Kind::Close | Kind::Space | Kind::Join | Kind::Case
        );
        says && !entry.everyday
    })
}

fn lead_in(lattice: &Lattice, dropped: &mut [bool]) {
    let mut at = 0;
    // Phrases that lead in, one after another.
    while at < lattice.len() {
        if dropped[at] {
            at += 1;
            continue;
        }
        let Some(entry) = entry_at(lattice, at, Kind::Lead) else { break };
        let end = at + entry.words.len();
        // A single word may be the command itself ("yes", "type"): it leads in only to a command or to more talk.
        let leads = end < lattice.len()
            && (starts_command(lattice, end) || dropped[end] || entry_at(lattice, end, Kind::Lead).is_some());
        if entry.words.len() == 1 && !leads {
            break;
        }
        dropped[at..end].fill(true);
        at = end;
    }
    // Open talk: everyday words only, up to a command.
    let far = lattice.len().min(at + LONGEST_LEAD);
    let mut end = at;
    let is_talk = |at: usize| is_talk_word(lattice.line.lower(at)) && !says_symbol(lattice, at);
    while end < far && (dropped[end] || is_talk(end)) {
        end += 1;
    }
    // A command may be an everyday word ("make", "which"): then the last one that the talk reaches.
    if end == lattice.len() || !starts_command(lattice, end) {
        let named =
            (at..end).rev().find(|&token| !dropped[token] && commands::is_command(lattice.line.lower(token)));
        end = named.unwrap_or(at);
    }
    if (at..end).filter(|&token| !dropped[token]).count() >= 2 {
        dropped[at..end].fill(true);
    }
}

/// Whether a command's name can be read at a token.
pub fn starts_command(lattice: &Lattice, at: usize) -> bool {
    let name = lattice.line.lower(at);
    if is_talk_word(name) {
        // "get", "them", "said" are heard for a name only where its sub-command follows.
        return entry_at(lattice, at, Kind::Heard).is_some_and(|entry| {
            let next = at + entry.words.len();
            next < lattice.len()
                && commands::lookup(&[entry.writes])
                    .is_some_and(|command| command.has_subcommand(lattice.line.lower(next)))
        });
    }
    commands::is_command(name) || entry_at(lattice, at, Kind::Heard).is_some()
}

fn tail(lattice: &Lattice, quoted: &[bool], dropped: &mut [bool]) {
    let mut end = lattice.len();
    while end > 1 {
        if dropped[end - 1] {
            end -= 1;
            continue;
        }
        let longest = (end.saturating_sub(8).max(1)..end).filter(|&at| !quoted[at]).find(|&at| {
            let (_, readings) = lattice.at(at);
            readings.iter().any(|reading| {
                reading.tokens.end == end && reading.entry.is_some_and(|entry| entry.kind == Kind::Tail)
            })
        });
        let Some(from) = longest else { break };
        dropped[from..end].fill(true);
        end = from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::clean;
    use crate::lex::lex;
    use crate::words::UserWords;

    fn check(dictated: &str, kept: &str) {
        let lattice = lex(clean(dictated), &UserWords::default());
        let dropped = dropped(&lattice);
        let words: Vec<&str> =
            (0..lattice.len()).filter(|&at| !dropped[at]).map(|at| lattice.line.lower(at)).collect();
        assert_eq!(words.join(" "), kept, "{dictated:?}");
    }

    #[test]
    fn the_word_list_is_sorted() {
        assert!(TALK.is_sorted());
    }

    #[test]
    fn talk() {
        check("okay so the command is git status", "git status");
        check("Um, let's run ls dash l please", "ls dash l");
        check("can you type cd dot dot", "cd dot dot");
        check("what I would like you to do is git push", "git push");
        check("git status", "git status");
        check("type ls", "ls");
        check("make install", "make install");
        check("echo quote please wait quote", "echo quote please wait quote");
        check("git um push", "git push");
    }

    #[test]
    fn the_last_intention_counts() {
        check("git push no git pull", "git pull");
        check("grep dash r no wait dash capital r foo", "grep dash capital r foo");
        check("git checkout main scratch that develop", "git checkout develop");
        check("rm foo actually make that bar", "rm bar");
        check("sleep one two no wait five", "sleep five");
        check("cat not foo but bar", "cat bar");
        check("git push origin let me start over git fetch", "git fetch");
        check("ls dash l scratch that", "ls");
        check("git push dash dash force scratch that origin main", "git push origin main");
        check("cat foo dot txt no wait bar dot txt", "cat bar dot txt");
        check(
            "git push dash dash force no wait dash dash force with lease",
            "git push dash dash force with lease",
        );
        check("rm dash rf foo scratch that ls", "ls");
    }
}
