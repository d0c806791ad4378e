//! The gate: whether a line already is a command, is dictation, or is neither.
//!
//! The costly mistake is to change a line that was right, so every doubt leaves the line as it was.

use crate::clean::Shape;
use crate::commands;
use crate::disfluency;
use crate::fault;
use crate::lattice::Lattice;
use crate::symbol::ends_command;
use crate::vocabulary::{self, Kind};

/// What the gate takes a line for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Already a command: leave it.
    Command,
    /// Dictation: convert it.
    Dictation,
    /// Words that are no command: leave them, and tell the person.
    Prose,
}

/// The evidence for each verdict, as counts.
struct Evidence {
    /// Names of symbols and separators, and directives, that no command has as a word.
    said: usize,
    /// Number words.
    numbers: usize,
    /// Names of symbols that are everyday words too.
    everyday: usize,
    /// Tokens with shell syntax that was typed.
    typed: usize,
    /// Words that were said.
    words: usize,
}

/// Judges a line that is not empty.
pub fn classify(lattice: &Lattice) -> Verdict {
    let evidence = gather(lattice);
    if lattice.open_quote().is_some() && evidence.said == 0 {
        return Verdict::Command;
    }
    let names_command = commands::is_command(lattice.line.text(0));
    if evidence.said == 0 {
        return without_symbols(lattice, &evidence, names_command);
    }
    if is_everyday_sentence(lattice, &evidence) { Verdict::Prose } else { Verdict::Dictation }
}

/// Whether the one name of a symbol in a line is an everyday word of a sentence: "could I get a quote for the kitchen".
fn is_everyday_sentence(lattice: &Lattice, evidence: &Evidence) -> bool {
    /// Fewest words of such a sentence. Hand-chosen, 2026-11-28, on `lab/cases/prose.txt`.
    const SHORTEST: usize = 5;
    // A directive is no everyday word, nor is a name that nobody says in a sentence: "dash", "double dash".
    let directs = |at: usize| {
        let is_said = |entry: &vocabulary::Entry| {
            entry.certain && entry.kind != Kind::Quote
                || entry.words.len() > 1
                || matches!(entry.kind, Kind::Case | Kind::Literal)
        };
        sign(lattice, at).is_some_and(is_said)
    };
    let dropped = disfluency::dropped(lattice);
    let start = dropped.iter().position(|dropped| !dropped).unwrap_or(0);
    evidence.said == 1
        && evidence.typed == 0
        && evidence.words >= SHORTEST
        && !disfluency::starts_command(lattice, start)
        && !(0..lattice.len()).any(|at| directs(at) || own_word(lattice, at).is_some())
        && is_prose(lattice, evidence, 0)
}

/// Whether a line is words alone: it says no symbol, and nothing in it was typed.
pub fn is_words_alone(lattice: &Lattice) -> bool {
    let evidence = gather(lattice);
    evidence.said + evidence.typed == 0
}

fn without_symbols(lattice: &Lattice, evidence: &Evidence, names_command: bool) -> Verdict {
    if evidence.typed > 0 && !leads_in(lattice) {
        // Typed syntax and nothing said: a command, in whatever case it begins, if it is plausible. What an
        // engine wrote as a sentence it may have written otherwise wrong too.
        let dressed =
            lattice.line.is_mended && lattice.line.text.starts_with(|c: char| c.is_ascii_uppercase());
        let says = lattice.line.is_mended && evidence.everyday + evidence.numbers > 0;
        return if dressed || says { Verdict::Dictation } else { plausible(lattice) };
    }
    let sentence = lattice.line.tokens.iter().any(|token| token.followed_by_pause);
    let dropped = disfluency::dropped(lattice);
    let talks = dropped.contains(&true);
    let start = dropped.iter().position(|dropped| !dropped).unwrap_or(0);
    let starts = disfluency::starts_command(lattice, start);
    if names_command && !sentence && !talks && evidence.numbers + evidence.everyday == 0 {
        return plausible(lattice);
    }
    // A lead-in leads to a command, or it is prose: "please remind me".
    if starts && (talks || sentence || evidence.numbers + evidence.everyday > 0 || !names_command) {
        return if is_prose(lattice, evidence, start) { Verdict::Prose } else { Verdict::Dictation };
    }
    if evidence.words >= 2 && is_prose(lattice, evidence, start) {
        return Verdict::Prose;
    }
    plausible(lattice)
}

