//! Lines that people wrote by hand: talk with a mask of everything that is not the command, and lines as speech engines
//! leave them.
//!
//! Such talk is also taken apart, so that [`recombination`](crate::disfluency::recombination) can say it around other
//! commands.

use crate::labelled_word::{LabelledWord, line};
use anyhow::{Context, bail};
use sayso_speech::clean::clean;
use sayso_speech::lattice::spell::path_writing;
use sayso_speech::lex::lex;
use sayso_speech::vocabulary;
use sayso_speech::words::UserWords;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::LazyLock;

/// Talk, as one JSON object a line with `dictated`, `expected`, `kind` and `marked`.
const TALK: &str = "talk/train.jsonl";
/// Lines as engines write them, as one JSON object a line with `dictated`, `expected` and `kind`.
const ENGINE: &str = "engine/train.jsonl";
/// The same by other hands, written for this project: by the authors `e`, `f`, `g`, `i`, `l`, `m`, `p` and `q`.
const OWN_TALK: &str = include_str!("../data/written/talk.jsonl");
/// Likewise: by the authors `h`, `k`, `n`, `o` (as a small engine writes) and `s`.
const OWN_ENGINE: &str = include_str!("../data/written/engine.jsonl");

/// What a line of talk is an example of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TalkKind {
    /// Talk before the command.
    Frame,
    /// Talk after it.
    Tail,
    /// Something is taken back.
    Correction,
    /// Talk inside it.
    Filler,
    /// Less than a command: a path, a flag, a pattern.
    Fragment,
    /// A command that sounds like talk.
    LooksLikeTalk,
    /// No command.
    Prose,
}

/// A line of talk.
#[derive(Debug, Clone)]
pub struct TalkLine {
    /// The dictation, each word kept or not. Only the kept ones know where units and arguments start.
    pub words: Vec<LabelledWord>,
    /// The command; in prose the dictation itself.
    pub expected: String,
    /// What it is an example of.
    pub kind: TalkKind,
}

/// What a line of an engine is an example of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EngineKind {
    /// Words that must stay words in quoted text.
    Keep,
    /// A line that needs nothing.
    Fine,
    /// Something to mend.
    #[serde(other)]
    Mended,
}

/// A line as a good speech engine leaves it.
#[derive(Debug, Clone, Deserialize)]
pub struct EngineLine {
    /// The dictation.
    pub dictated: String,
    /// The command.
    pub expected: String,
    /// What it is an example of.
    pub kind: EngineKind,
}

/// What may be said around a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoreKind {
    /// Anything, also inside it.
    Command,
    /// Anything; the core is less than a command.
    Fragment,
    /// Something before and after it, but nothing inside, because it sounds like talk itself.
    Trap,
    /// Only something before it, because it is text up to the end of the line.
    Open,
}

/// A command as said, without talk.
#[derive(Debug, Clone)]
pub struct Core {
    /// All kept, with units and arguments marked.
    pub words: Vec<LabelledWord>,
    /// The command.
    pub expected: String,
    /// What may be said around it.
    pub kind: CoreKind,
}

/// Quoted text, both as said and as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// As said, between the quotes.
    pub dictated: String,
    /// As written there.
    pub written: String,
}

/// Talk in pieces; no word of it is kept.
#[derive(Debug, Clone, Default)]
pub struct Pieces {
    /// Said before a command.
    pub frames: Vec<Vec<LabelledWord>>,
    /// Said before a part of a command.
    pub fragment_frames: Vec<Vec<LabelledWord>>,
    /// Said after a command.
    pub tails: Vec<Vec<LabelledWord>>,
    /// Said in the middle of a command.
    pub asides: Vec<Vec<LabelledWord>>,
    /// Takes back a part of a command.
    pub cues: Vec<Vec<LabelledWord>>,
    /// Takes back the start of a command, so that it starts anew.
    pub restarts: Vec<Vec<LabelledWord>>,
}

/// Everything that was written by hand.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// Lines of talk.
    pub talk: Vec<TalkLine>,
    /// Lines of engines.
    pub engine: Vec<EngineLine>,
    /// Their commands without talk, if it is known where units and arguments start.
    pub cores: Vec<Core>,
    /// The talk without commands.
    pub pieces: Pieces,
    /// Quoted text that sounds like a command or like talk.
    pub messages: Vec<Message>,
}

