//! What people see, as screens: the first press, the picker, the playground and the question of learning, in a wide and in
//! a narrow window, with colours and without. What is not plain stands between marks.

use super::*;

/// A dictation with several readings.
const SEVERAL: &str = "git commit dash m quote fix login bug";

/// A window: its name, how wide it is, and what the environment says of colours.
type Window = (&'static str, u16, &'static [(&'static str, &'static str)]);

const WINDOWS: [Window; 4] = [
    ("80", 80, &[]),
    ("80-no-color", 80, &[("NO_COLOR", "1")]),
    ("20", 20, &[]),
    ("20-no-color", 20, &[("NO_COLOR", "1")]),
];

fn in_each_window(check: impl Fn(&str, u16, Setup<'_>)) {
    for (name, columns, environment) in WINDOWS {
        // fish colours its line a moment after it has drawn it. Lines of the other shells' start files these are not.
        let before = "test -n \"$FISH_VERSION\" && eval 'set -g fish_color_command normal; set -g fish_color_param normal; \
                      set -g fish_color_error normal; set -g fish_color_quote normal; set -g fish_color_option normal'\n";
        check(name, columns, Setup { environment, before, ..Setup::default() });
    }
}

/// The text of the screen without breaks: in a narrow window a message takes several rows.
fn joined(screen: &str) -> String {
    screen.split_whitespace().collect()
}

fn shows(terminal: &Terminal, text: &str) {
    terminal.wait(text, |screen| joined(screen).contains(&joined(text)));
}

/// The screen, kept beside the tests.
fn looks(name: &str, shell: Shell, terminal: &Terminal) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/screens"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let screen = without_times(&terminal.looks());
    settings.bind(|| insta::assert_snapshot!(format!("{name}-{}", shell.name()), screen));
}

/// A screen with 0 in place of every number of milliseconds.
fn without_times(screen: &str) -> String {
    let parts: Vec<&str> = screen.split(" ms").collect();
    let (last, timed) = parts.split_last().unwrap();
    let zero =
        |part: &&str| part.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').to_owned() + "0 ms";
    timed.iter().map(zero).collect::<String>() + last
}

in_every_shell! {
    the_first_press => |shell: Shell| in_each_window(|name, columns, setup| {
        let home = Home::new();
        let _daemon = FakeDaemon::listen(&home);
        let terminal = Terminal::open_with(&home, shell, setup, columns);
        terminal.text(UNSURE).convert();
        shows(&terminal, "left out: like");
        shows(&terminal, "$ ls -L");
        looks(&format!("first-{name}"), shell, &terminal);
    });

    the_picker => |shell: Shell| in_each_window(|name, columns, setup| {
        let home = Home::patient();
        let terminal = Terminal::open_with(&home, shell, setup, columns);
        terminal.text(SEVERAL).keys(&["C-x", "C-p"]).wait_text("> 1 git commit");
        terminal.keys(&["Down"]).wait_text("> 2 git");
        terminal.wait_text("Enter");
        looks(&format!("picker-{name}"), shell, &terminal);
        terminal.keys(&["C-i"]).wait_text("heard: git");
        terminal.wait_text("Enter");
        looks(&format!("picker-words-{name}"), shell, &terminal);
        terminal.keys(&["Escape"]).wait("no list", |screen| !screen.contains("heard: git"));
        terminal.text("!");
        shows(&terminal, &format!("$ {SEVERAL}!"));
        assert!(!terminal.screen().contains("Enter"), "{}", terminal.screen());
    });

    the_playground => |shell: Shell| in_each_window(|name, columns, setup| {
        let home = Home::patient();
        let terminal = Terminal::open_with(&home, shell, setup, columns);
        terminal.text("sayso try\n").wait_text("dictat");
        terminal.text(SEVERAL);
        shows(&terminal, "run  git commit -m \"fix login bug");
        terminal.wait_text("Ctrl-C ends");
        looks(&format!("try-{name}"), shell, &terminal);
        terminal.keys(&["C-c"]).wait("no trace", |screen| screen.trim_end().ends_with('$'));
        let screen = terminal.screen();
        assert!(!screen.contains("say  ") && !screen.contains("run  "), "{screen}");
    });

    the_question_of_learning => |shell: Shell| in_each_window(|name, columns, setup| {
        let home = Home::patient();
        // The path is on the screen.
        let environment = [setup.environment, &[("XDG_DATA_HOME", "/data")]].concat();
        let setup = Setup { environment: &environment, ..setup };
        let terminal = Terminal::open_with(&home, shell, setup, columns);
        terminal.text("clear; sayso learn on\n");
        shows(&terminal, "Turn it on? [y/N]");
        looks(&format!("learn-{name}"), shell, &terminal);
        terminal.text("n\n");
        shows(&terminal, "It stays off.");
    });

    the_list_follows_a_window_of_another_width => |shell| {
        let home = Home::patient();
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text("git status dash s").keys(&["C-x", "C-p"]).wait_text("Tab: word by word");
        terminal.resize(20);
        let screen = terminal.wait("the short help", |screen| screen.contains("Enter Esc Tab 1-9"));
        assert!(!screen.contains("word by"), "{screen}");
        terminal.resize(60);
        terminal.wait_text("Tab: by word");
        terminal.keys(&["Down"]).wait_text("> 2 git");
        terminal.keys(&["Escape"]).wait("no list", |screen| !screen.contains("> 2 git"));
        terminal.text("!").wait_text("$ git status dash s!");
    };

    wide_characters_keep_their_place => |shell| {
        let home = Home::patient();
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text("git commit dash m quote 登录 错误 quote").keys(&["C-x", "C-p"]);
        terminal.wait_text("> 1 git commit -m \"登录 错误\"");
        terminal.keys(&["Enter"]).wait_text("$ git commit -m \"登录 错误\"");
        terminal.wait_column(27);
    };

    names_of_models_are_completed => |shell: Shell| {
        let home = Home::new();
        // Named by their folders; whether they are whole is another question.
        for name in ["acorn-tiny", "acorn-small"] {
            std::fs::create_dir_all(home.models().join(name)).unwrap();
        }
        let script = sayso_testing::sayso(&home, &["completions", shell.name()], "").out;
        let (before, after) = match shell {
            Shell::Zsh => {
                home.write("site/_sayso", &script);
                ("fpath+=(~/site); autoload -Uz compinit; compinit -u -D\n", "")
            }
            Shell::Fish => {
                home.write(".config/fish/completions/sayso.fish", &script);
                ("", "")
            }
            Shell::Bash => {
                home.write("completions", &script);
                ("", "source ~/completions; bind 'set show-all-if-ambiguous on'\n")
            }
        };
        let terminal = Terminal::open(&home, shell, Setup { before, after, ..Setup::default() });
        terminal.text("sayso model use ac\t").wait_text("sayso model use acorn-");
        terminal.text("t\t").wait_text("sayso model use acorn-tiny");
        terminal.press_until(&["C-c"], "a fresh prompt", |screen| screen.ends_with("\n$") || screen == "$");
        terminal.text("sayso model pull qwen3-0\t").wait_text("sayso model pull qwen3-0.6b");
    };

    a_dumb_terminal_is_told_of_plain_lines => |shell| {
        let home = Home::patient();
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text("sayso pick --plain git status dash s\n");
        let screen = terminal.wait_text("Number of the reading");
        assert!(screen.contains("\n1: git status -s"), "{screen}");
        terminal.text("1\n").wait_row("git status -s");
    };
}
