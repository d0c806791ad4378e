//! Names of the place over the wire: they come from the folder of each line, and a folder that hangs costs no line.

use sayso_testing::{MEANT, RealDaemon, SAID, wait_until};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// The answer to a line that is dictated in a folder.
fn convert_in(daemon: &RealDaemon, cwd: &Path, text: &str) -> String {
    let request = json!({"v": 1, "id": 1, "op": "convert", "text": text, "context": {"cwd": cwd}});
    let answer: Value = daemon.ask(&request.to_string());
    answer["result"]["buffer"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// As [`convert_in`], until the folder is known: a press does not wait for it.
fn settles_at(daemon: &RealDaemon, cwd: &Path, text: &str, expected: &str) {
    wait_until(expected, || convert_in(daemon, cwd, text) == expected);
}

#[test]
fn each_line_has_the_names_of_its_own_folder() {
    let daemon = RealDaemon::new();
    let (first, second) = (daemon.home.folder().join("first"), daemon.home.folder().join("second"));
    for (folder, file) in [(&first, "waterPump.ts"), (&second, "water-pump.ts")] {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join(file), "").unwrap();
    }
    for (folder, expected) in [(&first, "vim waterPump.ts"), (&second, "vim water-pump.ts")] {
        settles_at(&daemon, folder, "vim water pump dot ts", expected);
    }
    // What is made later is seen, and what vanished is forgotten.
    fs::rename(first.join("waterPump.ts"), first.join("water_pump.ts")).unwrap();
    settles_at(&daemon, &first, "vim water pump dot ts", "vim water_pump.ts");
    fs::remove_dir_all(&second).unwrap();
    wait_until("the folder is forgotten", || {
        convert_in(&daemon, &second, "vim water pump dot ts") != "vim water-pump.ts"
    });
}

#[test]
fn a_folder_that_the_line_names_is_looked_into() {
    let daemon = RealDaemon::new();
    // Deeper than what is known of every home.
    daemon.home.write("shed/shelf/box/Garden-Plan.md", "");
    let said = "cat tilde slash shed slash shelf slash box slash garden plan dot md";
    settles_at(&daemon, daemon.home.folder(), said, "cat ~/shed/shelf/box/Garden-Plan.md");
}

#[cfg(target_os = "linux")]
#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs root and FUSE: tests/run")]
fn a_file_system_that_hangs_costs_no_line() {
    let hanging = match sayso_testing::HangingFolder::mount() {
        Ok(hanging) => hanging,
        Err(error) => {
            return eprintln!(
                "NOT RUN: a_file_system_that_hangs_costs_no_line: no FUSE for this user: {error}"
            );
        }
    };
    let mut daemon = RealDaemon::new();
    // More folders than the daemon has readers for, and as many that the line names.
    for at in 0..20 {
        assert_eq!(convert_in(&daemon, &hanging.below(at), SAID), MEANT);
        let said = format!("cat {}/garden plan dot md", hanging.below(format!("named{at}")).display());
        assert!(convert_in(&daemon, daemon.home.path(), &said).starts_with("cat "), "{said}");
    }
    drop(hanging);
    // The readers are free again.
    let folder = daemon.home.folder().join("here");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("waterPump.ts"), "").unwrap();
    settles_at(&daemon, &folder, "vim water pump dot ts", "vim waterPump.ts");
    daemon.ask(r#"{"v":1,"id":1,"op":"shutdown"}"#);
    assert!(daemon.ended().success());
}

#[cfg(target_os = "linux")]
#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs root and FUSE: tests/run")]
fn the_first_line_on_a_disk_that_hangs_is_answered_within_its_deadline() {
    let Ok(hanging) = sayso_testing::HangingFolder::mount() else {
        return eprintln!("NOT RUN: the_first_line_on_a_disk_that_hangs_…: no FUSE for this user");
    };
    let daemon = RealDaemon::new();
    // Folders are looked at for their words once any project is trusted.
    daemon.home.write("project/.sayso.toml", "[words]\n\"my box\" = \"box1\"\n");
    let project = daemon.home.path().join("project");
    let mut trust = daemon.home.command(sayso_testing::programs::program("sayso"));
    assert!(trust.args(["trust", "--yes"]).current_dir(&project).output().unwrap().status.success());
    settles_at(&daemon, &project, "cd space my box", "cd box1");
    let request = json!({
        "v": 1, "id": 1, "op": "convert", "text": SAID, "deadline_ms": 200,
        "context": {"cwd": hanging.path()},
    });
    // Shorter than the daemon is ready to wait for the words of a project.
    assert_eq!(daemon.ask(&request.to_string())["result"]["buffer"], MEANT);
}
