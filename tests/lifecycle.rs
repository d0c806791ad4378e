//! A language model in the daemon: loaded behind the first line that needs it, given up again, exchanged, taken away or
//! broken while lines are converted. No line may wait for any of it, or be lost.

use sayso_testing::wire::convert;
use sayso_testing::{MEANT, RealDaemon, SAID, gguf, wait_until};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// A line that the tagger reads.
const FREE: &str = "git commit dash m quote fix login bug quote";

/// Runs `saysod model`; it must work, unless it is to fail with something said.
#[track_caller]
fn model(daemon: &RealDaemon, arguments: &[&str], fails: Option<&str>) {
    let output = daemon.command().arg("model").args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.success(), fails.is_none(), "{arguments:?}: {said}");
    assert!(said.contains(fails.unwrap_or_default()), "{arguments:?}: {said}");
}

/// Imports a small model under this name.
fn import(daemon: &RealDaemon, name: &str) {
    let file = gguf("qwen3").display().to_string();
    model(daemon, &["import", &file, "--name", name], None);
}

fn status(daemon: &RealDaemon) -> Value {
    daemon.ask(r#"{"v":1,"id":1,"op":"status"}"#)["status"].clone()
}

/// Waits until the model of this name is as it should be; returns what was told of it then.
#[track_caller]
fn becomes(daemon: &RealDaemon, name: &str, state: &str) -> Value {
    let mut model = Value::Null;
    wait_until(&format!("{name} to be {state}"), || {
        model = status(daemon)["model"].clone();
        model["state"] == state && model["name"].as_str().unwrap_or_default() == name
    });
    model
}

/// The stage that answered a free line, which has to be answered.
#[track_caller]
fn converted(daemon: &RealDaemon, more: &str) -> String {
    let answer = daemon.ask(&convert(1, FREE, more));
    answer["result"]["route"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Has the model answer a line: it judges, or writes where it thinks little of all readings.
#[track_caller]
fn rescored(daemon: &RealDaemon) {
    let stage = converted(daemon, r#","route":"model""#);
    assert!(["judge", "writer"].contains(&stage.as_str()), "{stage}");
}

/// A daemon with the model `tiny`, chosen.
fn with_tiny(arguments: &[&str]) -> RealDaemon {
    let mut daemon = RealDaemon::absent();
    import(&daemon, "tiny");
    model(&daemon, &["use", "tiny"], None);
    daemon.start(arguments);
    daemon
}

#[test]
fn a_model_is_loaded_behind_the_first_line_that_needs_it() {
    let daemon = RealDaemon::new();
    let shown = status(&daemon)["model"].clone();
    assert_eq!((&shown["state"], &shown["name"]), (&"unloaded".into(), &"built-in".into()));
    import(&daemon, "tiny");
    model(&daemon, &["use", "tiny"], None);
    becomes(&daemon, "tiny", "unloaded");
    // Who says every separator needs no judge.
    assert_eq!(daemon.ask(&convert(1, SAID, ""))["result"]["buffer"], MEANT);
    assert_eq!(status(&daemon)["model"]["state"], "unloaded");

    assert_eq!(converted(&daemon, ""), "tagger");
    let shown = becomes(&daemon, "tiny", "resident");
    assert!(
        shown["weights_bytes"].as_u64() > Some(10_000) && shown["cache_bytes"].as_u64() > Some(0),
        "{shown}"
    );
    rescored(&daemon);
    let routes = status(&daemon)["routes"].clone();
    let by_model = |route: &&Value| route["route"] == "judge" || route["route"] == "writer";
    let counted = routes.as_array().unwrap().iter().find(by_model);
    assert!(counted.is_some_and(|counted| counted["count"].as_u64() >= Some(1)), "{routes}");
}

#[test]
fn who_asks_for_the_model_alone_waits_for_it() {
    let daemon = with_tiny(&[]);
    rescored(&daemon);
    // The built-in one as well, and where there is to be none nobody waits.
    let daemon = RealDaemon::new();
    rescored(&daemon);
    daemon.settings("[model]\njudge = false");
    let answer = daemon.ask(&convert(1, FREE, r#","route":"model""#));
    assert_eq!(answer["error"]["code"], "no_route", "{answer}");
}

#[test]
fn lines_are_answered_while_a_model_is_loaded() {
    let daemon = with_tiny(&[]);
    let (mut wire, mut states) = (daemon.connect(), BTreeSet::new());
    while !states.contains("resident") {
        wire.say(convert(1, FREE, ""));
        let answer = wire.hear()["result"].clone();
        assert_eq!(answer["buffer"], "git commit -m \"fix login bug\"");
        assert!(!states.is_empty() || answer["route"] == "tagger", "the first line waited: {answer}");
        wire.say(r#"{"v":1,"id":2,"op":"status"}"#);
        states.insert(wire.hear()["status"]["model"]["state"].as_str().unwrap().to_owned());
    }
    assert!(states.iter().all(|state| ["loading", "resident"].contains(&state.as_str())), "{states:?}");
}

#[test]
fn a_model_that_nobody_needs_gives_its_memory_back() {
    let daemon = with_tiny(&["--unload-minutes", "0.01"]);
    let loads = || daemon.home.log().matches("the language model is loaded").count();
    for _ in 0..2 {
        let before = loads();
        rescored(&daemon);
        let shown = becomes(&daemon, "tiny", "unloaded");
        assert_eq!(shown["weights_bytes"], 0);
        assert!(shown["why"].as_str().unwrap().contains("no line needed it for 0.6 s"), "{shown}");
        // On a busy machine the line may wait so long that the model is unloaded before it, and loaded once more.
        assert!(loads() > before, "{}", daemon.home.log());
    }
}

#[test]
fn going_over_to_another_model_loses_no_line() {
    let daemon = with_tiny(&[]);
    import(&daemon, "other");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let ask = |more: &'static str| {
            let mut wire = daemon.connect();
            let done = &done;
            scope.spawn(move || {
                let mut stages = BTreeSet::new();
                while !done.load(Ordering::Relaxed) {
                    wire.say(convert(1, FREE, more));
                    let answer = wire.hear();
                    stages.insert(
                        answer["result"]["route"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned(),
                    );
                }
                stages
            })
        };
        let asked = [ask(""), ask(""), ask(r#","route":"model""#)];
        for name in ["other", "tiny", "other"] {
            model(&daemon, &["use", name], None);
            becomes(&daemon, name, "resident");
        }
        done.store(true, Ordering::Relaxed);
        let [.., stages] = asked.map(|asked| asked.join().unwrap());
        assert!(!stages.is_empty() && !stages.contains("tagger"), "{stages:?}");
    });
    assert_eq!(status(&daemon)["errors"], 0);
}

#[test]
fn the_newest_line_of_a_session_has_the_model() {
    let daemon = with_tiny(&[]);
    rescored(&daemon);
    let mut wire = daemon.connect();
    let more = r#","route":"model","session":"zsh-1","deadline_ms":60000"#;
    let lines: String = (1..=20).map(|id| convert(id, FREE, more) + "\n").collect();
    wire.say_raw(lines);
    let mut answers: Vec<Value> = (1..=20).map(|_| wire.hear()).collect();
    answers.sort_by_key(|answer| answer["id"].as_u64());
    let (newest, older) = answers.split_last().unwrap();
    let stage = newest["result"]["route"].as_str().unwrap_or_else(|| panic!("{newest}"));
    assert!(["judge", "writer"].contains(&stage), "{stage}");
    assert!(older.iter().any(|answer| answer["error"]["code"] == "superseded"), "{older:?}");
    // What was given up left the model as it was.
    rescored(&daemon);
}

#[test]
fn the_settings_choose_a_model_or_none() {
    let daemon = with_tiny(&[]);
    import(&daemon, "other");
    daemon.settings("[model]\nname = \"other\"");
    converted(&daemon, "");
    becomes(&daemon, "other", "resident");
    daemon.settings("[model]\njudge = false");
    assert_eq!(converted(&daemon, ""), "tagger");
    becomes(&daemon, "", "off");
    daemon.settings("[model]\nname = \"absent\"");
    assert_eq!(converted(&daemon, ""), "tagger");
    let shown = becomes(&daemon, "", "failed");
    assert!(shown["why"].as_str().unwrap().contains("no model named absent is installed"), "{shown}");
    daemon.settings("");
    converted(&daemon, "");
    becomes(&daemon, "tiny", "resident");
}

#[test]
fn a_model_is_removed_while_it_is_in_use() {
    let daemon = with_tiny(&[]);
    converted(&daemon, r#","route":"model""#);
    model(&daemon, &["remove", "tiny"], None);
    assert_eq!(converted(&daemon, ""), "tagger");
    // The built-in one takes its place, which this line is too clear for.
    let shown = becomes(&daemon, "built-in", "unloaded");
    assert_eq!(shown["weights_bytes"], 0);
    // Another one of the same name is another one.
    import(&daemon, "tiny");
    model(&daemon, &["use", "tiny"], None);
    rescored(&daemon);
}

/// What is wrong with a folder is told by the daemon, which answers on, and by `use`; and a whole one mends it.
fn check_broken(break_it: fn(&Path), why: &str) {
    let daemon = with_tiny(&[]);
    break_it(&daemon.home.models().join("tiny"));
    assert_eq!(converted(&daemon, ""), "tagger");
    let shown = becomes(&daemon, "tiny", "failed");
    assert!(shown["why"].as_str().unwrap().contains(why), "{why}: {shown}");
    assert_eq!(converted(&daemon, ""), "tagger");
    assert_eq!(status(&daemon)["model"]["state"], "failed", "it is not tried again and again");
    let answer = daemon.ask(&convert(1, FREE, r#","route":"model""#));
    assert!(answer["error"]["message"].as_str().unwrap().contains(why), "{answer}");
    assert!(daemon.home.log().contains("the language model cannot be used"), "{}", daemon.home.log());
    model(&daemon, &["use", "tiny"], Some(why));
    import(&daemon, "whole");
    model(&daemon, &["use", "whole"], None);
    rescored(&daemon);
}

/// Replaces text in a file of the folder.
fn edit(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(file, text.replacen(from, to, 1)).unwrap();
}

const WEIGHTS: &str = "model.safetensors";

#[test]
fn a_file_that_is_missing_is_named() {
    check_broken(|folder| fs::remove_file(folder.join("tokenizer.json")).unwrap(), "tokenizer.json");
}

#[test]
fn a_model_of_another_kind_is_named() {
    let spoil = |folder: &Path| edit(&folder.join("config.json"), "\"qwen3\"", "\"mamba\"");
    check_broken(spoil, "mamba");
}

#[test]
fn weights_that_are_a_pickle_are_not_read() {
    check_broken(|folder| fs::write(folder.join(WEIGHTS), b"PK\x03\x04pickle").unwrap(), "is a pickle");
}

#[test]
fn weights_that_were_cut_off_are_not_used() {
    let spoil = |folder: &Path| {
        let file = fs::File::options().write(true).open(folder.join(WEIGHTS)).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    };
    check_broken(spoil, "its tensors claim");
}

#[test]
fn a_header_that_claims_a_hundred_gigabytes_costs_nothing() {
    let spoil = |folder: &Path| {
        let mut bytes = fs::read(folder.join(WEIGHTS)).unwrap();
        bytes[..8].copy_from_slice(&100_000_000_000u64.to_le_bytes());
        fs::write(folder.join(WEIGHTS), bytes).unwrap();
    };
    check_broken(spoil, "its header claims 100000000000 bytes");
}

#[test]
fn a_number_that_is_none_is_found() {
    const TENSOR: &str = "model.norm.weight";
    let spoil = |folder: &Path| {
        let mut bytes = fs::read(folder.join(WEIGHTS)).unwrap();
        let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let tensors: Value = serde_json::from_slice(&bytes[8..header]).unwrap();
        let at = |end: usize| header + tensors[TENSOR]["data_offsets"][end].as_u64().unwrap() as usize;
        // All ones: not a number, in every format.
        bytes[at(0)..at(1)].fill(0xff);
        fs::write(folder.join(WEIGHTS), bytes).unwrap();
    };
    check_broken(spoil, TENSOR);
}

#[test]
fn a_tokenizer_of_another_model_is_found() {
    let spoil = |folder: &Path| {
        let path = folder.join("tokenizer.json");
        let mut tokenizer: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let mut token = tokenizer["added_tokens"][0].clone();
        token["id"] = 1_000_000.into();
        token["content"] = "<|elsewhere|>".into();
        tokenizer["added_tokens"].as_array_mut().unwrap().push(token);
        tokenizer["model"]["vocab"]["elsewhere"] = 999_999.into();
        fs::write(path, tokenizer.to_string()).unwrap();
    };
    check_broken(spoil, "tokenizer.json");
}
