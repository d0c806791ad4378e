//! `sayso model` as a person uses it: models come from a hub or a file, are chosen, checked and removed, whatever
//! breaks meanwhile.

use sayso_testing::{FakeHub, Home, Ran, Trouble, command, finish, sayso, wait_until};
#[cfg(target_os = "linux")]
use sayso_testing::{not_run, programs};
use std::fs;
use std::process::Command;

const WEIGHTS: &str = "model.safetensors";

/// The GGUF file of a small model with random weights.
fn gguf(name: &str) -> String {
    sayso_testing::gguf(name).display().to_string()
}

/// A hub that has one of them, which it calls `owner/tiny`.
fn hub() -> FakeHub {
    let home = Home::new();
    done(&sayso(&home, &["model", "import", &gguf("qwen3")], ""), "qwen3 is installed");
    FakeHub::serve(&home.models().join("qwen3"))
}

/// It came to its end well, and said so.
#[track_caller]
fn done(ran: &Ran, said: &str) {
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    assert!(ran.out.contains(said), "{ran:?}");
}

/// It could not, and said why on standard error alone.
#[track_caller]
fn failed(ran: &Ran, why: &str) {
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.err.starts_with("sayso: ") && ran.err.contains(why), "{ran:?}");
}

fn pull(home: &Home, hub: &FakeHub, more: &[&str]) -> Command {
    let mut command = command(home, &["model", "pull", "owner/tiny"]);
    command.args(more).env("HF_ENDPOINT", &hub.endpoint);
    command
}

fn pulled(home: &Home, hub: &FakeHub) -> Ran {
    finish(pull(home, hub, &[]).spawn().unwrap(), b"")
}

#[test]
fn a_model_comes_is_chosen_checked_and_removed() {
    let (home, hub) = (Home::new(), hub());
    let list = || sayso(&home, &["model", "list"], "").out;
    assert!(list().starts_with("* built-in") && list().contains("qwen3-0.6b"), "{}", list());
    failed(&sayso(&home, &["model", "use", "tiny"], ""), "no model named tiny is installed");
    failed(&sayso(&home, &["model", "remove", "tiny"], ""), "no model named tiny is installed");

    done(&pulled(&home, &hub), "tiny is installed (0.1 MB)");
    done(&pulled(&home, &hub), "tiny is already installed");
    done(&sayso(&home, &["model", "use", "tiny"], ""), "tiny is now in use");
    assert!(list().starts_with("  built-in") && list().contains("\n* tiny"), "{}", list());
    assert!(list().contains("owner/tiny at c0ffeec0ff"), "{}", list());
    done(&sayso(&home, &["model", "verify"], ""), "tiny is intact");

    fs::write(home.models().join("tiny/extra.bin"), "").unwrap();
    let ran = sayso(&home, &["model", "verify", "tiny"], "");
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.out.contains("extra.bin is not part of the model"), "{ran:?}");
    fs::remove_file(home.models().join("tiny/extra.bin")).unwrap();

    done(&sayso(&home, &["model", "remove", "tiny"], ""), "It was the model in use");
    assert!(list().starts_with("* built-in"), "{}", list());
}

#[test]
fn the_built_in_model_takes_a_second_look() {
    let home = Home::patient();
    let shown = || sayso(&home, &["status"], "").out;
    sayso(&home, &["convert", "git space status"], "");
    assert!(shown().contains("built-in, loaded when a line needs it"), "{}", shown());
    // Nobody knows whether "for" is a number here.
    let doubtful = ["convert", "--json", "okay so kill dash nine no wait dash for um the job"];
    let route = sayso(&home, &doubtful, "").json()["route"].clone();
    assert!(route == "judge" || route == "writer", "{route}");
    assert!(shown().contains("built-in, loaded in "), "{}", shown());

    let gguf = gguf("llama3");
    done(&sayso(&home, &["model", "import", &gguf, "--name", "tiny"], ""), "tiny is installed");
    done(&sayso(&home, &["model", "use", "tiny"], ""), "tiny is now in use");
    assert!(shown().contains("tiny, loaded when"), "{}", shown());
    done(&sayso(&home, &["model", "use", "built-in"], ""), "built-in is now in use");
    assert!(shown().contains("built-in, loaded when"), "{}", shown());
    for refused in [&["model", "remove", "built-in"][..], &["model", "import", &gguf, "--name", "built-in"]] {
        failed(&sayso(&home, refused, ""), "built-in is the model that is part of sayso");
    }
    let home = Home::with_settings("deadline_ms = 60000\n[model]\njudge = false");
    assert_eq!(sayso(&home, &doubtful, "").json()["route"], "tagger");
}

