//! From the key press to the changed screen, and what sayso adds to a shell's start.

use crate::programs;
use crate::pty::Screen;
use crate::report::{Report, Row, Unit};
use crate::resident::Resident;
use anyhow::{Context, bail};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Key presses and starts before the measured ones.
const WARM_UP: usize = 5;
/// Starts of a shell that are measured: they take tens of milliseconds.
const STARTS: usize = 100;

/// What is dictated, and what the screen shows then.
struct Line {
    said: &'static str,
    shown: &'static str,
}

/// One path, found by rule.
const STRICT: Line = Line { said: "git space status space dash s", shown: "$ git status -s" };
/// For the tagger to choose.
const FREE: Line = Line {
    said: "git commit dash a m quote fix login bug quote",
    shown: "$ git commit -am \"fix login bug\"",
};
/// Ctrl-X Ctrl-V, the default key; Ctrl-U, which empties the line in all three shells.
const KEY: &str = "\x18\x16";
const EMPTY_LINE: &str = "\x15";

/// A shell as a person has it who has nothing but sayso.
struct Shell {
    name: &'static str,
    /// What it is started with.
    arguments: &'static [&'static str],
    /// The start file, in the folder of the world, and what it holds but for sayso's line.
    start_file: &'static str,
    plain: &'static str,
    /// How sayso's line is written around the client's path.
    line: fn(&str) -> String,
    /// Arguments that start it without a start file, to run a line as an interactive shell does.
    bare: &'static [&'static str],
    /// What an interactive shell has loaded anyway by its first prompt.
    editor: &'static str,
}

const SHELLS: [Shell; 3] = [
    Shell {
        name: "zsh",
        arguments: &["-d", "-i"],
        start_file: ".zshrc",
        plain: "PS1='$ '\n",
        line: |sayso| format!("eval \"$('{sayso}' init zsh)\"\n"),
        bare: &["-f", "-i", "-c"],
        editor: "zmodload zsh/zle\n",
    },
    Shell {
        name: "fish",
        arguments: &["-i"],
        start_file: "fish/config.fish",
        plain: "set -g fish_greeting\nset -g fish_autosuggestion_enabled 0\nfunction fish_prompt; echo -n '$ '; end\n",
        line: |sayso| format!("'{sayso}' init fish | source\n"),
        bare: &["--no-config", "-i", "-c"],
        editor: "",
    },
    Shell {
        name: "bash",
        arguments: &["--noprofile", "--rcfile", "bashrc", "-i"],
        start_file: "bashrc",
        plain: "PS1='$ '\nHISTFILE=\n",
        line: |sayso| format!("eval \"$('{sayso}' init bash)\"\n"),
        bare: &["--norc", "--noprofile", "-i", "-c"],
        editor: "",
    },
];

/// Measures. Fails when a program or a shell is missing, or a screen does not show the expected line.
pub(super) fn run(samples: usize) -> anyhow::Result<Report> {
    let daemon = Resident::start()?;
    let sayso = programs::ours("sayso")?;
    let sayso = sayso.to_str().context("the path of the client is not UTF-8")?;
    let mut rows = Vec::new();
    for shell in &SHELLS {
        let line = (shell.line)(sayso);
        let Presses { echo, strict, added: by_tagger } = shell.key_presses(&daemon, &line, samples)?;
        let ratio = strict.p50 / echo.p50;
        let added = shell.added_start(&daemon, &line, STARTS.min(samples))?;
        rows.push(strict.p50_below(20.0).p99_below(50.0).ratio(ratio, "the echo of a letter"));
        rows.push(by_tagger.p50_below(3.0));
        rows.push(echo);
        rows.push(if shell.name == "zsh" { added.p50_below(10.0) } else { added });
    }
    Ok(Report {
        name: "keypress",
        method: format!(
            "Each shell under a pseudo-terminal of 80 by 24, a warm daemon answering. From writing the key to the \
             terminal until an emulator of the screen shows {:?} in place of {:?}, which takes no model; then, in \
             turn with it, what {:?} takes longer, which the tagger answers; beside it the same for the echo of one \
             letter. The start-up is that of an interactive shell that evaluates sayso's line, \
             over one that evaluates nothing, in pairs. Bias: no other plugin is loaded, the suggestions of fish are off, and a real terminal adds \
             the time of its drawing.",
            STRICT.shown, STRICT.said, FREE.said
        ),
        rows,
    })
}

/// Rows for the echo of a letter, for the key, and for what the tagger adds to it.
struct Presses {
    echo: Row,
    strict: Row,
    added: Row,
}

impl Shell {
    fn key_presses(&self, daemon: &Resident, line: &str, samples: usize) -> anyhow::Result<Presses> {
        let file = daemon.world.folder().join(self.start_file);
        std::fs::create_dir_all(file.parent().context("a start file lies in a folder")?)?;
        std::fs::write(&file, [self.plain, line].concat())?;
        let mut command = daemon.world.command(Path::new(self.name));
        command.args(self.arguments).env("TERM", "xterm-256color");
        let mut screen = Screen::open(&command)?;
        screen.wait("$")?;
        let (mut echoes, mut keys, mut added) = (Vec::new(), Vec::new(), Vec::new());
        for at in 0..WARM_UP + samples {
            let echo = screen.time("g", "$ g")?;
            let mut press = |typed: &str, line: &Line| {
                screen.time(typed, &format!("$ {}", line.said))?;
                let key = screen.time(KEY, line.shown)?;
                screen.time(EMPTY_LINE, "$")?;
                anyhow::Ok(key)
            };
            let strict = press(&STRICT.said[1..], &STRICT)?;
            let free = press(FREE.said, &FREE)?;
            if at >= WARM_UP {
                echoes.push(echo);
                keys.push(strict);
                added.push((free.as_secs_f64() - strict.as_secs_f64()) * 1e3);
            }
        }
        let named = |what: &str| format!("{}: {what}", self.name);
        Ok(Presses {
            echo: Row::of_durations(named("echo of a letter"), Unit::Milliseconds, &echoes),
            strict: Row::of_durations(named("key press to changed screen"), Unit::Milliseconds, &keys),
            added: Row::of_figures(named("added where the tagger answers"), Unit::Milliseconds, added),
        })
    }

    /// A row for the time that evaluating sayso's line adds to the start.
    fn added_start(&self, daemon: &Resident, line: &str, samples: usize) -> anyhow::Result<Row> {
        let time = |run: &str| -> anyhow::Result<Duration> {
            let mut command = daemon.world.command(Path::new(self.name));
            command.args(self.bare).arg(run).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            started(&mut command)
        };
        let mut added = Vec::new();
        for at in 0..WARM_UP + samples {
            let without = time(self.editor)?;
            let with = time(&[self.editor, line].concat())?;
            if at >= WARM_UP {
                added.push((with.as_secs_f64() - without.as_secs_f64()) * 1e3);
            }
        }
        Ok(Row::of_figures(format!("{}: added to its start", self.name), Unit::Milliseconds, added))
    }
}

/// Time from starting `command` to its end.
fn started(command: &mut Command) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    let time = start.elapsed();
    if !status.success() {
        bail!("{command:?} failed ({status})");
    }
    Ok(time)
}
