//! Faults: why a line that says no symbol would not run, or would not mean what was said, as it stands.
//!
//! A press of the key means "convert", so a line stays only if it is plausible. Every fault is one that hardly any typed
//! command has: `sayso-lab gate` counts those that have one.

mod lists;

use crate::clean::{Line, Shape};
use crate::command_line::{runner, runs_rest};
use crate::commands::{self, Arity, Command};
use crate::lattice::omission::is_hesitation;
use crate::phonetic;
use crate::phonetic::lexicon;
use crate::programs;
use crate::symbol::ends_command;
use lists::{
    BEFORE_COMMAND, FREE_SUBCOMMANDS, FREE_WORDS, HOSTS, NAMING_SUBCOMMANDS, READS_DASH, TAKES_SIGN,
};

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A symbol is spaced or glued as no shell wants it: `ls- la`, `src / main`, `- - all`.
    Spacing,
    /// Two words are written as one: `gitstatus`.
    Joined,
    /// A name or a flag lacks its dashes: `apt get`.
    UnsaidDash,
    /// A word is no command or sub-command but sounds like one: `git stache`.
    SoundsLike,
    /// It begins with a sound of hesitation: `uhhh`.
    Hesitation,
}

/// Greatest phonetic distance per sound, in 64ths of a whole substitution, at which a word sounds like a sub-command.
/// This and the next were hand-chosen, 2026-11-28, on the `engine` corpus.
const LIKE_SUBCOMMAND: u8 = 12;
/// The same for a command whose sub-command follows.
const LIKE_COMMAND: u8 = 14;
/// Most words that a name is taken for, misheard or without its dashes.
const MAX_NAME_WORDS: usize = 4;

/// The first fault of a line.
pub(crate) fn find(line: &Line) -> Option<Fault> {
    let words: Vec<&str> = (0..line.tokens.len()).map(|token| line.text(token)).collect();
    let breaks = |at: usize| line.tokens[at].shape == Shape::Break;
    if pairs(&words) {
        return Some(Fault::Spacing);
    }
    let mut start = 0;
    for end in 0..=words.len() {
        let ends = words.get(end).is_none_or(|word| ends_command(word) || breaks(end) || word.ends_with(';'));
        if ends {
            let closing =
                usize::from(words.get(end).is_some_and(|word| word.len() > 1 && word.ends_with(';')));
            if let Some(fault) = simple_command(&words[start..end + closing]) {
                return Some(fault);
            }
            start = end + 1;
        }
    }
    let free = FREE_WORDS.contains(words.first()?);
    let pauses = |token: usize| line.tokens[token].followed_by_pause && is_plain(words[token]);
    // Between brackets, and in code that quotes leave open, commas are the command's own.
    let code = words.iter().any(|word| word.contains(['"', '\'', '{', '(', '$', '`']));
    (!free && !code && (0..words.len() - 1).any(pauses)).then_some(Fault::Spacing)
}

/// Whether two signs stand apart that are one.
fn pairs(words: &[&str]) -> bool {
    let lone = |at: usize, sign: &str| words.get(at).is_some_and(|word| *word == sign);
    let pastes = words.contains(&"paste");
    (0..words.len().saturating_sub(1)).any(|at| match (words[at], words[at + 1]) {
        ("-", "-") => !pastes,
        ("&", "&") | (">", "&") | (">", ">") | ("|", "|") | ("~", "/") | (".", "/") => true,
        ("=", "=") => at > 0,
        (".", ".") => lone(at + 2, "/") || at > 0 && lone(at - 1, "cd"),
        ("*", ".") => words.get(at + 2).is_some_and(|word| is_plain(word)),
        ("$", next) => at > 0 && (is_plain(next) || matches!(next, "(" | "{")),
        (name, "^" | "~") => name == "HEAD",
        _ => false,
    })
}