#[test]
fn json_is_one_object_a_line() {
    let (home, hub) = (Home::new(), hub());
    let came = finish(pull(&home, &hub, &["--json"]).spawn().unwrap(), b"").json();
    assert_eq!((&came["name"], &came["already"]), (&"tiny".into(), &false.into()));
    assert_eq!(came["origin"]["hub"]["repository"], "owner/tiny");
    let chosen = sayso(&home, &["model", "--json", "use", "tiny"], "").json();
    assert_eq!((&chosen["name"], &chosen["held_back"]), (&"tiny".into(), &serde_json::Value::Null));
    let listed = sayso(&home, &["model", "list", "--json"], "").out;
    let listed: Vec<serde_json::Value> =
        listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&listed[0]["name"], &listed[0]["chosen"]), (&"built-in".into(), &false.into()));
    assert_eq!((&listed[1]["chosen"], &listed[1]["bytes"]), (&true.into(), &came["bytes"]));
    let verified = sayso(&home, &["model", "verify", "--json"], "").json();
    assert_eq!((&verified["sound"], &verified["problems"]), (&true.into(), &serde_json::json!([])));
    let ran = sayso(&home, &["model", "use", "nothing", "--json"], "");
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
    assert_eq!(ran.json()["error"]["message"], "no model named nothing is installed");
}

#[test]
fn a_model_is_measured() {
    let home = Home::new();
    done(&sayso(&home, &["model", "import", &gguf("llama3"), "--name", "tiny"], ""), "tiny is installed");
    done(&sayso(&home, &["model", "bench", "--rounds", "1"], ""), "built-in, ");
    done(&sayso(&home, &["model", "bench", "tiny", "--rounds", "2"], ""), "judge 4 × 20");
    done(&sayso(&home, &["model", "use", "tiny"], ""), "tiny is now in use");
    let measured = sayso(&home, &["model", "bench", "--rounds", "1", "--json"], "").json();
    assert!(
        measured["read_ms"].as_f64() > Some(0.0) && measured["judge_ms"].as_f64() > Some(0.0),
        "{measured}"
    );
}

#[test]
fn status_and_doctor_tell_of_the_model() {
    let home = Home::with_settings("deadline_ms = 60000");
    let shown = |verb: &str| sayso(&home, &[verb], "").out;
    sayso(&home, &["convert", "git space status"], "");
    done(&sayso(&home, &["model", "import", &gguf("qwen3"), "--name", "tiny"], ""), "tiny is installed");
    done(&sayso(&home, &["model", "use", "tiny"], ""), "tiny is now in use");
    assert!(shown("status").contains("tiny, loaded when a line needs it"), "{}", shown("status"));
    let free = ["convert", "--json", "--route", "model", "git commit dash m quote fix login bug quote"];
    let route = sayso(&home, &free, "").json()["route"].clone();
    assert!(route == "judge" || route == "writer", "{route}");
    assert!(shown("status").contains("tiny, loaded in "), "{}", shown("status"));
    let status = sayso(&home, &["status", "--json"], "").json();
    assert_eq!(
        (&status["model"]["state"], &status["model"]["why"]),
        (&"resident".into(), &serde_json::Value::Null)
    );
    done(&sayso(&home, &["model", "remove", "tiny"], ""), "tiny was removed");
    done(&sayso(&home, &["model", "import", &gguf("qwen2"), "--name", "tiny"], ""), "tiny is installed");
    done(&sayso(&home, &["model", "use", "tiny"], ""), "tiny is now in use");
    fs::remove_file(home.models().join("tiny/tokenizer.json")).unwrap();
    assert_eq!(sayso(&home, &free, "").code, Some(1));
    assert!(shown("status").contains("tiny cannot be used: "), "{}", shown("status"));
    let doctor = shown("doctor");
    assert!(doctor.contains("warn  model") && doctor.contains("`sayso model verify`"), "{doctor}");
}

