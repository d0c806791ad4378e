//! Signs that nobody said, where the command makes them likely: the dashes of a flag (`git commit amend`), the colon before
//! a port, the slashes of an address, the quotes round a message (`git commit dash m fix the bug`).
//!
//! Each is a reading of the words at its place, which writes them with the sign. Every token gets a bounded number of them,
//! and a line without such a command hardly any.

use std::borrow::Cow;
use std::ops::Range;

use super::super::command_context::CommandContext;
use super::{Builder, MAX_NAME_WORDS};
use crate::clean::{Line, Shape};
use crate::lattice::{Fit, Kind, Reading, omission};
use crate::vocabulary;

// The lists and limits below were hand-chosen on 2026-11-28.

/// Most readings with added signs that start at a token.
const MAX_ADDED: usize = 12;
/// Words behind a command that takes free text at which the text may begin: flags may stand before it.
const TEXT_BEGINS: usize = 5;
/// Words behind a flag that takes a glob at which the glob may end.
const GLOB_ENDS: usize = 10;

/// Commands whose operands are free text.
const SAYING: [&str; 10] =
    ["echo", "say", "espeak", "cowsay", "figlet", "notify-send", "dunstify", "wall", "logger", "printf"];
/// Sub-commands whose operands are free text.
const SAYING_BELOW: [&str; 2] = ["tmux display-message", "tmux display"];
/// Short flags that take free text, and the commands that have them so.
const TEXT_LETTERS: [(&str, &[&str]); 7] = [
    ("m", &["git", "hg", "svn", "jj", "npm", "yarn", "hub", "bzr", "fossil"]),
    ("am", &["git"]),
    ("t", &["gh", "glab", "zenity"]),
    ("b", &["gh"]),
    ("d", &["curl", "glab"]),
    ("s", &["mail", "mutt", "mailx"]),
    ("n", &["gh"]),
];
/// Words of flags that take free text, of whatever command.
const TEXT_FLAGS: [&str; 12] = [
    "message",
    "title",
    "body",
    "description",
    "comment",
    "notes",
    "text",
    "subject",
    "summary",
    "data",
    "reason",
    "annotation",
];
/// Flags that take a glob.
const GLOB_FLAGS: [&str; 8] = ["name", "iname", "path", "ipath", "wholename", "include", "exclude", "glob"];
/// The commands that have them so.
const GLOB_COMMANDS: [&str; 11] =
    ["find", "fd", "grep", "egrep", "rg", "ag", "rsync", "tar", "du", "tree", "zip"];
/// Schemes of addresses. Those in the second list are names of programs too.
const SCHEMES: [&str; 7] = ["http", "https", "ftp", "sftp", "ws", "wss", "s3"];
const SCHEMES_OF_PROGRAMS: [&str; 8] =
    ["ssh", "git", "file", "postgres", "postgresql", "redis", "mongodb", "mysql"];
/// Words behind which a number may be a port.
const HOSTS: [&str; 9] = ["localhost", "host", "com", "org", "net", "io", "dev", "local", "internal"];
/// Commands in which two numbers may be two ports.
const PORTS: [&str; 9] =
    ["docker", "podman", "nerdctl", "kubectl", "oc", "k", "ssh", "docker-compose", "podman-compose"];
/// Commands whose tasks have names of several words, and the sign between these.
const TASKS: [(&str, &str); 12] = [
    ("run", ":"),
    ("yarn", ":"),
    ("pnpm", ":"),
    ("rake", ":"),
    ("rails", ":"),
    ("artisan", ":"),
    ("console", ":"),
    ("task", ":"),
    ("composer", ":"),
    ("mix", "."),
    ("m", "."),
    ("bin", "/"),
];
/// Words that end the names of files.
const ENDINGS: [&str; 28] = [
    "py", "js", "ts", "txt", "json", "yaml", "yml", "toml", "md", "rs", "rb", "html", "css", "csv", "sql",
    "conf", "ini", "xml", "png", "jpg", "pdf", "zip", "gz", "mp4", "mp3", "tsx", "jsx", "lock",
];
/// Programs of clouds, whose sub-commands are verbs with their objects: `describe-instances`.
const CLOUDS: [&str; 4] = ["aws", "az", "gcloud", "ibmcloud"];
const CLOUD_VERBS: [&str; 16] = [
    "describe",
    "list",
    "get",
    "create",
    "delete",
    "update",
    "put",
    "start",
    "stop",
    "run",
    "set",
    "add",
    "remove",
    "terminate",
    "invoke",
    "wait",
];