/// The fault of one simple command.
fn simple_command(words: &[&str]) -> Option<Fault> {
    let words = behind_runners(words);
    let name = words.first()?.trim_start_matches(['(', '$', '`', '{']);
    if FREE_WORDS.contains(&name) {
        return None;
    }
    if is_spaced_wrongly(name, words) {
        return Some(Fault::Spacing);
    }
    let lower = name.to_ascii_lowercase();
    if !is_plain(&lower) {
        return None;
    }
    // `find -exec` runs a command of its own.
    let end = words.iter().position(|word| runs_rest(word)).unwrap_or(words.len());
    match commands::lookup(&[&lower]) {
        Some(command) => known_command(command, &words[..end]),
        None if programs::is_program(&lower) => None,
        None => unknown_command(&lower, &words[..end]),
    }
}

/// The command that is run at last: without assignments, words of the shell, `sudo` and its flags.
fn behind_runners<'a>(mut words: &'a [&'a str]) -> &'a [&'a str] {
    while let Some((first, rest)) = words.split_first() {
        let assigns = first.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        });
        if assigns || BEFORE_COMMAND.contains(first) {
            words = rest;
            continue;
        }
        let Some(runner) = runner(first) else { break };
        let mut rest = rest;
        while let Some((flag, behind)) = rest.split_first()
            && flag.starts_with('-')
            && flag.len() > 1
        {
            let takes = arity(runner, flag) == Some(Arity::Value);
            rest = if takes && !behind.is_empty() { &behind[1..] } else { behind };
        }
        if rest.is_empty() || runner.has_subcommand(rest[0]) {
            break;
        }
        words = rest;
    }
    words
}

/// Whether a sign inside a simple command is spaced or glued wrongly.
fn is_spaced_wrongly(name: &str, words: &[&str]) -> bool {
    let slashes = words.iter().filter(|word| **word == "/").count();
    let command = commands::lookup(&[name]);
    let (stem, sign) = name.split_at(name.trim_end_matches(['-', '/']).len());
    if words.len() > 1 && matches!(sign, "-" | "/") && commands::is_command(stem) {
        return true;
    }
    (1..words.len()).any(|at| {
        let (word, before) = (words[at], words[at - 1]);
        let Some(&next) = words.get(at + 1) else { return word.starts_with("-dash-") };
        let behind_flag = before.starts_with('-') && before.len() > 1;
        match word {
            "-" if behind_flag || name == "su" || !is_plain(next) => false,
            "-" if READS_DASH.contains(&name) => {
                let flags = |letter: char| command.is_some_and(|command| command.short(letter).is_some());
                at == 1 && next.len() <= 3 && next.chars().all(flags)
            }
            "-" => true,
            "/" => (slashes > 1 || at > 1 && is_plain(before)) && is_plain(next),
            "@" => true,
            ":" | "=" if at == 1 => command.is_none() && !programs::is_program(name) && is_plain(next),
            ":" | "=" => !behind_flag && !TAKES_SIGN.contains(&name),
            _ if word.starts_with("-dash-") => true,
            _ => ends_apart(name, word, next),
        }
    })
}

/// Whether a word ends in a sign that belongs to the next one too: `commit- m`, `README. md`, `old_ name`.
fn ends_apart(name: &str, word: &str, next: &str) -> bool {
    let Some(stem) = word.strip_suffix(['-', '.', '_']) else { return false };
    let stem_is_name = stem.ends_with(|c: char| c.is_ascii_alphanumeric())
        && stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./~@".contains(&byte));
    let letters = next.starts_with(|c: char| c.is_ascii_alphanumeric());
    let takes_ends = matches!(name, "split" | "csplit" | "apt" | "apt-get" | "aptitude" | "dig" | "host");
    let is_flag = word.starts_with('-');
    stem_is_name && letters && !takes_ends && !is_flag
}

