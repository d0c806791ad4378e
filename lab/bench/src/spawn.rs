//! The time from starting the client to its answer, which fish and bash need at every key press.

use crate::report::{Report, Row, Unit};
use anyhow::{Context, bail};
use sayso_testing::{RealDaemon, programs};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Starts before the measured ones, after which the programs are in the page cache.
const WARM_UP: usize = 10;
/// The bar: how much longer the client may take than starting `true`, in milliseconds.
const OVER_TRUE: f64 = 2.0;

const SAID: &str = "git space status space dash s\n";
const EXPECTED: &[u8] = b"git status -s\n";

/// Measures. Fails if a program is missing or an answer is not the expected one.
pub(super) fn run(samples: usize) -> anyhow::Result<Report> {
    let daemon = RealDaemon::try_new()?;
    let sayso = programs::find("sayso")?;
    let (mut of_true, mut of_client, mut over) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..WARM_UP + samples {
        // Both run in turn, so that other load on the machine affects them alike.
        let plain = answer_time(&mut daemon.home.command("true"), b"")?;
        let client = answer_time(daemon.home.command(&sayso).arg("convert"), EXPECTED)?;
        if at >= WARM_UP {
            of_true.push(plain);
            of_client.push(client);
            over.push((client.as_secs_f64() - plain.as_secs_f64()) * 1e3);
        }
    }
    let plain = Row::of_durations("`true`", Unit::Milliseconds, &of_true);
    let client = Row::of_durations("`sayso convert`", Unit::Milliseconds, &of_client);
    let ratio = client.p50 / plain.p50;
    let over = Row::of_figures("`sayso convert` over `true`, in pairs", Unit::Milliseconds, over);
    Ok(Report {
        name: "spawn",
        method: "The time is from starting the process to its end, with the answer read. Standard input and output are \
                 pipes, a warm daemon answers, and `true` and the client run in turn. Bias: they start from a small \
                 process; a shell with much memory forks more slowly, for both alike."
            .into(),
        rows: vec![plain, client.ratio(ratio, "`true`"), over.p50_below(OVER_TRUE)],
    })
}

/// Starts `command`, sends it the dictation, reads all of its output and waits for its end. Returns
/// the time that this takes.
fn answer_time(command: &mut Command, expected: &[u8]) -> anyhow::Result<Duration> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    if let Some(mut input) = child.stdin.take() {
        // An error is expected with `true`, which ends without reading.
        let _ = input.write_all(SAID.as_bytes());
    }
    let output = child.wait_with_output()?;
    let time = start.elapsed();
    if !output.status.success() || output.stdout != expected {
        bail!(
            "{command:?} printed {:?} instead of {:?} ({}): {}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(expected),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(time)
}