/// What the line has shown so far.
pub(super) struct Unsaid {
    /// Whether quotes were said, so that none are missing.
    quoted: bool,
    /// Where free text or a glob may begin: as places of said words.
    begins: Range<usize>,
    /// The place behind the last word at which it may end.
    ends: usize,
    /// The signs that may enclose it.
    signs: &'static [char],
    /// The sign between the words of a task's name, and the place behind its first word.
    task: Option<(&'static str, usize)>,
    /// Token → whether a number ends before it.
    after_number: Vec<bool>,
    /// Token → whether it stands between spoken quotes.
    is_text: Vec<bool>,
}

impl Unsaid {
    /// `at_token` are the readings of the line so far.
    pub(super) fn new(line: &Line, at_token: &[Vec<Reading>]) -> Unsaid {
        let quote = |reading: &Reading| matches!(reading.text.as_ref(), "\"" | "'") && reading.is_symbol();
        let quoted = at_token.iter().flatten().any(quote);
        let mut after_number = vec![false; at_token.len() + 1];
        for reading in at_token.iter().flatten().filter(|reading| reading.kind == Kind::Number) {
            after_number[reading.tokens.end] = true;
        }
        let is_text = omission::quoted(line);
        Unsaid { quoted, begins: 0..0, ends: 0, signs: &[], task: None, after_number, is_text }
    }
}

impl Builder {
    /// Adds to the `at`th said word what it may be with signs that were not said. The context has read it already.
    pub(super) fn add_unsaid(&mut self, at: usize, context: &CommandContext, unsaid: &mut Unsaid) {
        let mut added = Vec::new();
        if self.is_spoken(at) {
            self.add_flags(at, context, &mut added);
            self.add_addresses(at, &mut added);
            self.add_joints(at, context, unsaid, &mut added);
        }
        self.add_ports(at, context, unsaid, &mut added);
        if unsaid.is_text[self.said[at]] {
            self.add_pause(at, unsaid, &mut added);
        }
        if !unsaid.quoted {
            self.add_quotes(at, unsaid, &mut added);
            self.await_text(at, context, unsaid);
        }
        added.truncate(MAX_ADDED);
        let token = self.said[at];
        for reading in added {
            let here = &mut self.at_token[token];
            if here.iter().all(|other| other.tokens != reading.tokens || other.text != reading.text) {
                here.push(reading);
            }
        }
    }

    fn is_spoken(&self, at: usize) -> bool {
        self.line.tokens[self.said[at]].shape == Shape::Word && self.line.lower(self.said[at]).is_ascii()
    }

    /// The `at`th said word in lower case.
    fn heard(&self, at: usize) -> &str {
        self.line.lower(self.said[at])
    }

    fn heard_before(&self, at: usize) -> &str {
        at.checked_sub(1).map_or("", |before| self.heard(before))
    }

    /// The `count` words from the `at`th said one on, with signs.
    fn added(&self, at: usize, count: usize, text: String, fit: Fit) -> Reading {
        let reading = Reading::new(self.span(at, count), Kind::Added, Cow::Owned(text), None);
        Reading { fit, ..reading }
    }

    /// Whether a dash stands right before the word, said or written.
    fn follows_dash(&self, at: usize) -> bool {
        let token = self.said[at];
        let dash = |token: usize| {
            let mut readings = self.at_token[token].iter();
            readings.any(|reading| reading.is_symbol() && reading.text.starts_with('-'))
        };
        token > 0 && (dash(token - 1) || at > 0 && dash(self.said[at - 1]))
    }

