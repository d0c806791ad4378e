//! What only bash has.

use super::every_path;
use sayso_testing::{FakeDaemon, Home, SAID, Setup, Shell, Terminal};

/// Options, aliases and traps that a person may have, each of which breaks careless scripts.
const HOSTILE: &str = r#"
set -eu -o pipefail -o noglob
shopt -s nullglob failglob extglob nocasematch
IFS=:
trap 'person=interrupted' INT
alias printf='echo broken' local='echo broken' trap='echo broken' mapfile='echo broken' bind='echo broken'
alias if='echo broken' then='echo broken'
"#;

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs bash: tests/run")]
fn options_aliases_and_traps_of_the_person_do_not_matter() {
    let home = Home::new();
    let _daemon = FakeDaemon::listen(&home);
    let terminal = Terminal::open(&home, Shell::Bash, Setup { before: HOSTILE, ..Setup::default() });
    every_path(&terminal);
    terminal.keys(&["C-e", "C-u"]).text("\\trap -p INT; alias if").keys(&["Enter"]);
    terminal.wait_row("trap -- 'person=interrupted' SIGINT");
    terminal.wait_row("alias if='echo broken'");
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs bash: tests/run")]
fn an_old_bash_is_told_so_and_nothing_is_bound() {
    let home = Home::new();
    // No old bash can be had here, so the script is told that this one is.
    let line = "eval \"$(sayso init bash | sed 's/< 404/< 40400/')\"; bind -X | grep -c sayso\n";
    let terminal = Terminal::open(&home, Shell::Bash, Setup { line: Some(line), ..Setup::default() });
    terminal.wait("the advice", |screen| {
        screen.contains("is too old, 4.4 is needed; no key was bound") && screen.contains("\n0\n")
    });
    terminal.text(SAID).convert().text("!").wait_text(&format!("{SAID}!"));
}
