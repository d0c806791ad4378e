//! What a corrected line teaches: choices between readings, and words that were heard for others.
//!
//! Each part that the person changed is looked at by itself, so that a change of mind elsewhere in the line costs nothing.
//! A part that the dictation can mean speaks for its readings and against those of the answer. One that it cannot mean may
//! be a word that was misheard: it must sound like what was heard and be spelled differently. Everything else is a change
//! of mind, and teaches nothing.

use crate::preference::{choices, choices_of_word};
use crate::{Engine, Words, tagged};
use sayso_speech::clean::clean;
use sayso_speech::destructive::is_destructive;
use sayso_speech::english::is_english;
use sayso_speech::lattice::spell::{Compare, arc_cost, cheapest_path};
use sayso_speech::lattice::{Lattice, Step};
use sayso_speech::lex::lex;
use sayso_speech::{commands, phonetic, programs};
use sayso_text::{MAX_TEXT_BYTES, forbidden};
use std::ops::Range;

/// Most parts of a line that may have been changed; more is another line. Hand-chosen, 2026-11-28.
const MAX_PARTS: usize = 4;
/// Words of a changed part that is looked at in two. Hand-chosen, 2026-11-28.
const MAX_SPLIT_WORDS: usize = 6;
/// Longest word that is learnt, and most words that are heard for it. Hand-chosen, 2026-11-28.
const MAX_WORD_CHARS: usize = 40;
const MAX_HEARD_WORDS: usize = 5;
/// Shortest word that is learnt, in characters: short ones sound like too much.
const MIN_WORD_CHARS: usize = 3;
/// Furthest that a word may sound from what was heard, in 64ths of a wholly different sound at each place. A similarity of
/// 0.8, at which learning from edits was measured elsewhere to be right in 96 of 100 cases, is a fifth of 64.
const MAX_APART: u8 = 13;

/// What a corrected line teaches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lesson {
    /// Numbers of choices, and whether the line speaks for (1) or against (-1) each.
    pub choices: Vec<(u64, i8)>,
    /// Words: what was heard, in lower case, and what the person wrote in its place.
    pub words: Vec<(String, String)>,
    /// Whether what was run is the answer with some parts changed, and not another line altogether.
    pub is_same_line: bool,
}

impl Engine {
    /// What it teaches that `heard` was answered with `answer`, and the person ran `ran`.
    pub fn lesson(&self, words: &Words, heard: &str, answer: &str, ran: &str) -> Lesson {
        let mut lesson = Lesson::default();
        let is_text =
            |line: &str| line.len() <= MAX_TEXT_BYTES && !line.chars().any(|c| forbidden(c).is_some());
        if ![heard, answer, ran].into_iter().all(is_text) || is_destructive(ran) || is_destructive(answer) {
            return lesson;
        }
        let plain = lex(clean(heard), words, None);
        let Some(line) = tagged::encode_line(self, words, &plain, "") else { return lesson };
        let lattice = line.lattice();
        let (old, new): (Vec<&str>, Vec<&str>) =
            (answer.split_whitespace().collect(), ran.split_whitespace().collect());
        let (parts, same) = changed(&old, &new);
        lesson.is_same_line = 2 * same >= old.len().max(new.len());
        let Some(own) = path_writing(lattice, &old.join(" ")) else { return lesson };
        let own_choices = choices(lattice, &own);
        if parts.len() > MAX_PARTS {
            return lesson;
        }
        for (at, written) in parts {
            let with_part = |at: &Range<usize>, written: &Range<usize>| {
                let line = [&old[..at.start], &new[written.clone()], &old[at.end..]].concat().join(" ");
                path_writing(lattice, &line)
            };
            let (path, rest) = match with_part(&at, &written) {
                Some(path) => (Some(path), None),
                None => sayable_and_rest(&at, &written, with_part),
            };
            // Words that are left out otherwise were no matter of taste.
            if let Some(path) = path.filter(|path| lattice.left_out(path) == lattice.left_out(&own)) {
                lesson.compare(&choices(lattice, &path), &own_choices);
            }
            if let Some((at, written)) = rest
                && let [word] = new[written]
            {
                lesson.misheard(lattice, &own, &old, at, word);
            }
        }
        lesson.is_same_line |= !lesson.choices.is_empty();
        lesson
    }
}