/// A line that says no symbol is a command as it stands, unless it has a fault.
fn plausible(lattice: &Lattice) -> Verdict {
    if fault::find(&lattice.line).is_some() { Verdict::Dictation } else { Verdict::Command }
}

/// Whether the line begins with words that lead in to a command.
fn leads_in(lattice: &Lattice) -> bool {
    let dropped = disfluency::dropped(lattice);
    let start = dropped.iter().position(|dropped| !dropped).unwrap_or(0);
    start > 0 && disfluency::starts_command(lattice, start)
}

/// Whether the words behind the command's name are mostly function words. About a third of an English sentence are; in
/// commands there are hardly any. The shares were hand-chosen on 2026-11-23 on `lab/cases/prose.txt`.
fn is_prose(lattice: &Lattice, evidence: &Evidence, start: usize) -> bool {
    let rest = start + 1..lattice.len();
    let says = |at: usize| disfluency::is_talk_word(lattice.line.lower(at)) && sign(lattice, at).is_none();
    let function = rest.clone().filter(|&at| says(at)).count();
    let named = disfluency::starts_command(lattice, start);
    let share = function as f32 / rest.len().max(1) as f32;
    let subcommand = lattice.len() > start + 1
        && commands::lookup(&[lattice.line.lower(start)])
            .is_some_and(|command| command.has_subcommand(lattice.line.lower(start + 1)));
    evidence.words >= 3 && !subcommand && share > if named { 0.45 } else { 0.25 }
}

fn gather(lattice: &Lattice) -> Evidence {
    let mut evidence = Evidence { said: 0, numbers: 0, everyday: 0, typed: 0, words: 0 };
    // The tokens of the simple command so far. Operators that were said do not end it: with one of them the line is
    // dictation anyway.
    let mut path: Vec<&str> = Vec::new();
    let mut at = 0;
    while at < lattice.len() {
        let text = lattice.line.lower(at);
        let mut length = 1;
        match lattice.line.tokens[at].shape {
            Shape::Break => {
                path.clear();
                at += 1;
                continue;
            }
            Shape::Typed | Shape::Digits => {
                evidence.typed += 1;
                if ends_command(text) {
                    path.clear();
                    at += 1;
                    continue;
                }
            }
            Shape::Word => {
                evidence.words += 1;
                if let Some(words) = own_word(lattice, at) {
                    evidence.said += 1;
                    length = words;
                } else if let Some(entry) = sign(lattice, at)
                    && !names_itself(lattice, at, &path)
                {
                    length = entry.words.len();
                    match entry.kind {
                        Kind::Number | Kind::Repeat => evidence.numbers += 1,
                        _ if entry.everyday => evidence.everyday += 1,
                        _ => evidence.said += 1,
                    }
                }
            }
        }
        path.push(text);
        at += length;
    }
    evidence
}

/// The number of tokens that one of the person's own words spans here, or one that was learnt: who says it, dictates.
fn own_word(lattice: &Lattice, at: usize) -> Option<usize> {
    let (_, readings) = lattice.arcs_from(at);
    let own = readings.iter().find(|reading| reading.is_user_word() || reading.is_offered_word());
    own.map(|reading| reading.tokens.len())
}

/// The longest entry at a token that is a sign of dictation.
fn sign(lattice: &Lattice, at: usize) -> Option<&'static vocabulary::Entry> {
    let (_, readings) = lattice.arcs_from(at);
    let entries = readings.iter().filter_map(|reading| reading.entry);
    entries.filter(|entry| is_sign(entry.kind)).max_by_key(|entry| entry.words.len())
}

