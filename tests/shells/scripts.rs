//! What the shells' own checkers say about the scripts, and that none costs a process to read.

use sayso_testing::{need, repository};
use std::process::Command;

/// Runs a checker over a file of `shell/`; it must find nothing.
fn check(program: &[&str], file: &str) {
    let path = repository().join("shell").join(file);
    need(program[0]);
    let output = Command::new(program[0]).args(&program[1..]).arg(&path).output().unwrap();
    let found = [output.stdout, output.stderr].concat();
    assert!(output.status.success() && found.is_empty(), "{file}: {}", String::from_utf8_lossy(&found));
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs all shells: tests/run")]
fn checkers_find_nothing() {
    check(&["zsh", "-n"], "sayso.zsh");
    check(&["zsh", "-n"], "sayso.plugin.zsh");
    check(&["fish", "--no-execute"], "sayso.fish");
    check(&["fish", "--no-execute"], "conf.d/sayso.fish");
    check(&["bash", "-n"], "sayso.bash");
    check(&["shellcheck"], "sayso.bash");
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs all shells: tests/run")]
fn reading_a_script_starts_no_process() {
    // Without a search path there is none to start, and its absence would be an error on standard error.
    for (shell, file) in [
        (&["zsh", "-f", "-i"][..], "sayso.zsh"),
        (&["bash", "--norc", "--noprofile", "-i"], "sayso.bash"),
        (&["fish", "--no-config", "-i"], "sayso.fish"),
    ] {
        let path = repository().join("shell").join(file);
        let read = match shell[0] {
            "fish" => format!("set PATH; source {}; and echo read", path.display()),
            _ => format!("PATH=; . {} && echo read", path.display()),
        };
        let output = Command::new(shell[0]).args(&shell[1..]).args(["-c", &read]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "read\n", "{file}");
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(!complaints.contains("not found"), "{file}: {complaints}");
    }
}
