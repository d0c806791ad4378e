//! What only zsh has.

use super::every_path;
use sayso_testing::{
    Color, FakeDaemon, Home, Reaction, RealDaemon, SAID, Setup, Shell, Terminal, programs, repository,
    zsh_plugin,
};
use sayso_text::is_forbidden;
use std::fs;
use std::process::Command;

/// Options, aliases and variables that a person may have, each of which breaks careless scripts.
const HOSTILE: &str = r#"
setopt ksh_arrays sh_word_split no_unset glob_subst no_clobber ksh_glob rc_quotes csh_null_glob extended_glob
setopt no_bare_glob_qual no_multibyte warn_create_global warn_nested_var c_bases octal_zeroes pipe_fail
setopt err_return posix_builtins posix_identifiers no_short_loops mark_dirs numeric_glob_sort ignore_braces
alias print='echo broken' local='echo broken' zle='echo broken' typeset='echo broken' emulate='echo broken'
alias -g L='| less' ok=broken text=broken failure=broken return=broken 0=broken 1=broken
alias -g -- -r=broken -g=broken -c=broken
IFS=:
"#;

/// Colours of zsh-syntax-highlighting for what is no command, and for what is one.
const RED: Color = Color::Idx(1);
const GREEN: Color = Color::Idx(2);

fn suggestions() -> String {
    format!("source {}\n", zsh_plugin("zsh-autosuggestions"))
}

fn highlighting() -> String {
    format!("source {}\n", zsh_plugin("zsh-syntax-highlighting"))
}

