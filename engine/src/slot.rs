//! Slots: which names of the place fit at a position of a command line.

use sayso_place::{Names, Place, Source};
use sayso_speech::command_line::runner;
use sayso_speech::commands::{self, Arity};
use std::sync::LazyLock;

/// How freely the names of a slot are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trust {
    /// Only for several words, and files only with their ending: other things may stand here, too.
    Exact,
    /// The same for one word, and files without their ending.
    Open,
    /// Only such a name makes sense here, so even one that merely sounds alike may be meant.
    Strong,
}

/// Names that fit somewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fitting<'p> {
    pub(crate) names: &'p Names,
    pub(crate) trust: Trust,
    /// Whether only folders fit.
    pub(crate) folders_only: bool,
    /// Whether the name is one only if a colon follows: `host:path`.
    pub(crate) before_colon: bool,
}

// The lists below were hand-chosen on 2026-11-28. They hold what the table of commands does not say.

/// Commands whose operands are folders.
const ENTERING: [&str; 6] = ["cd", "pushd", "rmdir", "z", "chdir", "popd"];
/// Commands whose operands name what does not exist yet, or are free text.
const CREATING: [&str; 16] = [
    "touch", "mkdir", "mktemp", "echo", "printf", "say", "alias", "unalias", "for", "expr", "seq", "sleep",
    "date", "kill", "useradd", "read",
];
/// Commands whose first operand is a pattern, a script or a mode.
const PATTERN_FIRST: [&str; 15] = [
    "grep", "egrep", "fgrep", "zgrep", "rg", "ag", "ack", "sed", "awk", "gawk", "jq", "yq", "perl", "chmod",
    "chown",
];
/// Commands whose first operand is a host.
const REACHING: [&str; 14] = [
    "ssh",
    "mosh",
    "sftp",
    "ssh-copy-id",
    "ping",
    "ping6",
    "traceroute",
    "mtr",
    "dig",
    "nslookup",
    "host",
    "telnet",
    "nc",
    "wakeonlan",
];
/// Commands that take names of variables.
const VARYING: [&str; 6] = ["export", "unset", "printenv", "readonly", "declare", "typeset"];
/// Commands whose operands are names of commands.
const NAMING: [&str; 9] = ["which", "type", "man", "whatis", "whereis", "tldr", "command", "where", "hash"];
/// Commands with sub-commands whose operands are files all the same.
const FILE_TAKING: [&str; 13] = [
    "tar", "zip", "unzip", "openssl", "aspell", "code", "source", "go", "deno", "node", "python", "python3",
    "ruby",
];
/// Flags that take a file.
const FILE_FLAGS: [&str; 14] = [
    "-f",
    "--file",
    "--filename",
    "-k",
    "--kustomize",
    "-i",
    "--config",
    "--values",
    "--env-file",
    "--from-file",
    "--input",
    "--requirement",
    "--manifest-path",
    "--script",
];
/// Flags that take text, a pattern, or the name of something new.
const NEW_FLAGS: [&str; 24] = [
    "-m",
    "--message",
    "--title",
    "--body",
    "-o",
    "--output",
    "--name",
    "--orphan",
    "-e",
    "--regexp",
    "--include",
    "--exclude",
    "-iname",
    "-name",
    "--data",
    "--description",
    "--comment",
    "-am",
    "--author",
    "--format",
    "--pretty",
    "--grep",
    "--since",
    "--until",
];
/// The same for single commands.
const NEW_FLAGS_OF: [(&str, &[&str]); 4] = [
    ("git", &["-b", "-B", "-c", "-C", "-S", "-G"]),
    ("curl", &["-d", "-H", "-X"]),
    ("bash", &["-c"]),
    ("sh", &["-c"]),
];
/// Sub-commands of git that take files.
const GIT_FILES: [&str; 9] =
    ["add", "rm", "mv", "restore", "blame", "difftool", "apply", "ls-files", "annotate"];
