//! What everyday command-line tools are called, and which sub-commands and flags they take.
//!
//! The facts live in `data/commands.txt`, which says its own format at its top and is written by
//! `scripts/command-table`. The first question cuts the file into its lines and notes where each path is; nothing else
//! is read ahead and no look-up allocates: lines and flags are sorted, so every other question is a binary search.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::LazyLock;

use crate::codes;
use crate::data::COMMANDS as TABLE;
use crate::hash::{FastHash, fnv1a};

/// The lines of the table without the notes at its top.
static LINES: LazyLock<Vec<&str>> =
    LazyLock::new(|| TABLE.lines().skip_while(|line| line.starts_with('#')).collect());

/// Hash of a path → its line. Most questions are about words that are no command.
static BY_PATH: LazyLock<HashMap<u64, &'static str, FastHash>> =
    LazyLock::new(|| LINES.iter().map(|line| (hash(&[Command::read(line).path]), *line)).collect());

/// What follows a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// Nothing: `ls -l`.
    None,
    /// A value, usually the next word: `git commit -m MESSAGE`.
    Value,
    /// A value, usually glued: `gcc -lm`, `du --max-depth=1`.
    Glued,
    /// A glued value or nothing: `ls --color`, `ls --color=auto`.
    Optional,
}

codes!(Arity { None = 0, Value = 1, Glued = 2, Optional = 3 });

/// A command or sub-command of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// The words of the command, separated by single spaces.
    path: &'static str,
    /// The path that sub-commands are below: another one when this is another name of that command.
    below: &'static str,
    /// The flags as the table writes them.
    flags: &'static str,
}

/// The command at `path`, such as `["git", "commit"]`. Other names (`["npm", "i"]`) have the same flags and
/// sub-commands.
pub fn lookup(path: &[&str]) -> Option<Command> {
    let (name, subcommands) = path.split_first()?;
    let command = if is_word(name) { find(&[name])? } else { return None };
    subcommands.iter().try_fold(command, |command, name| command.subcommand(name))
}

/// The commands that have a sub-command `name`.
pub fn with_subcommand(name: &str) -> impl Iterator<Item = &'static str> {
    LINES.iter().filter_map(move |line| {
        let (command, below) = Command::read(line).path.split_once(' ')?;
        (below == name).then_some(command)
    })
}

/// Whether `name` is a known command, exactly as written.
pub fn is_command(name: &str) -> bool {
    lookup(&[name]).is_some()
}

/// Whether `first-second` is a known command, or starts one as `ssh-copy` starts `ssh-copy-id`.
pub fn hyphenated(first: &str, second: &str) -> bool {
    starts_any(&[first, "-", second, "-"])
}

/// Whether `first.second` is a known command, such as `mkfs.ext4`, or starts one.
pub fn dotted(first: &str, second: &str) -> bool {
    starts_any(&[first, ".", second, "."])
}

/// The names of all commands, sorted by bytes.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    LINES.iter().map(|line| Command::read(line).path).filter(|path| !path.contains(' '))
}

/// The words that paths and names of flags are made of, with repetitions.
pub(crate) fn words() -> impl Iterator<Item = &'static str> {
    LINES.iter().flat_map(|line| {
        let command = Command::read(line);
        let flags = if command.flags.starts_with("> ") { "" } else { command.flags };
        let flags = flags.split(' ').map(|flag| Flag::read(flag).name);
        command.path.split(' ').chain(flags).flat_map(words_of)
    })
}

/// The words of a name: what stands between its dashes, dots and the like.
pub(crate) fn words_of(name: &'static str) -> impl Iterator<Item = &'static str> {
    name.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty())
}

impl Command {
    /// The words of the command, separated by single spaces: `git commit`.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// The sub-command `name`.
    pub fn subcommand(&self, name: &str) -> Option<Command> {
        if is_word(name) { find(&[self.below, " ", name]) } else { None }
    }

    /// Whether `name` is a sub-command.
    pub fn has_subcommand(&self, name: &str) -> bool {
        self.subcommand(name).is_some()
    }

    /// Whether `first-second` is a sub-command (`git cherry-pick`), or starts one.
    pub fn has_hyphenated_subcommand(&self, first: &str, second: &str) -> bool {
        starts_any(&[self.below, " ", first, "-", second, "-"])
    }

