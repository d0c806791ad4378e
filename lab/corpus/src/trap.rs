//! Traps: commands with words that sound like talk, or that are said twice, from which nothing may be removed.
//!
//! The names, carriers and shares in this file are hand-chosen, 2026-11-28.

use crate::command_source::Commands;
use crate::labelled_word::{LabelledWord, push_unit};
use crate::verbalise::{Style, verbalise};
use crate::written::{Core, CoreKind};
use fastrand::Rng;
use sayso_speech::english;
use std::sync::LazyLock;

/// Words of talk that people also use to name files, branches and scripts.
#[rustfmt::skip]
const TALK: [&str; 40] = [
    "like", "actually", "no", "wait", "sorry", "well", "so", "okay", "please", "maybe", "never", "mind",
    "scratch", "rather", "oops", "hmm", "right", "basically", "thanks", "just", "really", "yes", "nope",
    "correction", "strike", "stop", "hello", "hey", "what", "not", "then", "now", "anyway", "cool", "and",
    "or", "mean", "hold", "instead", "that",
];

/// Commands with one or more words `W`; each `W` may be another word.
#[rustfmt::skip]
const WORDY: [&str; 44] = [
    "git checkout W", "git checkout -b W", "git branch -d W", "git merge W-W", "git switch W", "git tag W",
    "git push origin W", "git branch -m W W", "git stash show W", "git add W.md W.txt", "cat W.txt",
    "cat W W", "cat W.md W.md", "vim W.py", "less W.log", "touch W.md", "touch W W", "mkdir W", "mkdir W W",
    "cd W", "ls W", "rm W", "rm -rf W", "rm -rf build W", "rm W W.bak", "cp W W.bak", "mv W.txt W.txt",
    "mv W W", "ssh W", "npm run W", "npm install W", "make W", "docker run W", "docker stop W",
    "grep W notes.txt", "grep -r W W", "man W", "which W", "echo W", "echo W W W", "code W.rs", "diff W W",
    "touch W-W.txt", "python W.py W",
];

/// Commands with `A`, which is the same word in all places.
#[rustfmt::skip]
const REPEATED: [&str; 30] = [
    "cp A A", "mv A A", "cp A A.bak", "mv A.txt A.md", "cp -r A A-old", "diff A A", "cmp A.log A.log",
    "ln -s A A", "git log A..A", "git diff A A", "git diff A...A", "git push origin A:A",
    "git branch -m A A", "git merge A A", "docker tag A A:latest", "docker run --name A A",
    "docker exec A A", "find A A", "find /usr/share/A /usr/A", "find . -name A -o -name A",
    "tar czf A.tar.gz A", "zip -r A.zip A", "scp A.txt host:A.txt", "rsync -a A/ A/", "cd A/A", "ls A/A/A",
    "echo A A", "echo A A A", "kubectl exec A -- A", "grep A A",
];

/// Contexts of quoted free text: what stands before and after it.
#[rustfmt::skip]
const CARRIERS: [(&str, &str); 30] = [
    ("git commit -m", ""), ("git commit -m", ""), ("git commit -m", ""), ("git commit -am", ""),
    ("git commit --amend -m", ""), ("git commit --message", ""), ("git stash push -m", ""),
    ("git tag -a v2 -m", ""), ("git notes add -m", ""), ("git merge topic -m", ""), ("hg commit -m", ""),
    ("svn commit -m", ""), ("jj describe -m", ""), ("gh pr create --title", ""), ("gh pr create --body", ""),
    ("gh issue create --title", ""), ("gh pr comment 31 --body", ""), ("gh issue close 8 --comment", ""),
    ("glab mr create --title", ""), ("alembic revision -m", ""), ("echo", ""), ("echo", ""),
    ("echo", "> notes.txt"), ("echo", ">> todo.md"), ("echo", "| wall"), ("printf", ""), ("say", ""),
    ("notify-send", ""), ("logger", ""), ("grep -r", "src"),
];

/// Contexts of free text that nobody needs to quote aloud, and whether it is quoted as written.
const OPEN_CARRIERS: [(&str, bool); 10] = [
    ("git commit -m", true),
    ("git commit -am", true),
    ("git commit --amend -m", true),
    ("git stash push -m", true),
    ("hg commit -m", true),
    ("gh pr create --title", true),
    ("gh issue comment 12 --body", true),
    ("git commit --message", true),
    ("echo", false),
    ("echo -n", false),
];