impl Lesson {
    fn compare(&mut self, chosen: &[u64], own: &[u64]) {
        let only = |these: &[u64], those: &[u64], sign| -> Vec<(u64, i8)> {
            these.iter().filter(|choice| !those.contains(choice)).map(|&choice| (choice, sign)).collect()
        };
        self.choices.extend(only(chosen, own, 1));
        self.choices.extend(only(own, chosen, -1));
    }

    /// Notes that `word` was written for what became the words `at` of the answer, if it sounds like what was heard.
    fn misheard(&mut self, lattice: &Lattice, own: &[Step], old: &[&str], at: Range<usize>, word: &str) {
        let Some(heard) = heard_for(lattice, own, &at) else { return };
        if !is_mishearing(&heard, old, &at, word) {
            return;
        }
        // Where a command begins, its own name is no part of where the word stands.
        let command = if at.start == 0 { "" } else { old.first().copied().unwrap_or_default() };
        self.choices.extend(choices_of_word(command, &heard, word).into_iter().map(|choice| (choice, 1)));
        self.words.push((heard, word.to_owned()));
    }
}

fn path_writing(lattice: &Lattice, text: &str) -> Option<Vec<Step>> {
    let write = |text: &str| {
        cheapest_path(lattice, text, Compare::Collapsed, |id| Some(arc_cost(lattice.reading(id))))
    };
    // A quote that was open at the end was closed there, by nothing that was said.
    write(text).or_else(|| write(text.strip_suffix(['"', '\''])?))
}

/// A part of the words of a line, and what it is in another one.
type Part = (Range<usize>, Range<usize>);