    /// Flags without their dashes and names without the signs between their words.
    fn add_flags(&self, at: usize, context: &CommandContext, added: &mut Vec<Reading>) {
        let dashed = self.follows_dash(at);
        let most = MAX_NAME_WORDS.min(self.said.len() - at);
        let words: Vec<&str> =
            (at..at + most).take_while(|&at| self.is_spoken(at)).map(|at| self.heard(at)).collect();
        for count in 1..=words.len() {
            let words = &words[..count];
            for name in context.names(words) {
                let text = if dashed { name.text.trim_start_matches('-') } else { name.text };
                if !name.is_flag() && count == 1 && text == words[0] {
                    continue;
                }
                let fit = if name.is_flag() { Fit::Flag } else { Fit::Subcommand };
                added.push(self.added(at, count, text.to_owned(), fit));
                if name.is_flag() && name.takes_value {
                    added.push(self.added(at, count, format!("{text}="), fit));
                }
            }
            let command = context.command(words).filter(|name| !dashed && (count > 1 || *name != words[0]));
            added.extend(command.map(|name| self.added(at, count, name.to_owned(), Fit::Command)));
            if count > 1 && context.has_any(&CLOUDS) && CLOUD_VERBS.contains(&words[0]) {
                added.push(self.added(at, count, words.join("-"), Fit::Subcommand));
            }
        }
    }

    /// The colon and the slashes of an address: "https slash slash", "https example dot com".
    fn add_addresses(&self, at: usize, added: &mut Vec<Reading>) {
        let said =
            |at: usize, symbol: &str| at < self.said.len() && vocabulary::is_name_of(self.heard(at), symbol);
        let slashes = |from: usize| (from..from + 2).take_while(|&at| said(at, "/")).count();
        let word = self.heard(at);
        let certain = SCHEMES.contains(&word);
        if certain || SCHEMES_OF_PROGRAMS.contains(&word) {
            let colon = usize::from(said(at + 1, ":"));
            let count = 1 + colon + slashes(at + 1 + colon);
            // What is complete has its own readings.
            if (certain || count > 2) && count < 4 {
                added.push(self.added(at, count, format!("{word}://"), Fit::Unknown));
            }
        }
        // Behind a scheme that was spelled.
        if matches!(self.heard_before(at), "s" | "p") && slashes(at) == 2 {
            added.push(self.added(at, 2, "://".to_owned(), Fit::Unknown));
        }
    }

    /// Signs inside names: `cache:clear`, `http.server`, `bin/console`, `manage.py`.
    fn add_joints(&self, at: usize, context: &CommandContext, unsaid: &mut Unsaid, added: &mut Vec<Reading>) {
        let word = self.heard(at);
        if let Some((sign, from)) = unsaid.task
            && at >= from
        {
            added.push(self.added(at, 1, format!("{sign}{word}"), Fit::Unknown));
            // Paths and modules have two parts here; tasks may have more.
            if sign != ":" {
                unsaid.task = None;
            }
        }
        if at > 0 && ENDINGS.contains(&word) && self.is_spoken(at - 1) {
            added.push(self.added(at, 1, format!(".{word}"), Fit::Unknown));
        }
        let task = TASKS.iter().find(|(name, _)| *name == word && self.task_begins(at, context));
        if let Some((_, sign)) = task {
            unsaid.task = Some((sign, at + if *sign == "/" { 1 } else { 2 }));
        }
    }

    /// Whether the name of a task follows the `at`th said word, which may name what runs tasks.
    fn task_begins(&self, at: usize, context: &CommandContext) -> bool {
        match self.heard(at) {
            "run" => context.has_any(&["npm", "yarn", "pnpm", "bun"]),
            "task" => context.has_any(&["deno"]),
            "m" => context.has_any(&["python", "python3"]) && self.follows_dash(at),
            "console" | "artisan" => context.has_any(&["php"]),
            "bin" => true,
            name => context.has_any(&[name]),
        }
    }

    /// The colon between a host and a port, or two ports.
    fn add_ports(&self, at: usize, context: &CommandContext, unsaid: &Unsaid, added: &mut Vec<Reading>) {
        let token = self.said[at];
        let behind_host = HOSTS.contains(&self.heard_before(at))
            || unsaid.after_number[token] && at > 0 && context.has_any(&PORTS);
        if !behind_host {
            return;
        }
        for number in self.at_token[token].iter().filter(|reading| reading.kind == Kind::Number).take(4) {
            let text = Cow::Owned(format!(":{}", number.text));
            added.push(Reading { kind: Kind::Added, text, entry: None, ..number.clone() });
        }
    }

