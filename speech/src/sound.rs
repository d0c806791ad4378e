//! Sound: what may have been said where a speech engine wrote something else.
//!
//! A wide lattice holds every reading of the plain one, in the same order, and behind them, for one to three words at
//! a time, the symbols, letters, digits and words of commands that sound like them, closest and likeliest first.
//! What was written as one ([`pieces`]) is cut first, so that each piece has readings of its own.

pub mod distance;
pub mod letters;
mod pieces;
pub mod targets;
mod within;

use std::borrow::Cow;

use crate::clean::{Line, Shape};
use crate::lattice::{Fit, Kind, Lattice, MAX_WIDE_READINGS, Reading};
use crate::lex::lex;
use crate::vocabulary;
use crate::words::UserWords;
use letters::Sound;
use targets::{Near, Role, Target};
use within::Within;

/// Most readings by sound that start at a token.
const MAX_SOUNDS: usize = 12;
/// Most words that a reading by sound spans.
const MAX_WORDS: usize = 3;
/// Furthest that anything may be, in 64ths of a wholly different sound.
const FURTHEST: u8 = 25;
/// How much closer each further word must be.
const MERGED: i32 = 4;

/// Widens the plain lattice of a line.
pub fn widen(plain: Lattice, words: &UserWords) -> Lattice {
    let Lattice { line, readings, inside, first } = plain;
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
    drop(first);
    wide.sounds();
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
    fn sounds(&mut self) {
        let heard: Vec<Heard> = self.said.iter().map(|&token| Heard::new(&self.line, token)).collect();
        let mut within = Within::default();
        let mut found = Vec::new();
        for at in 0..self.said.len() {
            let token = self.said[at];
            within.read(&self.at_token[token]);
            if let Some(title) = title(&self.line, token) {
                self.at_token[token].push(title);
            }
            for reading in &mut self.at_token[token] {
                if matches!(reading.kind, Kind::Word | Kind::Letter | Kind::Heard) {
                    let lower = reading.text.to_ascii_lowercase();
                    reading.prior = targets::frequency(&lower).map_or(0, |frequency| frequency + 1);
                    reading.fit = within.fit_of_text(&reading.text);
                }
            }
            self.sounds_at(at, &heard, &within, &mut found);
            let best = found
                .first()
                .filter(|candidate: &&Candidate| candidate.fit == Fit::Command && candidate.near.cost <= 10);
            if let Some(candidate) = best {
                within.enter(candidate.near.target.text);
            }
        }
    }

    fn sounds_at(&mut self, at: usize, heard: &[Heard], within: &Within, found: &mut Vec<Candidate>) {
        found.clear();
        let mut sounds: Vec<Sound> = Vec::new();
        for words in 1..=MAX_WORDS.min(heard.len() - at) {
            let last = &heard[at + words - 1];
            if last.sounds.is_empty() || last.certain {
                break;
            }
            sounds.extend(&last.sounds);
            let most = |target: &Target| most(target, words, within);
            let mut take = |near| found.push(Candidate::new(near, words, within));
            targets::near(&sounds, words == 1, most, &mut take);
            if words == 1 && !last.spelled.is_empty() {
                targets::near(&last.spelled, true, most, &mut take);
            }
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

/// A word with a capital at its start: a speech engine's capitals say nothing, nor does their absence.
fn title(line: &Line, token: usize) -> Option<Reading> {
    let (text, lower) = (line.text(token), line.lower(token));
    let word = line.tokens[token].shape == Shape::Word && text.len() > 1 && lower.is_ascii();
    if !word || text[1..] == lower[1..] && text != lower {
        return None;
    }
    let text = format!("{}{}", lower[..1].to_ascii_uppercase(), &lower[1..]);
    Some(Reading::new(token..token + 1, Kind::Sounds, text.into(), None))
}

/// A word as it sounds.
struct Heard {
    /// As it is read, or spelled where it has no vowel. Empty where it is no word.
    sounds: Vec<Sound>,
    /// As it is spelled, where it is short and in capitals.
    spelled: Vec<Sound>,
    /// Whether it is the name of a symbol that is not misheard for another.
    certain: bool,
}

impl Heard {
    fn new(line: &Line, token: usize) -> Heard {
        let (mut sounds, mut spelled) = (Vec::new(), Vec::new());
        let text = line.text(token);
        match line.tokens[token].shape {
            Shape::Word => {
                let lower = line.lower(token);
                if text.len() == 1 || letters::is_spelled(lower) {
                    letters::spell(lower, &mut sounds);
                } else {
                    letters::read(lower, &mut sounds);
                    let capitals = text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_uppercase());
                    if capitals {
                        letters::spell(lower, &mut spelled);
                    }
                }
            }
            Shape::Digits => {
                if let Some(word) = digit_word(text) {
                    letters::read(word, &mut sounds);
                }
            }
            Shape::Typed | Shape::Break => {}
        }
        Heard { sounds, spelled, certain: is_certain(line.lower(token)) }
    }
}

fn digit_word(digits: &str) -> Option<&'static str> {
    const WORDS: [&str; 11] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    WORDS.get(digits.parse::<usize>().ok()?).copied()
}

fn is_certain(word: &str) -> bool {
    matches!(
        word,
        "dash"
            | "minus"
            | "hyphen"
            | "dot"
            | "slash"
            | "backslash"
            | "underscore"
            | "quote"
            | "tilde"
            | "space"
            | "colon"
            | "semicolon"
            | "equals"
    )
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
    fn new(near: Near, words: usize, within: &Within) -> Candidate {
        let fit = within.fit(near.target);
        let known = if fit == Fit::Unknown { 0 } else { 8 };
        let merged = MERGED * (words as i32 - 1);
        let rank = 2 * i32::from(near.cost) - 3 * i32::from(near.target.frequency) - known + merged;
        Candidate { near, words, fit, rank }
    }
}

/// How far a target may be, in 64ths of a wholly different sound: the further, the more speaks for it.
fn most(target: &Target, words: usize, within: &Within) -> u8 {
    let most = match target.role {
        Role::Symbol | Role::Letter | Role::Number => FURTHEST,
        Role::Word if within.fit(target) != Fit::Unknown => FURTHEST - 1,
        Role::Word => 8 + target.frequency * 3 / 2,
    };
    most.saturating_sub(MERGED as u8 * (words as u8 - 1))
}
