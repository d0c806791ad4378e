//! Disfluencies: what people say around and inside a command, which a tagger must learn to delete.
//!
//! Lead-ins, asides, remarks, tails and repairs are put together from the grammar in `data/disfluency`. The words of the
//! command stay as they are, also those that look like talk. The shares in this file are hand-chosen, 2026-11-23.

mod command;
mod context;
mod phrases;
pub mod recombination;
mod repair;
pub(crate) mod slots;
mod substitution;

use crate::labelled_word::{LabelledWord, line};
use command::Command;
use context::SlotContext;
use fastrand::Rng;
use phrases::WORDS;
use repair::repair;
use sayso_speech::english;
use slots::say;
use std::sync::LazyLock;
use substitution::Sort;

/// A line with this many words of talk gets no more. Hand-chosen, 2026-11-28.
const MAX_TALK: usize = 40;

/// How much is said that does not belong to the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Intensity {
    None,
    Light,
    Heavy,
}

/// Talk, and the word of the command before which it is said.
type Insertion = (usize, Vec<LabelledWord>);

/// Adds what people say around and inside a command: nothing in a quarter of all calls, a little in 35 %, a lot in the
/// rest.
///
/// `words` say the command: all are kept, and their units and arguments are marked. `others` are other commands as
/// said; wrong starts and wrong pieces are borrowed from them. The words of the command come back unchanged and in
/// order, except for a comma before an aside. Everything that is added is not kept.
pub fn disfluency(
    words: Vec<LabelledWord>,
    others: &[Vec<LabelledWord>],
    random: &mut Rng,
) -> Vec<LabelledWord> {
    let intensity = match random.u8(..100) {
        0..25 => Intensity::None,
        25..60 => Intensity::Light,
        _ => Intensity::Heavy,
    };
    if intensity == Intensity::None || words.is_empty() {
        return words;
    }
    let capitals = random.u8(..4) == 0;
    let pauses = if capitals { random.u8(..4) > 0 } else { random.u8(..10) == 0 };
    let context = SlotContext { others, capitals, pauses, ..SlotContext::BARE };
    let command = Command::new(&words);
    let mut added: Vec<Insertion> = Vec::new();
    match intensity {
        Intensity::None => {}
        Intensity::Light => {
            for _ in 0..random.usize(1..3) {
                let said = one_of_all(&command, &context, random);
                added.extend(said.or_else(|| one_of_all(&command, &context, random)));
            }
        }
        Intensity::Heavy => many(&command, &context, random, &mut added),
    }
    let mut line = interleave(words, added, &context);
    if capitals {
        start_sentences(&mut line);
    }
    line
}

/// A message as people write it in commits and echoes. It is full of words that sound like talk, is said in quotes and
/// must be kept.
pub fn message(random: &mut Rng) -> String {
    let mut words = Vec::new();
    say("message", &SlotContext::BARE, random, &mut words);
    line(&words)
}

fn one_of_all(command: &Command, context: &SlotContext, random: &mut Rng) -> Option<Insertion> {
    match random.u8(..100) {
        0..28 => lead(command, context, random),
        28..42 => tail(command, context, random),
        42..60 => aside(command, context, random),
        60..68 => intro(command, context, random),
        68..74 => about(command, context, random),
        _ => repair(command, context, random),
    }
}

fn many(command: &Command, context: &SlotContext, random: &mut Rng, added: &mut Vec<Insertion>) {
    if random.u8(..100) < 72 {
        added.extend(lead(command, context, random));
    }
    if random.u8(..100) < 45 {
        added.extend(tail(command, context, random));
    }
    // Long commands leave time for more.
    let more = 1 + command.units.len() / 8;
    let said = |added: &[Insertion]| added.iter().map(|(_, words)| words.len()).sum::<usize>();
    for _ in 0..random.usize(1..=3 + more.min(3)) {
        if said(added) >= MAX_TALK {
            break;
        }
        added.extend(match random.u8(..100) {
            0..34 => aside(command, context, random),
            34..50 => intro(command, context, random),
            50..62 => about(command, context, random),
            _ => repair(command, context, random),
        });
    }
}

fn lead(command: &Command, context: &SlotContext, random: &mut Rng) -> Option<Insertion> {
    let next = command.unit_at(0);
    let mut said = Vec::with_capacity(16);
    say("lead", &SlotContext { next, akin: next, ..*context }, random, &mut said);
    perturb(&mut said, context, random);
    (!runs_into(&said, next)).then_some((0, said))
}

fn tail(command: &Command, context: &SlotContext, random: &mut Rng) -> Option<Insertion> {
    let prev = command.unit_before(command.len());
    let mut said = Vec::with_capacity(16);
    say("tail", &SlotContext { prev, akin: prev, ..*context }, random, &mut said);
    perturb(&mut said, context, random);
    Some((command.len(), said))
}

