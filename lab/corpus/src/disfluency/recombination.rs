//! Talk that people wrote down, said around and inside other commands.
//!
//! Frames and tails go around any command. A phrase that takes something back follows words that are wrong in that
//! place. The shares in this file are hand-chosen, 2026-11-28.

use super::command::Command;
use super::context::SlotContext;
use super::{Insertion, interleave, perturb, repair, runs_into};
use crate::labelled_word::LabelledWord;
use crate::written::{Core, CoreKind, Pieces};
use fastrand::Rng;

/// Attempts at putting something around a command before it is said alone. Hand-chosen, 2026-11-28.
const TRIES: usize = 8;
/// Percentage of the pieces of talk that may get other words. Hand-chosen, 2026-11-28.
const REWORDED: u8 = 25;

/// The words of `core` with pieces of talk around and inside them, as far as its kind allows that.
///
/// They come back in order, with other pauses, and the first of them with a capital where a sentence starts. `others`
/// are other commands as said, from which wrong pieces are made. Everything that is added is not kept.
pub fn recombine(
    core: Core,
    pieces: &Pieces,
    others: &[Vec<LabelledWord>],
    random: &mut Rng,
) -> Vec<LabelledWord> {
    let Core { words, kind, .. } = core;
    if words.is_empty() {
        return words;
    }
    let sentences = random.u8(..100) < 40;
    let context = SlotContext { others, cues: &pieces.cues, pauses: sentences, ..SlotContext::BARE };
    let command = Command::new(&words);
    let fills = matches!(kind, CoreKind::Command | CoreKind::Fragment);
    let mut added: Vec<Insertion> = Vec::new();
    for _ in 0..TRIES {
        if random.u8(..100) < 50 {
            added.extend(frame(&command, kind, pieces, &context, random));
        }
        if kind != CoreKind::Open && random.u8(..100) < 20 {
            added.extend(tail(&command, pieces, &context, random));
        }
        if fills && random.u8(..100) < 25 {
            added.extend(aside(&command, pieces, &context, random));
        }
        if fills && random.u8(..100) < 45 {
            added.extend(correction(&command, pieces, &context, random));
        }
        if !added.is_empty() {
            break;
        }
    }
    // Two insertions in one place inside the command would run into each other.
    let mut taken: Vec<usize> = Vec::new();
    added.retain(|(at, _)| {
        let free = *at == 0 || !taken.contains(at);
        taken.push(*at);
        free
    });
    let mut line = interleave(words, added, &context);
    match sentences {
        true => write_sentences(&mut line, random),
        false => write_plainly(&mut line),
    }
    line
}

/// A line of talk and the command `expected`, with its sentences as another engine writes them.
pub fn rewritten(mut words: Vec<LabelledWord>, expected: &str, random: &mut Rng) -> Vec<LabelledWord> {
    if random.bool() {
        write_sentences(&mut words, random);
    } else {
        write_plainly(&mut words);
        if let Some(first) = words.iter_mut().find(|word| word.kept)
            && is_title(first)
            && !expected.starts_with(&first.text)
        {
            capitalise(first, false);
        }
    }
    words
}

fn frame(
    command: &Command,
    kind: CoreKind,
    pieces: &Pieces,
    context: &SlotContext,
    random: &mut Rng,
) -> Option<Insertion> {
    let fitting = if kind == CoreKind::Fragment { &pieces.fragment_frames } else { &pieces.frames };
    let list = if random.u8(..10) == 0 { &pieces.frames } else { fitting };
    let said = reworded(random.choice(list)?, context, random);
    (!runs_into(&said, command.unit_at(0))).then_some((0, said))
}

fn tail(command: &Command, pieces: &Pieces, context: &SlotContext, random: &mut Rng) -> Option<Insertion> {
    let said = reworded(random.choice(&pieces.tails)?, context, random);
    (!command.quoted(command.len())).then_some((command.len(), said))
}

/// Between two arguments, now and then between two units of one.
fn aside(command: &Command, pieces: &Pieces, context: &SlotContext, random: &mut Rng) -> Option<Insertion> {
    let starts = if random.u8(..100) < 85 { &command.arguments } else { &command.units };
    let at = starts[random.usize(..starts.len())];
    let said = reworded(random.choice(&pieces.asides)?, context, random);
    (at > 0 && !command.quoted(at) && !runs_into(&said, command.unit_at(at))).then_some((at, said))
}

