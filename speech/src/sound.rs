//! Sound: what may have been said where a speech engine wrote something else.
//!
//! A wide lattice holds every reading of the plain one, in the same order, and behind them, for one to three words at
//! a time, the symbols, letters, digits and words of commands that sound like them, closest and likeliest first.
//! What was written as one is cut first, so that each piece has readings of its own.

pub mod distance;
pub mod ear;
mod heard;
pub mod letters;
mod pieces;
pub mod targets;
mod within;

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

use crate::clean::{Line, Shape};
use crate::lattice::{Fit, Kind, Lattice, MAX_WIDE_READINGS, Reading};
use crate::lex::lex;
use crate::vocabulary;
use crate::words::UserWords;
use ear::{Ear, Near};
use heard::Heard;
use letters::Sound;
use targets::{Role, Target};
use within::Within;

/// Most readings by sound that start at a token.
const MAX_SOUNDS: usize = 12;
/// Most words that a reading by sound spans.
const MAX_WORDS: usize = 3;
/// Most words of a name whose dashes are left out.
const MAX_NAME_WORDS: usize = 4;
/// Furthest that anything may be, in 64ths of a wholly different sound.
const FURTHEST: u8 = 25;
/// Furthest that a word may be of which the table of commands says something.
const FITTING: u8 = FURTHEST - 1;
/// Furthest that a number may be, or anything from a number: nearly the same.
const NEARLY: u8 = 10;
/// How much closer each further word must be.
const MERGED: u8 = 4;

/// Ears that nobody listens with: as many as have listened at the same time. They outlive threads, which come and go in
/// the daemon.
static EARS: Mutex<Vec<Ear>> = Mutex::new(Vec::new());

/// Widens the plain lattice of a line.
pub fn widen(plain: Lattice, words: &UserWords) -> Lattice {
    let ears = || EARS.lock().unwrap_or_else(PoisonError::into_inner);
    let idle = ears().pop();
    let mut ear = idle.unwrap_or_default();
    let wide = widen_by(plain, words, &mut ear);
    ears().push(ear);
    wide
}

fn widen_by(plain: Lattice, words: &UserWords, ear: &mut Ear) -> Lattice {
    let Lattice { line, readings, inside, first: _ } = plain;
    let pieces = pieces::cut(&line);
    let mut wide = match pieces {
        None => {
            let at = (0..line.tokens.len()).collect();
            let mut wide = Wide::new(line, at);
            wide.take(readings, |token| token);
            wide
        }
        Some(pieces) => {
            let at: Vec<usize> = (0..pieces.line.tokens.len())
                .filter(|&token| !pieces::is_glue(&pieces.line, token))
                .collect();
            let tokens = at.iter().map(|&token| pieces.line.tokens[token].clone()).collect();
            let said = pieces.line.with_tokens(tokens);
            let mut wide = Wide::new(pieces.line, at);
            wide.take(readings, |token| pieces.first[token]);
            wide.glue();
            wide.take_said(lex(said, words).readings);
            wide
        }
    };
    wide.sounds(ear);
    let mut readings = Vec::with_capacity(wide.at_token.iter().map(Vec::len).sum());
    let mut first = Vec::with_capacity(wide.at_token.len() + 1);
    for mut at_token in wide.at_token {
        first.push(readings.len() as u32);
        at_token.truncate(MAX_WIDE_READINGS);
        readings.append(&mut at_token);
    }
    first.push(readings.len() as u32);
    Lattice { line: wide.line, readings, inside, first }
}

struct Wide {
    line: Line,
    /// The tokens that were said: all but what holds pieces together.
    said: Vec<usize>,
    at_token: Vec<Vec<Reading>>,
}

impl Wide {
    fn new(line: Line, said: Vec<usize>) -> Wide {
        let at_token = (0..line.tokens.len()).map(|_| Vec::with_capacity(12)).collect();
        Wide { line, said, at_token }
    }

    /// Takes over the plain readings.
    fn take(&mut self, readings: Vec<Reading>, piece: impl Fn(usize) -> usize) {
        for mut reading in readings {
            reading.tokens = piece(reading.tokens.start)..piece(reading.tokens.end);
            self.at_token[reading.tokens.start].push(reading);
        }
    }

