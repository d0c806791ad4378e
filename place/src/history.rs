//! Words of earlier commands, by the command that they followed.

use crate::atuin;
use crate::names::Names;
use crate::source::Source;
use crate::stamp::Stamps;
use sayso_speech::english::is_english;
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Most commands that count, the last ones.
const MAX_COMMANDS: usize = 20_000;
/// Most bytes that are read from the end of a history. Hand-chosen on 2026-11-28.
const MAX_BYTES: u64 = 4 << 20;
/// Shortest and longest word that counts, in bytes. Hand-chosen on 2026-11-28.
const MIN_WORD: usize = 3;
const MAX_WORD: usize = 120;
/// Most words that are kept of one command. Hand-chosen on 2026-11-28.
const MAX_OF_COMMAND: usize = 2_000;
/// Words by which a command is known to hold a secret; none of its words count.
const SECRET: [&str; 10] = [
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "credential",
    "bearer",
    "passphrase",
    "private_key",
];
/// How a key of a well-known service begins.
const KEYS: [&str; 9] = ["ghp_", "gho_", "github_pat_", "sk-", "sk_live", "AKIA", "xoxb-", "glpat-", "eyJ"];

/// Words of the history.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Command → the words that followed it.
    by_command: HashMap<String, Names>,
    /// Names of commands that were used.
    pub commands: Names,
}

impl History {
    /// The words that followed a command.
    pub fn of(&self, command: &str) -> Option<&Names> {
        self.by_command.get(command)
    }

    /// All words, each with the command that it followed.
    pub fn words(&self) -> Vec<String> {
        let of = |(command, names): (&String, &Names)| {
            names.iter().map(|name| format!("{command} {}", name.text)).collect::<Vec<_>>()
        };
        let mut words: Vec<String> = self.by_command.iter().flat_map(of).collect();
        words.sort();
        words
    }

    /// How many words are known.
    pub fn len(&self) -> usize {
        self.by_command.values().map(Names::len).sum()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.by_command.is_empty()
    }

    /// Bytes of memory that it takes.
    pub fn bytes(&self) -> usize {
        self.commands.bytes()
            + self.by_command.iter().map(|(name, names)| name.len() + names.bytes()).sum::<usize>()
    }

    /// Reads the histories of zsh, bash, fish and atuin.
    pub(crate) fn read(home: &Path, data: Option<&Path>, stamps: &mut Stamps) -> History {
        let data = data.map_or_else(|| home.join(".local/share"), Path::to_owned);
        let fish = data.join("fish/fish_history");
        let atuin = data.join("atuin/history.db");
        // Atuin writes beside its database first.
        stamps.note(&atuin);
        stamps.note(atuin.with_extension("db-wal"));
        let mut lines = atuin::commands(&atuin, MAX_COMMANDS);
        for path in [home.join(".zsh_history"), home.join(".bash_history"), fish] {
            stamps.note(&path);
            let is_fish = path.ends_with("fish_history");
            let text = last_text(&path).unwrap_or_default();
            lines.extend(text.lines().filter_map(|line| command(line, is_fish)).map(str::to_owned));
        }
        let from = lines.len().saturating_sub(MAX_COMMANDS);
        History::of_lines(lines[from..].iter().map(String::as_str))
    }

    /// The words of some commands, the oldest first. The names of a command are in the order of their last use.
    pub fn of_lines<'a>(lines: impl DoubleEndedIterator<Item = &'a str>) -> History {
        // How often a word was used, and how many words were used later.
        let mut words: HashMap<String, HashMap<String, (u16, usize)>> = HashMap::default();
        let mut commands: HashMap<String, (u16, usize)> = HashMap::default();
        for line in lines.rev().filter(|line| !line.starts_with(' ') && !holds_secret(line)) {
            for simple in line.split(['|', ';', '&']) {
                let mut parts = simple.split_whitespace().skip_while(|part| {
                    matches!(*part, "sudo" | "env" | "time" | "nohup")
                        || part.contains('=') && !part.starts_with('-')
                });
                let Some(name) = parts.next().filter(|name| is_name(name)) else { continue };
                note(&mut commands, name);
                let known = words.entry(name.to_owned()).or_default();
                for word in parts.flat_map(candidates) {
                    if known.len() < MAX_OF_COMMAND || known.contains_key(word) {
                        note(known, word);
                    }
                }
            }
        }
        let names = |words: HashMap<String, (u16, usize)>| {
            let mut words: Vec<_> = words.into_iter().collect();
            words.sort_by_key(|(_, (_, later))| *later);
            Names::counted(words.into_iter().map(|(word, (count, _))| (word, Source::History, count)))
        };
        words.retain(|_, words| !words.is_empty());
        let by_command = words.into_iter().map(|(name, words)| (name, names(words))).collect();
        History { by_command, commands: names(commands) }
    }
}