/// Wrong words, and the phrase that takes them back. Never between quotes, where all of it would be text.
fn correction(
    command: &Command,
    pieces: &Pieces,
    context: &SlotContext,
    random: &mut Rng,
) -> Option<Insertion> {
    let restart = random.u8(..100) < 18;
    // A phrase that takes back a part can take back everything.
    let cues = if restart && random.bool() { &pieces.restarts } else { &pieces.cues };
    let context = SlotContext { cues, ..*context };
    let (at, said) = match restart {
        true => repair::written_restart(command, &context, random),
        false => repair::written_repair(command, &context, random),
    }?;
    let quotes = said.iter().any(|word| word.text.contains(['"', '\'', '`']) || is_quote(&word.text));
    (!quotes && !command.quoted(at)).then_some((at, said))
}

fn is_quote(text: &str) -> bool {
    ["quote", "unquote", "apostrophe", "backtick"].iter().any(|quote| text.eq_ignore_ascii_case(quote))
}

fn reworded(piece: &[LabelledWord], context: &SlotContext, random: &mut Rng) -> Vec<LabelledWord> {
    let mut said = piece.to_vec();
    if random.u8(..100) < REWORDED {
        perturb(&mut said, context, random);
    }
    said
}

/// Whether a sentence ends with a word.
fn ends_sentence(word: &LabelledWord) -> bool {
    word.pause == "." || word.text.ends_with(['?', '!', '.'])
}

/// Whether a word has a capital only because a sentence may start with it.
fn is_title(word: &LabelledWord) -> bool {
    let mut letters = word.text.chars();
    letters.next().is_some_and(char::is_uppercase)
        && word.text != "I"
        && !word.text.starts_with("I'")
        && letters.all(|c| !c.is_uppercase())
}

fn capitalise(word: &mut LabelledWord, starts: bool) {
    let Some(first) = word.text.get_mut(..1) else { return };
    match starts {
        true => first.make_ascii_uppercase(),
        false => first.make_ascii_lowercase(),
    }
}

/// Writes as engines that write sentences: capitals, commas around talk, and a full stop.
fn write_sentences(line: &mut [LabelledWord], random: &mut Rng) {
    for at in 1..line.len() {
        let (left, right) = (line[at - 1].clone(), &line[at]);
        let pause = match (left.kept, right.kept) {
            (true, false) if random.u8(..100) < 60 => ",",
            (false, true) => match random.u8(..100) {
                0..55 => ",",
                55..70 => ".",
                _ => "",
            },
            _ => "",
        };
        let paused = !left.pause.is_empty() || left.text.ends_with(|c: char| c.is_ascii_punctuation());
        if !(paused || left.kept && is_dash(&left)) {
            line[at - 1].pause = pause;
        }
    }
    let stop = random.u8(..100) < 70;
    if let Some(last) = line.last_mut() {
        last.pause = match last.text.ends_with(|c: char| c.is_ascii_punctuation()) {
            false if stop => ".",
            _ => "",
        };
    }
    let mut starts = true;
    for word in line.iter_mut() {
        let spoken = word.text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'\'');
        if starts && spoken {
            capitalise(word, true);
        } else if !starts && !word.kept && is_common_title(word) {
            capitalise(word, false);
        }
        starts = ends_sentence(word);
    }
}

/// Writes as engines that only write words.
fn write_plainly(line: &mut [LabelledWord]) {
    let mut starts = true;
    for word in line.iter_mut() {
        let ends = ends_sentence(word);
        if !word.kept {
            if (starts && is_title(word)) || is_common_title(word) {
                capitalise(word, false);
            }
            let bare = word.text.trim_end_matches(['?', '!', ';', ':', ',', '.']).len();
            if bare > 0 {
                word.text.truncate(bare);
            }
        }
        word.pause = "";
        starts = ends;
    }
}

/// Whether a word is English and has a capital, which then comes only from the start of a sentence.
fn is_common_title(word: &LabelledWord) -> bool {
    is_title(word) && sayso_speech::english::is_english(&word.text.to_ascii_lowercase())
}

fn is_dash(word: &LabelledWord) -> bool {
    super::substitution::is_dash(word)
}
