//! What `align` finds renders to the answer, over lines as training draws them, in every dialect.
#![allow(clippy::unwrap_used)]

use fastrand::Rng;
use sayso_corpus::command_grammar;
use sayso_corpus::command_source::{Commands, is_held_out};
use sayso_corpus::dialect::Dialect;
use sayso_corpus::labelled_word::line;
use sayso_corpus::sample::{Label, LabelledText, Sample};
use sayso_corpus::sampler::Sampler;
use sayso_corpus::verbalise::{Style, verbalise};
use sayso_speech::clean::clean;
use sayso_speech::lattice::{Kind, Lattice};
use sayso_speech::lex::lex;
use sayso_speech::phonetic::widen;
use sayso_speech::render::render;
use sayso_speech::speak::{self, speak};
use sayso_speech::words::UserWords;
use sayso_train::align::align;
use sayso_train::config::Config;
use sayso_train::example::{MAX_UNITS, encode};
use serde_json::json;
use std::fs;
use std::ops::Range;
use std::path::Path;

/// Samples of each dialect.
const SAMPLES: usize = 300;
/// The run that is shipped: its mix holds every dialect.
const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/tagger.toml");

/// Lines of talk: kind, the line with its mask, the command.
const TALK: [(&str, &str, &str); 6] = [
    ("frame", "{so where did I leave it} git status", "git status"),
    ("tail", "ls dash l {that ought to show it}", "ls -l"),
    ("filler", "cp {um} old dot txt {uh} new dot txt", "cp old.txt new.txt"),
    ("correction", "git push origin {mane no sorry} main", "git push origin main"),
    ("correction", "{git pull oh wait no} git fetch", "git fetch"),
    ("prose", "{nobody told me about the meeting}", "nobody told me about the meeting"),
];

/// Commands of our own making, read as corpora are.
fn commands() -> Commands {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Rng::with_seed(11);
    let mut pairs = String::new();
    let mut more = String::new();
    for _ in 0..400 {
        let command = command_grammar::command(&mut random);
        if let Some(words) = verbalise(&command, Style::nl2bash(), &mut random) {
            pairs += &format!("{}\n", json!({ "dictated": line(&words), "expected": command }));
        }
        more += &format!("{}\n", command_grammar::command(&mut random));
    }
    let templates = ["tar {{[-c|--create]}} -f {{path/to/file.tar}} {{path/to/folder}}", "sleep {{5}}"];
    let mut pages = String::new();
    for (template, held_out) in templates.into_iter().zip([false, true]) {
        let page = (0..).map(|at| format!("page{at}")).find(|page| is_held_out(page) == held_out).unwrap();
        pages += &format!("{}\n", json!({ "page": page, "template": template }));
    }
    fs::create_dir(folder.path().join("nl2bash")).unwrap();
    fs::create_dir(folder.path().join("tldr")).unwrap();
    fs::write(folder.path().join("nl2bash/train.jsonl"), pairs).unwrap();
    fs::write(folder.path().join("nl2bash/more-commands.txt"), more).unwrap();
    fs::write(folder.path().join("tldr/examples.jsonl"), pages).unwrap();
    let mut talk = String::new();
    for (kind, marked, expected) in TALK {
        let dictated = marked.replace(['{', '}'], "");
        let record = json!({ "dictated": dictated, "expected": expected, "kind": kind, "marked": marked });
        talk += &format!("{record}\n");
    }
    let engine = json!({ "dictated": "ls –la src", "expected": "ls -la src", "kind": "typography" });
    fs::create_dir(folder.path().join("talk")).unwrap();
    fs::create_dir(folder.path().join("engine")).unwrap();
    fs::write(folder.path().join("talk/train.jsonl"), talk).unwrap();
    fs::write(folder.path().join("engine/train.jsonl"), engine.to_string()).unwrap();
    Commands::read(folder.path(), false).unwrap()
}