    /// Adds the readings of the line without its glue.
    fn take_said(&mut self, readings: Vec<Reading>) {
        for mut reading in readings {
            reading.tokens = self.span(reading.tokens.start, reading.tokens.len());
            let at_token = &mut self.at_token[reading.tokens.start];
            let same = |other: &Reading| {
                other.tokens == reading.tokens && other.kind == reading.kind && other.text == reading.text
            };
            if !at_token.iter().any(same) {
                at_token.push(reading);
            }
        }
    }

    /// The tokens of `count` words said from the `at`th on, with what holds them together.
    fn span(&self, at: usize, count: usize) -> std::ops::Range<usize> {
        self.said[at]..self.said[at + count - 1] + 1
    }

    /// What holds pieces together is a symbol or nothing.
    fn glue(&mut self) {
        for token in 0..self.line.tokens.len() {
            if !pieces::is_glue(&self.line, token) {
                continue;
            }
            let text = self.line.text(token);
            let reading = match vocabulary::spoken_forms(text).next() {
                Some(entry) => Reading::new(token..token + 1, Kind::Symbol, entry.writes.into(), Some(entry)),
                None => Reading::new(token..token + 1, Kind::Typed, Cow::Owned(text.to_owned()), None),
            };
            let dropped = Reading::new(token..token + 1, Kind::Drop, "".into(), None);
            self.at_token[token].extend([reading, dropped]);
        }
    }

    /// Adds what sounds like the words, from left to right.
    fn sounds(&mut self, ear: &mut Ear) {
        let heard: Vec<Heard> = self.said.iter().map(|&token| Heard::new(&self.line, token)).collect();
        let mut within = Within::default();
        let mut found = Vec::new();
        for at in 0..self.said.len() {
            let token = self.said[at];
            within.read(&self.at_token[token]);
            let capitals = capitals(&self.line, token);
            self.at_token[token].extend(capitals);
            self.directed(token);
            for reading in &mut self.at_token[token] {
                if matches!(reading.kind, Kind::Word | Kind::Letter | Kind::Heard) {
                    let lower = reading.text.to_ascii_lowercase();
                    reading.prior = targets::frequency(&lower).map_or(0, |frequency| frequency + 1);
                    reading.fit = within.fit_of_text(&reading.text);
                }
            }
            self.names(at, &mut within);
            self.sounds_at(at, &heard, &within, ear, &mut found);
            let best = found
                .first()
                .filter(|candidate: &&Candidate| candidate.fit == Fit::Command && candidate.near.cost <= 10);
            if let Some(candidate) = best {
                within.enter(candidate.near.target.text);
            }
        }
    }

    /// A word that was cut, as it sounds whole: how many pieces it has, and the sounds.
    fn uncut(&self, at: usize) -> Option<(usize, Vec<Sound>)> {
        let tokens = &self.line.tokens;
        let joined = |left: usize, right: usize| {
            let (left, right) = (&tokens[self.said[left]], &tokens[self.said[right]]);
            left.at.end == right.at.start && left.shape == Shape::Word && right.shape == Shape::Word
        };
        if at > 0 && joined(at - 1, at) {
            return None;
        }
        let rest = at + 1..self.said.len();
        let words = 1 + rest.take_while(|&next| joined(next - 1, next)).count();
        if words == 1 {
            return None;
        }
        let last = &tokens[self.said[at + words - 1]];
        let mut sounds = Vec::new();
        letters::read(&self.line.lower[tokens[self.said[at]].at.start..last.at.end], &mut sounds);
        Some((words, sounds))
    }

    /// "capital path" may mean `PATH`.
    fn directed(&mut self, token: usize) {
        let upper: Vec<Reading> = self.at_token[token]
            .iter()
            .filter(|reading| reading.kind == Kind::Case && reading.text.len() > 1)
            .filter(|reading| reading.entry.is_some_and(|entry| matches!(entry.writes, "capital" | "upper")))
            .map(|reading| {
                let text = Cow::Owned(reading.text.to_uppercase());
                Reading { kind: Kind::WideCase, text, ..reading.clone() }
            })
            .filter(|upper| self.at_token[token].iter().all(|reading| reading.text != upper.text))
            .collect();
        self.at_token[token].extend(upper);
    }