fn open(home: &Home, before: &str, after: &str) -> Terminal {
    Terminal::open(home, Shell::Zsh, Setup { before, after, ..Setup::default() })
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh: tests/run")]
fn options_and_aliases_of_the_person_do_not_matter() {
    let home = Home::new();
    let _daemon = FakeDaemon::listen(&home);
    let terminal = open(&home, HOSTILE, "setopt err_exit\n");
    every_path(&terminal);
    terminal
        .keys(&["C-e", "C-u"])
        .text("alias -L | 'grep' ok")
        .keys(&["Enter"])
        .wait_row("alias -g ok=broken");
}

/// `sayso init zsh` writes the class of forbidden characters into the script.
#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh: tests/run")]
fn the_script_refuses_exactly_the_characters_that_no_line_may_hold() {
    // Lines are read at newlines, and one of them may not end in a newline.
    let (refused, accepted): (Vec<_>, Vec<_>) =
        ('\0'..=char::MAX).filter(|c| *c != '\n').partition(|c| is_forbidden(*c));
    // Each of the refused alone between two letters, the accepted together.
    let mut lines: Vec<String> = refused.iter().map(|c| format!("a{c}b")).collect();
    lines.extend(accepted.chunks(256).map(String::from_iter));
    let home = Home::new();
    let path = home.folder().join("lines");
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    let script =
        r#"eval "$($1 init zsh)"; while IFS= read -r line; do _sayso_is_clean "$line"; print $?; done <"$2""#;
    let output = Command::new("zsh")
        .args(["-f", "-c", script, "zsh", env!("CARGO_BIN_EXE_sayso")])
        .arg(&path)
        .envs(home.environment())
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let verdicts: Vec<_> = said.lines().collect();
    assert_eq!(verdicts.len(), lines.len(), "{}", String::from_utf8_lossy(&output.stderr));
    for (at, (line, verdict)) in lines.iter().zip(verdicts).enumerate() {
        let expected = if at < refused.len() { "1" } else { "0" };
        assert_eq!(verdict, expected, "{}", line.escape_unicode());
    }
}

/// A shell that was open during an upgrade meets a daemon of another version, which speaks the same protocol.
#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh: tests/run")]
fn a_daemon_of_another_version_costs_one_press_through_the_client() {
    let home = Home::new();
    let daemon = FakeDaemon::reacting(&home, &[Reaction::AnswerOfNewer]);
    let log = home.folder().join("started");
    let counted = home.folder().join("counted");
    let script = format!("echo client >>'{}'\nexec '{}' \"$@\"", log.display(), env!("CARGO_BIN_EXE_sayso"));
    programs::write(&counted, &script);
    let terminal = open(&home, "", &format!("_sayso_client={}\n", counted.display()));
    for _ in 0..3 {
        terminal.keys(&["C-e", "C-u"]).text(SAID).wait_line(&format!("$ {SAID}"));
        terminal.convert().wait_line("$ git status -s");
        daemon.request();
    }
    assert_eq!(fs::read_to_string(&log).unwrap(), "client\n");
    // The first press asked twice: the shell itself, and then the client.
    daemon.request();
    assert!(daemon.is_idle());
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh: tests/run")]
fn the_real_daemon_answers_the_shell_without_a_client() {
    let daemon = RealDaemon::new();
    daemon.settings("deadline_ms = 60000");
    let odd = "_sayso_odd() { BUFFER=$'git \\xff' }; zle -N _sayso_odd; bindkey '^G' _sayso_odd\n";
    let terminal = open(&daemon.home, "", &format!("_sayso_client=/nowhere/sayso\n{odd}"));
    terminal.text(SAID).convert().wait_line("$ git status -s");
    terminal.keys(&["C-g"]).convert().wait_text("the line is not UTF-8 from byte 4 on");
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh: tests/run")]
fn no_client_is_needed_where_the_daemon_listens() {
    let home = Home::new();
    let _daemon = FakeDaemon::listen(&home);
    let terminal = open(&home, "", "_sayso_client=/nowhere/sayso\n");
    every_path(&terminal);
    // Also if the cursor goes to the start of the line.
    terminal.keys(&["C-e", "C-u"]).text("first column").convert().wait_line("$ ls");
    terminal.wait_column(2);
}

/// Linux would let the shell wait in connect for ever, where nothing can interrupt it.
#[cfg(target_os = "linux")]
#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh: tests/run")]
fn a_full_queue_of_a_daemon_that_accepts_nobody_does_not_hold_the_shell() {
    use std::os::unix::net::{UnixListener, UnixStream};
    let home = Home::with_settings("deadline_ms = 300");
    home.make_socket_folder(0o700);
    let listener = UnixListener::bind(home.socket()).unwrap();
    nix::sys::socket::listen(&listener, nix::sys::socket::Backlog::new(0).unwrap()).unwrap();
    let first = UnixStream::connect(home.socket()).unwrap();
    let terminal = open(&home, "", "");
    terminal.text(SAID).convert().wait_text("no answer in time");
    terminal.text("!").wait_row(&format!("$ {SAID}!"));
    drop(first);
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh: tests/run")]
fn the_client_does_where_there_is_no_socket_module() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let terminal = open(&home, "", "zmodload zsh/net/socket; disable zsocket\n");
    every_path(&terminal);
    daemon.request();
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh: tests/run")]
fn an_interrupt_ends_the_client_and_keeps_the_line() {
    let home = Home::with_settings("deadline_ms = 60000");
    let daemon = FakeDaemon::held(&home);
    let terminal = open(&home, "", "zmodload zsh/net/socket; disable zsocket\n");
    terminal.text(SAID).convert();
    daemon.request();
    terminal.keys(&["C-c"]).text("!").wait_row(&format!("$ {SAID}!"));
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh: tests/run")]
fn a_region_is_converted_alone() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let terminal = open(&home, "", "");
    terminal.text("cd space x; echo space one  | cat").keys(&["C-a", "M-f", "M-f", "M-f"]);
    // The region takes in one of the spaces behind the dictation, and the cursor stands behind it.
    terminal.keys(&["C-Space"]).keys(&["C-f"; 15]).convert();
    terminal.wait_line("$ cd space x; echo one  | cat");
    let request = daemon.request();
    assert_eq!((request.text.as_str(), request.cursor), ("echo space one", Some(14)));
    assert_eq!(request.context.prebuffer, "cd space x; ", "what stands before the region");
    terminal.wait_column(22);
    terminal.keys(&["C-_"]).wait_line("$ cd space x; echo space one  | cat");
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh: tests/run")]
fn a_visual_selection_is_converted_alone() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let terminal = open(&home, "bindkey -v\n", "");
    terminal.text("cd space x; echo space one | cat").keys(&["Escape"]);
    // From the end of `one` back to the start of `echo`: both ends belong to it.
    terminal.text("0t|hvF;ll");
    terminal.convert().wait_line("$ cd space x; echo one | cat");
    assert_eq!(daemon.request().text, "echo space one");
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh: tests/run")]
fn a_selection_of_lines_is_converted_alone() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let terminal = open(&home, "bindkey -v\n", "");
    terminal.paste("first\necho space one\nlast").wait_text("last");
    terminal.keys(&["Escape", "k", "V"]).convert().wait_row("echo one");
    assert_eq!(daemon.request().text, "echo space one");
    terminal.wait_row("last");
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh: tests/run")]
fn lines_before_a_continuation_prompt_are_context() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let terminal = open(&home, "", "");
    terminal.text("for i in 1 2; do").keys(&["Enter"]).wait_line(">");
    terminal.text(SAID).convert().wait_line("> git status -s");
    let request = daemon.request();
    assert_eq!((request.text.as_str(), request.context.prebuffer.as_str()), (SAID, "for i in 1 2; do\n"));
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh: tests/run")]
fn stale_suggestions_are_gone_and_new_ones_come() {
    let home = Home::new();
    let _daemon = FakeDaemon::listen(&home);
    let history = "print -s 'git status -s --long'\nprint -s 'git space status space dash s and more'\n";
    let terminal = open(&home, &[&suggestions(), history].concat(), "");
    terminal.text(SAID).wait_line(&format!("$ {SAID} and more"));
    terminal.convert().wait_line("$ git status -s --long");
    terminal.wait_column(15);
    terminal.convert().wait_row("$ git status -S");
    terminal.wait_text("sayso: 2 of 3");
    terminal.keys(&["C-e", "C-u"]).text("echo space one").convert().wait_line("$ echo one");
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh: tests/run")]
fn colours_follow_the_replacement_whichever_was_loaded_first() {
    for (before, after) in [(highlighting(), String::new()), (String::new(), highlighting())] {
        let home = Home::new();
        let _daemon = FakeDaemon::listen(&home);
        let terminal = open(&home, &before, &after);
        terminal.text("sue do echo").wait("red", |_| terminal.is_colored("sue", RED));
        terminal.convert().wait("green", |_| {
            terminal.is_colored("echo", GREEN) && terminal.is_colored(" hi", Color::Default)
        });
    }
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh: tests/run")]
fn everything_together_is_still_one_key() {
    let home = Home::new();
    let _daemon = FakeDaemon::listen(&home);
    let before = ["bindkey -v\n", &suggestions()].concat();
    let terminal = open(&home, &before, &highlighting());
    every_path(&terminal);
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh: tests/run")]
fn completions_below_the_home_folder_are_found() {
    let home = Home::new();
    home.write("opt/bin/sayso", "");
    home.write("opt/share/zsh/site-functions/_sayso", "#compdef sayso\n_message found\n");
    let program = home.path().join("opt/bin/sayso");
    let source = format!("source {}/shell/sayso.zsh\n", repository().display());
    let line = format!("_sayso_client={}\n{source}", program.display());
    let init = "autoload -Uz compinit; compinit -u -d ~/.dump\n";
    // Whether completions are set up before or after.
    for line in [[init, &line].concat(), [&line, init].concat()] {
        let setup = Setup { line: Some(&line), ..Setup::default() };
        let terminal = Terminal::open(&home, Shell::Zsh, setup);
        terminal.text("print $_comps[sayso]\n").wait_row("_sayso");
    }
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh: tests/run")]
fn a_plugin_manager_can_source_the_checkout() {
    let plugin = format!("source {}/shell/sayso.plugin.zsh\n", repository().display());
    let setup = Setup { line: Some(&plugin), ..Setup::default() };
    let home = Home::with_settings("key = \"ctrl-g\"");
    let _daemon = FakeDaemon::listen(&home);
    let terminal = Terminal::open(&home, Shell::Zsh, setup);
    terminal.text(SAID).keys(&["C-g"]).wait_line("$ git status -s");
    // Without the client the key says what is missing.
    let before = "path=(${path:#*/debug} ) path=(${path:#*/release})\n";
    let terminal = Terminal::open(&home, Shell::Zsh, Setup { before, ..setup });
    terminal.text(SAID).convert().wait_text("the program sayso is not in PATH");
}

/// What the shell knows goes with the first request, and again only when it has changed; values never do.
#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh: tests/run")]
fn names_of_the_shell_are_sent_when_they_change() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let rc = "alias bedlog=ls\nexport GARDEN=hush\n_sayso_client=/nowhere/sayso\n";
    let terminal = open(&home, "", rc);
    let ask = |terminal: &Terminal| {
        terminal.keys(&["C-e", "C-u"]).text(SAID).convert().wait_line("$ git status -s");
        daemon.request().context
    };
    let first = ask(&terminal);
    let has = |names: &str, line: &str| names.lines().any(|other| other == line);
    assert!(has(&first.names, "alias bedlog") && has(&first.names, "variable GARDEN"), "{}", first.names);
    assert!(first.names.starts_with("path /") && !first.names.contains("hush"), "{}", first.names);
    let again = ask(&terminal);
    assert_eq!((again.names.as_str(), &again.digest), ("", &first.digest));
    terminal.keys(&["C-e", "C-u"]).text("waterbed() { true }").keys(&["Enter"]).wait_line("$");
    let changed = ask(&terminal);
    assert!(has(&changed.names, "function waterbed") && changed.digest != first.digest, "{}", changed.names);
}