/// The fault of a command that the table knows.
fn known_command(command: Command, words: &[&str]) -> Option<Fault> {
    let first = command.path();
    if !HOSTS.contains(&first) {
        let name = (2..=MAX_NAME_WORDS).filter_map(|count| joined(words, count, "-"));
        let mut named = name.filter(|name| commands::is_command(name));
        let runs = words.get(1).is_some_and(|second| command.has_subcommand(second));
        if !runs && named.next().is_some() {
            return Some(Fault::UnsaidDash);
        }
    }
    let mut command = command;
    let mut at = 1;
    while at < words.len() {
        let word = words[at];
        if word.starts_with('-') {
            at += 1 + usize::from(arity(command, word) == Some(Arity::Value));
            continue;
        }
        if !is_plain(word) {
            break;
        }
        if let Some(fault) = unsaid_dashes(command, &words[at..]) {
            return Some(fault);
        }
        let Some(below) = command.subcommand(word) else {
            return misheard_subcommand(command, word).or_else(|| unsaid_flags(command, &words[at..]));
        };
        command = below;
        at += 1;
    }
    unsaid_flags(command, words.get(at..)?)
}

/// A hyphenated sub-command without its dash, or one that is written as two words.
fn unsaid_dashes(command: Command, words: &[&str]) -> Option<Fault> {
    let (first, second) = (*words.first()?, *words.get(1)?);
    let below = command.subcommand(first);
    if below.is_some_and(|below| below.has_subcommand(second)) || FREE_SUBCOMMANDS.contains(&first) {
        return None;
    }
    let mut names = (2..=MAX_NAME_WORDS).filter_map(|count| joined(words, count, "-"));
    let written_apart = || joined(words, 2, "").is_some_and(|name| command.has_subcommand(&name));
    let unsaid = names.any(|name| command.has_subcommand(&name)) || below.is_none() && written_apart();
    unsaid.then_some(Fault::UnsaidDash)
}

/// A flag without its dashes, among the arguments of a command. A flag of one word counts only where the command takes no
/// names, or before another one.
fn unsaid_flags(command: Command, words: &[&str]) -> Option<Fault> {
    let is_flag = |name: &str| command.long(name).is_some() && !matches!(name, "help" | "version");
    let several = (0..words.len()).any(|at| {
        (2..=MAX_NAME_WORDS).filter_map(|count| joined(&words[at..], count, "-")).any(|name| is_flag(&name))
    });
    let path = command.path();
    let (_, last) = path.rsplit_once(' ').unwrap_or(("", ""));
    let takes_names = last.is_empty() || NAMING_SUBCOMMANDS.contains(&last) || command.has_subcommands();
    let word = words.first().filter(|word| word.len() >= 5 && is_plain(word));
    let one = word.is_some_and(|word| is_flag(word) || command.word_flag(word).is_some());
    let two = words.windows(2).any(|pair| pair.iter().all(|word| is_plain(word) && is_flag(word)));
    (several || two || one && !takes_names).then_some(Fault::UnsaidDash)
}

/// A word where a sub-command is due: two written as one, or one that sounds like it.
fn misheard_subcommand(command: Command, word: &str) -> Option<Fault> {
    /// Shorter words sound like too many others. Hand-chosen, 2026-11-28.
    const SHORTEST: usize = 4;
    if word.len() < SHORTEST || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    let fused = (2..word.len().saturating_sub(2)).any(|at| {
        let (left, right) = word.split_at(at);
        command.has_subcommand(left) && lexicon::frequency(right).is_some()
    });
    if fused {
        return Some(Fault::Joined);
    }
    let near = |name: &str| phonetic::apart(word, name) <= LIKE_SUBCOMMAND;
    command.subcommands().any(near).then_some(Fault::SoundsLike)
}