/// Sub-commands of git that take refs.
const GIT_REFS: [&str; 19] = [
    "checkout",
    "switch",
    "merge",
    "rebase",
    "log",
    "diff",
    "show",
    "reset",
    "cherry-pick",
    "revert",
    "branch",
    "tag",
    "describe",
    "rev-parse",
    "worktree",
    "merge-base",
    "shortlog",
    "bisect",
    "range-diff",
];

/// A position of a command line.
pub(crate) struct Position<'w> {
    /// The words of the simple command before it.
    pub(crate) words: &'w [String],
    /// What stands before it in the same word: `user@`, `main..`, `$`.
    pub(crate) prefix: &'w str,
}

/// What fits at a position.
pub(crate) fn fitting<'p>(place: &'p Place, position: &Position<'_>) -> Vec<Fitting<'p>> {
    fitting_with(place, &place.folder.files, position)
}

/// The files of another folder that fit behind some words, as those of the working directory would.
pub(crate) fn fitting_files<'p>(place: &'p Place, files: &'p Names, words: &[String]) -> Vec<Fitting<'p>> {
    let mut fitting = fitting_with(place, files, &Position { words, prefix: "" });
    fitting.retain(|fitting| std::ptr::eq(fitting.names, files));
    fitting
}

/// Whether files fit behind some words.
pub(crate) fn takes_files(place: &Place, words: &[String]) -> bool {
    static SOME: LazyLock<Names> = LazyLock::new(|| Names::new([("file.txt", Source::File)]));
    !fitting_files(place, &SOME, words).is_empty()
}