    /// The names of several words that begin here and whose dashes nobody said: "cherry pick", "dash dash no edit".
    fn names(&mut self, at: usize, within: &mut Within) {
        let is_word = |token: &&usize| {
            self.line.tokens[**token].shape == Shape::Word && self.line.lower(**token).is_ascii()
        };
        let words: Vec<&str> = self.said[at..]
            .iter()
            .take(MAX_NAME_WORDS)
            .take_while(is_word)
            .map(|token| self.line.lower(*token))
            .collect();
        let found = (2..=words.len()).filter_map(|count| Some((count, within.fit_of_name(&words[..count])?)));
        for (count, (name, fit)) in found.collect::<Vec<_>>() {
            if fit != Fit::Flag {
                within.enter(&name);
            }
            let reading = Reading::new(self.span(at, count), Kind::Sounds, name.into(), None);
            self.at_token[self.said[at]].push(Reading { fit, ..reading });
        }
    }

    fn sounds_at(
        &mut self,
        at: usize,
        heard: &[Heard],
        within: &Within,
        ear: &mut Ear,
        found: &mut Vec<Candidate>,
    ) {
        found.clear();
        let mut sounds: Vec<Sound> = Vec::new();
        let mut number = false;
        for words in 1..=MAX_WORDS.min(heard.len() - at) {
            let last = &heard[at + words - 1];
            if last.sounds.is_empty() || last.certain {
                break;
            }
            sounds.extend(&last.sounds);
            number |= last.number;
            let mut take = |near| found.extend(Candidate::new(near, words, number, within));
            if words > 1 {
                let context = within.context() << 1 | u64::from(number);
                let here = |target: &Target| most(target, within.fit(target), words, number);
                ear.near(&sounds, words, context, here, take);
                continue;
            }
            // What a single word sounds like is remembered for all lines.
            ear.near(&sounds, 1, 0, |_| FURTHEST, &mut take);
            if !last.spelled.is_empty() {
                ear.near(&last.spelled, 1, 0, |_| FURTHEST, &mut take);
            }
        }
        if let Some((words, sounds)) = self.uncut(at) {
            let whole = |near| Candidate::new(near, 1, false, within);
            ear.near(
                &sounds,
                1,
                0,
                |_| FURTHEST,
                |near| found.extend(whole(near).map(|whole| Candidate { words, ..whole })),
            );
        }
        found.sort_by_key(|candidate| (candidate.rank, candidate.near.target.text));
        let token = self.said[at];
        let mut left = MAX_SOUNDS;
        for candidate in found.iter() {
            if left == 0 {
                break;
            }
            let tokens = self.span(at, candidate.words);
            let text = candidate.near.target.text;
            let known = |text: &str, readings: &[Reading]| {
                readings.iter().any(|reading| reading.tokens == tokens && reading.text == text)
            };
            if known(text, &self.at_token[token]) {
                continue;
            }
            left -= 1;
            let reading = Reading {
                tokens: tokens.clone(),
                kind: Kind::Sounds,
                text: Cow::Borrowed(text),
                entry: candidate.near.target.entry,
                cost: candidate.near.cost,
                prior: candidate.near.target.frequency + 1,
                fit: candidate.fit,
            };
            if candidate.near.target.role == Role::Letter {
                let capital = Cow::Owned(text.to_ascii_uppercase());
                self.at_token[token].push(Reading { text: capital, ..reading.clone() });
            }
            self.at_token[token].push(reading);
        }
    }
}

/// A longer word is not written in capitals without a word about it.
const LONGEST_CAPITALS: usize = 10;

