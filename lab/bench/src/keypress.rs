//! The time from the key press to the changed screen, and the time that sayso adds to a shell's
//! start.

use crate::report::{Report, Row, Unit};
use anyhow::{Context, anyhow, bail};
use sayso_testing::{RealDaemon, Setup, Shell, Terminal};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Key presses and starts before the measured ones.
const WARM_UP: usize = 5;
/// Most starts of a shell to measure, because each takes tens of milliseconds.
const STARTS: usize = 100;

/// A dictation, and what the screen shows after the key press.
struct Line {
    said: &'static str,
    shown: &'static str,
}

/// A strict line, which has one path and needs no model.
const STRICT: Line = Line { said: "git space status space dash s", shown: "$ git status -s" };
/// A free line, which the tagger converts.
const FREE: Line = Line {
    said: "git commit dash a m quote fix login bug quote",
    shown: "$ git commit -am \"fix login bug\"",
};
/// Ctrl-X Ctrl-V, the default key.
const KEY: &str = "\x18\x16";
/// Ctrl-U, which empties the line in all three shells.
const EMPTY_LINE: &str = "\x15";

/// How to start a shell without its start file, to measure what one line adds to its start.
struct Start {
    shell: Shell,
    /// Arguments that run a line as an interactive shell does.
    bare: &'static [&'static str],
    /// A line that loads the files which an interactive shell has loaded anyway by its first prompt.
    editor: &'static str,
}

const STARTS_OF_SHELLS: [Start; 3] = [
    Start { shell: Shell::Zsh, bare: &["-f", "-i", "-c"], editor: "zmodload zsh/zle\n" },
    Start { shell: Shell::Fish, bare: &["--no-config", "-i", "-c"], editor: "" },
    Start { shell: Shell::Bash, bare: &["--norc", "--noprofile", "-i", "-c"], editor: "" },
];

/// Measures. Fails if a program or a shell is missing, or if a screen does not show the expected
/// line.
pub(super) fn run(samples: usize) -> anyhow::Result<Report> {
    let daemon = RealDaemon::try_new()?;
    let never = RealDaemon::try_with_settings("hints = \"never\"")?;
    let always = RealDaemon::try_with_settings("hints = \"always\"")?;
    let mut rows = Vec::new();
    for start in &STARTS_OF_SHELLS {
        let Presses { echo, strict, free, added: by_tagger } = key_presses(start.shell, &daemon, samples)?;
        let ratio = strict.p50 / echo.p50;
        let added = start.added(&daemon, STARTS.min(samples))?;
        rows.push(strict.p50_below(8.0).p99_below(20.0).ratio(ratio, "the echo of a letter"));
        rows.push(free.p50_below(8.0).p99_below(20.0));
        rows.push(by_tagger.p50_below(3.0));
        rows.push(hint(start.shell, &never, &always, samples)?);
        rows.push(echo);
        rows.push(if start.shell == Shell::Zsh { added.p50_below(10.0) } else { added });
    }
    Ok(Report {
        name: "keypress",
        method: format!(
            "Each shell runs under a pseudo-terminal of 80 by 24, and a warm daemon answers. The time is from writing \
             the key to the terminal until an emulator of the screen shows {:?} in place of {:?}, which needs no \
             model. In turn with it, {:?} is converted, which the tagger answers; its row shows the additional time. \
             The hint is what a press costs more with `hints = \"always\"`, until it stands on the screen too, than with \
             `hints = \"never\"`, each in a shell of its own, in turn. The echo of one letter is measured for comparison. The start-up is the time of an interactive shell \
             that evaluates sayso's line, minus that of one that evaluates nothing, in pairs. Bias: no other plugin is \
             loaded, the suggestions of fish are off, and a real terminal also takes time to draw.",
            STRICT.shown, STRICT.said, FREE.said
        ),
        rows,
    })
}

/// Rows for the echo of a letter, for the key press that the rules answer, for the one that the tagger answers, and for
/// the time that the tagger adds.
struct Presses {
    echo: Row,
    strict: Row,
    free: Row,
    added: Row,
}

fn key_presses(shell: Shell, daemon: &RealDaemon, samples: usize) -> anyhow::Result<Presses> {
    let command = shell.set_up(&daemon.home, Setup::default());
    let terminal = Terminal::start(&command).with_context(|| format!("cannot start {command:?}"))?;
    wait_line(&terminal, "$")?;
    let (mut echoes, mut keys, mut by_tagger, mut added) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for at in 0..WARM_UP + samples {
        let echo = time(&terminal, "g", "$ g")?;
        let press = |typed: &str, line: &Line| {
            time(&terminal, typed, &format!("$ {}", line.said))?;
            let key = time(&terminal, KEY, line.shown)?;
            time(&terminal, EMPTY_LINE, "$")?;
            anyhow::Ok(key)
        };
        let strict = press(&STRICT.said[1..], &STRICT)?;
        let free = press(FREE.said, &FREE)?;
        if at >= WARM_UP {
            echoes.push(echo);
            keys.push(strict);
            by_tagger.push(free);
            added.push((free.as_secs_f64() - strict.as_secs_f64()) * 1e3);
        }
    }
    let named = |what: &str| format!("{}: {what}", shell.name());
    Ok(Presses {
        echo: Row::of_durations(named("echo of a letter"), Unit::Milliseconds, &echoes),
        strict: Row::of_durations(named("key press to changed screen"), Unit::Milliseconds, &keys),
        free: Row::of_durations(named("the same, where the tagger answers"), Unit::Milliseconds, &by_tagger),
        added: Row::of_figures(named("added where the tagger answers"), Unit::Milliseconds, added),
    })
}