    /// The names of the sub-commands, sorted by bytes.
    pub fn subcommands(&self) -> impl Iterator<Item = &'static str> + use<> {
        let parent = self.below;
        lines_from(&[parent, " "])
            .map_while(move |line| line.path.strip_prefix(parent)?.strip_prefix(' '))
            .filter(|below| !below.contains(' '))
    }

    /// Whether there is any sub-command.
    pub fn has_subcommands(&self) -> bool {
        self.subcommands().next().is_some()
    }

    /// Whether a whole command of its own follows, as after `sudo` and `xargs`.
    pub fn runs_command(&self) -> bool {
        self.flags == "@" || self.flags.ends_with(" @")
    }

    /// Whether a number is a flag, as in `head -5`.
    pub fn takes_number(&self) -> bool {
        self.word_flag("NUM").is_some()
    }

    /// The flag `-letter`.
    pub fn short(&self, letter: char) -> Option<Arity> {
        self.flag(&["-", letter.encode_utf8(&mut [0; 4])])
    }

    /// The flag `--name`. Every command is taken to know `--help` and `--version`.
    pub fn long(&self, name: &str) -> Option<Arity> {
        if matches!(name, "help" | "version") { Some(Arity::None) } else { self.flag(&["--", name]) }
    }

    /// The flag `-name` of more than one letter, such as `find -maxdepth`.
    pub fn word_flag(&self, name: &str) -> Option<Arity> {
        if name.chars().nth(1).is_none() || name.starts_with('-') {
            return None;
        }
        self.flag(&["-", name])
    }

    /// Whether a flag `--prefix…` exists, `--prefix` itself included.
    pub fn long_starts_with(&self, prefix: &str) -> bool {
        let key = ["--", prefix];
        self.with_parents().enumerate().any(|(level, command)| {
            command
                .flags_from(&key)
                .take_while(|flag| strip(flag.name, &key).is_some())
                .any(|flag| level == 0 || flag.inherited)
        })
    }

    /// All flags with their dashes: the command's own sorted by bytes, then what its parents hand down.
    pub fn flags(&self) -> impl Iterator<Item = (&'static str, Arity)> + use<> {
        self.with_parents().enumerate().flat_map(|(level, command)| {
            let flags = command.flags.split(' ').filter(|flag| flag.starts_with('-')).map(Flag::read);
            flags.filter(move |flag| level == 0 || flag.inherited).map(|flag| (flag.name, flag.arity))
        })
    }

    fn flag(&self, name: &[&str]) -> Option<Arity> {
        self.with_parents().enumerate().find_map(|(level, command)| {
            let flag = command.flags_from(name).next()?;
            let taken = strip(flag.name, name) == Some("") && (level == 0 || flag.inherited);
            taken.then_some(flag.arity)
        })
    }

    /// The command, the command it is a sub-command of, and so on up.
    fn with_parents(self) -> impl Iterator<Item = Command> + use<> {
        std::iter::successors(Some(self), |command| find(&[command.path.rsplit_once(' ')?.0]))
    }

    /// The flags from the first whose name is `key` or sorts after it.
    fn flags_from(&self, key: &[&str]) -> impl Iterator<Item = Flag> + use<> {
        let (mut low, mut high) = (0, self.flags.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let bytes = self.flags.as_bytes();
            let start =
                bytes[low..middle].iter().rposition(|&byte| byte == b' ').map_or(low, |at| low + at + 1);
            let end =
                bytes[middle..].iter().position(|&byte| byte == b' ').map_or(bytes.len(), |at| middle + at);
            if compare(Flag::read(&self.flags[start..end]).name, key).is_lt() {
                low = high.min(end + 1);
            } else {
                high = start;
            }
        }
        self.flags[low..].split(' ').filter(|flag| !flag.is_empty()).map(Flag::read)
    }

    fn read(line: &'static str) -> Command {
        let (path, flags) = line.split_once('\t').unwrap_or((line, ""));
        Command { path, below: path, flags }
    }
}

struct Flag {
    name: &'static str,
    arity: Arity,
    inherited: bool,
}

impl Flag {
    fn read(flag: &'static str) -> Flag {
        let (flag, inherited) = match flag.strip_suffix('*') {
            Some(flag) => (flag, true),
            None => (flag, false),
        };
        // `-?` is a flag of some commands, not a flag without a name.
        let (name, arity) = match flag.as_bytes() {
            [_, _, .., b':'] => (&flag[..flag.len() - 1], Arity::Value),
            [_, _, .., b'='] => (&flag[..flag.len() - 1], Arity::Glued),
            [_, _, .., b'?'] => (&flag[..flag.len() - 1], Arity::Optional),
            _ => (flag, Arity::None),
        };
        Flag { name, arity, inherited }
    }
}