/// What was found over many lines.
#[derive(Debug, Default)]
struct Found {
    lines: usize,
    /// Lines of which the answer was found in the plain and in the wide lattice.
    aligned: [usize; 2],
    /// Tokens that are known to be talk, on all paths that were found.
    talk: usize,
}

impl Found {
    fn add(&mut self, sample: &Sample) {
        self.lines += 1;
        let plain = sample.expected.split_whitespace().collect::<Vec<_>>().join(" ");
        let words = UserWords::default();
        let narrow = lex(clean(&sample.dictated.text), &words, None);
        let lattices = [narrow.clone(), widen(narrow, &words)];
        let mut found = [false; 2];
        for (found, lattice) in found.iter_mut().zip(&lattices) {
            let labels = labels(lattice, sample);
            // As it is, with single spaces, and without its last quote: what training asks for, in this order.
            let unclosed = plain.strip_suffix(['"', '\'']).unwrap_or(&plain);
            for goal in [&sample.expected, &plain, unclosed] {
                if let Some(talk) = check(lattice, goal, &labels, sample) {
                    *found = true;
                    self.talk += talk;
                }
            }
        }
        for (aligned, found) in self.aligned.iter_mut().zip(found) {
            *aligned += usize::from(found);
        }
        // Training takes every path that is found: each step of it is one that the tagger may choose.
        assert!(!found[1] || lattices[1].len() > MAX_UNITS || encode(sample, None).is_ok(), "{sample:?}");
    }

    /// At least this share of lines, in percent, was found in the plain and in the wide lattice: what follows from the
    /// paths that were found is then more than a few chances.
    fn at_least(&self, plain: usize, wide: usize) {
        assert!(self.aligned[0] * 100 >= plain * self.lines, "{self:?}");
        assert!(self.aligned[1] * 100 >= wide * self.lines, "{self:?}");
    }
}

/// Holds the path to `goal` to its contract and counts the tokens on it that are known to be talk; `None` where there is
/// no path.
fn check(lattice: &Lattice, goal: &str, labels: &[Label], sample: &Sample) -> Option<usize> {
    let path = align(lattice, goal, labels)?;
    // The white space in front of a line is the line's own and not the command's.
    let expected = format!("{}{}", lattice.line.indent, goal.trim());
    assert_eq!(render(lattice, &path).text, expected, "{sample:?}");
    let (mut end, mut talk) = (0, 0);
    for step in &path {
        let reading = lattice.reading(step.reading);
        assert_eq!(reading.tokens.start, end, "every token is on the path once: {sample:?}");
        assert!(lattice.choices(end).contains(&step.reading), "the tagger can take it: {sample:?}");
        end = reading.tokens.end;
        let talked = labels[reading.tokens.clone()].iter().filter(|label| **label == Label::Talk).count();
        assert!(talked == 0 || reading.kind == Kind::Deletion, "talk is dropped: {reading:?} in {sample:?}");
        talk += talked;
    }
    assert_eq!(end, lattice.len(), "{sample:?}");
    Some(talk)
}

/// The label of each token: that of all words for which it was written.
fn labels(lattice: &Lattice, sample: &Sample) -> Vec<Label> {
    let of_token = |token: usize| {
        let source = lattice.line.source(token..token + 1);
        let over = |range: &Range<usize>| range.start < source.end && range.end > source.start;
        let mut words =
            sample.dictated.labels.iter().filter(|(range, _)| over(range)).map(|(_, label)| *label);
        let first = words.next().unwrap_or(Label::Unknown);
        if words.all(|label| label == first) { first } else { Label::Unknown }
    };
    (0..lattice.len()).map(of_token).collect()
}

fn drawn(dialect: Dialect, seed: u64) -> Found {
    let (commands, mix) = (commands(), Config::read(Path::new(CONFIG)).unwrap().mix);
    let mut sampler = Sampler::new(&commands, mix, seed);
    let mut found = Found::default();
    let samples = std::iter::repeat_with(|| sampler.next_sample()).flatten();
    let samples = samples.filter(|sample| sample.dialect == dialect).take(SAMPLES);
    samples.for_each(|sample| found.add(&sample));
    found
}

