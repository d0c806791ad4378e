//! Samples that are made of lines written by hand: the command stays whole, the masks fit, a seed repeats.
#![allow(clippy::unwrap_used)]

use sayso_corpus::command_source::Commands;
use sayso_corpus::dialect::Dialect;
use sayso_corpus::mix::Mix;
use sayso_corpus::sample::{Label, LineClass, Sample};
use sayso_corpus::sampler::Sampler;
use sayso_corpus::trap::trap;
use sayso_corpus::verbalise::Style;
use sayso_corpus::written::{Core, Written};
use serde_json::json;
use std::collections::HashSet;

/// Lines of talk: kind, the line with its mask, the command.
const TALK: [(&str, &str, &str); 9] = [
    ("frame", "{Well, where was I?} Git status.", "git status"),
    ("frame", "{my turn to type so} tar dash c f out dot tar src", "tar -cf out.tar src"),
    ("tail", "ls dash l {and be quick about it}", "ls -l"),
    ("filler", "cp {um} old dot txt {you know} new dot txt", "cp old.txt new.txt"),
    ("correction", "git push origin {mane no sorry} main", "git push origin main"),
    ("correction", "{git pull oh wait I meant} git fetch", "git fetch"),
    ("fragment", "{the pattern goes} star dot rs", "*.rs"),
    ("looks-like-talk", "git checkout maybe", "git checkout maybe"),
    ("prose", "{nobody told me about the meeting}", "nobody told me about the meeting"),
];

const ENGINE: [(&str, &str, &str); 3] = [
    ("typography", "ls –la", "ls -la"),
    ("keep", "git commit dash m quote one more thing quote", "git commit -m \"one more thing\""),
    ("fine", "git show dash", "git show dash"),
];

fn commands() -> Commands {
    let folder = std::env::temp_dir().join(format!("sayso-samples-{:?}", std::thread::current().id()));
    for name in ["talk", "engine"] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
    }
    let talk = TALK.map(|(kind, marked, expected)| {
        let dictated = marked.replace(['{', '}'], "");
        json!({ "dictated": dictated, "expected": expected, "kind": kind, "marked": marked }).to_string()
    });
    let engine = ENGINE.map(|(kind, dictated, expected)| {
        json!({ "dictated": dictated, "expected": expected, "kind": kind }).to_string()
    });
    std::fs::write(folder.join("talk/train.jsonl"), talk.join("\n")).unwrap();
    std::fs::write(folder.join("engine/train.jsonl"), engine.join("\n")).unwrap();
    let written = Written::read(&folder, false).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let owned = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>();
    Commands {
        pairs: vec![("ls dash a".to_owned(), "ls -a".to_owned())],
        more: owned(&["du -sh /var/log | sort -h"]),
        templates: owned(&["kill -9 {{1234}}"]),
        held_out: owned(&["sleep {{5}}"]),
        names: owned(&["report", "parser"]),
        written,
    }
}

fn mix(dialect: Dialect) -> Mix {
    let share = |this: Dialect| f32::from(u8::from(this == dialect));
    Mix {
        nl2bash: 0.0,
        free: 0.0,
        talk: 0.0,
        noise: 0.0,
        prose: 0.0,
        strict: 0.0,
        typed: 0.0,
        written: share(Dialect::Written),
        recombined: share(Dialect::Recombined),
        engine: share(Dialect::Engine),
        pairs: 0.0,
    }
}

fn drawn(commands: &Commands, dialect: Dialect, count: usize) -> Vec<Sample> {
    let mut sampler = Sampler::new(commands, mix(dialect), 5);
    let samples = std::iter::repeat_with(|| sampler.next_sample()).flatten();
    samples.inspect(|sample| assert_eq!(sample.dialect, dialect)).take(count).collect()
}

/// The words of a sample with a label, without signs that stand around them.
fn labelled(sample: &Sample, label: Label) -> Vec<String> {
    let text: Vec<char> = sample.dictated.text.chars().collect();
    let words = sample.dictated.labels.iter().filter(|(_, this)| *this == label);
    words.map(|(range, _)| text[range.clone()].iter().collect()).collect()
}

