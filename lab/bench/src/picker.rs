//! The picker in real shells: from its key to its first frame, and from an arrow to the changed frame.

use crate::report::{Report, Row, Unit};
use anyhow::{Context, anyhow};
use sayso_testing::{RealDaemon, Setup, Shell, Terminal};
use std::time::{Duration, Instant};

/// Openings before the measured ones.
const WARM_UP: usize = 5;
/// A dictation with several readings.
const SAID: &str = "git commit dash a m quote fix login bug quote";
/// Ctrl-X Ctrl-P, the key of the picker.
const KEY: &str = "\x18\x10";
const DOWN: &str = "\x1b[B";
/// Ctrl-G, which closes the picker as Esc does, but is not the beginning of another key.
const CLOSE: &str = "\x07";
/// Ends every frame of the list.
const LAST_ROW: &str = "1-9 and arrows choose";

/// Measures. Fails if a program or a shell is missing, or if the list is not shown.
pub(super) fn run(samples: usize) -> anyhow::Result<Report> {
    let daemon = RealDaemon::try_new()?;
    let mut rows = Vec::new();
    for shell in [Shell::Zsh, Shell::Fish, Shell::Bash] {
        let (first, redraw) = frames(shell, &daemon, samples)?;
        let name = |what: &str| format!("{}: {what}", shell.name());
        let times = |name, times: &[Duration]| Row::of_durations(name, Unit::Milliseconds, times);
        rows.push(times(name("key to first frame"), &first).p50_below(15.0));
        rows.push(times(name("arrow to changed frame"), &redraw).p50_below(5.0));
    }
    Ok(Report {
        name: "picker",
        method: format!(
            "Each shell runs under a pseudo-terminal of 80 by 24 with {SAID:?} on its line, and a warm daemon answers. The \
             time is from writing Ctrl-X Ctrl-P to the terminal until an emulator of the screen shows the last row of the \
             list: the shell starts the client, which becomes the daemon's program, which asks the daemon and draws. Then \
             from writing an arrow until the second reading is the current one."
        ),
        rows,
    })
}

fn frames(
    shell: Shell,
    daemon: &RealDaemon,
    samples: usize,
) -> anyhow::Result<(Vec<Duration>, Vec<Duration>)> {
    let command = shell.set_up(&daemon.home, Setup::default());
    let terminal = Terminal::start(&command).with_context(|| format!("cannot start {command:?}"))?;
    let shown = |keys: &str, what: &str, is_shown: &dyn Fn(&str) -> bool| {
        let start = Instant::now();
        terminal.text(keys);
        let shown = terminal.try_wait(is_shown);
        let failed = |missed| anyhow!("waited for {what}: {missed}; the screen shows\n{}", terminal.screen());
        shown.map_err(failed)?;
        anyhow::Ok(start.elapsed())
    };
    shown("", "a prompt", &|screen| screen.ends_with('$'))?;
    shown(SAID, "the dictation", &|screen| screen.ends_with(SAID))?;
    let (mut first, mut redraw) = (Vec::new(), Vec::new());
    for at in 0..WARM_UP + samples {
        let is_open = |screen: &str| screen.contains("> 1 git commit") && screen.ends_with(LAST_ROW);
        let opened = shown(KEY, "the list", &is_open)?;
        let moved = shown(DOWN, "the second reading", &|screen| {
            screen.contains("> 2 git") && screen.ends_with(LAST_ROW)
        })?;
        shown(CLOSE, "the line", &|screen| !screen.contains(LAST_ROW))?;
        // The shell reads keys again when it echoes one.
        shown("x", "an echo", &|screen| screen.contains(&format!("{SAID}x")))?;
        shown("\x08", "the line again", &|screen| !screen.contains(&format!("{SAID}x")))?;
        if at >= WARM_UP {
            first.push(opened);
            redraw.push(moved);
        }
    }
    Ok((first, redraw))
}
