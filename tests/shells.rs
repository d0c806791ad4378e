//! One key, in real shells under a real terminal: what it replaces, what it keeps, and what it never does.
//!
//! Most tests put a fake daemon behind the socket, whose table of answers is in `support/src/fake_daemon.rs`; the last
//! ones start the real daemon through the client, and the very last ones have tmux around the shell.

mod bash;
mod fish;
mod scripts;
mod zsh;

use sayso_testing::{FakeDaemon, Home, MEANT, Reaction, SAID, Setup, Shell, Terminal};
use std::time::Duration;

/// One test per shell.
macro_rules! in_every_shell {
    ($($name:ident => $check:expr;)*) => {$(
        mod $name {
            use super::*;
            #[test]
            #[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh: tests/run")]
            fn zsh() {
                $check(Shell::Zsh);
            }
            #[test]
            #[cfg_attr(not(feature = "system-tests"), ignore = "needs fish: tests/run")]
            fn fish() {
                $check(Shell::Fish);
            }
            #[test]
            #[cfg_attr(not(feature = "system-tests"), ignore = "needs bash: tests/run")]
            fn bash() {
                $check(Shell::Bash);
            }
        }
    )*};
}

mod liars;
mod screens;

in_every_shell! {
    one_key_replaces_the_line => |shell| {
        let home = Home::new();
        let daemon = FakeDaemon::listen(&home);
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text(SAID).convert().wait_line("$ git status -s");
        terminal.wait_column(15);
        let request = daemon.request();
        assert_eq!((request.text.as_str(), request.cursor), (SAID, Some(29)));
        assert_eq!(request.context.cwd.as_deref(), home.path().to_str());
        assert!(request.session.unwrap().starts_with(shell.name()));
    };

    names_of_the_shell_go_with_the_request => |shell| {
        let home = Home::new();
        let daemon = FakeDaemon::listen(&home);
        let after = match shell {
            Shell::Fish => "function bedlog; end\nset -gx GARDEN hush\n",
            _ => "bedlog() { true; }\nexport GARDEN=hush\n",
        };
        let terminal = Terminal::open(&home, shell, Setup { after, ..Setup::default() });
        terminal.text(SAID).convert().wait_line("$ git status -s");
        let names = daemon.request().context.names;
        for line in ["function bedlog", "variable GARDEN"] {
            assert!(names.lines().any(|other| other == line), "{line}: {names}");
        }
        assert!(names.starts_with("path /") && !names.contains("hush"), "{names}");
    };

    one_undo_brings_the_dictation_back => |shell| {
        let home = Home::new();
        let _daemon = FakeDaemon::listen(&home);
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text(SAID).convert().wait_line("$ git status -s");
        terminal.keys(&[shell.undo()]).wait_line(&format!("$ {SAID}"));
    };

    further_presses_walk_through_the_readings => |shell| {
        let home = Home::new();
        let daemon = FakeDaemon::listen(&home);
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text(SAID);
        let readings = [MEANT, "git status -S", "git status - s", SAID];
        for line in readings.into_iter().chain(readings) {
            terminal.convert().wait_row(&format!("$ {line}"));
        }
        daemon.request();
        assert!(daemon.is_idle(), "a known reading was asked for again");
        // An edited line is a new dictation.
        terminal.keys(&["C-u"]).text("echo space one").convert().wait_line("$ echo one");
    };

    the_cursor_lands_where_the_answer_says => |shell| {
        let home = Home::new();
        let daemon = FakeDaemon::listen(&home);
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text("echo space quote quote").keys(&["C-a"]).convert().wait_line("$ echo \"\"");
        assert_eq!(daemon.request().cursor, Some(0));
        terminal.wait_column(8);
        terminal.text("hi").wait_line("$ echo \"hi\"");
    };

    a_leading_space_stays => |shell| {
        let home = Home::new();
        let daemon = FakeDaemon::listen(&home);
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text(&format!("  {SAID} ")).convert().wait_line("$   git status -s");
        assert_eq!(daemon.request().text, SAID);
        terminal.wait_column(17);
        for reading in ["  git status -S", "  git status - s", &format!("  {SAID}")] {
            terminal.convert().wait_row(&format!("$ {reading}"));
        }
    };

    text_of_every_kind_travels_both_ways => |shell| {
        let home = Home::new();
        let daemon = FakeDaemon::listen(&home);
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text("echo space é").convert().wait_line(r#"$ echo é\"x\\y"#);
        assert_eq!(daemon.request().text, "echo space é");
        terminal.wait_column(8);
        let odd = r#"“q” \n \u0041 "x" $HOME `id` 中 😀 'y' %s !1"#;
        terminal.keys(&["C-e", "C-u"]).text(odd).convert();
        terminal.wait_text("does not look like a dictated command");
        assert_eq!(daemon.request().text, odd);
        terminal.wait_text(&format!("$ {odd}"));
    };

    a_bracketed_paste_is_dictation_too => |shell| {
        let home = Home::new();
        let daemon = FakeDaemon::listen(&home);
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.paste(SAID).wait_line(&format!("$ {SAID}"));
        terminal.convert().wait_line("$ git status -s");
        daemon.request();
        terminal.keys(&["C-u"]).paste("echo space a\necho space b").wait_text("echo space b");
        terminal.convert().wait_text("echo a");
        assert_eq!(daemon.request().text, "echo space a\necho space b");
        let screen = terminal.wait_text("echo b");
        assert!(!screen.contains("space"), "{screen}");
    };

    an_answer_of_several_lines_keeps_them => |shell| {
        let home = Home::new();
        let _daemon = FakeDaemon::listen(&home);
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text("two lines").convert().wait_text("one");
        terminal.wait_text("two");
        terminal.press_until(&["C-c"], "a fresh prompt", |screen| screen.ends_with("\n$"));
        assert!(!terminal.screen().contains("not found"), "a line was run");
    };

    a_refusal_keeps_the_line_and_says_why => |shell| {
        let home = Home::new();
        let _daemon = FakeDaemon::listen(&home);
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text("well well").keys(&["Left", "Left"]).convert();
        terminal.wait_text("this does not look like a dictated command");
        terminal.wait_column(9);
        terminal.text("X").wait_text("$ well weXll");
        snapshot(&format!("refusal-{}", shell.name()), &terminal);
    };

    bad_answers_keep_the_line => |shell| {
        let home = Home::new();
        let garbage = Reaction::Say("]]} what?".to_owned());
        let half = Reaction::HalfAnAnswer;
        for bad in [garbage, Reaction::AnswerToAnother, Reaction::Close, Reaction::AnswerForbidden, half] {
            let _daemon = FakeDaemon::reacting(&home, &[bad]);
            let terminal = Terminal::open(&home, shell, Setup::default());
            terminal.text(SAID).convert().wait_text("sayso: ");
            terminal.text("!").wait_text(&format!("$ {SAID}!"));
        }
    };

    keys_typed_while_waiting_are_not_lost => |shell| {
        let home = Home::with_settings("deadline_ms = 10000");
        let daemon = FakeDaemon::held(&home);
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text(SAID).convert();
        daemon.request();
        terminal.text(" -- x");
        if shell == Shell::Zsh {
            // It listens to the keyboard while it waits, so the keys come first and the answer is dropped.
            terminal.wait_text("you typed");
            terminal.wait_text(&format!("$ {SAID} -- x"));
            daemon.release();
            terminal.text("y").wait_text(&format!("$ {SAID} -- xy"));
        } else {
            // The keys wait for the answer, and follow it.
            daemon.release();
            terminal.wait_line("$ git status -s -- x");
        }
    };

    an_interrupt_while_waiting_keeps_the_line => |shell| {
        let home = Home::with_settings("deadline_ms = 60000");
        let daemon = FakeDaemon::held(&home);
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text(SAID).convert();
        daemon.request();
        terminal.keys(&["C-c"]).wait_text("sayso: stopped; the line stays as it was");
        // The shell listens again, long before the daemon answers.
        terminal.text("!").wait_row(&format!("$ {SAID}!"));
        daemon.release();
        // And the next Ctrl-C does what it always does.
        terminal.press_until(&["C-c"], "an empty line", |screen| screen.ends_with('$'));
    };

    a_daemon_that_hangs_costs_the_deadline_only => |shell| {
        let home = Home::with_settings("deadline_ms = 200");
        let _daemon = FakeDaemon::held(&home);
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text(SAID).convert().wait_text("sayso: no answer in time; the line stays as it was");
        terminal.text("!").wait_row(&format!("$ {SAID}!"));
    };

    a_client_that_is_gone_is_named => |shell| {
        let home = Home::new();
        let after = match shell {
            Shell::Fish => "set -g _sayso_client /nowhere/sayso\n",
            Shell::Zsh | Shell::Bash => "_sayso_client=/nowhere/sayso\n",
        };
        let terminal = Terminal::open(&home, shell, Setup { after, ..Setup::default() });
        let screen = terminal.text(SAID).convert().wait_text("the program /nowhere/sayso is gone");
        assert!(!screen.contains("Unknown command"), "{screen}");
        terminal.text("!").wait_row(&format!("$ {SAID}!"));
    };

    a_daemon_that_cannot_start_leaves_the_line => |shell| {
        let home = Home::without_daemon();
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text(SAID).convert().wait_text("sayso: the daemon saysod cannot be started");
        terminal.text("!").wait_row(&format!("$ {SAID}!"));
    };

    a_folder_that_others_may_enter_is_not_used => |shell| {
        let home = Home::new();
        let daemon = FakeDaemon::listen(&home);
        home.make_socket_folder(0o755);
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text(SAID).convert().wait_text("chmod 700");
        terminal.text("!").wait_row(&format!("$ {SAID}!"));
        assert!(daemon.is_idle(), "the dictation was sent");
    };

    history_holds_only_what_was_run => |shell| {
        let home = Home::new();
        let _daemon = FakeDaemon::listen(&home);
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text("echo space one").convert().wait_line("$ echo one");
        terminal.keys(&["Enter"]).wait("the output", |screen| screen.contains("\none\n"));
        terminal.keys(&["Up"]).wait_line("$ echo one");
        terminal.keys(&["Up", "Up"]).wait_line("$ echo one");
        assert!(!terminal.screen().contains("space one"));
    };

    nothing_is_bound_where_the_person_says_so => |shell| {
        let home = Home::new();
        let daemon = FakeDaemon::listen(&home);
        let (bind, count) = match shell {
            Shell::Zsh => ("bindkey '^G' sayso-convert\n", "bindkey -L | grep -c sayso"),
            Shell::Fish => ("bind \\cg sayso-convert\n", "bind | grep -c sayso"),
            Shell::Bash => ("bind -x '\"\\C-g\": sayso_convert'\n", "bind -X | grep -c sayso"),
        };
        let setup = Setup { after: bind, environment: &[("SAYSO_NO_BIND", "")], ..Setup::default() };
        let terminal = Terminal::open(&home, shell, setup);
        terminal.text(&format!("echo $({count}) bound\n")).wait_row("1 bound");
        terminal.text(SAID).keys(&["C-g"]).wait_line("$ git status -s");
        daemon.request();
    };

    one_setting_changes_the_key => |shell| {
        for (setting, keys) in
            [("ctrl-g", &["C-g"][..]), ("alt-v", &["M-v"]), ("f5", &["F5"]), ("ctrl-x v", &["C-x", "v"])]
        {
            let home = Home::with_settings(&format!("key = {setting:?}"));
            let _daemon = FakeDaemon::listen(&home);
            let terminal = Terminal::open(&home, shell, Setup::default());
            terminal.text(SAID).keys(keys).wait_line("$ git status -s");
        }
    };

    a_key_that_cannot_work_is_an_error_at_the_start => |shell| {
        let home = Home::with_settings("key = \"ctrl-s\"");
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.wait_text("flow control");
        terminal.wait_text("settings.toml");
    };

    a_slow_second_key_still_arrives => |shell| {
        let home = Home::new();
        let _daemon = FakeDaemon::listen(&home);
        // As impatient as the shells can be: a key that also begins a longer one is then taken for itself.
        let before = match shell {
            Shell::Zsh => "bindkey -v\nKEYTIMEOUT=1\n",
            Shell::Fish => "",
            Shell::Bash => "set -o vi\nbind 'set keyseq-timeout 1'\n",
        };
        let terminal = Terminal::open(&home, shell, Setup { before, ..Setup::default() });
        terminal.text(SAID).wait_line(&format!("$ {SAID}"));
        terminal.keys(&["C-x"]);
        terminal.dawdle(Duration::from_millis(100)).keys(&["C-v"]).wait_line("$ git status -s");
    };

    other_locales_do_no_harm => |shell| {
        let home = Home::new();
        let daemon = FakeDaemon::listen(&home);
        let setup = Setup { environment: &[("LC_ALL", "C")], ..Setup::default() };
        let terminal = Terminal::open(&home, shell, setup);
        terminal.text(SAID).convert().wait_line("$ git status -s");
        daemon.request();
    };
}

/// A line of the table that the fake daemon answers with a hint.
const UNSURE: &str = "ls dash capital l like";
const HINT: &str = "sayso: unsure, 41 % · 2 readings · next: -l · left out: like";

in_every_shell! {
    the_first_press_says_enough_and_what_it_said_goes_with_the_line => |shell: Shell| {
        let home = Home::new();
        let _daemon = FakeDaemon::listen(&home);
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text(UNSURE).convert().wait_row(HINT);
        terminal.wait_row("$ ls -L");
        snapshot(&format!("hint-{}", shell.name()), &terminal);
        // The same count while going on, and back to the hint.
        terminal.convert().wait_row("sayso: 2 of 2");
        terminal.convert().wait_row("sayso: as dictated");
        terminal.keys(&["C-x", "C-b"]).wait_row("sayso: 2 of 2");
        terminal.keys(&["C-x", "C-b"]).wait_row(HINT);
        let screen = terminal.wait_row("$ ls -L");
        assert!(!screen.contains(" of 2"), "only the last message stands there: {screen}");
        terminal.keys(&[shell.undo()]).wait("no message", |screen| !screen.contains("sayso:"));
        // Undo has gone back to another reading, from which the keys go on.
        terminal.wait_row("$ ls -l");
        terminal.keys(&["C-x", "C-b"]).wait_row("$ ls -L");
    };

    back_without_readings_says_so => |shell| {
        let home = Home::new();
        let daemon = FakeDaemon::listen(&home);
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text(SAID).keys(&["C-x", "C-b"]).wait_text("no reading to go back to");
        terminal.wait_row(&format!("$ {SAID}"));
        assert!(daemon.is_idle(), "a line was asked for");
    };

    what_was_said_is_gone_when_the_line_has_run => |shell| {
        let home = Home::new();
        let _daemon = FakeDaemon::listen(&home);
        let terminal = Terminal::open(&home, shell, Setup::default());
        home.write("a file", "");
        terminal.text(UNSURE).convert().wait_row(HINT);
        terminal.keys(&["Enter"]).wait("the output", |screen| screen.lines().any(|row| row.contains("a file")));
        let screen = terminal.wait("the next prompt", |screen| screen.ends_with("\n$"));
        let output = screen.lines().skip_while(|row| *row != "$ ls -L").skip(1);
        assert!(output.clone().all(|row| !row.contains("sayso")), "{screen}");
    };

    the_picker_takes_a_reading_or_leaves_the_line => |shell| {
        let home = Home::patient();
        let terminal = Terminal::open(&home, shell, Setup::default());
        // Not every separator is said, so there are other readings.
        terminal.text("git status dash s").convert().wait_row("$ git status -s");
        terminal.keys(&["C-x", "C-p"]).wait_text("> 1 git status -s");
        let screen = terminal.wait_text("Esc leaves");
        assert!(screen.contains("$ git status -s\n"), "the list stands below the line: {screen}");
        let screen = terminal.keys(&["Down"]).wait_text("> 2 git ");
        let second = screen.lines().find_map(|row| row.strip_prefix("> 2 ")).unwrap().to_owned();
        terminal.keys(&["Enter"]).wait("the second reading", |screen| {
            !screen.contains("Esc leaves") && screen.lines().any(|row| row == format!("$ {second}"))
        });
        // Esc takes nothing, and typing goes on where it was.
        terminal.keys(&["C-x", "C-p"]).wait_text("> 1 git status -s");
        terminal.keys(&["Escape"]).wait("no list", |screen| !screen.contains("Esc leaves"));
        terminal.text("x").wait_row(&format!("$ {second}x"));
    };

    the_last_line_of_this_shell_is_explained => |shell| {
        let home = Home::patient();
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text("sayso explain --last\n").wait_text("sayso: no daemon is running");
        terminal.wait("the next prompt", |screen| screen.ends_with("\n$"));
        terminal.text("echo space hello").convert().wait_line("$ echo hello");
        terminal.keys(&["Enter"]).wait("the output", |screen| screen.ends_with("\nhello\n$"));
        terminal.text("clear; sayso explain --last\n");
        let screen = terminal.wait("the explanation", |screen| screen.contains("by strict"));
        assert!(screen.contains("echo space hello\necho hello\n"), "{screen}");
        // Another shell has had no line converted.
        let other = Terminal::open(&home, shell, Setup::default());
        other.text("sayso explain --last\n").wait_text("has had no line converted");
    };

    a_key_that_somebody_else_has_is_told => |shell: Shell| {
        let home = Home::new();
        let _daemon = FakeDaemon::listen(&home);
        let before = match shell {
            Shell::Zsh => "mine() { :; }; zle -N mine; bindkey '^X^B' mine\n",
            Shell::Fish => "bind \\cx\\cb 'echo mine'\n",
            Shell::Bash => "bind -x '\"\\C-x\\C-b\": echo mine'\n",
        };
        let terminal = Terminal::open(&home, shell, Setup { before, ..Setup::default() });
        let screen = terminal.wait_text("sayso: a key is taken: ");
        assert_eq!(screen.matches("a key is taken").count(), 1, "{screen}");
        assert!(screen.contains("mine"), "{screen}");
        // Read again, the script does not complain about itself.
        let again = Setup { after: shell.one_line(), ..Setup::default() };
        let terminal = Terminal::open(&home, shell, again);
        terminal.text(SAID).convert().wait_line("$ git status -s");
        assert!(!terminal.screen().contains("is taken"), "{}", terminal.screen());
    };

    enter_never_runs_spoken_symbols_unread => |shell| {
        let home = Home::with_settings("enter_converts = true");
        let daemon = FakeDaemon::listen(&home);
        let terminal = Terminal::open(&home, shell, Setup::default());
        // Not sure, and yet not run: what was found stands there, with the doubt.
        terminal.text(UNSURE).keys(&["Enter"]).wait_row("$ ls -L");
        // The message takes more than a row.
        terminal.wait("the doubt", |screen| {
            screen.replace('\n', "").contains("left out: like; converted; Enter runs it")
        });
        terminal.keys(&["C-e", "C-u"]);
        // No answer: the reason, and then the second Enter runs what is there.
        let line = "echo minus o'n'e";
        terminal.text(line).keys(&["Enter"]).wait_text("not look like a dictated command; Enter runs it");
        terminal.wait_row(&format!("$ {line}"));
        terminal.keys(&["Enter"]).wait_row("minus one");
        // Without a spoken symbol it runs at once, as always.
        terminal.text("echo t'w'o").keys(&["Enter"]).wait_row("two");
        drop(daemon);
    };
}

in_every_shell! {
    enter_converts_surely_dictated_lines_where_asked => |shell| {
        let home = Home::with_settings("enter_converts = true");
        let daemon = FakeDaemon::listen(&home);
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text("echo space one").keys(&["Enter"]).wait_row("$ echo one");
        terminal.wait_text("sayso: converted; Enter runs it");
        daemon.request();
        terminal.keys(&["Enter"]).wait("the output", |screen| screen.contains("$ echo one\none\n"));
        assert!(daemon.is_idle(), "a converted line was asked for again");
        // What the daemon has no answer for runs as it always did, and so does what it leaves as it is.
        terminal.text("echo t'w'o").keys(&["Enter"]).wait_row("two");
        daemon.request();
        drop(daemon);
        let daemon = FakeDaemon::held(&home);
        terminal.text("echo thr'e'e").keys(&["Enter"]).wait_row("three");
        daemon.release();
        terminal.keys(&["Enter"]).wait("three prompts", |screen| screen.ends_with("$\n$"));
    };

    modes_of_vi_have_the_key_too => |shell| {
        let home = Home::new();
        let _daemon = FakeDaemon::listen(&home);
        let before = match shell {
            Shell::Zsh => {
                "bindkey -v\nzle-keymap-select() { PS1='$ '; [[ $KEYMAP == vicmd ]] && PS1='N$ '; zle reset-prompt }\n\
                 zle -N zle-keymap-select\n"
            }
            Shell::Fish => {
                "fish_vi_key_bindings\nfunction fish_mode_prompt; test $fish_bind_mode = insert; or echo -n N; end\n"
            }
            Shell::Bash => {
                "set -o vi\nbind 'set show-mode-in-prompt on' 'set vi-ins-mode-string' 'set vi-cmd-mode-string N'\n\
                 bind 'set vi-ins-mode-string \"\"'\n"
            }
        };
        let terminal = Terminal::open(&home, shell, Setup { before, ..Setup::default() });
        terminal.text(SAID).convert().wait_line("$ git status -s");
        terminal.keys(&["Escape"]).wait_line("N$ git status -s");
        if shell == Shell::Bash {
            // Bash undoes nothing of the first insertion of a line, with or without us.
            terminal.text("cc").text(SAID).keys(&["Escape"]);
        } else {
            // The replacement is a change of its own, although an insertion is undone as a whole.
            terminal.keys(&["u"]);
        }
        terminal.wait_line(&format!("N$ {SAID}"));
        terminal.convert().wait_line("N$ git status -s");
        terminal.keys(&["u"]).wait_line(&format!("N$ {SAID}"));
    };

    a_real_daemon_is_started_and_answers => |shell| {
        let home = Home::new();
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text(SAID).convert().wait_line("$ git status -s");
        terminal.keys(&["C-u"]).text("echo space quote hello space world quote");
        terminal.convert().wait_line("$ echo \"hello world\"");
    };
}

in_every_shell! {
    tmux_shows_the_same => |shell: Shell| {
        let home = Home::new();
        let _daemon = FakeDaemon::listen(&home);
        let terminal = Terminal::open_in_tmux(&home, shell, Setup::default());
        every_path(&terminal);
        terminal.keys(&["C-e", "C-u"]).paste(SAID).convert().wait_row("$ git status -s");
        terminal.wait_column(15);
        terminal.keys(&[shell.undo()]).wait_row(&format!("$ {SAID}"));
    };
}

/// Converts, walks, fails: every path of a script, whatever surrounds it.
fn every_path(terminal: &Terminal) {
    terminal.text(SAID).convert().wait_line("$ git status -s");
    terminal.convert().wait_row("$ git status -S");
    terminal.keys(&["C-e", "C-u"]).text("no such thing").convert();
    terminal.wait_text("does not look like a dictated command");
    terminal.wait_row("$ no such thing");
    terminal.keys(&["C-e", "C-u"]).text("echo space é").convert().wait_row(r#"$ echo é\"x\\y"#);
    assert!(!terminal.screen().contains("broken"));
}

/// The screen as it is, kept beside the tests.
fn snapshot(name: &str, terminal: &Terminal) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/screens"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, terminal.screen()));
}
