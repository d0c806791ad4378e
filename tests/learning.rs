//! Learning from corrected lines: in real shells, and what `sayso learn` does with it.

use sayso_testing::{Home, Setup, Shell, Terminal, sayso};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const ON: &str = "deadline_ms = 60000\n[learn]\nenabled = true\nignore = [\"head -n5 private*\"]";
const SAID: &str = "head dash n five notes dot txt";

fn store(home: &Home) -> PathBuf {
    let data = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
    home.path().join(data).join("sayso/learnt.sqlite")
}

/// What is kept: what was run, the oldest first.
fn kept(home: &Home) -> Vec<String> {
    let ran = sayso(home, &["learn", "export"], "");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let lines = ran.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|pair| pair["ran"].as_str().unwrap().to_owned()).collect()
}

fn home_with_notes(settings: &str) -> Home {
    let home = Home::with_settings(settings);
    home.write("notes.txt", "first note\n");
    home.write("private.txt", "private note\n");
    home
}

/// Dictates, converts, and runs `ran` in place of the answer.
fn correct(terminal: &Terminal, answer: &str, ran: &str, prints: &str) {
    terminal.text(SAID).convert().wait_line(&format!("$ {answer}"));
    terminal.keys(&["C-e", "C-u"]).text(ran).wait_line(&format!("$ {ran}"));
    terminal.keys(&["Enter"]).wait(&format!("{prints:?} and a prompt"), |screen| {
        screen.ends_with("\n$") && screen.contains(&format!("\n{prints}"))
    });
}

/// The same until it is kept. A shell waits 200 ms for the daemon to take a line, so that on a busy machine one may be lost.
fn correct_until_kept(home: &Home, terminal: &Terminal, answer: &str, ran: &str, prints: &str) {
    for _ in 0..5 {
        correct(terminal, answer, ran, prints);
        let end = Instant::now() + Duration::from_secs(2);
        while Instant::now() < end {
            if !kept(home).is_empty() {
                return;
            }
        }
    }
    panic!("none of five corrected lines was kept");
}

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

in_every_shell! {
    a_line_that_is_edited_and_run_is_learnt_from => |shell| {
        let home = home_with_notes(ON);
        let terminal = Terminal::open(&home, shell, Setup::default());
        correct_until_kept(&home, &terminal, "head -n 5 notes.txt", "head -n5 notes.txt", "first note");
        assert_eq!(kept(&home), ["head -n5 notes.txt"]);
        assert_eq!(fs::metadata(store(&home)).unwrap().permissions().mode() & 0o777, 0o600);
        terminal.text(SAID).convert().wait_line("$ head -n5 notes.txt");
    };

    what_may_not_be_kept_is_not => |shell| {
        let home = home_with_notes(ON);
        let terminal = Terminal::open(&home, shell, Setup::default());
        // Not edited; with a space before it; in the person's own list; with a secret.
        correct(&terminal, "head -n 5 notes.txt", "head -n 5 notes.txt", "first note");
        correct(&terminal, "head -n 5 notes.txt", " head -n5 notes.txt", "first note");
        correct(&terminal, "head -n 5 notes.txt", "head -n5 private.txt", "private note");
        correct(&terminal, "head -n 5 notes.txt", "head -n5 notes.txt # password", "first note");
        // Given up, and then another line was run.
        terminal.text(SAID).convert().wait_line("$ head -n 5 notes.txt");
        terminal.press_until(&["C-c"], "a fresh prompt", |screen| screen.ends_with("\n$"));
        terminal.text("echo over").keys(&["Enter"]);
        terminal.wait("\"over\" and a prompt", |screen| screen.ends_with("\nover\n$"));
        // Another line altogether.
        correct(&terminal, "head -n 5 notes.txt", "echo one two three", "one two three");
        correct_until_kept(&home, &terminal, "head -n 5 notes.txt", "head -n5 notes.txt", "first note");
        assert_eq!(kept(&home), ["head -n5 notes.txt"]);
    };

    off_means_that_no_file_is_opened => |shell| {
        let home = home_with_notes("deadline_ms = 60000");
        let terminal = Terminal::open(&home, shell, Setup::default());
        correct(&terminal, "head -n 5 notes.txt", "head -n5 notes.txt", "first note");
        terminal.text("echo over").keys(&["Enter"]).wait_row("over");
        assert!(!store(&home).exists());
        // One that is there already is not even read.
        home.write(".local/share/sayso/learnt.sqlite", "no database");
        let status = sayso(&home, &["learn", "status"], "");
        assert!(status.code == Some(0) && status.out.contains("Learning is off"), "{status:?}");
        sayso(&home, &["learn", "export"], "").refused("learning is off");
    };
}