/// Words with which people politely end a command. If one stood alone at its end, nobody could tell whether it belongs
/// to it.
const POLITE: [&str; 12] =
    ["please", "thanks", "okay", "right", "sorry", "now", "then", "anyway", "cool", "just", "yes", "hey"];

/// Spoken quotes: before and after the text, and the sign.
const QUOTES: [(&str, &str, char); 8] = [
    ("quote", "quote", '"'),
    ("quote", "quote", '"'),
    ("quote", "quote", '"'),
    ("quote", "unquote", '"'),
    ("open quote", "close quote", '"'),
    ("quote", "end quote", '"'),
    ("double quote", "double quote", '"'),
    ("single quote", "single quote", '\''),
];

/// A trap; `None` if it cannot be said.
pub fn trap(commands: &Commands, style: Style, random: &mut Rng) -> Option<Core> {
    let kind = random.u8(..100);
    match kind {
        0..38 => return message(commands, style, random),
        38..45 => return open_message(commands, style, random),
        _ => {}
    }
    let expected = match kind {
        45..70 => {
            filled(WORDY[random.usize(..WORDY.len())], 'W', |random| TALK[random.usize(..TALK.len())], random)
        }
        70..84 => filled(WORDY[random.usize(..WORDY.len())], 'W', english_word, random),
        _ => {
            let word = if random.u8(..3) == 0 { english_word(random) } else { commands.word(random) };
            REPEATED[random.usize(..REPEATED.len())].replace('A', word)
        }
    };
    if expected.rsplit(' ').next().is_some_and(|last| POLITE.contains(&last)) {
        return None;
    }
    let words = verbalise(&expected, style, random)?;
    (!words.is_empty()).then_some(Core { words, expected, kind: CoreKind::Trap })
}

fn english_word(random: &mut Rng) -> &'static str {
    static ENGLISH: LazyLock<Vec<&str>> = LazyLock::new(|| english::words().collect());
    ENGLISH[random.usize(..ENGLISH.len())]
}

/// `template` with a word in place of each `slot`.
fn filled(template: &str, slot: char, word: fn(&mut Rng) -> &'static str, random: &mut Rng) -> String {
    let mut filled = String::with_capacity(template.len() + 16);
    for sign in template.chars() {
        if sign == slot { filled.push_str(word(random)) } else { filled.push(sign) }
    }
    filled
}

/// Quoted text that sounds like talk or like a command.
fn message(commands: &Commands, style: Style, random: &mut Rng) -> Option<Core> {
    let message = random.choice(&commands.written.messages)?;
    let (opens, closes, sign) = QUOTES[random.usize(..QUOTES.len())];
    if message.written.contains(sign) {
        return None;
    }
    let (before, behind) = CARRIERS[random.usize(..CARRIERS.len())];
    let mut words = verbalise(before, style, random)?;
    let start = words.len();
    push_unit(opens.split(' '), &mut words);
    words.get_mut(start)?.argument = true;
    let (mut dictated, mut written) = (message.dictated.clone(), message.written.clone());
    if random.bool() {
        (dictated, written) = (with_capital_i(&dictated), with_capital_i(&written));
    }
    words.extend(dictated.split(' ').map(LabelledWord::kept));
    push_unit(closes.split(' '), &mut words);
    let mut expected = format!("{before} {sign}{written}{sign}");
    if !behind.is_empty() {
        words.extend(verbalise(behind, style, random)?);
        expected = format!("{expected} {behind}");
    }
    Some(Core { words, expected, kind: CoreKind::Trap })
}

/// Text that is not quoted aloud and reaches the end of the line.
fn open_message(commands: &Commands, style: Style, random: &mut Rng) -> Option<Core> {
    let message = random.choice(&commands.written.messages)?;
    let (before, is_quoted) = OPEN_CARRIERS[random.usize(..OPEN_CARRIERS.len())];
    // The shell reads an apostrophe as a quote.
    if message.written != message.dictated || !is_quoted && message.written.contains('\'') {
        return None;
    }
    let mut words = verbalise(before, style, random)?;
    words.extend(
        message.dictated.split(' ').map(|word| LabelledWord { argument: true, ..LabelledWord::kept(word) }),
    );
    let quote = if is_quoted { "\"" } else { "" };
    let expected = format!("{before} {quote}{}{quote}", message.written);
    Some(Core { words, expected, kind: CoreKind::Open })
}

/// Replaces "i" with "I", as engines write it.
fn with_capital_i(text: &str) -> String {
    let word = |word: &str| match word {
        "i" => "I".to_owned(),
        _ if word.starts_with("i'") => format!("I{}", &word[1..]),
        _ => word.to_owned(),
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
