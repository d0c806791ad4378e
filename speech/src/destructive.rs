//! Commands that destroy something: what is lost cannot be brought back by pressing undo.
//!
//! The table is `data/destructive.txt`. A command line is looked at as it is written, word by word; what runs another
//! command (`sudo`, `xargs`, `-exec`) is looked through.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::command_line::runner;
use crate::hash::FastHash;
use crate::symbol::ends_command;

/// What a command line can do that no undo of the line editor takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Danger {
    /// It deletes or destroys, or throws away what was not saved.
    Deletes,
    /// It changes owners or modes of a whole folder.
    ChangesOwners,
    /// It writes over a file.
    Overwrites,
}

impl Danger {
    /// The greatest danger of a command line.
    ///
    /// ```
    /// use sayso_speech::destructive::Danger;
    ///
    /// assert_eq!(Danger::of("sort a > b"), Some(Danger::Overwrites));
    /// assert_eq!(Danger::of("make 2>&1 >/dev/null"), None);
    /// ```
    pub fn of(line: &str) -> Option<Danger> {
        let changes_owners =
            |line: &str| line.split_whitespace().any(|word| matches!(word, "chmod" | "chown" | "chgrp"));
        match is_destructive(line) {
            true if changes_owners(line) => Some(Danger::ChangesOwners),
            true => Some(Danger::Deletes),
            false => overwrites(line).then_some(Danger::Overwrites),
        }
    }

    /// The danger in words, as the rest of a sentence.
    pub fn describe(self) -> &'static str {
        match self {
            Danger::Deletes => "this deletes or destroys",
            Danger::ChangesOwners => "this changes owners or modes of a whole folder",
            Danger::Overwrites => "this overwrites a file",
        }
    }
}

/// Whether a `>` outside of quotes writes to a file from its start. Devices and other descriptors lose nothing.
fn overwrites(line: &str) -> bool {
    let mut quote = None;
    let mut before = ' ';
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        let target = rest.as_str();
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') if before != '\\' => quote = Some(c),
            (None, '>') if !matches!(before, '>' | '-' | '=' | '\\' | '<') => {
                let file = target.trim_start_matches('|').trim_start();
                if !target.starts_with(['>', '&', '=', '(']) && !file.starts_with("/dev/") && !file.is_empty()
                {
                    return true;
                }
            }
            _ => {}
        }
        before = c;
    }
    false
}

/// A command of the table.
struct Entry {
    /// Its sub-commands.
    subcommands: Vec<&'static str>,
    /// Flags of which one must be there; none if the command always destroys.
    flags: Vec<&'static str>,
}

static TABLE: LazyLock<HashMap<&'static str, Vec<Entry>, FastHash>> = LazyLock::new(|| {
    let mut table: HashMap<&'static str, Vec<Entry>, FastHash> = HashMap::default();
    for line in crate::data::DESTRUCTIVE.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let Some(name) = words.next() else { continue };
        let (flags, subcommands) = words.partition(|word| word.starts_with('-'));
        table.entry(name).or_default().push(Entry { subcommands, flags });
    }
    table
});

/// Whether a command line holds a command that destroys something.
///
/// ```
/// use sayso_speech::destructive::is_destructive;
///
/// assert!(is_destructive("cd /tmp && sudo rm -rf build"));
/// assert!(is_destructive("git push -f origin main") && !is_destructive("git push origin main"));
/// assert!(!is_destructive("echo rm"));
/// ```
pub fn is_destructive(line: &str) -> bool {
    // A semicolon needs no space before it.
    let line = line.replace(';', " ; ");
    let words: Vec<&str> = line.split_whitespace().collect();
    words.split(|word| ends_command(word)).any(is_simple_command_destructive)
}

fn is_simple_command_destructive(words: &[&str]) -> bool {
    let runs_next = |word: &str| word.contains('=') || word.starts_with('-') || runner(word).is_some();
    // What `sudo -u x`, `env A=b`, `xargs -n 1` run; and what stands behind `-exec`.
    (0..words.len()).any(|at| {
        let is_value = |before: usize| before > 0 && words[before - 1].starts_with('-');
        let starts = (0..at).all(|before| runs_next(words[before]) || is_value(before))
            || at > 0 && matches!(words[at - 1], "-exec" | "-execdir" | "-c");
        let name = words[at].trim_start_matches(['"', '\'', '(', '`']).rsplit('/').next().unwrap_or_default();
        starts && TABLE.get(name).is_some_and(|entries| entries.iter().any(|e| e.matches(&words[at + 1..])))
    })
}

impl Entry {
    /// Whether the words behind the name make the command destructive.
    fn matches(&self, words: &[&str]) -> bool {
        /// Values of flags that may stand before the sub-command: `git -C folder clean`. Hand-chosen, 2026-11-28.
        const MAX_VALUES: usize = 2;
        let operands: Vec<&str> = words.iter().copied().filter(|word| !word.starts_with('-')).collect();
        let names = (0..=MAX_VALUES)
            .any(|skip| operands.get(skip..).is_some_and(|rest| rest.starts_with(&self.subcommands)));
        names
            && (self.flags.is_empty()
                || self.flags.iter().any(|flag| words.iter().any(|word| has(word, flag))))
    }
}

/// Whether a word is a flag, with its value behind `=`, or a bundle of letters with it.
fn has(word: &str, flag: &str) -> bool {
    let letter = flag.strip_prefix('-').filter(|letter| letter.len() == 1);
    let bundled = letter
        .is_some_and(|letter| !word.starts_with("--") && word.starts_with('-') && word.contains(letter));
    bundled || word.split('=').next() == Some(flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_danger_is_named() {
        for (line, danger) in [
            ("rm -r a > b", Some(Danger::Deletes)),
            ("sudo chown -R me .", Some(Danger::ChangesOwners)),
            ("sort a>b", Some(Danger::Overwrites)),
            ("sort a 2> errors", Some(Danger::Overwrites)),
            ("sort a >| b", Some(Danger::Overwrites)),
            ("sort a >> b", None),
            ("sort a 2>&1", None),
            ("sort a > /dev/null", None),
            ("echo 'a > b'", None),
            ("echo \"a > b\" | wc", None),
            ("perl -e 'x' a->b", None),
            ("diff <(a) >(b)", None),
            ("ls", None),
        ] {
            assert_eq!(Danger::of(line), danger, "{line}");
        }
    }

    #[test]
    fn what_destroys() {
        for line in [
            "rm -rf build",
            "sudo -u root rm x",
            "find . -name '*.o' -delete",
            "find . -exec rm {} +",
            "git -C x reset --hard",
            "git branch -D topic",
            "chmod -Rv 777 .",
            "ls | xargs rm",
            "docker system prune -a",
            "kubectl delete pod x",
            "make; dd if=a of=b",
            "/bin/rm x",
            "rsync -a --delete a b",
            "bash -c 'rm x'",
        ] {
            assert!(is_destructive(line), "{line}");
        }
        for line in
            ["ls", "git reset", "git branch topic", "chmod 777 x", "find . -name x", "rm_all", "npm rm", ""]
        {
            assert!(!is_destructive(line), "{line}");
        }
    }
}