#[test]
fn written_lines_keep_their_mask() {
    let commands = commands();
    let lines = drawn(&commands, Dialect::Written, 2000);
    let as_it_is = lines.iter().filter(|sample| sample.dictated.text == "Well, where was I? Git status.");
    assert!(as_it_is.clone().count() > 50);
    for sample in as_it_is {
        assert_eq!(labelled(sample, Label::Kept), ["Git", "status"]);
        assert_eq!(labelled(sample, Label::Talk), ["Well", "where", "was", "I?"]);
    }
    for text in ["well where was I git status", "Ls dash l, and be quick about it."] {
        assert!(lines.iter().any(|sample| sample.dictated.text == text), "{text}");
    }
    let prose = |sample: &&Sample| sample.class == LineClass::Prose;
    assert!(lines.iter().filter(prose).all(|sample| labelled(sample, Label::Kept).is_empty()));
    assert!(lines.iter().filter(prose).count() > 100);
}

#[test]
fn engine_lines_are_as_they_are() {
    let commands = commands();
    for sample in drawn(&commands, Dialect::Engine, 200) {
        let (kind, ..) = ENGINE.iter().find(|(_, dictated, _)| *dictated == sample.dictated.text).unwrap();
        let class = if *kind == "fine" { LineClass::Command } else { LineClass::Dictation };
        assert_eq!((sample.class, sample.teaches_a_path()), (class, *kind != "fine"));
    }
}

#[test]
fn the_command_stays_whole_among_recombined_talk() {
    let commands = commands();
    let samples = drawn(&commands, Dialect::Recombined, 20_000);
    let is = |sample: &&Sample| sample.expected == "git push origin main";
    let known: Vec<&Sample> = samples.iter().filter(is).collect();
    assert!(known.len() > 300, "{}", known.len());
    let mut whole = 0;
    for sample in &known {
        // What an engine misheard is another text of the same words.
        let kept = labelled(sample, Label::Kept).join(" ").to_lowercase();
        whole += usize::from(kept == "git push origin main");
    }
    assert!(whole * 10 > known.len() * 8, "{whole} of {}", known.len());
    let texts: HashSet<&str> = known.iter().map(|sample| sample.dictated.text.as_str()).collect();
    assert!(texts.len() * 10 > known.len() * 6, "{} different of {}", texts.len(), known.len());
    let taken_back = |sample: &&&Sample| labelled(sample, Label::Talk).join(" ").contains("no sorry");
    assert!(known.iter().filter(taken_back).count() * 10 > known.len());
}

#[test]
fn nothing_is_taken_back_between_quotes() {
    let commands = commands();
    for sample in drawn(&commands, Dialect::Recombined, 20_000) {
        let kept = labelled(&sample, Label::Kept);
        let mut open = false;
        let text: Vec<char> = sample.dictated.text.chars().collect();
        for (range, label) in &sample.dictated.labels {
            let word: String = text[range.clone()].iter().collect();
            assert!(!open || *label == Label::Kept, "{}", sample.dictated.text);
            // The engine may have heard "quot" or "coat".
            if kept.iter().filter(|word| *word == "quote").count() == 2 && word == "quote" {
                open = !open;
            }
        }
    }
}

#[test]
fn a_seed_repeats_its_samples() {
    let commands = commands();
    for dialect in [Dialect::Written, Dialect::Recombined, Dialect::Engine] {
        let once = || -> Vec<String> {
            drawn(&commands, dialect, 300).into_iter().map(|sample| format!("{sample:?}")).collect()
        };
        assert_eq!(once(), once());
    }
}

#[test]
fn traps_keep_every_word() {
    let commands = commands();
    let mut random = fastrand::Rng::with_seed(3);
    let cores: Vec<_> = (0..5000).filter_map(|_| trap(&commands, Style::nl2bash(), &mut random)).collect();
    assert!(cores.len() > 4500);
    assert!(cores.iter().all(|core| core.words.iter().all(|word| word.kept)));
    let any = |start: &str, ends: &[&str]| {
        let found = |text: &str| text.starts_with(start) && ends.iter().any(|end| text.ends_with(end));
        assert!(cores.iter().any(|core| found(&core.expected)), "{start} … {ends:?}");
    };
    any("git commit -m \"", &["\"one more thing\""]);
    any("git commit -m '", &["'and be quick about it'"]);
    let talk = ["actually", "no", "wait", "never", "maybe", "so", "well", "rather", "like"];
    any("git checkout ", &talk);
    any("rm -rf build ", &talk);
    any("cp report report", &[""]);
    any("git commit -m \"my turn", &["to type so\""]);
    let polite = |core: &&Core| core.expected == "ls please" || core.expected.ends_with(" thanks");
    assert_eq!(cores.iter().filter(polite).count(), 0, "a tail of politeness is no operand");
    any("git log parser..parser", &[""]);
}