in_every_shell! {
    words_are_decided_about_below_the_prompt => |shell| {
        let home = Home::with_settings(ON);
        for (heard, ran) in [("ssh poke errs", "ssh pokerth"), ("ssh redo check", "ssh rdacheck")] {
            let answer = sayso(&home, &["convert", heard], "").out.trim_end().to_owned();
            note(&home, heard, &answer, ran);
            note(&home, heard, &answer, ran);
        }
        let terminal = Terminal::open(&home, shell, Setup::default());
        terminal.text("sayso learn review\n").wait_text("a accepts, r rejects");
        terminal.text("r").wait_text("it is not offered any more");
        terminal.text("e").wait_text("Enter accepts this instead");
        // What is typed follows the word that was learnt.
        terminal.keys(&["C-u"]).text("kernel-box").wait_text("kernel-box_");
        terminal.keys(&["Enter"]);
        let screen = terminal.wait("the prompt, and no list", |screen| {
            screen.ends_with("\n$") && !screen.contains("rejects")
        });
        assert!(!screen.contains("->"), "{screen}");
        let words = sayso(&home, &["words", "export"], "").out;
        assert!(words.contains("\tkernel-box") && !words.contains("pokerth"), "{words}");
    };
}

/// Hooks that a person may have, each of which says that it ran.
const HOOKS: [(Shell, &str); 3] = [
    (Shell::Zsh, "precmd() { print before prompt $? }\npreexec() { print before line }\n"),
    (
        Shell::Fish,
        "function mine --on-event fish_preexec\n echo before line\nend\nfunction mine2 --on-event fish_prompt\n echo before prompt\nend\n",
    ),
    (Shell::Bash, "PROMPT_COMMAND='echo before prompt $?;'\ntrap 'echo before line' DEBUG\n"),
];

#[test]
#[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh, fish and bash: tests/run")]
fn hooks_of_the_person_go_on_working() {
    for (shell, before) in HOOKS {
        let home = home_with_notes(ON);
        let terminal = Terminal::open(&home, shell, Setup { before, ..Setup::default() });
        terminal.text("false").keys(&["Enter"]).wait_text("before line");
        terminal.wait_text(if shell == Shell::Fish { "before prompt" } else { "before prompt 1" });
        terminal.wait("a prompt", |screen| screen.ends_with("\n$"));
        correct_until_kept(&home, &terminal, "head -n 5 notes.txt", "head -n5 notes.txt", "first note");
    }
}

/// Tells the daemon that SAID was answered, and `ran` was run.
fn note(home: &Home, heard: &str, answer: &str, ran: &str) {
    // The daemon must run: it is not started for this.
    sayso(home, &["convert", "git space status"], "");
    let shown =
        sayso(home, &["learn", "note", "--deadline-ms", "60000"], format!("{heard}\0{answer}\0{ran}\0"));
    assert_eq!(shown.code, Some(0), "{shown:?}");
}

#[test]
fn a_word_that_was_seen_twice_is_offered_and_binds_once_it_is_accepted() {
    let home = Home::with_settings(ON);
    let heard = "ssh poke errs";
    let answer = sayso(&home, &["convert", heard], "").out.trim_end().to_owned();
    note(&home, heard, &answer, "ssh pokerth");
    note(&home, heard, &answer, "ssh pokerth");
    let listed = sayso(&home, &["learn", "review", "--list"], "");
    assert_eq!(listed.out, "poke errs\tpokerth\t2\n", "{listed:?}");
    let json = sayso(&home, &["convert", "--json", heard], "").json();
    let readings = [&json["buffer"], &json["alternatives"]].map(Value::to_string).join(" ");
    assert!(readings.contains("ssh pokerth"), "{json}");
    let review = sayso(&home, &["learn", "review"], "a\n");
    assert!(review.out.contains("writes pokerth from now on"), "{review:?}");
    assert_eq!(sayso(&home, &["convert", heard], "").out, "ssh pokerth\n");
    assert_eq!(sayso(&home, &["learn", "review"], "").out, "There are no words to decide about.\n");
    assert!(sayso(&home, &["words", "export"], "").out.contains("poke errs\tpokerth"));
}

#[test]
fn what_was_rejected_is_not_offered_and_an_edit_is_taken() {
    let home = Home::with_settings(ON);
    for (heard, ran) in [("ssh poke errs", "ssh pokerth"), ("ssh redo check", "ssh rdacheck")] {
        let answer = sayso(&home, &["convert", heard], "").out.trim_end().to_owned();
        note(&home, heard, &answer, ran);
        note(&home, heard, &answer, ran);
    }
    let review = sayso(&home, &["learn", "review"], "r\ne\nkernel-box\n");
    assert!(review.out.contains("writes kernel-box from now on"), "{review:?}");
    assert!(review.out.contains("not offered any more"), "{review:?}");
    assert_eq!(sayso(&home, &["convert", "ssh redo check"], "").out, "ssh kernel-box\n");
    assert_ne!(sayso(&home, &["convert", "ssh poke errs"], "").out, "ssh pokerth\n");
}