#[test]
fn a_wrong_command_line_is_exit_code_2() {
    let home = Home::new();
    for wrong in
        [&["model"][..], &["model", "dance"], &["model", "use"], &["model", "bench", "x", "--rounds", "0"]]
    {
        let ran = sayso(&home, wrong, "");
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
    }
    let help = sayso(&home, &["model", "pull", "--help"], "");
    assert!(help.out.contains("HF_ENDPOINT") && help.out.contains("Usage: sayso model pull"), "{help:?}");
    failed(&sayso(&home, &["model", "pull", "../up"], ""), "is not a model name");
    failed(&sayso(&home, &["model", "import", "nothing.gguf"], ""), "nothing.gguf");
}

#[test]
fn the_settings_go_before_the_choice_and_say_so() {
    let home = Home::with_settings("[model]\nname = \"other\"");
    done(&sayso(&home, &["model", "import", &gguf("qwen2"), "--name", "tiny"], ""), "tiny is installed");
    done(&sayso(&home, &["model", "use", "tiny"], ""), "the settings say `name = \"other\"`");
    let home = Home::with_settings("[model]\njudge = false");
    done(&sayso(&home, &["model", "import", &gguf("llama3"), "--name", "tiny"], ""), "tiny is installed");
    done(&sayso(&home, &["model", "use", "tiny"], ""), "`judge = false`, so no model is used");
}

#[test]
fn ctrl_c_leaves_what_the_next_pull_goes_on_with() {
    let (home, hub) = (Home::new(), hub());
    hub.trouble(WEIGHTS, Trouble::Stalls(10_000));
    let child = pull(&home, &hub, &[]).spawn().unwrap();
    let here = || {
        let files = fs::read_dir(home.models().join(".tiny.pull")).into_iter().flatten().flatten();
        let weights = files.filter(|file| file.file_name().to_string_lossy().starts_with(WEIGHTS));
        weights.map(|file| file.metadata().unwrap().len()).sum::<u64>()
    };
    wait_until("the first 10,000 bytes", || here() == 10_000);
    let interrupted = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status();
    assert!(interrupted.unwrap().success());
    let ran = finish(child, b"");
    assert_eq!((ran.code, ran.out.as_str()), (Some(130), ""), "{ran:?}");
    assert!(ran.err.contains("run `sayso model pull owner/tiny` again to resume"), "{ran:?}");
    assert_eq!(here(), 10_000);
    assert!(!sayso(&home, &["model", "list"], "").out.contains("tiny"));
    hub.heal();
    done(&pulled(&home, &hub), "tiny is installed");
    assert_eq!(hub.ranges(WEIGHTS), ["bytes=0-", "bytes=10000-"]);
}

#[test]
fn of_two_pulls_at_once_one_works_and_the_other_says_so() {
    let (home, hub) = (Home::new(), hub());
    // Nothing is answered while the test holds this.
    let state = hub.state.clone();
    let held = state.lock().unwrap();
    let mut both: Vec<_> = (0..2).map(|_| pull(&home, &hub, &[]).spawn().unwrap()).collect();
    // Who has the lock waits for the hub; the other one ends.
    let mut loser = None;
    wait_until("one of both to end", || {
        loser = (0..2).find(|at| both[*at].try_wait().unwrap().is_some());
        loser.is_some()
    });
    let loser = both.remove(loser.unwrap());
    failed(&finish(loser, b""), "tiny is being pulled, imported or removed by another process");
    drop(held);
    done(&finish(both.remove(0), b""), "tiny is installed");
}