/// A word with a capital at its start, and all in capitals: a speech engine's capitals say nothing, nor does their
/// absence.
fn capitals(line: &Line, token: usize) -> impl Iterator<Item = Reading> + use<> {
    let (text, lower) = (line.text(token), line.lower(token));
    let word = line.tokens[token].shape == Shape::Word && text.len() > 1 && lower.is_ascii();
    let title = (word && (text[1..] != lower[1..] || text == lower))
        .then(|| format!("{}{}", lower[..1].to_ascii_uppercase(), &lower[1..]));
    let upper = (word && text.len() <= LONGEST_CAPITALS).then(|| lower.to_ascii_uppercase());
    let upper = upper.filter(|upper| upper != text);
    let reading = move |text: String| Reading::new(token..token + 1, Kind::Sounds, text.into(), None);
    title.into_iter().chain(upper).map(reading)
}

/// A target with how well it stands here.
struct Candidate {
    near: Near,
    words: usize,
    fit: Fit,
    /// The less the better.
    rank: i32,
}

impl Candidate {
    /// `None` where it is too far for all that speaks for it.
    fn new(near: Near, words: usize, number: bool, within: &Within) -> Option<Candidate> {
        let fit = within.fit(near.target);
        if near.at_least > most(near.target, fit, words, number) {
            return None;
        }
        let known = if fit == Fit::Unknown { 0 } else { 8 };
        let merged = i32::from(closer(words));
        let rank = 2 * i32::from(near.cost) - 3 * i32::from(near.target.frequency) - known + merged;
        Some(Candidate { near, words, fit, rank })
    }
}

/// How far a target may be, in 64ths of a wholly different sound: the further, the more speaks for it. Nothing speaks for
/// another number than the one heard, in digits or in words, unless they sound nearly the same (`for`, `won`).
fn most(target: &Target, fit: Fit, words: usize, number: bool) -> u8 {
    let most = match target.role {
        Role::Number if number => return 0,
        Role::Number => NEARLY,
        _ if number && words == 1 => NEARLY,
        Role::Symbol | Role::Letter => FURTHEST,
        Role::Word if fit != Fit::Unknown => FITTING,
        Role::Word => unfitting(target),
    };
    most.saturating_sub(closer(words))
}

/// The most that [`most`] ever says of a target heard as one word; `of_commands` says whether the table of commands holds
/// it.
fn furthest(target: &Target, of_commands: bool) -> u8 {
    match target.role {
        Role::Number => NEARLY,
        Role::Symbol | Role::Letter => FURTHEST,
        Role::Word if of_commands || target.command => FITTING,
        Role::Word => unfitting(target).max(NEARLY),
    }
}

/// How far a word may be of which the table of commands says nothing.
fn unfitting(target: &Target) -> u8 {
    8 + target.frequency * 3 / 2
}