/// Commands and sub-commands behind which the name of a package or a page stands. Hand-chosen, 2026-11-28.
const NAMING: [&str; 12] = [
    "add",
    "info",
    "install",
    "man",
    "remove",
    "search",
    "show",
    "tldr",
    "uninstall",
    "view",
    "whatis",
    "which",
];

/// Whether the name of a symbol is a command or sub-command here, and no symbol: `dot -Tpng`, `npm star`.
fn names_itself(lattice: &Lattice, at: usize, path: &[&str]) -> bool {
    /// Most words of a path in the table of commands. Hand-chosen, 2026-11-23.
    const DEPTH: usize = 3;
    let word = lattice.line.lower(at);
    let spoken_next = at + 1 < lattice.len() && sign(lattice, at + 1).is_some();
    let known = match path {
        [] => commands::is_command(word),
        path if path.len() <= DEPTH => {
            commands::lookup(path).is_some_and(|command| command.has_subcommand(word))
        }
        _ => false,
    };
    let flag_next = at + 1 < lattice.len()
        && lattice.line.tokens[at + 1].shape == Shape::Typed
        && lattice.line.text(at + 1).starts_with('-');
    // A flag follows neither a redirection nor a symbol where a command is due: `crane append -b`, `asterisk -r`.
    let operator = sign(lattice, at).is_some_and(|entry| matches!(entry.writes, ">" | ">>" | "<" | "|"));
    // "pip install dash": the last word where a package or a page is named. A dot is a folder there.
    let names =
        at + 1 == lattice.len() && word != "dot" && path.last().is_some_and(|last| NAMING.contains(last));
    names || known && !spoken_next || flag_next && (path.is_empty() || operator)
}

/// Whether words of this kind are a sign of dictation.
fn is_sign(kind: Kind) -> bool {
    use vocabulary::Kind as K;
    matches!(
        kind,
        K::Symbol
            | K::Point
            | K::Quote
            | K::Open
            | K::Close
            | K::Space
            | K::Join
            | K::Number
            | K::Repeat
            | K::Case
            | K::Literal
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::clean;
    use crate::lex::lex;
    use crate::words::UserWords;

    fn check(line: &str, verdict: Verdict) {
        assert_eq!(classify(&lex(clean(line), &UserWords::default(), None)), verdict, "{line:?}");
    }

    #[test]
    fn commands_stay() {
        for line in [
            "ls -la | grep foo",
            "git status",
            "git commit -m \"fix dash handling\"",
            "docker compose up",
            "cat star.txt",
            "make install",
            "dot -Tpng graph.dot",
            "ls",
            "mytool frob bar",
            "sudo systemctl restart nginx",
            "pip install dash",
            "sudo apt remove dash",
            "man dash",
        ] {
            check(line, Verdict::Command);
        }
    }

    #[test]
    fn dictation_is_heard() {
        for line in [
            "git commit dash m quote fix quote",
            "git commit -m quote fix bug quote",
            "get status",
            "Git status.",
            "okay so git status",
            "sleep five",
            "cd slash tmp",
            "um ls",
            "let's run ls -la",
            "npm install dot",
            "pip install dash r",
            "gitfetch",
            "git stache list",
            "tail - n 5 a.log",
        ] {
            check(line, Verdict::Dictation);
        }
    }

    #[test]
    fn your_own_words_are_dictation() {
        let words = UserWords::new([("kay eight s".to_owned(), "k8s".to_owned())]);
        assert_eq!(classify(&lex(clean("cd kay eight s"), &words, None)), Verdict::Dictation);
    }

    #[test]
    fn prose_stays() {
        for line in [
            "remind me to buy milk",
            "what time is it in the morning",
            "I think we should talk about this later",
            "make me a sandwich with the cheese please",
            "do you have a quote for the new door",
        ] {
            check(line, Verdict::Prose);
        }
    }
}