/// The command whose path is `pieces` put together.
fn find(pieces: &[&str]) -> Option<Command> {
    let found = Command::read(BY_PATH.get(&hash(pieces))?);
    if strip(found.path, pieces) != Some("") {
        return None;
    }
    match found.flags.strip_prefix("> ") {
        Some(target) => find(&[target]).map(|target| Command { path: found.path, ..target }),
        None => Some(found),
    }
}

/// Hash of `pieces` put together.
fn hash(pieces: &[&str]) -> u64 {
    fnv1a(pieces.iter().flat_map(|piece| piece.bytes()))
}

/// Whether a command is called what `pieces` put together say, with or without the joiner that ends them
/// and more after it.
fn starts_any(pieces: &[&str]) -> bool {
    find(&pieces[..pieces.len() - 1]).is_some()
        || lines_from(pieces).next().is_some_and(|found| strip(found.path, pieces).is_some())
}

/// Whether `name` can be one word of a path: the table separates them by spaces.
fn is_word(name: &str) -> bool {
    !name.is_empty() && !name.contains(' ')
}

/// The commands from the first whose path is `pieces` put together or sorts after them.
fn lines_from(pieces: &[&str]) -> impl Iterator<Item = Command> + use<> {
    let first = LINES.partition_point(|line| compare(line, pieces).is_lt());
    LINES[first..].iter().map(|line| Command::read(line))
}

/// Compares the start of `text` with `pieces` put together, by bytes: equal when `text` starts with them.
fn compare(text: &str, pieces: &[&str]) -> Ordering {
    let mut rest = text.as_bytes();
    for piece in pieces {
        let (start, after) = rest.split_at(piece.len().min(rest.len()));
        match start.cmp(piece.as_bytes()) {
            Ordering::Equal => rest = after,
            unequal => return unequal,
        }
    }
    Ordering::Equal
}