/// The time that the hint adds to a key press: with and without it, in turn.
fn hint(shell: Shell, never: &RealDaemon, always: &RealDaemon, samples: usize) -> anyhow::Result<Row> {
    let open = |daemon: &RealDaemon| {
        let command = shell.set_up(&daemon.home, Setup::default());
        let terminal = Terminal::start(&command).with_context(|| format!("cannot start {command:?}"))?;
        wait_line(&terminal, "$")?;
        anyhow::Ok(terminal)
    };
    let (without, with) = (open(never)?, open(always)?);
    let shown = |terminal: &Terminal, keys: &str, row: &str, has_next: Option<bool>| {
        let start = Instant::now();
        terminal.text(keys);
        // In bash, messages stand above the line, with older ones above them.
        let says_next = |screen: &str| {
            let message = screen.lines().rfind(|line| line.starts_with("sayso:"));
            message.is_some_and(|message| message.contains(" · next: "))
        };
        let is_shown = |screen: &str| {
            screen.lines().any(|line| line == row)
                && has_next.is_none_or(|has_next| has_next == says_next(screen))
        };
        let shown = terminal.try_wait(is_shown);
        let failed =
            |missed| anyhow!("waited for {row:?}: {missed}; the screen shows\n{}", terminal.screen());
        shown.map_err(failed)?;
        anyhow::Ok(start.elapsed())
    };
    let press = |terminal: &Terminal, has_hint: bool| {
        let convert = |line: &Line, has_next: bool| {
            shown(terminal, line.said, &format!("$ {}", line.said), None)?;
            let key = shown(terminal, KEY, line.shown, Some(has_next))?;
            shown(terminal, EMPTY_LINE, "$", None)?;
            anyhow::Ok(key)
        };
        // In fish and bash a hint stays until the next press, so the hint of a line with one reading must replace it.
        convert(&STRICT, false)?;
        convert(&FREE, has_hint)
    };
    let mut added = Vec::new();
    for at in 0..WARM_UP + samples {
        let (without, with) = (press(&without, false)?, press(&with, true)?);
        if at >= WARM_UP {
            added.push((with.as_secs_f64() - without.as_secs_f64()) * 1e3);
        }
    }
    let name = format!("{}: added by the hint below the line", shell.name());
    Ok(Row::of_figures(name, Unit::Milliseconds, added).p50_below(1.0))
}

/// Types `keys` and waits until the last row of the screen that is not empty reads `row`. Returns
/// the time that this takes.
fn time(terminal: &Terminal, keys: &str, row: &str) -> anyhow::Result<Duration> {
    let start = Instant::now();
    terminal.text(keys);
    wait_line(terminal, row)?;
    Ok(start.elapsed())
}

/// Waits until the last row of the screen that is not empty reads `row`.
fn wait_line(terminal: &Terminal, row: &str) -> anyhow::Result<()> {
    let shown = terminal.try_wait_line(row);
    let failed = |missed| anyhow!("waited for {row:?}: {missed}; the screen shows\n{}", terminal.screen());
    shown.map(drop).map_err(failed)
}

impl Start {
    /// Returns a row for the time that evaluating sayso's line adds to the start of the shell.
    fn added(&self, daemon: &RealDaemon, samples: usize) -> anyhow::Result<Row> {
        let time = |run: &str| -> anyhow::Result<Duration> {
            let mut command = daemon.home.command(self.shell.name());
            command.args(self.bare).arg(run).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            started(&mut command)
        };
        let mut added = Vec::new();
        for at in 0..WARM_UP + samples {
            let without = time(self.editor)?;
            let with = time(&[self.editor, self.shell.one_line()].concat())?;
            if at >= WARM_UP {
                added.push((with.as_secs_f64() - without.as_secs_f64()) * 1e3);
            }
        }
        let name = format!("{}: added to its start", self.shell.name());
        Ok(Row::of_figures(name, Unit::Milliseconds, added))
    }
}

/// Returns the time from starting `command` to its end.
fn started(command: &mut Command) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    let time = start.elapsed();
    if !status.success() {
        bail!("{command:?} failed ({status})");
    }
    Ok(time)
}