/// How much closer something must be that was heard as so many words.
fn closer(words: usize) -> u8 {
    MERGED * (words as u8 - 1)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use proptest::prelude::*;

    use super::*;
    use crate::clean::clean;
    use crate::lattice::reaches;
    use crate::lex::lex_wide;

    fn wide(text: &str) -> Lattice {
        lex_wide(clean(text), &UserWords::default())
    }

    #[test]
    fn what_is_reached() {
        for (heard, said) in [
            ("LS-T-A make that minus L-A", "ls -la"),
            (
                "D and F can fake-manager-dash-enable repository underscore ID.",
                "dnf config-manager --enable repository_id",
            ),
            ("Find Dash-Mindepth for Dash-Name file.", "find -mindepth 4 -name file"),
            ("Get Merch Space Dash, Dash Node Dash, FF Develop.", "git merge --no-ff develop"),
            ("su-du-i-p-r-ad default vi-a gateway underscore-i-p", "sudo ip r add default via gateway_ip"),
            ("cat slash e, t, c slash host.", "cat /etc/hosts"),
            ("kill dash 9 8,080", "kill -9 8080"),
            ("Please run CUBE, C-T-L annotate", "kubectl annotate"),
            ("runsudo dashname", "sudo -name"),
            ("cd till the slash docks", "cd ~/docs"),
            ("git push dash dash force with lease origin", "git push --force-with-lease origin"),
            ("git cherry pick dash dash no commit main", "git cherry-pick --no-commit main"),
            ("sudo apt get install curl", "sudo apt-get install curl"),
            ("git pull origin main pipe ssh copy id host", "git pull origin main | ssh-copy-id host"),
        ] {
            assert!(reaches(&wide(heard), said), "{heard:?} {said:?}");
        }
        for (heard, never) in [
            ("git status", "git rm"),
            ("kill 5", "kill 7"),
            ("kill 5", "kill -"),
            ("ls", "rm -rf /"),
            ("echo dash dash force with lease", "echo --force-with-lease"),
        ] {
            assert!(!reaches(&wide(heard), never), "{heard:?} {never:?}");
        }
    }

    #[test]
    fn readings_know_the_command() {
        let fit = |text: &str, token: usize, writes: &str| {
            let lattice = wide(text);
            let (_, readings) = lattice.at(token);
            readings.iter().find(|reading| reading.text == writes).map(|reading| reading.fit)
        };
        assert_eq!(fit("git comet", 1, "commit"), Some(Fit::Subcommand));
        assert_eq!(fit("grip foo", 0, "grep"), Some(Fit::Command));
        assert_eq!(fit("git commit dash dash amen", 4, "amend"), Some(Fit::Flag));
        assert_eq!(fit("cat foo pipe grip bar", 3, "grep"), Some(Fit::Command));
        assert_eq!(fit("git commit dash m", 3, "m"), Some(Fit::Flag));
    }

    /// What a reading is, with its place in the source.
    fn facts(lattice: &Lattice, token: usize) -> Vec<(Range<usize>, Kind, String)> {
        let (_, readings) = lattice.at(token);
        let fact = |reading: &Reading| {
            (lattice.line.source(reading.tokens.clone()), reading.kind, reading.text.to_string())
        };
        readings.iter().map(fact).collect()
    }

    fn line() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => "[a-z]{1,9}",
            2 => prop::sample::select(vec!["dash", "two", "all caps", "camel case", "git", "quote", "no space"])
                .prop_map(str::to_owned),
            2 => "[A-Za-z0-9.,:/@'?-]{1,12}",
            1 => "[ -~é–]{1,6}",
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.join(" "))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn a_wide_lattice_holds_the_plain_one(text in line()) {
            let plain = lex(clean(&text), &UserWords::default());
            let wide = wide(&text);
            let mut first = 0;
            for token in 0..plain.len() {
                let at = plain.line.tokens[token].at.start;
                first += wide.line.tokens[first..].iter().take_while(|token| token.at.start < at).count();
                let (plain, wide) = (facts(&plain, token), facts(&wide, first));
                prop_assert!(wide.starts_with(&plain), "{:?} {:?}", plain, wide);
            }
        }

        #[test]
        fn a_wide_lattice_is_bounded(text in line()) {
            let wide = wide(&text);
            for token in 0..wide.len() {
                let (_, readings) = wide.at(token);
                prop_assert!(readings.len() <= MAX_WIDE_READINGS);
                prop_assert!(readings.iter().any(|reading| reading.kind == Kind::Drop));
                for reading in readings {
                    prop_assert!(reading.tokens.start == token && reading.tokens.end <= wide.len());
                    prop_assert!(reading.cost <= FURTHEST);
                    // Letters and digits are licensed: copied, of the vocabulary, or a target's.
                    let copied = wide.line.source(reading.tokens.clone()).len() >= reading.text.chars().count();
                    prop_assert!(reading.kind != Kind::Typed || copied);
                }
            }
            prop_assert!(wide.len() <= text.len());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]

        #[test]
        fn what_was_heard_before_changes_nothing(lines in prop::collection::vec(line(), 1..5)) {
            let words = UserWords::default();
            let mut ear = Ear::default();
            for text in lines.iter().chain(&lines) {
                let plain = lex(clean(text), &words);
                let fresh = widen_by(plain.clone(), &words, &mut Ear::default());
                prop_assert_eq!(widen_by(plain, &words, &mut ear).readings, fresh.readings);
            }
        }
    }

    #[test]
    fn long_lines_stay_linear() {
        let lattice = wide(&"xdashx-7.a ".repeat(500));
        assert!(lattice.len() <= 500 * 8);
        assert!((0..lattice.len()).all(|token| lattice.at(token).1.len() <= MAX_WIDE_READINGS));
    }
}