    /// The comma or full stop that the engine wrote for a pause in quoted text: it belongs to the text.
    fn add_pause(&self, at: usize, unsaid: &Unsaid, added: &mut Vec<Reading>) {
        let token = self.said[at];
        let goes_on = unsaid.is_text.get(token + 1) == Some(&true);
        let sign = self.line.pause_behind(token).filter(|_| goes_on);
        let Some(sign) = sign else { return };
        let words = self.at_token[token].iter().filter(|reading| {
            matches!(reading.kind, Kind::Word | Kind::Letter | Kind::Number)
                && reading.tokens.end == token + 1
        });
        added.extend(words.map(|reading| {
            let text = Cow::Owned(format!("{}{sign}", reading.text));
            Reading { kind: Kind::Added, text, entry: None, ..reading.clone() }
        }));
    }

    /// The quotes round free text or a glob that may begin or end here.
    fn add_quotes(&self, at: usize, unsaid: &Unsaid, added: &mut Vec<Reading>) {
        let begins = unsaid.begins.contains(&at);
        let ends = at > unsaid.begins.start && at < unsaid.ends;
        if !begins && !ends {
            return;
        }
        let glob = unsaid.signs.len() > 1;
        let mut quote = |reading: &Reading, before: &str, after: &str| {
            let text = Cow::Owned(format!("{before}{}{after}", reading.text));
            added.push(Reading { kind: Kind::Added, text, entry: None, ..reading.clone() });
        };
        for reading in &self.at_token[self.said[at]] {
            let fits = match reading.kind {
                Kind::Word | Kind::Letter | Kind::Number => true,
                Kind::Alias => glob,
                Kind::Symbol => matches!(reading.text.as_ref(), "*" | "?" | "!" | "."),
                Kind::Typed => glob && begins && reading.text.contains('*'),
                _ => false,
            };
            if !fits {
                continue;
            }
            for sign in unsaid.signs.iter().map(char::to_string) {
                if reading.kind == Kind::Typed {
                    quote(reading, &sign, &sign);
                    continue;
                }
                if begins {
                    quote(reading, &sign, "");
                }
                if ends {
                    quote(reading, "", &sign);
                }
            }
        }
    }

    /// Notes whether free text or a glob may begin behind the `at`th said word.
    fn await_text(&self, at: usize, context: &CommandContext, unsaid: &mut Unsaid) {
        let word = self.heard(at);
        let next = at + 1;
        // "equals" may stand between a flag and its value.
        if unsaid.begins == (at..next) && vocabulary::is_name_of(word, "=") {
            unsaid.begins = next..next + 1;
            return;
        }
        if GLOB_FLAGS.contains(&word) && context.has_any(&GLOB_COMMANDS) {
            (unsaid.begins, unsaid.ends, unsaid.signs) = (next..next + 1, next + GLOB_ENDS, &['"', '\'']);
            return;
        }
        let letters = || {
            let letters = TEXT_LETTERS.iter().find(|(letters, _)| *letters == word);
            letters.is_some_and(|(_, commands)| context.has_any(commands)) && self.follows_dash(at)
        };
        let flag = TEXT_FLAGS.contains(&word) || letters();
        let says = SAYING.contains(&word) || word == "send" && self.heard_before_dash(at) == "notify";
        if flag {
            (unsaid.begins, unsaid.ends, unsaid.signs) = (next..next + 1, usize::MAX, &['"']);
        } else if says || SAYING_BELOW.iter().any(|path| context.is_at(path)) && word.starts_with("message") {
            (unsaid.begins, unsaid.ends, unsaid.signs) = (next..next + TEXT_BEGINS, usize::MAX, &['"']);
        }
    }

    /// The said word before the `at`th one and before a dash between them.
    fn heard_before_dash(&self, at: usize) -> &str {
        let before = self.heard_before(at);
        if at > 1 && vocabulary::is_name_of(before, "-") { self.heard(at - 2) } else { before }
    }
}