#[test]
fn everything_can_be_taken_back() {
    let home = Home::with_settings(ON);
    let answer = "head -n 5 notes.txt";
    for _ in 0..2 {
        note(&home, SAID, answer, "head -n5 notes.txt");
    }
    assert_eq!(sayso(&home, &["convert", SAID], "").out, "head -n5 notes.txt\n");
    let undone = sayso(&home, &["learn", "undo"], "");
    assert!(undone.out.contains("head -n5 notes.txt"), "{undone:?}");
    assert_eq!(kept(&home).len(), 1);
    let forgotten = sayso(&home, &["learn", "forget", "notes"], "");
    assert!(forgotten.out.starts_with("1 lines"), "{forgotten:?}");
    assert_eq!(sayso(&home, &["convert", SAID], "").out, "head -n 5 notes.txt\n");
    note(&home, SAID, answer, "head -n5 notes.txt");
    assert!(sayso(&home, &["learn", "off"], "").out.contains("stays"));
    note(&home, SAID, answer, "head -n5 notes.txt");
    assert!(sayso(&home, &["learn", "on", "--yes"], "").out.contains("Learning is on"));
    assert_eq!(kept(&home).len(), 1, "nothing was kept while it was off");
    sayso(&home, &["learn", "on"], "").refused("nobody can be asked");
    sayso(&home, &["learn", "forget", " "], "").refused("an empty text");
    assert!(sayso(&home, &["learn", "forget", "--all"], "").out.contains("is deleted"));
    assert!(!store(&home).exists());
    let status = sayso(&home, &["learn", "status", "--json"], "").json();
    assert_eq!((&status["enabled"], &status["kept"]), (&Value::Bool(true), &Value::from(0)));
}

#[test]
fn a_store_that_cannot_be_used_is_named_and_lines_are_converted_all_the_same() {
    for (content, mode, why) in
        [("no database".repeat(500), 0o600, "is damaged"), (String::new(), 0o644, "others may read")]
    {
        let home = Home::with_settings(ON);
        home.write(".local/share/sayso/learnt.sqlite", &content);
        fs::set_permissions(store(&home), fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(sayso(&home, &["convert", SAID], "").out, "head -n 5 notes.txt\n");
        let shown = sayso(&home, &["learn", "note", "--deadline-ms", "60000"], format!("{SAID}\0a b\0a c\0"));
        assert!(shown.code == Some(1) && shown.err.contains(why), "{shown:?}");
        assert!(sayso(&home, &["status"], "").out.contains(why));
        sayso(&home, &["learn", "status"], "").refused(why);
        assert_eq!(sayso(&home, &["convert", SAID], "").out, "head -n 5 notes.txt\n");
        assert!(sayso(&home, &["learn", "forget", "--all"], "").out.contains("is deleted"));
        assert_eq!(kept(&home), [""; 0]);
    }
}

#[test]
fn two_shells_that_learn_at_once_lose_nothing() {
    let home = Home::with_settings(ON);
    sayso(&home, &["convert", "git space status"], "");
    std::thread::scope(|scope| {
        for shell in 0..4 {
            let home = &home;
            scope.spawn(move || {
                for line in 0..5 {
                    let text = format!("{SAID}\0head -n 5 notes.txt\0head -n5 notes.txt # {shell} {line}\0");
                    let shown = sayso(home, &["learn", "note", "--deadline-ms", "60000"], text);
                    assert_eq!(shown.code, Some(0), "{shown:?}");
                }
            });
        }
    });
    assert_eq!(kept(&home).len(), 20);
}

#[test]
fn a_report_holds_nothing_of_ones_own_that_was_not_given() {
    let home = Home::with_settings(&format!("{ON}\n[words]\n\"zed box\" = \"zbx-1\""));
    let written = sayso(&home, &["report", "git", "status", "dash", "s", "--expected", "git status -s"], "");
    assert!(written.code == Some(0) && written.out.contains("nothing was sent"), "{written:?}");
    let report = fs::read_to_string(home.path().join("sayso-report.md")).unwrap();
    for part in
        ["sayso 0.", "deadline_ms = 60000", "git status dash s", "## Expected", "git status -s", "symbol"]
    {
        assert!(report.contains(part), "{part}: {report}");
    }
    assert!(
        !report.contains("zbx-1") && !report.contains("private") && !report.contains('\u{1b}'),
        "{report}"
    );
    sayso(&home, &["report"], "").refused("exists already and was kept");
    let printed = sayso(&home, &["report", "--output", "-"], "").out;
    assert!(printed.contains("## Settings") && !printed.contains("## Dictation"), "{printed}");
}
