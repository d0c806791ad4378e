//! What only fish has.

use sayso_testing::{FakeDaemon, Home, SAID, Setup, Shell, Terminal, repository};

const VI: &str =
    "fish_vi_key_bindings\nfunction fish_mode_prompt; test $fish_bind_mode = visual; and echo -n V; end\n";

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs fish: tests/run")]
fn a_selection_is_converted_alone() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let terminal = Terminal::open(&home, Shell::Fish, Setup { before: VI, ..Setup::default() });
    terminal.text("cd space x; echo space one | cat").keys(&["Escape"]);
    // `f` and `t` go to a character, so the selection runs from `echo` up to the space before the pipe.
    terminal.text("0f;lvt|").wait_text("V$ ");
    terminal.convert().wait_line("$ cd space x; echo one | cat");
    let request = daemon.request();
    assert_eq!(request.text, "echo space one");
    assert_eq!(request.context.prebuffer, "cd space x; ", "what stands before the selection");
    terminal.convert().wait_row("$ cd space x; echo space one | cat");
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs fish: tests/run")]
fn fisher_finds_what_it_copies() {
    let home = Home::new();
    let _daemon = FakeDaemon::listen(&home);
    let file = repository().join("shell/conf.d/sayso.fish");
    home.write(".config/fish/conf.d/sayso.fish", &std::fs::read_to_string(file).unwrap());
    let terminal = Terminal::open(&home, Shell::Fish, Setup { line: Some(""), ..Setup::default() });
    terminal.text(SAID).convert().wait_line("$ git status -s");
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs fish: tests/run")]
fn a_message_about_a_wrapped_line_stands_above_it_in_place_of_the_one_before() {
    let home = Home::new();
    let _daemon = FakeDaemon::listen(&home);
    let terminal = Terminal::open(&home, Shell::Fish, Setup::default());
    let count = |screen: &str, text: &str| screen.replace('\n', "").matches(text).count();
    // Below a line of one row; fish draws over it when the next line grows.
    terminal.text("well").convert();
    terminal.wait("the message below", |screen| screen.contains("$ well\nsayso: this does not look like"));
    terminal.keys(&["C-u"]).text(&"well ".repeat(40)).convert();
    let above = |screen: &str| screen.starts_with("sayso: this") && count(screen, "well") == 40;
    terminal.wait("the message above", above);
    terminal.convert().text("x");
    let screen =
        terminal.wait("the same after one more press", |screen| screen.contains("well x") && above(screen));
    assert_eq!((count(&screen, "sayso:"), count(&screen, "$ ")), (1, 1), "{screen}");
}

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs fish: tests/run")]
fn an_interrupt_still_ends_the_persons_own_loops() {
    let home = Home::new();
    let _daemon = FakeDaemon::listen(&home);
    let terminal = Terminal::open(&home, Shell::Fish, Setup::default());
    terminal.text("echo space one").convert().wait_line("$ echo one");
    terminal.keys(&["C-u"]).text("echo begun; while true; end\n").wait_row("begun");
    terminal.keys(&["C-c"]).text("echo 'over'\n").wait_row("over");
}
