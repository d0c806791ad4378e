//! Simulated people, whose habits and lines are drawn from data.
//!
//! A habit changes what a person means by a line (`head -n5` in place of `head -n 5`), or what is heard for one of
//! their names. The same line means something else to somebody else, so only corrections can teach it.

use crate::spacing::Spacing;
use fastrand::Rng;
use sayso_corpus::cases::Case;
use sayso_speech::english::{self, is_english};
use sayso_speech::{commands, phonetic, programs};

/// Number of a person's own names: hosts, which are heard as they are said, and tools, which are misheard. Hand-chosen,
/// 2026-11-28, like the next two.
const HOSTS: usize = 5;
const TOOLS: usize = 5;
/// Folder and file names that a person writes with a capital, or in capitals.
const CASED: usize = 4;
/// Flags that the person means in the other letter case.
const FLAGS: usize = 1;
/// This many of the most frequent words are too frequent to be anybody's own name.
const COMMON_WORDS: usize = 40;
/// How often a line contains one of the person's own names, in percent.
const OWN_NAME: u8 = 40;
/// Largest phonetic distance of a misheard name from the words heard for it, in 64ths of a wholly different sound.
/// Recognisers do worse; then nobody could know what was said.
const MISHEARD: u8 = 12;

/// A person.
#[derive(Debug)]
pub(crate) struct Person {
    /// How the person writes what can be written in several ways, in every line alike.
    pub(crate) spacing: Spacing,
    /// A command, and the letter of a flag that is heard in lower case but meant in upper case.
    flags: Vec<(String, char)>,
    /// The words that are heard for a name, and how it is written.
    names: Vec<(String, String)>,
}

/// A line that a person dictates.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// The text that the dictation tool types.
    pub(crate) heard: String,
    /// The command that the person means.
    pub(crate) meant: String,
    /// Whether anybody would mean that.
    pub(crate) is_common: bool,
}

/// Names of programs that nobody knows here, and the common words of similar sound that are heard for each.
pub(crate) fn misheard_names(random: &mut Rng, count: usize) -> Vec<(String, String)> {
    let mut names: Vec<&str> = programs::programs()
        .filter(|name| (5..=9).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase()))
        .filter(|name| !is_english(name) && !commands::is_command(name))
        .collect();
    random.shuffle(&mut names);
    let words: Vec<&str> = english::words().filter(|word| (2..=6).contains(&word.len())).collect();
    let nearest = |part: &str| {
        let begins = |word: &&&str| word.as_bytes()[0] == part.as_bytes()[0];
        words.iter().filter(begins).map(|word| (phonetic::apart(part, word), *word)).min()
    };
    let mut found = Vec::new();
    for name in names {
        let halves = (2..name.len() - 1).map(|at| name.split_at(at));
        let heard = halves.filter_map(|(first, second)| {
            let ((a, first), (b, second)) = (nearest(first)?, nearest(second)?);
            Some((u16::from(a) + u16::from(b), format!("{first} {second}")))
        });
        if let Some((_, heard)) = heard.min()
            && phonetic::apart(&heard, name) <= MISHEARD
            && heard.replace(' ', "") != name
        {
            found.push((heard, name.to_owned()));
        }
        if found.len() == count {
            break;
        }
    }
    found
}

