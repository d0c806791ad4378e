//! A model folder is hostile input: what is refused is named, and what passes the check of the store
//! can be loaded by the daemon.
#![allow(clippy::unwrap_used)]

use sayso_language::budget::{Budget, BudgetedHeap};
use sayso_language::{ModelHandle, Options, Stop};
use sayso_store::{Store, StoreError};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// As in the daemon.
#[global_allocator]
static HEAP: BudgetedHeap = BudgetedHeap;

/// A store with a small model.
fn setup() -> (TempDir, Store, PathBuf) {
    let place = TempDir::new().unwrap();
    let store = Store::new(place.path());
    let gguf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/qwen3.gguf");
    store.import(&gguf, "tiny").unwrap();
    let folder = store.folder("tiny").unwrap();
    (place, store, folder)
}

fn options() -> Options {
    Options { threads: 1, ..Options::default() }
}

/// Loads the folder as the daemon does, and asks the model one line.
fn load(folder: &Path) -> Result<(), String> {
    let model = ModelHandle::open(folder, &options()).map_err(|error| error.to_string())?;
    let stop = Stop::at(std::time::Instant::now() + std::time::Duration::from_secs(5));
    // A bad answer is allowed, an end of the thread is not.
    let _ = model.rescore("git status", &["git status".to_owned()], &stop);
    match model.ended() {
        Some(why) => Err(format!("it has ended: {why}")),
        None => Ok(()),
    }
}

/// Both the store and the daemon refuse the folder, and say this.
#[track_caller]
fn refused(store: &Store, folder: &Path, expected: &str) {
    let found = store.choose("tiny").expect_err(expected);
    assert!(matches!(found, StoreError::Unusable(_)), "{found}");
    for found in [found.to_string(), load(folder).expect_err(expected)] {
        assert!(found.contains(expected), "{found} lacks {expected}");
    }
}

fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    change(&mut value);
    fs::write(path, value.to_string()).unwrap();
}

#[test]
fn hostile_templates_are_refused_by_both() {
    let (_place, store, folder) = setup();
    let content = "{{ messages[1].content }}";
    for (template, expected) in [
        (format!("{{{{ {}1 }}}}{content}", "not ".repeat(26_000)), "limit is 65536"),
        (format!("{{{{ {}1 }}}}{content}", "not ".repeat(13_000)), "words and signs"),
        (format!("{content}{{{{ messages|tojson(indent=1000000000) }}}}"), "filter tojson is unknown"),
        (format!("{}{content}", "{%if 1%}".repeat(4_000)), "in each other"),
        (format!("{{{{ 'a' * 200000 }}}}{content}"), "writes more than"),
        (format!("{content}{content}"), "2 times instead of once"),
        (format!("{}{content}", "x ".repeat(1000)), "do not fit into the capacity"),
        // Doubled 40 times without ever being written.
        (
            format!(
                "{{% set n = namespace(x='a' * 1000000) %}}{{% for i in range(40) %}}{{% set n.x = n.x ~ n.x %}}\
                 {{% endfor %}}{content}"
            ),
            "out of fuel",
        ),
    ] {
        fs::write(folder.join("chat_template.jinja"), template).unwrap();
        refused(&store, &folder, expected);
    }
}

#[test]
fn hostile_tokenizers_are_refused_by_both() {
    let (_place, store, folder) = setup();
    let path = folder.join("tokenizer.json");
    let good = fs::read(&path).unwrap();
    let replace =
        |content: String| json!({"type": "Replace", "pattern": {"String": "a"}, "content": content});
    let sequence = |steps: Vec<Value>| json!({"type": "Sequence", "normalizers": steps});
    type Change = Box<dyn FnOnce(&mut Value)>;
    let cases: [(Change, &str); 8] = [
        (Box::new(move |it| it["normalizer"] = sequence(vec![replace("a".repeat(1000)); 3])), "at most 16"),
        (Box::new(move |it| it["normalizer"] = sequence(vec![replace("a".repeat(10)); 9])), "at most 64"),
        (
            Box::new(|it| it["normalizer"] = json!({"type": "Prepend", "prepend": "x".repeat(10_000_000)})),
            "10000000 where at most 16",
        ),
        (
            Box::new(|it| {
                it["normalizer"] = json!({"type": "Precompiled", "precompiled_charsmap": "////AAAA"})
            }),
            "\"Precompiled\" is not supported",
        ),
        (Box::new(|it| it["model"]["dropout"] = json!(0.5)), "at random"),
        (Box::new(|it| it["model"]["type"] = json!("Unigram")), "only BPE"),
        (Box::new(|it| it["pre_tokenizer"] = json!({"type": "FixedLength", "length": 0})), "\"FixedLength\""),
        (
            Box::new(|it| {
                it["pre_tokenizer"] = json!({"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated", "invert": false})
            }),
            "tokenizer.json is damaged",
        ),
    ];
    for (change, expected) in cases {
        fs::write(&path, &good).unwrap();
        edit(&path, change);
        refused(&store, &folder, expected);
    }
    fs::write(&path, &good).unwrap();
    // It would take ever longer over a run of signs that do not match in the end.
    edit(&path, |it| {
        it["pre_tokenizer"] = json!({"type": "Split", "pattern": {"Regex": "(?=(a|aa)+$\\b!)a"}, "behavior": "Isolated", "invert": false});
    });
    let (checked, loaded) = (store.choose("tiny"), load(&folder));
    assert!(checked.is_err() || loaded.is_ok(), "{checked:?} {loaded:?}");
}

#[test]
fn a_thread_beyond_its_budget_is_stopped_and_no_other() {
    let budget = Budget::of(1 << 20);
    let work = || {
        budget.enter();
        drop(vec![0_u8; 1 << 19]);
        drop(vec![0_u8; 1 << 19]);
        vec![0_u8; 1 << 21].len()
    };
    let thread = std::thread::spawn(work);
    while !budget.is_exceeded() {
        assert!(!thread.is_finished(), "it went on");
        std::thread::yield_now();
    }
    assert_eq!(vec![0_u8; 1 << 22].len(), 1 << 22);
}

/// Two hundred folders with a few bytes of a small file changed: none ends the process, and none
/// that passes the check fails to load.
#[test]
fn what_passes_the_check_can_be_loaded() {
    let (_place, store, folder) = setup();
    let names = ["tokenizer.json", "tokenizer_config.json", "config.json", "generation_config.json"];
    let good = names.map(|name| fs::read(folder.join(name)).unwrap());
    let mut random = fastrand::Rng::with_seed(15);
    let mut passed = 0;
    for round in 0..200 {
        let at = round % names.len();
        let mut bytes = good[at].clone();
        for _ in 0..random.usize(1..4) {
            let place = random.usize(0..bytes.len());
            match random.u8(0..4) {
                0 => bytes[place] = random.u8(b' '..127),
                1 => drop(bytes.remove(place)),
                2 => bytes.insert(place, *random.choice(b"{}[]\",:019-ae").unwrap()),
                _ => {
                    let end = (place + random.usize(1..40)).min(bytes.len());
                    let copy = bytes[place..end].to_vec();
                    bytes.splice(place..place, copy);
                }
            }
        }
        fs::write(folder.join(names[at]), &bytes).unwrap();
        let checked = store.choose("tiny");
        let loaded = load(&folder);
        passed += usize::from(checked.is_ok());
        assert!(checked.is_err() || loaded.is_ok(), "round {round}: {checked:?} {loaded:?}");
        fs::write(folder.join(names[at]), &good[at]).unwrap();
    }
    assert!(passed > 0, "the changes are too wild to test what passes");
}
