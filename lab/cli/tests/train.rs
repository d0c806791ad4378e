//! `sayso-lab train tagger` on data that it cannot learn from: it says what is wrong and ends with 1.
#![allow(clippy::unwrap_used)]

use sayso_corpus::command_source::is_held_out;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Longer than a run that ends by itself takes on a busy machine: what still runs then would never have ended.
const PATIENCE: Duration = Duration::from_secs(120);

const SHIPPED: &str = include_str!("../../train/config/tagger.toml");
const WEIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/weights/tagger.safetensors");

/// A line of talk.
const TALK: &str = "{\"dictated\":\"um ls\",\"expected\":\"ls\",\"kind\":\"frame\",\"marked\":\"{um} ls\"}\n";

/// A folder with corpora of a few lines and a configuration of two steps, which can be trained on.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        let bench = Bench { folder: tempfile::tempdir().unwrap() };
        let page = |held_out: bool| {
            (0..).map(|at| format!("page{at}")).find(|page| is_held_out(page) == held_out).unwrap()
        };
        let case = "{\"dictated\":\"git push dash F\",\"expected\":\"git push -f\"}\n";
        let tldr: String = [(true, "ls {{[-a|--all]}}"), (false, "cat {{path/to/file}}")]
            .map(|(held_out, template)| {
                format!("{{\"page\":\"{}\",\"template\":\"{template}\"}}\n", page(held_out))
            })
            .concat();
        bench.write("corpus/nl2bash/train.jsonl", case);
        bench.write("corpus/nl2bash/valid.jsonl", case);
        bench.write("corpus/nl2bash/more-commands.txt", "find docs -name report\n");
        bench.write("corpus/tldr/examples.jsonl", &tldr);
        bench.write("corpus/talk/dev.jsonl", case);
        bench.write("corpus/transcripts/sample.jsonl", case);
        bench.write("corpus/talk/train.jsonl", TALK);
        bench.write("corpus/talk/valid.jsonl", case);
        let engine = "{\"dictated\":\"ls –a\",\"expected\":\"ls -a\",\"kind\":\"typography\"}\n";
        bench.write("corpus/engine/train.jsonl", engine);
        bench.write("corpus/engine/valid.jsonl", engine);
        bench.configure(&[]);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    /// Writes the configuration that is shipped, made small, with other values for the entries that `changes` names.
    fn configure(&self, changes: &[(&str, &str)]) {
        let corpus = format!("'{}'", self.path("corpus").display());
        let vectors = format!("'{WEIGHTS}'");
        let small = [
            ("corpus", corpus.as_str()),
            ("vectors", vectors.as_str()),
            ("samples", "4"),
            ("epochs", "1"),
            ("batch", "2"),
        ];
        let mut text = String::new();
        for line in SHIPPED.lines() {
            let name = line.split(' ').next().unwrap();
            let changed = changes.iter().chain(&small).find(|(other, _)| *other == name);
            text += &changed.map_or(line.to_owned(), |(name, value)| format!("{name} = {value}"));
            text.push('\n');
        }
        self.write("config.toml", text);
    }

    /// What training prints on standard error, and its exit status.
    fn train(&self, arguments: &[&str]) -> (String, Option<i32>) {
        let said = fs::File::create(self.path("said.txt")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_sayso-lab"))
            .args(["train", "tagger"])
            .arg(self.path("config.toml"))
            .arg("--output")
            .arg(self.path("run"))
            .args(arguments)
            .env("RAYON_NUM_THREADS", "1")
            .stderr(said)
            .spawn()
            .unwrap();
        let start = Instant::now();
        let status = loop {
            match child.try_wait().unwrap() {
                Some(status) => break status.code(),
                None if start.elapsed() > PATIENCE => {
                    child.kill().unwrap();
                    break child.wait().unwrap().code();
                }
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        (fs::read_to_string(self.path("said.txt")).unwrap(), status)
    }

    /// Training ends with 1, and its last line says each of `parts`.
    fn fails(&self, arguments: &[&str], parts: &[&str]) {
        let (said, status) = self.train(arguments);
        let last = said.lines().last().unwrap_or_default();
        assert!(status == Some(1) && !said.contains("panicked"), "{status:?}: {said}");
        assert!(last.starts_with("sayso-lab: "), "{said}");
        parts.iter().for_each(|part| assert!(last.contains(part), "no {part:?} in {last}"));
    }
}

/// All cases below differ from this one in what they name.
#[test]
fn a_few_lines_are_enough_and_a_run_goes_on() {
    let bench = Bench::new();
    let (said, status) = bench.train(&[]);
    assert_eq!(status, Some(0), "{said}");
    assert!(bench.path("run/tagger.safetensors").exists());
    bench.configure(&[("epochs", "2")]);
    let (said, status) = bench.train(&["--resume"]);
    assert!(status == Some(0) && said.contains("resuming after epoch 1"), "{said}");
    assert_eq!(fs::read_to_string(bench.path("run/log.jsonl")).unwrap().lines().count(), 2);
    let log = fs::read_to_string(bench.path("run/log.jsonl")).unwrap();
    let drawn = fs::read_to_string(bench.path("run/curves.svg")).unwrap();
    assert_eq!(drawn, sayso_train::curves::draw(&log).unwrap(), "the drawing is of both epochs");

    // From here on with the checkpoint of that run.
    let checkpoint = bench.path("run/checkpoint.safetensors");
    let whole = fs::read(&checkpoint).unwrap();
    for length in [0, 7, 200, whole.len() / 2, whole.len() - 1] {
        fs::write(&checkpoint, &whole[..length]).unwrap();
        bench.fails(&["--resume"], &["cannot resume from", "checkpoint.safetensors"]);
    }
    // A header that claims more than there is.
    fs::write(&checkpoint, [&u64::MAX.to_le_bytes()[..], b"{}"].concat()).unwrap();
    bench.fails(&["--resume"], &["cannot resume from", "checkpoint.safetensors"]);
    let rest = |header: &str, data: &[u8]| {
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
    };
    fs::write(&checkpoint, rest(r#"{"epoch":{"dtype":"U32","shape":[0],"data_offsets":[0,0]}}"#, b""))
        .unwrap();
    bench.fails(&["--resume"], &["checkpoint.safetensors has no epoch number"]);
    fs::write(
        &checkpoint,
        rest(r#"{"epoch":{"dtype":"U32","shape":[1],"data_offsets":[0,4]}}"#, &[1, 0, 0, 0]),
    )
    .unwrap();
    bench.fails(&["--resume"], &["checkpoint.safetensors lacks weights."]);
    fs::remove_file(&checkpoint).unwrap();
    bench.fails(&["--resume"], &["cannot resume from", "checkpoint.safetensors"]);
}

#[test]
fn data_that_is_missing_or_empty_is_named() {
    let check = |name: &str, text: Option<&str>, parts: &[&str]| {
        let bench = Bench::new();
        match text {
            Some(text) => bench.write(&format!("corpus/{name}"), text),
            None => fs::remove_file(bench.path("corpus").join(name)).unwrap(),
        }
        bench.fails(&[], parts);
    };
    check("nl2bash/train.jsonl", None, &["cannot read", "nl2bash/train.jsonl"]);
    check("nl2bash/train.jsonl", Some(""), &["nl2bash/train.jsonl holds no cases"]);
    check(
        "nl2bash/train.jsonl",
        Some("{\"dictated\":\"l s\"}"),
        &["nl2bash/train.jsonl: line 1: no `expected`"],
    );
    check("nl2bash/more-commands.txt", None, &["cannot read", "more-commands.txt"]);
    check("nl2bash/more-commands.txt", Some(""), &["no commands in nl2bash/more-commands.txt"]);
    check("tldr/examples.jsonl", None, &["cannot read", "tldr/examples.jsonl"]);
    check("tldr/examples.jsonl", Some(""), &["no pages of tldr/examples.jsonl"]);
    check("tldr/examples.jsonl", Some("{\"page\":\"ls\"}"), &["tldr/examples.jsonl, line 1", "template"]);
    check("talk/train.jsonl", None, &["cannot read", "talk/train.jsonl"]);
    check(
        "talk/train.jsonl",
        Some(&TALK.replace("{um", "um")),
        &["talk/train.jsonl, line 1", "not `dictated`"],
    );
    check("engine/train.jsonl", Some(""), &["engine/train.jsonl holds no lines"]);
    check("talk/valid.jsonl", None, &["cannot read", "talk/valid.jsonl"]);
    check("engine/valid.jsonl", None, &["cannot read", "engine/valid.jsonl"]);
    check("nl2bash/valid.jsonl", None, &["cannot read", "nl2bash/valid.jsonl"]);
    check("nl2bash/valid.jsonl", Some(""), &["nl2bash/valid.jsonl holds no cases"]);
    let unreachable = "{\"dictated\":\"good morning\",\"expected\":\"tar -xzf archive\"}";
    check("nl2bash/valid.jsonl", Some(unreachable), &["no case of nl2bash can be reached"]);
    check("talk/dev.jsonl", Some(unreachable), &["no case of talk can be reached"]);

    let bench = Bench::new();
    fs::remove_dir_all(bench.path("corpus")).unwrap();
    bench.fails(&[], &["cannot read", "corpus"]);
}

/// Names of three letters and less are not varied, and without a held-out page there is nothing to measure on.
#[test]
fn data_of_one_kind_is_named() {
    let bench = Bench::new();
    bench.write("corpus/nl2bash/train.jsonl", "{\"dictated\":\"L S\",\"expected\":\"ls\"}\n");
    bench.fails(&[], &["no commands in nl2bash/train.jsonl with a name to vary"]);

    let bench = Bench::new();
    let tldr = fs::read_to_string(bench.path("corpus/tldr/examples.jsonl")).unwrap();
    let (held_out, others) = tldr.split_once('\n').unwrap();
    bench.write("corpus/tldr/examples.jsonl", others);
    bench.fails(&[], &["no pages of tldr/examples.jsonl to hold out"]);
    bench.write("corpus/tldr/examples.jsonl", held_out);
    bench.fails(&[], &["no pages of tldr/examples.jsonl to learn from"]);
}

#[test]
fn samples_that_can_never_be_used_end_the_run() {
    let bench = Bench::new();
    let unreachable = "{\"dictated\":\"good morning\",\"expected\":\"tar -xzf archive\"}\n";
    bench.write("corpus/nl2bash/train.jsonl", unreachable);
    let silent = ["free", "talk", "noise", "prose", "strict", "typed", "written", "recombined", "engine"]
        .map(|dialect| (dialect, "0"));
    bench.configure(&[&[("nl2bash", "1"), ("pairs", "1")][..], &silent].concat());
    bench.fails(&[], &["in a row can be used"]);
}

#[test]
fn a_loss_that_is_no_number_ends_the_run() {
    let bench = Bench::new();
    bench.configure(&[("learning_rate", "1e30"), ("samples", "40")]);
    bench.fails(&[], &["the loss is not a number at step", "learning_rate", "--resume"]);
    assert!(!bench.path("run/tagger.safetensors").exists());
}

#[test]
fn figures_that_nothing_can_be_learnt_by_are_named() {
    for (changes, message) in [
        (&[("batch", "0")][..], "`batch` is 0"),
        (&[("epochs", "0")], "`epochs` is 0"),
        (&[("samples", "0")], "`samples` is 0"),
        (&[("samples", "1")], "`samples` is 1, less than a `batch` of 2"),
        (&[("learning_rate", "nan")], "`learning_rate` is NaN"),
        (
            &[("batch", "9000000000000000000"), ("samples", "9000000000000000000")],
            "`batch` is 9000000000000000000",
        ),
        (&[("batch", "-1")], "cannot parse"),
        (&[("batch", "true")], "cannot parse"),
    ] {
        let bench = Bench::new();
        bench.configure(changes);
        let (said, status) = bench.train(&[]);
        assert_eq!(status, Some(1), "{said}");
        assert!(said.starts_with("sayso-lab: ") && said.contains(message), "{said}");
        assert!(said.contains("config.toml") && !bench.path("run").exists(), "{said}");
    }
    let bench = Bench::new();
    fs::remove_file(bench.path("config.toml")).unwrap();
    bench.fails(&[], &["cannot read", "config.toml"]);
}

/// A `start` is a finished run; a folder without one is named.
#[test]
fn a_start_that_is_no_run_is_named() {
    let bench = Bench::new();
    let nowhere = format!("'{}'", Path::new("/nowhere").display());
    let text = fs::read_to_string(bench.path("config.toml")).unwrap();
    bench.write("config.toml", format!("start = {nowhere}\n{text}"));
    bench.fails(&[], &["cannot resume from /nowhere/checkpoint.safetensors"]);
}

/// A `start` may also be a weights file; what is none is named.
#[test]
fn a_run_starts_from_weights() {
    let bench = Bench::new();
    let text = fs::read_to_string(bench.path("config.toml")).unwrap();
    bench.write("config.toml", format!("start = '{WEIGHTS}'\n{text}"));
    let (said, status) = bench.train(&[]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains(" word vectors") && !said.contains("New beside"), "{said}");
    let damaged = bench.path("damaged.safetensors");
    bench.write("damaged.safetensors", &fs::read(WEIGHTS).unwrap()[..1000]);
    bench.write("config.toml", format!("start = '{}'\n{text}", damaged.display()));
    bench.fails(&[], &["cannot start from", "damaged.safetensors", "not a safetensors file"]);
    let text = text.replace(WEIGHTS, damaged.to_str().unwrap());
    bench.write("config.toml", text);
    bench.fails(&[], &["damaged.safetensors has no word vectors"]);
}