impl Person {
    /// A person with habits that matter in lines like `cases`.
    pub(crate) fn new(cases: &[Case], misheard: &[(String, String)], random: &mut Rng) -> Person {
        let mut words: Vec<&str> = cases.iter().flat_map(arguments).collect();
        words.sort_unstable();
        let mut counted: Vec<(usize, &str)> =
            words.chunk_by(|a, b| a == b).map(|run| (run.len(), run[0])).collect();
        counted.sort_unstable_by(|a, b| b.cmp(a));
        let mut words: Vec<&str> = counted.into_iter().skip(COMMON_WORDS).map(|(_, word)| word).collect();
        random.shuffle(&mut words);
        let in_case = |word: &str, is_all: bool| match is_all {
            true => word.to_uppercase(),
            false => word[..1].to_uppercase() + &word[1..],
        };
        let mut flags: Vec<(String, char)> = cases.iter().filter_map(short_flag).collect();
        flags.sort_unstable();
        flags.dedup();
        random.shuffle(&mut flags);
        flags.truncate(FLAGS);
        let spacing = Spacing::drawn(cases, random);
        let mut names: Vec<(String, String)> =
            words.iter().take(CASED).map(|word| ((*word).to_owned(), in_case(word, random.bool()))).collect();
        for _ in 0..HOSTS {
            let stems = ["web", "mail", "build", "data", "cache", "proxy", "store", "queue", "stage", "node"];
            let numbers = [("one", "1"), ("two", "2"), ("three", "3"), ("seven", "7"), ("nine", "9")];
            let stem = stems[random.usize(..stems.len())];
            let (said, digit) = numbers[random.usize(..numbers.len())];
            names.push((format!("{stem} {said}"), format!("{stem}{digit}")));
        }
        let mut tools = misheard.to_vec();
        random.shuffle(&mut tools);
        names.extend(tools.into_iter().take(TOOLS));
        names.sort_unstable();
        names.dedup_by(|a, b| a.0 == b.0);
        Person { spacing, flags, names }
    }

    /// Whether a word was heard for one of the person's own names and is written like this.
    pub(crate) fn has_word(&self, heard: &str, written: &str) -> bool {
        self.names.iter().any(|(own, writes)| own == heard && writes == written)
    }

    /// The line that the person dictates and means in place of a case.
    pub(crate) fn line(&self, case: &Case, random: &mut Rng) -> Line {
        let mut heard = case.dictated.clone();
        let mut meant = case.expected.clone();
        // Names occur among arguments, not in messages.
        if !meant.contains(['"', '\''])
            && random.u8(..100) < OWN_NAME
            && let Some(word) = arguments(case).next().map(str::to_owned)
        {
            let (said, written) = &self.names[random.usize(..self.names.len())];
            heard = replaced(&heard, &word, said);
            meant = replaced(&meant, &word, written);
        }
        let common = meant.clone();
        for (command, letter) in &self.flags {
            let flag = format!("-{letter}");
            if meant.split(' ').next() == Some(command) && is_once(&meant, &flag) {
                meant = replaced(&meant, &flag, &flag.to_uppercase());
            }
        }
        meant = self.spacing.write(&meant);
        let is_common = meant == common && heard == case.dictated;
        Line { heard, meant, is_common }
    }
}

/// The plain words of a case that are neither the command nor have a meaning of their own.
fn arguments(case: &Case) -> impl Iterator<Item = &str> {
    let plain = |word: &&str| word.len() >= 4 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let first = case.expected.split(' ').next().unwrap_or_default();
    case.expected.split(' ').skip(1).filter(plain).filter(move |word| {
        commands::lookup(&[first, *word]).is_none()
            && !commands::is_command(word)
            && is_once(&case.dictated, word)
            && is_once(&case.expected, word)
    })
}

fn is_once(line: &str, word: &str) -> bool {
    line.split(' ').filter(|it| *it == word).count() == 1 && line.matches(word).count() == 1
}

fn replaced(line: &str, word: &str, by: &str) -> String {
    line.split(' ').map(|it| if it == word { by } else { it }).collect::<Vec<_>>().join(" ")
}

/// The command of a case, and the letter of a short flag that it has.
fn short_flag(case: &Case) -> Option<(String, char)> {
    let command = case.expected.split(' ').next()?;
    let table = commands::lookup(&[command])?;
    case.expected.split(' ').find_map(|word| {
        let letter = word.strip_prefix('-').filter(|letters| letters.len() == 1)?.chars().next()?;
        let has_both = letter.is_ascii_lowercase() && table.short(letter.to_ascii_uppercase()).is_some();
        has_both.then(|| (command.to_owned(), letter))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_misheard_as_words_that_sound_like_them() {
        let names = misheard_names(&mut Rng::with_seed(1), 3);
        assert_eq!(names.len(), 3);
        for (heard, name) in names {
            assert!(
                heard.split(' ').all(is_english) && phonetic::apart(&heard, &name) <= MISHEARD,
                "{heard} {name}"
            );
        }
    }
}