/// What fits at a position, where these are the files.
fn fitting_with<'p>(place: &'p Place, files: &'p Names, position: &Position<'_>) -> Vec<Fitting<'p>> {
    let mut fitting: Vec<Fitting<'p>> = Vec::new();
    let mut add = |names: &'p Names, trust: Trust| {
        if !names.is_empty() {
            fitting.push(Fitting { names, trust, folders_only: false, before_colon: false });
        }
    };
    let (folder, user, shell) = (&*place.folder, &*place.user, &*place.shell);
    let prefix = position.prefix;
    if prefix.ends_with('$') || prefix.ends_with("${") {
        add(&shell.variables, Trust::Strong);
        return fitting;
    }
    let words = simple(position.words);
    let command_name = words.first().map_or("", |word| base(word));
    if prefix.ends_with('@') {
        if REACHING.contains(&command_name) || matches!(command_name, "scp" | "rsync") {
            add(&user.hosts, Trust::Strong);
        }
        return fitting;
    }
    if prefix.ends_with("..") {
        if command_name == "git" {
            add(&folder.refs, Trust::Strong);
        }
        return fitting;
    }
    let Some(name) = words.first().map(|word| base(word)) else {
        match prefix {
            "" => {
                add(&shell.own, Trust::Open);
                add(&user.history.commands, Trust::Exact);
            }
            "./" => add(files, Trust::Exact),
            _ => {}
        }
        return fitting;
    };
    // What follows another redirection than these is made by it.
    match words.last().map(String::as_str) {
        Some(">" | "2>" | "&>" | ">|" | "<<" | "<<<") => return fitting,
        Some(">>" | "<") => {
            add(files, Trust::Open);
            return fitting;
        }
        _ => {}
    }
    if CREATING.contains(&name) {
        return fitting;
    }
    let sub = words.get(1).map_or("", String::as_str);
    let base_command = commands::lookup(&[name]);
    let has_subcommands = base_command.is_some_and(|command| command.has_subcommands());
    let mut command = base_command;
    for word in words[1..].iter().filter(|word| !word.starts_with('-')) {
        match command.and_then(|command| command.subcommand(word)) {
            Some(subcommand) => command = Some(subcommand),
            None => break,
        }
    }
    let operands = operands(&words[1..], name);
    let flag = words.last().filter(|word| word.starts_with('-') && word.len() > 1 && prefix.is_empty());
    let flag =
        flag.map(String::as_str).or_else(|| prefix.strip_suffix('=').filter(|flag| flag.starts_with('-')));
    let history = user.history.of(name).filter(|_| name != "git");
    if let Some(flag) = flag {
        let arity = command.and_then(|command| match flag.strip_prefix("--") {
            Some(long) => command.long(long),
            None => flag
                .chars()
                .last()
                .and_then(|letter| command.short(letter))
                .or_else(|| command.word_flag(&flag[1..])),
        });
        let takes_value = !matches!(arity, Some(Arity::None | Arity::Optional));
        let is_new = NEW_FLAGS.contains(&flag)
            || NEW_FLAGS_OF.iter().any(|(command, flags)| *command == name && flags.contains(&flag));
        if is_new && takes_value {
            return fitting;
        }
        if takes_value {
            // The last of several letters takes the value: `-tzf`.
            let last = flag.char_indices().last().filter(|_| !flag.starts_with("--"));
            let letter = last.map_or_else(String::new, |(at, _)| format!("-{}", &flag[at..]));
            if FILE_FLAGS.contains(&flag) || FILE_FLAGS.contains(&letter.as_str()) {
                add(files, Trust::Strong);
            }
            match (name, flag) {
                ("cargo", "-p" | "--package" | "--bin" | "--example" | "--test" | "--bench") => {
                    add(&folder.packages, Trust::Strong);
                }
                ("ssh" | "scp" | "rsync", "-J") => add(&user.hosts, Trust::Strong),
                _ => {}
            }
            if let Some(history) = history {
                add(history, Trust::Open);
            }
            if arity == Some(Arity::Value) {
                return fitting;
            }
        }
    }
    if ENTERING.contains(&name) {
        add(files, Trust::Strong);
        fitting.iter_mut().for_each(|fitting| fitting.folders_only = true);
        return fitting;
    }
    if VARYING.contains(&name) {
        if prefix.is_empty() {
            add(&shell.variables, Trust::Strong);
        }
        return fitting;
    }
    if NAMING.contains(&name) {
        add(&shell.own, Trust::Exact);
        return fitting;
    }
    if REACHING.contains(&name) {
        if operands == 0 {
            add(&user.hosts, Trust::Strong);
            if let Some(history) = history {
                add(history, Trust::Open);
            }
        }
        return fitting;
    }
    match name {
        "git" => {
            git(place, files, words, sub, operands, &mut add);
            return fitting;
        }
        "npm" | "pnpm" | "yarn" | "bun" if matches!(sub, "run" | "run-script") && operands == 1 => {
            add(&folder.scripts, Trust::Strong);
            return fitting;
        }
        "pnpm" | "yarn" | "bun" if operands == 0 => add(&folder.scripts, Trust::Exact),
        "poetry" | "pdm" | "uv" | "poe" | "rye" if operands <= 1 => add(&folder.scripts, Trust::Open),
        "make" | "gmake" => {
            add(&folder.targets, Trust::Strong);
            return fitting;
        }
        "just" => {
            add(&folder.recipes, Trust::Strong);
            return fitting;
        }
        "docker" | "podman" if sub == "compose" && operands >= 2 => add(&folder.services, Trust::Strong),
        "docker-compose" | "podman-compose" if operands >= 1 => add(&folder.services, Trust::Strong),
        "scp" | "rsync" => {
            if !user.hosts.is_empty() && prefix.is_empty() {
                let hosts = Fitting {
                    names: &user.hosts,
                    trust: Trust::Open,
                    folders_only: false,
                    before_colon: true,
                };
                fitting.push(hosts);
            }
            if prefix.is_empty() && !files.is_empty() {
                let files =
                    Fitting { names: files, trust: Trust::Open, folders_only: false, before_colon: false };
                fitting.push(files);
            }
            return fitting;
        }
        _ => {}
    }
    if PATTERN_FIRST.contains(&name) && operands == 0 {
        return fitting;
    }
    if let Some(history) = history {
        add(history, if has_subcommands { Trust::Open } else { Trust::Exact });
    }
    let takes_files = FILE_TAKING.contains(&name) || !has_subcommands;
    // The second name of a copy may be a new one.
    let is_target = matches!(name, "cp" | "mv" | "ln" | "rename") && operands >= 1;
    if takes_files {
        add(files, if is_target { Trust::Exact } else { Trust::Strong });
    }
    fitting
}

