//! Disfluencies: which tokens of a free line are lead-ins, tails, fillers, or were taken back.
//!
//! The rules know the phrases of the vocabulary, and open talk before the first command as far as everyday words reach.
//! What was taken back is found in [`repair`].

mod repair;

use std::sync::LazyLock;

use crate::commands;
use crate::lattice::Lattice;
use crate::quote::{self, encloses_text};
use crate::symbol::only_char;
use crate::vocabulary::{Entry, Kind};

/// The words of `data/talk.txt`, sorted.
static TALK: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let lines = crate::data::TALK.lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).collect()
});

/// Longest lead-in, in tokens. Hand-chosen on 2026-11-23.
const LONGEST_LEAD: usize = 16;
/// Longest phrase of a tail, in tokens. Hand-chosen on 2026-11-23; the longest of the vocabulary has four.
const LONGEST_TAIL: usize = 8;

/// For every token whether it is a disfluency.
pub fn dropped(lattice: &Lattice) -> Vec<bool> {
    find(lattice, true)
}

/// The same without repairs: for a speaker who meant "no wait" to be written.
pub fn dropped_without_repairs(lattice: &Lattice) -> Vec<bool> {
    find(lattice, false)
}

fn find(lattice: &Lattice, repairs: bool) -> Vec<bool> {
    let mut dropped = vec![false; lattice.len()];
    let mut quoted = quoted(lattice);
    quoted.resize(lattice.len(), false);
    drop_fillers(lattice, &quoted, &mut dropped);
    if repairs {
        repair::find(lattice, &quoted, &mut dropped);
    }
    if lattice.open_quote().is_none() {
        drop_lead_in(lattice, &mut dropped);
        drop_tail(lattice, &quoted, &mut dropped);
    }
    if dropped.iter().all(|dropped| *dropped) {
        // The whole line would go: then nothing is dropped, and the gate decides.
        dropped.fill(false);
    }
    dropped
}

/// Whether a word, in lower case, is one of those that talk is made of.
pub fn is_talk_word(word: &str) -> bool {
    TALK.binary_search(&word).is_ok()
}

/// Whether a phrase of the vocabulary takes something back somewhere in a line: "no wait", "scratch that".
pub fn takes_back(lattice: &Lattice) -> bool {
    (0..lattice.len()).any(|at| entry_at(lattice, at, Kind::Correction).is_some())
}

/// The entry of one kind that matches at a token.
fn entry_at(lattice: &Lattice, at: usize, kind: Kind) -> Option<&'static Entry> {
    let (_, readings) = lattice.arcs_from(at);
    readings.iter().filter_map(|reading| reading.entry).find(|entry| entry.kind == kind)
}

/// For every token whether it stands between spoken quotes: a message may say "please".
fn quoted(lattice: &Lattice) -> Vec<bool> {
    let mut state = quote::State::new(lattice.open_quote());
    let mut at = 0;
    let mut quoted = Vec::with_capacity(lattice.len());
    while at < lattice.len() {
        let (_, readings) = lattice.arcs_from(at);
        let sign_of = |entry: &Entry| only_char(entry.writes).filter(|sign| encloses_text(*sign));
        let mut entries = readings.iter().filter_map(|reading| reading.entry);
        let sign = entries.find_map(|entry| Some((entry, sign_of(entry)?)));
        let words = sign.map_or(1, |(entry, _)| entry.words.len());
        quoted.extend(std::iter::repeat_n(state.is_open() && sign.is_none(), words));
        if let Some((_, sign)) = sign {
            state.push(sign);
        }
        at += words;
    }
    // A quote that is never closed says nothing about what follows it, unless an earlier line opened it.
    if state.is_open() && lattice.open_quote().is_none() { vec![false; lattice.len()] } else { quoted }
}

/// Drops fillers outside of quotes.
fn drop_fillers(lattice: &Lattice, quoted: &[bool], dropped: &mut [bool]) {
    for at in 0..lattice.len() {
        if let Some(entry) = entry_at(lattice, at, Kind::Filler)
            && !quoted[at]
        {
            dropped[at..at + entry.words.len()].fill(true);
        }
    }
}

/// Whether the name of a symbol or a separator, or a case directive is said here ("and and", "at sign") that is no
/// everyday word.
pub fn says_symbol(lattice: &Lattice, at: usize) -> bool {
    let (_, readings) = lattice.arcs_from(at);
    readings.iter().filter_map(|reading| reading.entry).any(|entry| {
        let says = matches!(
            entry.kind,
            Kind::Symbol | Kind::Quote | Kind::Open | Kind::Close | Kind::Space | Kind::Join | Kind::Case
        );
        says && !entry.everyday
    })
}

/// Drops what leads in to the command at the start of a line.
fn drop_lead_in(lattice: &Lattice, dropped: &mut [bool]) {
    let mut at = 0;
    // Phrases that lead in, one after another.
    while at < lattice.len() {
        if dropped[at] {
            at += 1;
            continue;
        }
        let Some(entry) = entry_at(lattice, at, Kind::Lead) else { break };
        let end = at + entry.words.len();
        // A single word may be the command itself ("yes", "type"), so it leads in only to a command or to more talk.
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
    // Where no command follows, the last everyday word that is a command ("make", "which") may be it.
    if end == lattice.len() || !starts_command(lattice, end) {
        let named =
            (at..end).rev().find(|&token| !dropped[token] && commands::is_command(lattice.line.lower(token)));
        end = named.unwrap_or(at);
    }
    if (at..end).filter(|&token| !dropped[token]).count() >= 2 {
        dropped[at..end].fill(true);
    }
}

/// Whether a command can start at a token.
pub fn starts_command(lattice: &Lattice, at: usize) -> bool {
    let name = lattice.line.lower(at);
    if is_talk_word(name) {
        // "get", "them" and "said" stand for a command only if its sub-command follows.
        return entry_at(lattice, at, Kind::Heard).is_some_and(|entry| {
            let next = at + entry.words.len();
            next < lattice.len()
                && commands::lookup(&[entry.writes])
                    .is_some_and(|command| command.has_subcommand(lattice.line.lower(next)))
        });
    }
    commands::is_command(name) || entry_at(lattice, at, Kind::Heard).is_some()
}

/// Drops the phrases that end a line behind its command.
fn drop_tail(lattice: &Lattice, quoted: &[bool], dropped: &mut [bool]) {
    let mut end = lattice.len();
    while end > 1 {
        if dropped[end - 1] {
            end -= 1;
            continue;
        }
        let longest = (end.saturating_sub(LONGEST_TAIL).max(1)..end).filter(|&at| !quoted[at]).find(|&at| {
            let (_, readings) = lattice.arcs_from(at);
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
        let lattice = lex(clean(dictated), &UserWords::default(), None);
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