/// What is left of `text` after `pieces` put together.
fn strip<'a>(text: &'a str, pieces: &[&str]) -> Option<&'a str> {
    pieces.iter().try_fold(text, |rest, piece| rest.strip_prefix(piece))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Checks that the command at `path` has `flags`, written as in the table.
    #[track_caller]
    fn check(path: &str, flags: &'static str) {
        let command = lookup(&path.split(' ').collect::<Vec<_>>());
        let command = command.unwrap_or_else(|| panic!("{path} is not in the table"));
        for flag in flags.split(' ').map(Flag::read) {
            assert_eq!(taken(command, flag.name), Some(flag.arity), "{path} {}", flag.name);
        }
    }

    #[track_caller]
    fn check_unknown(path: &str, flags: &str) {
        let command = lookup(&path.split(' ').collect::<Vec<_>>()).unwrap();
        for flag in flags.split(' ') {
            assert_eq!(taken(command, flag), None, "{path} {flag}");
        }
    }

    fn taken(command: Command, flag: &str) -> Option<Arity> {
        if let Some(long) = flag.strip_prefix("--") {
            return command.long(long);
        }
        let name = flag.strip_prefix('-').unwrap();
        match name.chars().collect::<Vec<_>>()[..] {
            [letter] => command.short(letter),
            _ => command.word_flag(name),
        }
    }

    #[test]
    fn table_is_sorted_whole_and_small() {
        let lines: Vec<&str> = TABLE.lines().skip_while(|line| line.starts_with('#')).collect();
        assert!(TABLE.is_ascii() && TABLE.ends_with('\n'));
        assert!(TABLE.len() <= 400 * 1024, "{} bytes", TABLE.len());
        assert!(lines.windows(2).all(|pair| pair[0] < pair[1]));
        let names = lines.iter().filter(|line| !Command::read(line).path.contains(' ')).count();
        assert!(names >= 700, "{names} commands");
    }

    #[test]
    fn every_line_is_found_with_all_its_flags() {
        for line in TABLE.lines().skip_while(|line| line.starts_with('#')) {
            let words: Vec<&str> = line.split_once('\t').unwrap().0.split(' ').collect();
            let command = lookup(&words).unwrap_or_else(|| panic!("{line:?} is not found"));
            assert!(words.len() <= 3, "{line:?}");
            for (flag, arity) in command.flags() {
                assert!(flag.len() > 1 && !flag.ends_with('*'), "{line:?} {flag:?}");
                assert!(
                    taken(command, flag).is_some_and(|found| found == arity || words.len() > 1),
                    "{line:?} {flag:?}"
                );
            }
        }
    }

    #[test]
    fn key_facts_hold() {
        check("find", "-name: -type: -maxdepth: -mtime: -print0 -delete -L -exec -o");
        check("tar", "-x -z -f: -C: --exclude= --strip-components= --gzip");
        check("grep", "-r -R -i -A: -e: --include= --color? -NUM");
        check("ls", "-l -a -1 -R -S -t --color? --all");
        check("head", "-n: -c: -NUM --lines=");
        check("sed", "-i? -e: -n -E");
        check("sort", "-k= -t= -n -r -u -o:");
        check("cut", "-d= -f:");
        check("xargs", "-0 -n: -I: -P:");
        check("chmod", "-R -v --reference=");
        check("ssh", "-p: -i: -L: -N -v -A");
        check("scp", "-P: -r -i:");
        check("rsync", "-a -v -z -e: --exclude= --delete -n");
        check("curl", "-X: -H: -d: -o: -O -L -s -I --data-urlencode:");
        check("wget", "-O: -q -c -r -nc");
        check("ps", "-e -f -o: -u: --sort=");
        check("gcc", "-l= -L= -o: -Wall -O? -g?");
        check("make", "-j? -C: -f: -B");
        check("python3", "-m: -c: -u");
        check("git", "-C: -c: --no-pager");
        check("git commit", "-m: -a -v -S? --amend --no-edit --message: --fixup:");
        check("git log", "-p -n: -NUM --oneline --since= --graph");
        check("docker run", "-i -t -d -p: -v: -e: -P --rm --name:");
        check("docker container run", "-i -p: --rm");
        check("docker-compose up", "-d --build");
        check("kubectl get", "-n: -o: -A -w --namespace:");
        check("k get", "-n: -o:");
        check("npm i", "-g -D");
        check("pip3 install", "-r: -e: -U --user");
        check("cargo test", "-p: --release --package:");
        check("terraform apply", "-auto-approve -var=");
        check("systemctl", "--user --type= -t: --now");
        check("journalctl", "-u: -f --since= -n?");
        check("psql", "-U: -d: -c: -h:");
        check("mysql", "-u: -p? -h:");
        check("jq", "-r -c --arg:");
        check("ffmpeg", "-i: -c:v: -y -vn");
        check("open", "-a: -n -R");
        check("mount", "-t: -o:");
        check("true", "--help --version");
        check_unknown("git commit", "-x --amen -message -- -");
        check_unknown("git", "--amend");
        check_unknown("find", "--name -n -nam");
        check_unknown("ls", "-NUM -E");
    }

    #[test]
    fn names_are_matched_whole() {
        assert!(is_command("git") && is_command("apt-get") && is_command("["));
        for unknown in ["", "gi", "Git", "git commit", "git\t", "#", TABLE.lines().next().unwrap()] {
            assert!(!is_command(unknown), "{unknown:?}");
        }
        assert_eq!(lookup(&[]), None);
        assert_eq!(lookup(&["git", ""]), None);
        assert_eq!(lookup(&["git", "no-such"]), None);
    }

    #[test]
    fn parts_of_names_are_known() {
        assert!(hyphenated("apt", "get") && hyphenated("docker", "compose") && hyphenated("ssh", "copy"));
        assert!(!hyphenated("apt", "ge") && !hyphenated("git", "commit") && !hyphenated("ssh", "copy-id-"));
        assert!(dotted("mkfs", "ext4") && !dotted("mkfs", "txt"));
        let git = lookup(&["git"]).unwrap();
        assert!(git.has_hyphenated_subcommand("cherry", "pick"));
        assert!(!git.has_hyphenated_subcommand("cherry", "pie"));
    }

    #[test]
    fn subcommands_are_those_one_level_below() {
        let remote = lookup(&["git", "remote"]).unwrap();
        assert!(remote.has_subcommands() && remote.has_subcommand("add"));
        let git: Vec<_> = lookup(&["git"]).unwrap().subcommands().collect();
        assert!(git.contains(&"remote") && git.is_sorted() && !git.iter().any(|name| name.contains(' ')));
        assert!(!lookup(&["find"]).unwrap().has_subcommands());
        assert!(lookup(&["sudo"]).unwrap().runs_command() && !lookup(&["ls"]).unwrap().runs_command());
    }

    #[test]
    fn long_flags_are_known_by_their_start() {
        let commit = lookup(&["git", "commit"]).unwrap();
        assert!(commit.long_starts_with("no-") && commit.long_starts_with("amend"));
        assert!(!commit.long_starts_with("amends") && !commit.long_starts_with("-amend"));
    }
}
