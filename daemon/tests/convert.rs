//! `saysod convert` as scripts see it, which is what `sayso convert --no-daemon` runs: its output and exit status.
#![allow(clippy::unwrap_used)]

use sayso_testing::{Ran, finish, piped};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Runs the command with settings that say `settings`.
fn convert_with(settings: &str, arguments: &[&str], input: &[u8]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    std::fs::write(&file, settings).unwrap();
    let mut saysod = Command::new(env!("CARGO_BIN_EXE_saysod"));
    saysod.arg("convert").args(arguments).env("SAYSO_CONFIG", &file);
    finish(piped(&mut saysod).spawn().unwrap(), input)
}

fn convert(arguments: &[&str], input: &[u8]) -> Ran {
    convert_with("", arguments, input)
}

#[test]
fn the_command_is_printed() {
    for (arguments, input) in [
        (&[][..], "git space status\n"),
        (&[], "git space status"),
        (&["git space status"], ""),
        (&["git", "space", "status"], ""),
        (&["-"], "git space status\n"),
        (&["--route", "scanner"], "git space status\n"),
        (&[], "git status\n"),
    ] {
        let run = convert(arguments, input.as_bytes());
        assert_eq!((run.out.as_str(), run.code), ("git status\n", Some(0)), "{arguments:?}: {}", run.err);
    }
}

#[test]
fn json_has_the_members_of_the_wire_in_order() {
    let run = convert(&["--json", "ls space dash l"], b"");
    let members = ["buffer", "cursor", "route", "confidence", "alternatives", "spans", "micros", "message"];
    let places: Vec<usize> =
        members.iter().map(|member| run.out.find(&format!("\"{member}\":")).expect(member)).collect();
    assert!(places.is_sorted(), "{}", run.out);
    let [answer] = run.json_lines().try_into().unwrap();
    assert_eq!((&answer["buffer"], &answer["cursor"]), (&"ls -l".into(), &5.into()));
}

#[test]
fn a_line_that_cannot_be_converted_says_why() {
    for (arguments, input, message) in [
        (&[][..], &b"\n"[..], "the line is empty"),
        (&[], b"ls \xff", "not UTF-8"),
        (&[], b"ls \x1b[2J", "U+001B"),
        (&["--route", "model"], b"ls space dash l", "no language model is loaded"),
    ] {
        let run = convert(arguments, input);
        assert_eq!((run.out.as_str(), run.code), ("", Some(1)), "{input:?}");
        assert!(run.err.contains(message), "{input:?}: {}", run.err);
    }
    let run = convert(&["--json"], b"");
    assert_eq!((run.json_lines()[0]["error"]["code"].as_str(), run.code), (Some("empty"), Some(1)));
    assert_eq!(convert(&["--route", "guess"], b"").code, Some(2));
    assert_eq!(convert(&["--lines", "text"], b"").code, Some(2));
}

#[test]
fn a_language_model_may_be_asked() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/store/tests/fixtures");
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("model");
    sayso_store::gguf::import(&fixtures.join("smollm.gguf"), &folder).unwrap();
    let answer = |arguments: &[&str]| {
        let model = ["--model", folder.to_str().unwrap(), "--json", "--route", "model"];
        convert(&[&model, arguments].concat(), b"tar dash X Z F archive dot tar dot gz").json_lines()[0]
            .clone()
    };
    let rescored = answer(&[]);
    assert!(["judge", "writer"].contains(&rescored["route"].as_str().unwrap()), "{rescored}");
    assert_eq!(answer(&["--model-deadline", "0"])["route"], "tagger");
    let free = answer(&["--free"]);
    assert!(free["message"].as_str().unwrap().contains("which was not said"), "{free}");
    let run = convert(&["--model", "/nowhere", "ls"], b"");
    assert_eq!(run.code, Some(1));
    assert!(run.err.contains("cannot use the language model in /nowhere"), "{}", run.err);
}

#[test]
fn lines_are_answered_each_in_order() {
    let run = convert(&["--lines"], b"ls space dash l\n\xff\n\ngit space status");
    let found: Vec<Value> = run
        .json_lines()
        .iter()
        .map(|line| line.get("buffer").unwrap_or(&line["error"]["code"]).clone())
        .collect();
    assert_eq!(found, ["ls -l", "bad_character", "empty", "git status"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
}

#[test]
fn the_settings_are_in_force() {
    let words = "[words]\n\"kay eight s\" = \"k8s\"\n";
    let run = convert_with(words, &[], b"cd space kay eight s");
    assert_eq!((run.out.as_str(), run.err.as_str()), ("cd k8s\n", ""));

    let run = convert_with("[words]\nmistake", &[], b"ls space dash l");
    assert_eq!((run.out.as_str(), run.code), ("ls -l\n", Some(0)));
    assert!(run.err.contains("config.toml") && run.err.contains("the rest of the settings"), "{}", run.err);

    let run = convert_with("[tagger]\nweights = \"/nowhere/own.safetensors\"", &[], b"ls space dash l");
    assert_eq!((run.out.as_str(), run.code), ("ls -l\n", Some(0)));
    assert!(run.err.contains("the built-in weights are used until"), "{}", run.err);
}