impl Written {
    /// Reads the files under `folder`; `own` adds the lines that come with this crate.
    ///
    /// # Errors
    /// If a file cannot be read or is empty, or a line is broken; names the file and the number of the line.
    pub fn read(folder: &Path, own: bool) -> anyhow::Result<Written> {
        let mut talk = file(&folder.join(TALK), TalkRecord::line)?;
        let mut engine = file(&folder.join(ENGINE), Ok)?;
        if own {
            talk.extend(lines("data/written/talk.jsonl", OWN_TALK, TalkRecord::line)?);
            engine.extend(lines("data/written/engine.jsonl", OWN_ENGINE, Ok)?);
        }
        Ok(Written::new(talk, engine))
    }

    /// Only the lines that come with this crate.
    ///
    /// # Errors
    /// If a line is broken; names its number.
    pub fn own() -> anyhow::Result<Written> {
        let talk = lines("data/written/talk.jsonl", OWN_TALK, TalkRecord::line)?;
        let engine = lines("data/written/engine.jsonl", OWN_ENGINE, Ok)?;
        Ok(Written::new(talk, engine))
    }

    /// Takes the lines apart.
    pub fn new(talk: Vec<TalkLine>, engine: Vec<EngineLine>) -> Written {
        let cores = talk.iter().filter_map(talk_core).chain(engine.iter().filter_map(engine_core)).collect();
        let mut pieces = Pieces::default();
        let common = common_words(&talk);
        talk.iter().for_each(|line| pieces.add(line, &common));
        let said = talk.iter().filter(|line| line.kind != TalkKind::LooksLikeTalk);
        let messages = said
            .flat_map(|line| groups(&line.words))
            .filter_map(|group| message(group.words))
            .chain(engine.iter().filter(|line| line.kind == EngineKind::Keep).filter_map(quoted))
            .collect();
        Written { talk, engine, cores, pieces, messages }
    }
}

/// The lines of a file of JSON objects, which must not be empty.
fn file<R: DeserializeOwned, L>(path: &Path, line: fn(R) -> anyhow::Result<L>) -> anyhow::Result<Vec<L>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {}: name the folder of the corpora", path.display()))?;
    let lines = lines(&path.display().to_string(), &text, line)?;
    if lines.is_empty() {
        bail!("{} holds no lines", path.display());
    }
    Ok(lines)
}

/// The lines of a text of JSON objects; `name` is what an error calls it.
fn lines<R: DeserializeOwned, L>(
    name: &str,
    text: &str,
    line: fn(R) -> anyhow::Result<L>,
) -> anyhow::Result<Vec<L>> {
    let read = |(at, text): (usize, &str)| {
        let record: anyhow::Result<R> = serde_json::from_str(text).map_err(anyhow::Error::from);
        record.and_then(line).with_context(|| format!("{name}, line {}", at + 1))
    };
    text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()).map(read).collect()
}

/// A line of talk as it stands in the file.
#[derive(Deserialize)]
struct TalkRecord {
    dictated: String,
    expected: String,
    kind: TalkKind,
    /// `dictated` with braces around everything that is not the command.
    marked: String,
}

impl TalkRecord {
    fn line(self) -> anyhow::Result<TalkLine> {
        let mut words = Vec::new();
        let mut kept = true;
        for word in self.marked.split_whitespace() {
            let opens = word.starts_with('{');
            if opens && !kept {
                bail!("a brace opens inside of braces in `marked`");
            }
            kept = kept && !opens;
            let closes = !kept && word.ends_with('}');
            let word = if opens { &word[1..] } else { word };
            let word = if closes { &word[..word.len() - 1] } else { word };
            if !word.is_empty() {
                words.push(LabelledWord { kept, ..paused(word) });
            }
            kept |= closes;
        }
        if !kept {
            bail!("a brace is not closed in `marked`");
        }
        if !line(&words).split_whitespace().eq(self.dictated.split_whitespace()) {
            bail!("`marked` without its braces is not `dictated`");
        }
        if self.kind != TalkKind::Prose && !words.iter().any(|word| word.kept) {
            bail!("`marked` leaves nothing of the command");
        }
        Ok(TalkLine { words, expected: self.expected, kind: self.kind })
    }
}

/// A word, with the comma or full stop after it as a pause.
fn paused(word: &str) -> LabelledWord {
    let pause = match word.chars().last() {
        Some(',') => ",",
        Some('.') => ".",
        _ => "",
    };
    let text = &word[..word.len() - pause.len()];
    // After other signs, a comma or full stop is not punctuation: `..`, `-d,`.
    match text.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '\'' | '"')) {
        true => LabelledWord { pause, ..LabelledWord::kept(text) },
        false => LabelledWord::kept(word),
    }
}

/// Words in a row that are not kept.
struct Group<'a> {
    /// The word of the line that it starts with.
    start: usize,
    words: &'a [LabelledWord],
}