fn aside(command: &Command, context: &SlotContext, random: &mut Rng) -> Option<Insertion> {
    if command.len() < 2 {
        return None;
    }
    let argument = command.arguments[random.usize(..command.arguments.len())];
    let unit = command.units[random.usize(..command.units.len())];
    let (at, rule) = match random.u8(..100) {
        0..62 => (argument, "aside"),
        62..92 => (unit, "short-aside"),
        _ => (random.usize(1..command.len()), "um"),
    };
    if at == 0 {
        return None;
    }
    let rule = if command.quoted(at) { "um" } else { rule };
    let (prev, next) = (command.unit_before(at), command.unit_at(at));
    let mut said = Vec::with_capacity(16);
    say(rule, &SlotContext { prev, next, akin: next, ..*context }, random, &mut said);
    perturb(&mut said, context, random);
    Some((at, said))
}

/// Percentage of phrases that are perturbed. Hand-chosen, 2026-11-28.
const PERTURBED: u8 = 30;
/// Percentage of the words of a perturbed phrase that are replaced. Hand-chosen, 2026-11-28.
const REPLACED: u8 = 35;

/// Replaces words of a phrase. No grammar contains everything that people say, and a tagger that knows phrases by heart
/// fails on all others.
fn perturb(said: &mut [LabelledWord], context: &SlotContext, random: &mut Rng) {
    static ENGLISH: LazyLock<Vec<&str>> = LazyLock::new(|| english::words().collect());
    if random.u8(..100) >= PERTURBED {
        return;
    }
    let long = |said: &&mut LabelledWord| {
        said.text.len() >= 3 && said.text.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    for said in said.iter_mut().filter(long) {
        if random.u8(..100) < REPLACED {
            let text = match random.u8(..3) {
                0 => ENGLISH[random.usize(..ENGLISH.len())],
                _ => &WORDS[random.usize(..WORDS.len())],
            };
            said.text = context.written(text);
        }
    }
}

/// What introduces an argument: "then the flag", "a" before a pipe.
fn intro(command: &Command, context: &SlotContext, random: &mut Rng) -> Option<Insertion> {
    let (at, _) = command.some_argument(random);
    if at == 0 || command.quoted(at) {
        return None;
    }
    let (prev, next) = (command.unit_before(at), command.unit_at(at));
    let symbol = substitution::sort(next) == Sort::Symbol && !next.first().is_some_and(substitution::is_dash);
    let rule = match prev {
        [said] if said.text == "pipe" => "after-pipe",
        _ if symbol => "intro-symbol",
        _ => "intro",
    };
    let mut said = Vec::with_capacity(8);
    say(rule, &SlotContext { prev, next, akin: next, ..*context }, random, &mut said);
    (!runs_into(&said, next)).then_some((at, said))
}

/// A remark on an argument: before it, whether it is the right one; after it, what it is for.
fn about(command: &Command, context: &SlotContext, random: &mut Rng) -> Option<Insertion> {
    let (from, to) = command.some_argument(random);
    let prev = command.unit_before(to);
    let (at, rule) = match (random.u8(..10), substitution::sort(prev)) {
        (0..3, _) => (from, "echo"),
        (3..5, _) => (to, "contrast"),
        (5..8, Sort::Letter | Sort::Directed) => (to, "as-in"),
        (5..7, Sort::Word) if prev.iter().all(|said| said.text.len() < 9) => (to, "spelling"),
        _ => (to, "remark-on"),
    };
    if at == 0 || command.quoted(at) {
        return None;
    }
    let next = command.unit_at(at);
    let akin = if rule == "echo" { next } else { prev };
    if matches!(rule, "echo" | "contrast") && (akin.is_empty() || substitution::sort(akin) == Sort::Symbol) {
        return None;
    }
    let mut said = Vec::with_capacity(16);
    say(rule, &SlotContext { prev, next, akin, ..*context }, random, &mut said);
    Some((at, said))
}

/// Whether talk ends with the word that the command continues with, so that nobody could tell the two apart.
fn runs_into(said: &[LabelledWord], next: &[LabelledWord]) -> bool {
    match (said.last(), next.first()) {
        (Some(last), Some(next)) => last.text.eq_ignore_ascii_case(&next.text),
        _ => false,
    }
}

/// The command with the insertions, ordered by their place in the command and then by when they were added.
fn interleave(
    words: Vec<LabelledWord>,
    mut added: Vec<Insertion>,
    context: &SlotContext,
) -> Vec<LabelledWord> {
    added.sort_by_key(|(at, _)| *at);
    let more: usize = added.iter().map(|(_, said)| said.len()).sum();
    let mut line: Vec<LabelledWord> = Vec::with_capacity(words.len() + more);
    let mut added = added.into_iter().peekable();
    for at in 0..=words.len() {
        while let Some((_, said)) = added.next_if(|(before, _)| *before == at) {
            // A pause before talk that itself contains pauses.
            if context.pauses
                && said.last().is_some_and(|said| !said.pause.is_empty())
                && let Some(last) = line.last_mut()
                && last.pause.is_empty()
            {
                last.pause = ",";
            }
            line.extend(said);
        }
        if let Some(word) = words.get(at) {
            line.push(word.clone());
        }
    }
    if context.pauses
        && let Some(last) = line.last_mut()
        && !last.kept
    {
        last.pause = ".";
    }
    line
}

fn start_sentences(line: &mut [LabelledWord]) {
    let mut starts = true;
    for said in line {
        if starts
            && !said.kept
            && let Some(first) = said.text.get_mut(..1)
        {
            first.make_ascii_uppercase();
        }
        starts = said.pause == ".";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labelled_word;
    use std::collections::HashSet;

    /// A command with its arguments separated by `|`, its units by blanks, and the words of a unit by `_`.
    fn command(text: &str) -> Vec<LabelledWord> {
        let mut words = Vec::new();
        for argument in text.split(" | ") {
            let start = words.len();
            for unit in argument.split(' ') {
                for (at, word) in unit.split('_').enumerate() {
                    words.push(LabelledWord { unit: at == 0, ..LabelledWord::kept(word) });
                }
            }
            words[start].argument = true;
        }
        words
    }

    fn commands() -> Vec<Vec<LabelledWord>> {
        [
            "git | push | origin | main",
            "ls",
            "grep | dash capital_r | todo | src slash",
            "git | commit | dash m | quote no wait for the lock quote",
            "docker | run | dash dash rm | dash p | eighty_eighty colon eighty | nginx",
            "tar | dash X Z F | archive dot tar dot gz",
            "echo | please | wait | I | mean | thanks",
            "cat | access dot log | pipe | grep | error | pipe | wc | dash l",
            "ls | - | é | 80 | --color",
        ]
        .map(command)
        .to_vec()
    }

    /// What talk makes of each command in turn, `count` times.
    fn talked(count: usize) -> Vec<(Vec<LabelledWord>, Vec<LabelledWord>)> {
        let commands = commands();
        let mut random = Rng::with_seed(7);
        let talk = |at: usize| {
            let words = commands[at % commands.len()].clone();
            (words.clone(), disfluency(words, &commands, &mut random))
        };
        (0..count).map(talk).collect()
    }

    #[test]
    fn the_command_stays() {
        for (words, line) in talked(20_000) {
            let kept: Vec<&LabelledWord> = line.iter().filter(|said| said.kept).collect();
            assert_eq!(kept.len(), words.len(), "{}", labelled_word::line(&line));
            for (kept, word) in kept.into_iter().zip(&words) {
                assert_eq!(kept, &LabelledWord { pause: kept.pause, ..word.clone() });
            }
            for said in &line {
                assert!(!said.text.is_empty() && !said.text.contains(' '), "{said:?}");
            }
        }
    }

    #[test]
    fn hardly_anything_is_said_twice() {
        let lines = talked(10_000);
        let strings: Vec<String> = lines
            .iter()
            .map(|(_, line)| {
                labelled_word::line(&line.iter().filter(|said| !said.kept).cloned().collect::<Vec<_>>())
            })
            .filter(|talk| !talk.is_empty())
            .collect();
        let different: HashSet<&String> = strings.iter().collect();
        assert!((6_500..8_000).contains(&strings.len()), "{} lines hold talk", strings.len());
        assert!(different.len() * 10 > strings.len() * 9, "{} of {}", different.len(), strings.len());
        let words: HashSet<&str> = strings.iter().flat_map(|talk| talk.split(' ')).collect();
        assert!(words.len() > 2_000, "{} words", words.len());
    }

    #[test]
    fn talk_is_a_part_of_the_line() {
        let lines = talked(20_000);
        let count = |kept: bool| -> usize {
            lines.iter().map(|(_, line)| line.iter().filter(|said| said.kept == kept).count()).sum()
        };
        let share = count(false) as f64 / (count(true) + count(false)) as f64;
        assert!((0.25..0.6).contains(&share), "{share}");
        let longest = lines.iter().map(|(words, line)| line.len() - words.len()).max();
        assert!((30..110).contains(&longest.unwrap()), "{longest:?}");
        let untouched = lines.iter().filter(|(words, line)| words == line).count();
        assert!((0.25..0.35).contains(&(untouched as f64 / lines.len() as f64)), "{untouched}");
    }

    #[test]
    fn every_way_of_taking_back_appears() {
        let lines: Vec<String> = talked(60_000)
            .iter()
            .map(|(_, line)| labelled_word::line(line).to_lowercase().replace([',', '.'], ""))
            .collect();
        for phrase in [
            "no wait",
            "scratch that",
            "actually make that",
            "i mean",
            "sorry",
            "not ",
            " but ",
            "i take that back",
            "correction",
            "or rather",
            "delete that",
            "strike that",
            "let me start over",
            "git git",
            " pu push",
            "grep dash r ",
            "origin main scratch that",
            "push origin",
        ] {
            assert!(lines.iter().any(|line| line.contains(phrase)), "nobody said {phrase:?}");
        }
    }

    #[test]
    fn the_same_seed_talks_the_same() {
        assert_eq!(talked(200), talked(200));
    }

    #[test]
    fn messages_sound_like_talk() {
        let mut random = Rng::with_seed(3);
        let messages: HashSet<String> = (0..1_000).map(|_| message(&mut random)).collect();
        assert!(messages.len() > 600, "{}", messages.len());
        assert!(messages.iter().all(|message| !message.is_empty() && !message.contains("  ")));
    }
}