/// The fault of a word in a command's place that is the name of no program.
fn unknown_command(name: &str, words: &[&str]) -> Option<Fault> {
    if is_hesitation(name) && words.get(1).is_some_and(|next| commands::is_command(next)) {
        return Some(Fault::Hesitation);
    }
    let hyphenated = (2..=MAX_NAME_WORDS).filter_map(|count| joined(words, count, "-"));
    if hyphenated.into_iter().any(|name| commands::is_command(&name) || programs::is_program(&name)) {
        return Some(Fault::UnsaidDash);
    }
    let fused = (2..name.len().saturating_sub(1)).any(|at| {
        let (left, right) = name.split_at(at);
        commands::lookup(&[left]).is_some_and(|command| command.has_subcommand(right))
    });
    if fused {
        return Some(Fault::Joined);
    }
    let misheard = (1..=MAX_NAME_WORDS.min(words.len().saturating_sub(1))).any(|count| {
        let heard = words[..count].join(" ").to_ascii_lowercase();
        let plain = words[..=count].iter().all(|word| is_plain(word));
        plain
            && commands::with_subcommand(words[count])
                .any(|command| phonetic::apart(&heard, command) <= LIKE_COMMAND)
    });
    misheard.then_some(Fault::SoundsLike)
}

/// The first `count` words joined, if all are plain.
fn joined(words: &[&str], count: usize, joiner: &str) -> Option<String> {
    let words = words.get(..count)?;
    words.iter().all(|word| is_plain(word)).then(|| words.join(joiner).to_ascii_lowercase())
}

/// What follows a flag that is written alone.
fn arity(command: Command, flag: &str) -> Option<Arity> {
    let mut letters = flag.strip_prefix('-')?.chars();
    match (flag.strip_prefix("--"), letters.next(), letters.next()) {
        (Some(name), _, _) => command.long(name),
        (None, Some(letter), None) => command.short(letter),
        _ => command.word_flag(flag.strip_prefix('-')?),
    }
}

/// A word of letters and digits only.
fn is_plain(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::clean;

    fn check(fault: Option<Fault>, lines: &[&str]) {
        for line in lines {
            assert_eq!(find(&clean(line)), fault, "{line:?}");
        }
    }

    #[test]
    fn signs_spaced_or_glued_wrongly() {
        check(
            Some(Fault::Spacing),
            &[
                "docker compose - - help",
                "docker exec - it web sh",
                "tail - n 5 a.log",
                "cd lib / parser",
                "cat / proc / cpuinfo",
                "ssh ada @ backup",
                "curl localhost : 5000",
                "make > out.txt 2 > & 1",
                "git checkout add - login - page",
                "df- h",
                "git add- u",
                "vim notes. md",
                "ls my_ docs",
                "cat/ var/ log",
                "cd . .",
                "git reset HEAD ~ 1",
                "echo $ PATH",
                "sleep 1 & & ls",
                "docker ps, -a",
            ],
        );
    }

    #[test]
    fn words_that_are_no_names() {
        check(Some(Fault::Joined), &["gitfetch", "gitpull origin dev", "npm runtest"]);
        check(
            Some(Fault::UnsaidDash),
            &[
                "sudo apt get upgrade",
                "ssh copy id web",
                "git cherry pick abc123",
                "git work tree prune",
                "systemctl daemon reload",
                "kubectl config use context prod",
                "git push force with lease",
                "docker compose up detach",
                "git rebase abort",
                "notify send done",
            ],
        );
        check(Some(Fault::SoundsLike), &["git stache list", "yearn add left-pad", "rust app show"]);
        check(Some(Fault::Hesitation), &["uhhh git diff", "huh ls -l"]);
    }

    #[test]
    fn plausible_commands() {
        check(
            None,
            &[
                "pip install dash",
                "brew install slash",
                "kubectl get pods",
                "for f in *; do echo $f; done",
                "npm view slash version",
                "cat that.txt",
                "find / -name core",
                "tar cf - src | ssh web tar xf - -C dst",
                "paste - - < a.txt",
                "diff - notes",
                "su - ada",
                "git checkout -",
                "echo 4 / 2 = 2",
                "[ $a = b ] && ls",
                "expr 5 - 3",
                "while : ; do date; done",
                "cut -d : -f 1 /etc/passwd",
                "cp a . ",
                "git show branch",
                "npm install save",
                "git lg",
                "mytool frob bar",
                "sudo -u ada git pull",
                "cd ..",
                "python3 manage.py migrate",
            ],
        );
    }
}