fn groups(words: &[LabelledWord]) -> impl Iterator<Item = Group<'_>> {
    let mut start = 0;
    words
        .chunk_by(|left, right| left.kept == right.kept)
        .map(move |words| {
            start += words.len();
            Group { start: start - words.len(), words }
        })
        .filter(|group| !group.words[0].kept)
}

impl Pieces {
    fn add(&mut self, line: &TalkLine, common: &HashSet<String>) {
        if line.kind == TalkKind::Prose {
            return;
        }
        for Group { start, words } in groups(&line.words) {
            let (first, last) = (start == 0, start + words.len() == line.words.len());
            let list = match (line.kind, first, last) {
                (TalkKind::Correction, _, false) => {
                    let Some(cue) = cue(words, &line.words, common) else { continue };
                    if first {
                        self.restarts.push(cue.to_vec())
                    } else {
                        self.cues.push(cue.to_vec())
                    }
                    continue;
                }
                // Talk after a command may take a part of it back.
                (TalkKind::Correction, _, true) => continue,
                (TalkKind::Fragment, true, _) => &mut self.fragment_frames,
                (_, true, _) => &mut self.frames,
                (_, _, true) => &mut self.tails,
                _ => &mut self.asides,
            };
            list.push(words.to_vec());
        }
    }
}

/// Words and phrases with which people begin to take something back. Hand-chosen, 2026-11-28.
#[rustfmt::skip]
const TAKING_BACK: [&str; 58] = [
    "no", "nope", "nah", "wait", "sorry", "rather", "actually", "oops", "not", "hmm", "hm", "mm", "uh", "oh", "um",
    "er", "erm", "ah", "ach", "ugh", "argh", "whoops", "eek", "yikes", "damn", "pardon", "correction", "negative",
    "scrap", "strike", "cancel", "forget", "disregard", "instead", "non", "innit", "bother", "blast", "well",
    "scratch that", "scratch the", "beg your", "beg pardon", "hang on", "hold on", "make that", "make it", "my bad",
    "my mistake", "on second", "on reflection", "i mean", "i meant", "i said", "let me", "let's say", "change that",
    "other way",
];

/// Beginnings of [`TAKING_BACK`] that take nothing back if nothing follows.
const INCOMPLETE: [&str; 16] = [
    "not",
    "forget",
    "cancel",
    "disregard",
    "scrap",
    "strike",
    "well",
    "instead",
    "scratch the",
    "beg your",
    "on second",
    "i said",
    "let me",
    "let's say",
    "change that",
    "other way",
];

/// The end of the part of a correction that says that its start was wrong. If it goes on about its own command, only
/// its first word or two.
fn cue<'a>(
    group: &'a [LabelledWord],
    line: &[LabelledWord],
    common: &HashSet<String>,
) -> Option<&'a [LabelledWord]> {
    /// A longer correction is about its own command. Hand-chosen, 2026-11-28.
    const LONGEST: usize = 9;
    let texts: Vec<String> = group.iter().map(bare_lower).collect();
    let (from, start) = (1..group.len()).find_map(|at| {
        let two = texts.get(at + 1).map(|next| format!("{} {next}", texts[at]));
        match two.is_some_and(|two| TAKING_BACK.contains(&two.as_str())) {
            true => Some((at, 2)),
            false => TAKING_BACK.contains(&texts[at].as_str()).then_some((at, 1)),
        }
    })?;
    let said: HashSet<String> = line.iter().filter(|word| word.kept).map(bare_lower).collect();
    let own = |text: &String| match text.as_str() {
        "a" | "i" | "and" | "the" | "one" | "at" | "to" => false,
        _ => {
            text.len() == 1
                || is_sign_or_number(text)
                || !common.contains(text)
                || said.contains(text)
                || texts[..from].contains(text)
        }
    };
    let is_general = texts.len() - from <= LONGEST && !texts[from + start..].iter().any(own);
    let end = if is_general { group.len() } else { from + start };
    (!INCOMPLETE.contains(&texts[from..end].join(" ").as_str())).then_some(&group[from..end])
}

/// Whether a word alone is the name of a sign, a number or a case.
fn is_sign_or_number(word: &str) -> bool {
    static NAMED: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        let one_word = vocabulary::entries().iter().filter(|entry| entry.words.len() == 1);
        let named = one_word.filter(|entry| {
            use vocabulary::Kind::{Case, Close, Number, Open, Point, Quote, Repeat, Scale, Symbol};
            matches!(entry.kind, Symbol | Point | Quote | Open | Close | Number | Scale | Repeat | Case)
        });
        named.map(|entry| entry.words[0]).collect()
    });
    NAMED.contains(word)
}