#[test]
fn the_dialect_of_the_series() {
    drawn(Dialect::Nl2bash, 1).at_least(95, 95);
}

#[test]
fn what_is_said_freely() {
    drawn(Dialect::Free, 2).at_least(70, 95);
}

#[test]
fn talk_around_and_inside() {
    let found = drawn(Dialect::Talk, 3);
    // Not all talk that is made up has a word that licenses leaving it out.
    found.at_least(60, 78);
    assert!(found.talk > found.lines, "{found:?}");
}

#[test]
fn what_a_speech_engine_writes() {
    drawn(Dialect::Noise, 4).at_least(40, 80);
}

#[test]
fn talk_without_a_command() {
    let found = drawn(Dialect::Prose, 5);
    found.at_least(95, 95);
    assert!(found.talk > found.lines, "{found:?}");
}

#[test]
fn talk_that_people_wrote() {
    let found = drawn(Dialect::Written, 7);
    found.at_least(80, 90);
    assert!(found.talk > found.lines, "{found:?}");
}

#[test]
fn written_talk_around_other_commands() {
    let found = drawn(Dialect::Recombined, 8);
    found.at_least(65, 90);
    assert!(found.talk > found.lines, "{found:?}");
}

#[test]
fn what_a_good_engine_leaves() {
    drawn(Dialect::Engine, 9).at_least(95, 95);
}

/// `speak` of the speech crate in all its dialects, of which nothing is known word by word; white space of any kind.
#[test]
fn what_the_speech_crate_says() {
    for (dialect, least) in
        [(speak::Dialect::Strict, 100), (speak::Dialect::Nl2bash, 95), (speak::Dialect::Free, 90)]
    {
        let mut random = Rng::with_seed(6);
        let mut found = Found::default();
        for seed in 0..SAMPLES as u64 {
            let mut expected = command_grammar::command(&mut random);
            if seed % 4 == 0 {
                expected = expected.replacen(' ', ["  ", "\t", " \n"][random.usize(..3)], 1);
            }
            let Ok(said) = speak(&expected, dialect, seed) else { continue };
            let indent = ["", "", " ", "\t "][random.usize(..4)];
            let dictated = format!("{indent}{said}");
            let dictated = LabelledText::unlabelled(dictated);
            found.add(&Sample::dictation(dictated, &expected, Dialect::Free));
        }
        found.at_least(least, least);
    }
}

/// Where the answer was not said, or words of the command are taken for talk, there is a path to it or none: never one to
/// something else.
#[test]
fn answers_that_were_not_said() {
    let mut random = Rng::with_seed(7);
    let (mut found, mut lines) = (0, 0);
    for _ in 0..SAMPLES {
        let (command, other) = (command_grammar::command(&mut random), command_grammar::command(&mut random));
        let style = Style::drawn(&mut random);
        let Some(words) = verbalise(&command, style, &mut random) else { continue };
        for goal in [
            other.as_str(),
            &command,
            command.trim_end_matches(char::is_alphanumeric),
            "",
            " ",
            "ä",
            &format!("{command} {other}"),
        ] {
            let sample = Sample::dictation(LabelledText::of_words(&words), goal, Dialect::Free);
            let words = UserWords::default();
            let lattice = widen(lex(clean(&sample.dictated.text), &words, None), &words);
            let mut labels = labels(&lattice, &sample);
            labels.iter_mut().filter(|_| random.u8(..20) == 0).for_each(|label| *label = Label::Talk);
            lines += 1;
            found += usize::from(check(&lattice, goal, &labels, &sample).is_some());
        }
    }
    assert!(found > 0 && found < lines, "{found} of {lines}");
}