/// Counts one more use of a word, from the last one backwards.
fn note(known: &mut HashMap<String, (u16, usize)>, word: &str) {
    let later = known.len();
    let (count, _) = known.entry(word.to_owned()).or_insert((0, later));
    *count = count.saturating_add(1);
}

/// The parts of a word that may be said again: the word itself, and what stands behind `=`, `@` or `:`.
fn candidates(word: &str) -> impl Iterator<Item = &str> {
    let word = word.trim_matches(['"', '\'']);
    let value = word.rsplit_once('=').map(|(_, value)| value);
    let host = word.split_once('@').map(|(_, host)| host).filter(|host| !host.is_empty());
    [Some(word), value, host].into_iter().flatten().filter(|word| counts(word))
}

/// Whether a word is a name that people could say and that a plain reading would miss.
fn counts(word: &str) -> bool {
    let is_plain = word.bytes().all(|byte| byte.is_ascii_lowercase()) && is_english(word);
    (MIN_WORD..=MAX_WORD).contains(&word.len())
        && word.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '~' | '@' | '.'))
        && word.contains(|c: char| c.is_alphabetic())
        && !word.contains([
            '$', '`', '"', '\'', '*', '?', '<', '>', '(', ')', '{', '}', '[', ']', '\\', '%', '!', '#',
        ])
        && !is_plain
        && !looks_like_key(word)
}

/// Whether a word looks like a key: long, with letters and digits in no order that a word has.
fn looks_like_key(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let upper = word.bytes().filter(u8::is_ascii_uppercase).count();
    let is_dense = word
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-'));
    let mixed = digits >= 4 && (upper >= 4 || digits + upper + 4 >= word.len() / 2);
    is_dense && word.len() >= 20 && mixed || KEYS.iter().any(|key| word.starts_with(key))
}

fn holds_secret(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    SECRET.iter().any(|word| lower.contains(word)) || line.split_whitespace().any(looks_like_key)
}

fn is_name(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+'))
}

/// The command on a line of a history file.
fn command(line: &str, is_fish: bool) -> Option<&str> {
    if is_fish {
        return line.strip_prefix("- cmd: ");
    }
    // zsh's extended form is `: SECONDS:DURATION;COMMAND`; bash may write the time as a comment.
    if let Some(rest) = line.strip_prefix(": ") {
        return rest.split_once(';').map(|(_, command)| command);
    }
    (!line.starts_with('#')).then_some(line)
}

/// The end of a file, from a whole line on.
fn last_text(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let size = file.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
    let skipped = size.saturating_sub(MAX_BYTES);
    file.seek(SeekFrom::Start(skipped)).ok()?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    Some(match skipped {
        0 => text.into_owned(),
        _ => text.split_once('\n').map(|(_, rest)| rest.to_owned()).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(lines: &[&str], command: &str) -> Vec<String> {
        let history = History::of_lines(lines.iter().copied());
        history
            .of(command)
            .map(|names| names.iter().map(|name| name.text.to_owned()).collect())
            .unwrap_or_default()
    }

    #[test]
    fn words_follow_their_command() {
        let lines = [
            "kubectl -n payments-eu get pods",
            "sudo docker stop web-1 | grep x_y",
            "kubectl -n payments-eu top",
        ];
        assert_eq!(words(&lines, "kubectl"), ["payments-eu"]);
        assert_eq!(words(&lines, "docker"), ["web-1"]);
        assert_eq!(words(&lines, "grep"), ["x_y"]);
    }

    #[test]
    fn what_is_secret_never_counts() {
        for line in [
            " docker login my-registry-1",
            "curl -H token:abc my-host-1",
            "export API_KEY=my-key-1; docker run my-image-1",
            "docker login -u me -p ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "mysql --password=hunter2 my-db-1",
            "aws configure AKIAIOSFODNN7EXAMPLE my-name-1",
        ] {
            assert!(History::of_lines([line].into_iter()).is_empty(), "{line:?}");
        }
    }

    #[test]
    fn each_shell_writes_its_own_lines() {
        assert_eq!(command(": 1700000000:0;ls -l", false), Some("ls -l"));
        assert_eq!(command("#1700000000", false), None);
        assert_eq!(command("- cmd: ls -l", true), Some("ls -l"));
        assert_eq!(command("  when: 1700000000", true), None);
    }
}
