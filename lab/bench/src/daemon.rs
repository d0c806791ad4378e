//! The memory of an idle daemon, and the time until a new daemon answers.

use crate::report::{Report, Row, Unit};
use anyhow::{Context, bail};
use sayso_testing::RealDaemon;
use std::time::Instant;

/// Conversions before the memory is measured again, to see whether the daemon releases what they
/// need.
const CONVERSIONS: usize = 1_000;
/// Most daemons to start. It is less than the number of samples because each start is a new
/// process.
const STARTS: usize = 50;

const SAID: &str = "git space status space dash s";
const EXPECTED: &str = "git status -s";

/// Measures. Fails if `saysod` is missing or an answer is not the expected one.
pub(super) fn run(samples: usize) -> anyhow::Result<Report> {
    let starts = STARTS.min(samples);
    let (mut cold, mut idle, mut used) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..starts {
        let start = Instant::now();
        let daemon = RealDaemon::try_new()?;
        expect_answer(&daemon)?;
        cold.push(start.elapsed());
        idle.push(resident_megabytes(daemon.pid())?);
        if at % 10 == 0 {
            for _ in 0..CONVERSIONS {
                expect_answer(&daemon)?;
            }
            used.push(resident_megabytes(daemon.pid())?);
        }
    }
    let idle = Row::of_figures("resident memory after one answer", Unit::Megabytes, idle).p50_below(20.0);
    // The bar includes the tagger. With the rules alone, the bar was 20 and the daemon took 5.
    let used = Row::of_figures(format!("after {CONVERSIONS} answers"), Unit::Megabytes, used).p50_below(32.0);
    let ratio = used.p50 / idle.p50;
    Ok(Report {
        name: "daemon",
        method: "Each time a new `saysod` starts in an empty folder; the time is from starting its process to its \
                 first answer, which is requested as soon as it reports that it listens. Memory is the resident memory \
                 that the system reports, including shared pages. Bias: the program comes from the page cache."
            .into(),
        rows: vec![
            Row::of_durations("cold start to first answer", Unit::Milliseconds, &cold).p50_below(50.0),
            idle,
            used.ratio(ratio, "the memory after one answer"),
        ],
    })
}

fn expect_answer(daemon: &RealDaemon) -> anyhow::Result<()> {
    match daemon.convert(SAID) {
        Ok(answer) if answer == EXPECTED => Ok(()),
        other => bail!("saysod converted {SAID:?} to {other:?} instead of {EXPECTED:?}"),
    }
}

#[cfg(target_os = "linux")]
pub(super) fn resident_megabytes(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let size = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB"));
    let kibibytes: f64 =
        size.context("the system does not report how much memory a process uses")?.trim().parse()?;
    Ok(kibibytes * 1024.0 / 1e6)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn resident_megabytes(pid: u32) -> anyhow::Result<f64> {
    let mut ps = std::process::Command::new("ps");
    let size = crate::machine::first_line(ps.args(["-o", "rss=", "-p", &pid.to_string()]));
    let kibibytes: f64 = size.context("ps does not report how much memory a process uses")?.parse()?;
    Ok(kibibytes * 1024.0 / 1e6)
}
