//! Properties that hold for every command of the grammar, tried on many.

use super::*;
use sayso_speech::commands::{self, Arity, Command};
use sayso_speech::speak::{Dialect, speak};
use std::collections::{BTreeMap, HashSet};

const COMMANDS: usize = 20_000;

fn drawn() -> impl Iterator<Item = String> {
    let mut random = Rng::with_seed(7);
    (0..COMMANDS).map(move |_| command(&mut random))
}

#[test]
fn lines_are_lines_a_shell_can_read() {
    for line in drawn() {
        assert!(line.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{line:?}");
        assert_eq!(line.trim(), line, "{line:?}");
        assert!(shlex::split(&line).is_some_and(|words| !words.is_empty()), "{line:?}");
    }
}

#[test]
fn lines_vary() {
    let lines: HashSet<String> = drawn().collect();
    assert!(lines.len() > COMMANDS * 3 / 5, "{} of {COMMANDS} differ", lines.len());
    let programs: HashSet<&str> = lines.iter().filter_map(|line| line.split(' ').next()).collect();
    let known = programs.iter().filter(|program| commands::is_command(program)).count();
    assert!(known >= 150, "{known} known programs start a line");
}

#[test]
fn there_are_many_templates() {
    let templates: usize = GRAMMAR.slots("alone").iter().map(|list| GRAMMAR.size(list)).sum();
    assert!(templates >= 1500, "{templates}");
}

#[test]
fn a_seed_repeats() {
    assert!(drawn().eq(drawn()));
}

#[test]
fn lines_can_be_said() {
    for (seed, line) in drawn().enumerate().step_by(4) {
        let said = speak(&line, Dialect::Strict, seed as u64);
        assert!(said.is_ok(), "{line:?}: {said:?}");
    }
}

#[test]
fn slots_are_filled_by_name() {
    let mut random = Rng::with_seed(1);
    assert!(fill("branch", &mut random).is_some_and(|branch| !branch.is_empty()));
    assert_eq!(fill("no-such-list", &mut random), None);
}

/// Commands of which the table knows the sub-commands but not all flags, and commands that pass flags on to other
/// programs.
const PARTLY_KNOWN: [&str; 25] = [
    "aws",
    "az",
    "bundle exec",
    "cargo clippy",
    "docker compose exec",
    "docker exec",
    "docker-compose exec",
    "find",
    "flatpak",
    "gcloud",
    "heroku",
    "java",
    "jupyter",
    "kind",
    "mvn",
    "netlify",
    "php",
    "playwright",
    "pnpm",
    "podman",
    "python",
    "python3",
    "systemctl",
    "uv run",
    "yarn",
];

/// Correct flags that the table lacks, with their commands.
const BEYOND_THE_TABLE: [(&str, &str); 59] = [
    ("ansible-galaxy", "-r"),
    ("apt autoremove", "--purge"),
    ("apt install", "--only-upgrade"),
    ("apt remove", "--purge"),
    ("apt-get autoremove", "--purge"),
    ("apt-get autoremove", "-y"),
    ("apt-get install", "--fix-broken"),
    ("apt-get install", "--no-install-recommends"),
    ("apt-get install", "--only-upgrade"),
    ("apt-get install", "--reinstall"),
    ("apt-get install", "-y"),
    ("apt-get remove", "--purge"),
    ("apt-get upgrade", "-y"),
    ("cargo flamegraph", "--bin"),
    ("cargo nextest run", "-p"),
    ("cargo watch", "-x"),
    ("chmod", "-x"),
    ("cloudflared tunnel", "--url"),
    ("docker compose port", "-d"),
    ("git", "--assume-unchanged"),
    ("git", "--chmod"),
    ("git", "--count"),
    ("git", "--no-assume-unchanged"),
    ("git", "--skip-worktree"),
    ("git lfs fetch", "--all"),
    ("git reflog", "--expire"),
    ("git shortlog", "--all"),
    ("git sparse-checkout init", "--cone"),
    ("git stash", "--keep-index"),
    ("git stash show", "-p"),
    ("gs", "-o"),
    ("install", "--check-files"),
    ("install", "--frozen-lockfile"),
    ("install", "--immutable"),
    ("install", "--production"),
    ("kubectl create secret", "--cert"),
    ("kubectl create secret", "--docker-server"),
    ("kubectl create secret", "--docker-username"),
    ("kubectl create secret", "--from-file"),
    ("kubectl create secret", "--from-literal"),
    ("kubectl create secret", "--key"),
    ("kubectl top", "--containers"),
    ("meson compile", "-C"),
    ("meson test", "-C"),
    ("node", "--max-old-space-size"),
    ("node", "--trace-warnings"),
    ("npm audit", "--production"),
    ("npm cache clean", "--force"),
    ("npm outdated", "--depth"),
    ("npm version", "-m"),
    ("openssl dgst", "-sha256"),
    ("openssl enc", "-aes-256-cbc"),
    ("pip install", "-q"),
    ("pip3 install", "-q"),
    ("rustup target list", "--installed"),
    ("test", "--coverage"),
    ("test", "--watch"),
    ("tmux", "-t"),
    ("tmux split-window", "-p"),
];

#[test]
fn flags_are_flags_of_their_commands() {
    let mut unknown: BTreeMap<(String, String), String> = BTreeMap::new();
    for line in drawn() {
        for step in line.split(['|', ';', '&', '(', ')']) {
            let words: Vec<&str> = step.split_whitespace().collect();
            for (path, flag) in unknown_flags(&words) {
                let partly = PARTLY_KNOWN.iter().any(|known| {
                    path.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
                });
                if !partly && !BEYOND_THE_TABLE.contains(&(path.as_str(), flag.as_str())) {
                    unknown.insert((path, flag), line.clone());
                }
            }
        }
    }
    let listed: Vec<String> =
        unknown.iter().map(|((path, flag), line)| format!("{path} {flag}: {line}")).collect();
    assert!(listed.is_empty(), "{}\n{} in all", listed.join("\n"), listed.len());
}

/// The flags among `words` that their command does not take, as far as the table knows.
fn unknown_flags(words: &[&str]) -> Vec<(String, String)> {
    let mut unknown = Vec::new();
    let mut command: Option<Command> = None;
    let mut path: Vec<&str> = Vec::new();
    let mut quoted = false;
    for (at, &word) in words.iter().enumerate() {
        // Quoted text may contain something like flags, and what follows `--` is another command's.
        let quotes = word.matches(['"', '\'']).count();
        if quoted || quotes > 0 || word == "--" {
            quoted ^= quotes % 2 == 1;
            if word == "--" {
                break;
            }
            continue;
        }
        match command {
            None => {
                if word.contains('=') {
                    continue;
                }
                command = commands::lookup(&[word]);
                path = vec![word];
                if command.is_none() {
                    break;
                }
                if command.is_some_and(|found| found.runs_command()) {
                    return unknown_flags(&words[at + 1..]);
                }
            }
            Some(found) if word.starts_with('-') && word.len() > 1 => {
                // The table names some commands and none of their flags.
                if found.flags().next().is_some() && !takes(found, word) {
                    let flag = word.split('=').next().unwrap_or(word);
                    unknown.push((path.join(" "), flag.to_owned()));
                }
            }
            Some(found) => {
                if let Some(below) = found.subcommand(word) {
                    command = Some(below);
                    path.push(word);
                }
            }
        }
    }
    unknown
}

/// Whether the command takes `word`, which is a flag or a bundle of flags.
fn takes(command: Command, word: &str) -> bool {
    if let Some(long) = word.strip_prefix("--") {
        let name = long.split('=').next().unwrap_or(long);
        return command.long(name).is_some();
    }
    let bundle = &word[1..];
    let name = bundle.split(['=', ':']).next().unwrap_or(bundle);
    // A number, possibly with its unit or what follows it: `find -size -2k`, `tail -20f`.
    if command.word_flag(name).is_some() || bundle.starts_with(|c: char| c.is_ascii_digit()) {
        return true;
    }
    // After a flag that takes a value, the rest is the value.
    let first = bundle.chars().find(|&letter| command.short(letter) != Some(Arity::None));
    first.is_none_or(|letter| command.short(letter).is_some())
}