/// The words that occur in so many groups that they cannot belong to one command.
fn common_words(talk: &[TalkLine]) -> HashSet<String> {
    /// A word counts if one group in this many contains it. Hand-chosen, 2026-11-28.
    const ONE_OF: usize = 1000;
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut all = 0;
    for group in talk.iter().flat_map(|line| groups(&line.words)) {
        all += 1;
        for word in group.words.iter().map(bare_lower).collect::<HashSet<_>>() {
            *counts.entry(word).or_default() += 1;
        }
    }
    counts.into_iter().filter(|(_, count)| count * ONE_OF >= all).map(|(word, _)| word).collect()
}

/// In lower case, without punctuation.
fn bare_lower(word: &LabelledWord) -> String {
    word.text.trim_end_matches(['?', '!', ';', ':', '.', ',']).to_lowercase()
}

fn talk_core(line: &TalkLine) -> Option<Core> {
    let words = line.words.iter().filter(|word| word.kept).cloned().collect();
    let kind = match line.kind {
        TalkKind::Fragment => CoreKind::Fragment,
        TalkKind::LooksLikeTalk => CoreKind::Trap,
        _ => CoreKind::Command,
    };
    core(words, &line.expected, kind)
}

fn engine_core(line: &EngineLine) -> Option<Core> {
    if line.kind == EngineKind::Fine {
        return None;
    }
    core(line.dictated.split_whitespace().map(paused).collect(), &line.expected, CoreKind::Command)
}

/// A command without talk, as in the middle of a sentence. `None` if no path writes it, because then nobody knows its
/// units.
fn core(mut words: Vec<LabelledWord>, expected: &str, kind: CoreKind) -> Option<Core> {
    words.last_mut()?.pause = "";
    let first = &mut words[0];
    let is_title = first.text.starts_with(|c: char| c.is_ascii_uppercase())
        && first.text[1..].bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    if is_title && !expected.starts_with(&first.text) {
        first.text[..1].make_ascii_lowercase();
    }
    mark(&mut words, expected)?;
    Some(Core { words, expected: expected.to_owned(), kind })
}

/// Marks the words with which units and arguments start.
fn mark(words: &mut [LabelledWord], expected: &str) -> Option<()> {
    let text = line(words);
    let lattice = lex(clean(&text), &UserWords::default(), None);
    let path = path_writing(&lattice, expected)?;
    // Characters before each word.
    let mut starts = Vec::with_capacity(words.len());
    let mut length = 0;
    for word in words.iter_mut() {
        (word.unit, word.argument) = (false, false);
        starts.push(length);
        length += word.text.chars().count() + word.pause.len() + 1;
    }
    for step in &path {
        let reading = lattice.reading(step.reading);
        let start = lattice.line.source(reading.tokens.start..reading.tokens.start + 1).start;
        if let Ok(at) = starts.binary_search(&start) {
            words[at].unit = true;
            words[at].argument = step.space || at == 0;
        }
    }
    words[0].unit = true;
    Some(())
}

/// Talk that could be quoted as text: plain words, at least two.
fn message(words: &[LabelledWord]) -> Option<Message> {
    /// Most words of a message. Hand-chosen, 2026-11-28.
    const LONGEST: usize = 14;
    let text = words.iter().map(bare_lower).collect::<Vec<_>>().join(" ");
    let plain = |c: char| c.is_ascii_lowercase() || matches!(c, ' ' | '\'');
    let names_a_sign = words.iter().any(|word| {
        let text = bare_lower(word);
        text.len() == 1 && text != "a" && text != "i"
            || matches!(text.as_str(), "dash" | "dot" | "slash" | "quote" | "underscore" | "equals" | "colon")
    });
    let fits = (2..=LONGEST).contains(&words.len()) && text.chars().all(plain) && !names_a_sign;
    fits.then(|| Message { dictated: text.clone(), written: text })
}

/// The text between the two quotes of a line.
fn quoted(line: &EngineLine) -> Option<Message> {
    let between = |text: &str, quote: &str| {
        let parts: Vec<&str> = text.split(quote).collect();
        let &[_, quoted, _] = parts.as_slice() else { return None };
        Some(quoted.trim().to_owned())
    };
    let dictated = format!("{} ", line.dictated);
    let (dictated, written) = (between(&dictated, " quote ")?, between(&line.expected, "\"")?);
    (!dictated.is_empty() && !written.is_empty()).then_some(Message { dictated, written })
}

#[cfg(test)]
mod tests;