/// Parts of the words `old` that are others in `new`, and which; beside them the number of words that stay, the longest
/// common subsequence. Where words were only added, or only removed, nothing can be compared.
fn changed(old: &[&str], new: &[&str]) -> (Vec<Part>, usize) {
    // (i, j) → the length of the longest common subsequence of old[i..] and new[j..].
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = match old[i] == new[j] {
                true => common[(i + 1) * width + j + 1] + 1,
                false => common[(i + 1) * width + j].max(common[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut parts = Vec::new();
    let mut begun = (0, 0);
    loop {
        let same = i < old.len() && j < new.len() && old[i] == new[j];
        let at_end = i == old.len() && j == new.len();
        if same || at_end {
            if begun.0 < i && begun.1 < j {
                parts.push((begun.0..i, begun.1..j));
            }
            if at_end {
                return (parts, common[0] as usize);
            }
            (i, j) = (i + 1, j + 1);
            begun = (i, j);
        } else if j == new.len()
            || (i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1])
        {
            i += 1;
        } else {
            j += 1;
        }
    }
}

/// A changed part in two, where two changes stand side by side: the longest beginning or end of it that the dictation can
/// mean, as the path of the whole line, and the rest of the part.
fn sayable_and_rest(
    at: &Range<usize>,
    written: &Range<usize>,
    path_with: impl Fn(&Range<usize>, &Range<usize>) -> Option<Vec<Step>>,
) -> (Option<Vec<Step>>, Option<Part>) {
    let whole = Some((at.clone(), written.clone()));
    if at.len().max(written.len()) > MAX_SPLIT_WORDS {
        return (None, whole);
    }
    let cuts = |range: &Range<usize>| range.start + 1..range.end;
    let mut best: Option<(usize, Vec<Step>, Part)> = None;
    for old in cuts(at) {
        for new in cuts(written) {
            let (first, second) = ((at.start..old, written.start..new), (old..at.end, new..written.end));
            for (part, rest) in [(&first, &second), (&second, &first)] {
                let length = part.0.len();
                if best.as_ref().is_none_or(|best| best.0 < length)
                    && let Some(path) = path_with(&part.0, &part.1)
                {
                    best = Some((length, path, rest.clone()));
                }
            }
        }
    }
    best.map_or((None, whole), |(_, path, rest)| (Some(path), Some(rest)))
}

/// What was heard for some words of the text that a path writes, in lower case; `None` where that is not whole words of
/// the dictation.
fn heard_for(lattice: &Lattice, path: &[Step], words: &Range<usize>) -> Option<String> {
    let (mut word, mut begun) = (0, false);
    let mut tokens: Option<Range<usize>> = None;
    for step in path {
        let reading = lattice.reading(step.reading);
        let ends = step.space || !reading.kind.writes() && !reading.text.is_empty();
        if ends && begun {
            (word, begun) = (word + 1, false);
        }
        if !reading.kind.writes() || reading.text.is_empty() {
            continue;
        }
        begun = true;
        // A reading with white space in it writes several words.
        if reading.text.contains(char::is_whitespace) && words.contains(&word) {
            return None;
        }
        if words.contains(&word) {
            let from = tokens.as_ref().map_or(reading.tokens.start, |tokens| tokens.start);
            tokens = Some(from..reading.tokens.end);
        }
        word += reading.text.matches(char::is_whitespace).count();
    }
    let heard: Vec<&str> =
        tokens?.map(|token| lattice.line.lower(token)).filter(|it| !it.is_empty()).collect();
    (1..=MAX_HEARD_WORDS).contains(&heard.len()).then(|| heard.join(" "))
}

/// Whether `written` is what the person said where `heard` was heard and became the words `at` of the line `old`: it sounds
/// alike and is spelled differently.
fn is_mishearing(heard: &str, old: &[&str], at: &Range<usize>, written: &str) -> bool {
    let length = written.chars().count();
    let is_name = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    if !(MIN_WORD_CHARS..=MAX_WORD_CHARS).contains(&length)
        || !written.chars().all(is_name)
        || !written.chars().any(char::is_alphabetic)
        || written.starts_with('-')
    {
        return false;
    }
    let letters =
        |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let (said, spelled): (String, String) = (letters(heard), letters(written));
    // The same letters in another case, or with other signs between them.
    if said == spelled {
        return heard != written;
    }
    // Of two words that both are what one may have meant, the second is a change of mind.
    let command = commands::lookup(&old[..at.start.min(1)]);
    let known = |word: &str| {
        let is_subcommand = command.is_some_and(|command| command.has_subcommand(word));
        is_subcommand || commands::is_command(word) || programs::is_program(word) || is_english(word)
    };
    if let [answer] = old[at.clone()] {
        // "notes.txt" and "other.txt" differ in one word.
        let (was, is) = part_that_differs(answer, written).unwrap_or((answer, written));
        if known(&was.to_lowercase()) && (known(&is.to_lowercase()) || is_typing_error(was, is)) {
            return false;
        }
    }
    let read = spoken(written);
    // The first letter may be said by its name: "ex term" for xterm.
    let (first, rest) = read.split_at(read.chars().next().map_or(0, char::len_utf8));
    let spelled = format!("{first} {}", rest.trim_start());
    [read.as_str(), &spelled].iter().any(|said| phonetic::apart(heard, said) <= MAX_APART)
}

/// The part of each of two names that is another in the other one, if it is one of several; signs stand between parts.
fn part_that_differs<'a>(old: &'a str, new: &'a str) -> Option<(&'a str, &'a str)> {
    let parts = |name: &'a str| name.split(|c: char| !c.is_alphanumeric()).collect::<Vec<_>>();
    let (old, new) = (parts(old), parts(new));
    let mut others = old.iter().zip(&new).filter(|(old, new)| old != new);
    let (first, second) = (others.next()?, others.next());
    (old.len() == new.len() && old.len() > 1 && second.is_none()).then_some((*first.0, *first.1))
}

/// A name as it is said: its parts apart, and each digit by itself.
fn spoken(name: &str) -> String {
    const DIGITS: [&str; 10] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    let mut said = String::new();
    let mut before = None;
    for c in name.chars().flat_map(char::to_lowercase) {
        let digit = c.to_digit(10).and_then(|digit| DIGITS.get(digit as usize));
        if !c.is_alphanumeric() {
            said.push(' ');
        } else if let Some(digit) = digit {
            said.push_str(&format!(" {digit} "));
        } else {
            if before.is_some_and(|c: char| c.is_ascii_digit()) {
                said.push(' ');
            }
            said.push(c);
        }
        before = Some(c);
    }
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether `new` is `old` with one letter added, lost, replaced, or two neighbours swapped.
fn is_typing_error(old: &str, new: &str) -> bool {
    let (old, new): (Vec<char>, Vec<char>) = (old.chars().collect(), new.chars().collect());
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[same..], &new[same..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    matches!((old, new), ([], [_]) | ([_], []) | ([_], [_]))
        || matches!((old, new), ([a, b], [c, d]) if a == d && b == c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dictation;

    fn lesson(heard: &str, ran: &str) -> Lesson {
        let words = Words::default();
        let dictation = Dictation { text: heard, ..Dictation::default() };
        let answer = Engine::embedded().convert(&words, &dictation, None).unwrap().buffer;
        Engine::embedded().lesson(&words, heard, &answer, ran)
    }

    #[test]
    fn words_that_sound_alike_and_are_spelled_differently_are_learnt() {
        let check = |heard: &str, ran: &str, expected: &[(&str, &str)]| {
            let lesson = lesson(heard, ran);
            let words: Vec<_> = lesson.words.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            assert_eq!(words, expected, "{heard}: {ran}");
        };
        check("ssh poke errs", "ssh pokerth", &[("poke errs", "pokerth")]);
        check("ssh redo check", "ssh rdacheck", &[("redo check", "rdacheck")]);
        // Changes of mind, additions, and typing errors.
        check("git status", "git stash", &[]);
        check("ls dash l", "ls -la", &[]);
        check("cat notes dot txt", "cat -n notes.txt | head", &[]);
        check("docker ps", "dokcer ps", &[]);
        check("ssh web", "ssh mail.example.org", &[]);
    }

    #[test]
    fn another_reading_speaks_for_itself_and_against_the_answer() {
        let lesson = lesson("head dash n five notes dot txt", "head -n5 notes.txt");
        let speaks = |wanted: i8| lesson.choices.iter().any(|(_, sign)| *sign == wanted);
        assert!(speaks(1) && speaks(-1) && lesson.words.is_empty(), "{lesson:?}");
    }

    #[test]
    fn each_part_counts_by_itself() {
        let both = lesson("head dash n five notes dot txt", "head -n5 other.txt");
        let one = lesson("head dash n five notes dot txt", "head -n5 notes.txt");
        assert_eq!(both.choices, one.choices);
    }

    #[test]
    fn what_destroys_teaches_nothing() {
        assert_eq!(lesson("rm web one", "rm web1"), Lesson::default());
    }

    #[test]
    fn parts_are_found() {
        let check = |old: &str, new: &str, expected: &[(Range<usize>, Range<usize>)]| {
            let (old, new): (Vec<&str>, Vec<&str>) = (old.split(' ').collect(), new.split(' ').collect());
            assert_eq!(changed(&old, &new).0, expected);
        };
        check("a b c", "a x c", &[(1..2, 1..2)]);
        check("a -n 5 c", "a -n5 c", &[(1..3, 1..2)]);
        check("a b", "a b c", &[]);
        check("a b c d", "x b c y", &[(0..1, 0..1), (3..4, 3..4)]);
    }
}