#[test]
fn a_server_that_lies_leaves_no_model() {
    let (home, hub) = (Home::new(), hub());
    for (trouble, why) in [
        (Trouble::Other, "the hub states the digest"),
        (Trouble::Shorter, "the server sends"),
        (Trouble::Status(403), "the server answers 403"),
    ] {
        hub.trouble(WEIGHTS, trouble);
        failed(&pulled(&home, &hub), why);
        assert!(!sayso(&home, &["model", "list"], "").out.contains("tiny"));
    }
    hub.heal();
    done(&pulled(&home, &hub), "tiny is installed");
}

#[cfg(target_os = "linux")]
#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs a file system of its own: tests/run")]
fn a_disk_on_which_a_model_does_not_fit_is_said_before_the_pull() {
    let (home, hub) = (Home::new(), hub());
    fs::create_dir_all(home.models()).unwrap();
    // A file system of its own, which is gone with the shell that mounted it.
    let script = r#"
        mount -t tmpfs -o size=40k none "$2" || exit 77
        "$1" model pull owner/tiny; code=$?
        mount -o remount,size=4m "$2" || exit 77
        "$1" model pull owner/tiny && "$1" model list
        exit $code"#;
    let mut shell = home.command("unshare");
    shell.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]);
    shell.arg(programs::program("sayso")).arg(home.models()).env("HF_ENDPOINT", &hub.endpoint);
    let output = match shell.output() {
        Ok(output) if output.status.code() != Some(77) && !is_refusal(&output.stderr) => output,
        other => return not_run("disk full", &format!("no file system can be mounted: {other:?}")),
    };
    let (said, out) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("does not fit on the disk"), "{said}");
    assert!(out.contains("tiny is installed") && out.contains("owner/tiny at"), "{out} {said}");
    assert_eq!(hub.ranges(WEIGHTS).len(), 1, "the first pull asked for nothing large");
}

/// Whether `unshare` says that this user may not.
#[cfg(target_os = "linux")]
fn is_refusal(said: &[u8]) -> bool {
    String::from_utf8_lossy(said).starts_with("unshare: ")
}

#[test]
fn weights_of_the_tagger_are_used_listed_and_reset() {
    let home = Home::patient();
    let tagger = |arguments: &[&str]| sayso(&home, &[&["tagger"], arguments].concat(), "");
    let weights = home.path().join("mine.safetensors");
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/weights/tagger.safetensors");
    fs::copy(shipped, &weights).unwrap();
    assert_eq!(tagger(&["list"]).out, "* built-in\n");
    failed(
        &tagger(&["use", "/nowhere.safetensors"]),
        "/nowhere.safetensors cannot be used, nothing was changed",
    );
    home.write("notes.safetensors", "no weights");
    failed(&tagger(&["use", home.path().join("notes.safetensors").to_str().unwrap()]), "cannot be used");
    assert_eq!(tagger(&["list"]).out, "* built-in\n");

    done(&tagger(&["use", weights.to_str().unwrap()]), "mine is now in use");
    // The copy counts, wherever the file goes.
    fs::remove_file(&weights).unwrap();
    let list = tagger(&["list"]).out;
    assert!(list.starts_with("  built-in\n* mine  ") && list.contains("taggers/mine.safetensors"), "{list}");
    assert_eq!(sayso(&home, &["convert", "git commit dash m fix"], "").out, "git commit -m \"fix\"\n");
    let status = sayso(&home, &["config", "show"], "").out;
    assert!(status.contains("taggers/mine.safetensors"), "{status}");

    done(&tagger(&["reset"]), "built-in weights are in use again");
    assert!(tagger(&["list"]).out.starts_with("* built-in\n  mine  "), "{:?}", tagger(&["list"]));
    let named: serde_json::Value = serde_json::from_str(&tagger(&["use", "mine", "--json"]).out).unwrap();
    assert_eq!(named["name"], "mine");
}