/// What fits behind git.
#[allow(clippy::collapsible_match, reason = "a guard would send the rest on to the arms below")]
fn git<'p>(
    place: &'p Place,
    files: &'p Names,
    words: &[String],
    sub: &str,
    operands: usize,
    add: &mut impl FnMut(&'p Names, Trust),
) {
    let folder = &*place.folder;
    // The sub-command is an operand, too.
    let operands = operands.saturating_sub(1);
    let has = |flags: &[&str]| words.iter().any(|word| flags.contains(&word.as_str()));
    match sub {
        "push" | "pull" | "fetch" => match operands {
            0 => add(&folder.remotes, Trust::Strong),
            _ => add(&folder.refs, Trust::Strong),
        },
        "remote"
            if operands == 1
                && has(&["show", "remove", "rm", "set-url", "get-url", "rename", "prune", "update"]) =>
        {
            add(&folder.remotes, Trust::Strong);
        }
        "checkout" | "switch" if has(&["-b", "-B", "-c", "-C", "--orphan"]) => {
            if operands >= 1 {
                add(&folder.refs, Trust::Strong);
            }
        }
        "branch" if operands == 0 && !has(&["-d", "-D", "--delete", "-m", "-M", "-u", "-f", "-r", "-a"]) => {}
        "tag" if operands == 0 && !has(&["-d", "--delete"]) => {}
        "stash" | "commit" => {
            if sub == "commit" || words.iter().any(|word| word == "push") {
                add(files, Trust::Exact);
            }
        }
        _ if GIT_FILES.contains(&sub) => add(files, Trust::Strong),
        _ if GIT_REFS.contains(&sub) => {
            let takes_files = matches!(sub, "checkout" | "log" | "diff" | "show" | "reset");
            let behind_dashes = words.iter().any(|word| word == "--");
            if !behind_dashes {
                add(&folder.refs, Trust::Strong);
            }
            if takes_files {
                add(files, if behind_dashes { Trust::Strong } else { Trust::Exact });
            }
        }
        _ => {}
    }
}

/// The words of the command that is run, behind `sudo`, variables and the like.
pub(crate) fn simple(words: &[String]) -> &[String] {
    let mut rest = words;
    while let Some((first, behind)) = rest.split_first() {
        let is_variable = first.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        });
        if is_variable {
            rest = behind;
        } else if runner(first).is_some() {
            let flags = behind.iter().take_while(|word| word.starts_with('-')).count();
            rest = &behind[flags..];
        } else {
            break;
        }
    }
    rest
}

/// The name of a program without its folder.
fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// How many words are neither flags nor the values of flags.
fn operands(words: &[String], name: &str) -> usize {
    let command = commands::lookup(&[name]);
    let mut count = 0;
    let mut value_due = false;
    for word in words {
        if word.starts_with('-') && word.len() > 1 {
            let arity = command.and_then(|command| match word.strip_prefix("--") {
                Some(long) => command.long(long),
                None => word.chars().last().and_then(|letter| command.short(letter)),
            });
            // The table does not know every flag of those that reach a host; most take a value.
            let may_take = arity.is_none() && REACHING.contains(&name);
            value_due = (arity == Some(Arity::Value) || may_take) && !word.contains('=');
        } else if !std::mem::take(&mut value_due) {
            count += 1;
        }
    }
    count
}
