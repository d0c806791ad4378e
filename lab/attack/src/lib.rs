#![doc = include_str!("../README.md")]

mod folders;
mod good;
mod liars;
mod load;
mod soak;

use anyhow::{Result, ensure};
use good::{DEADLINE, Lines};
use load::{Load, Stranger};
use sayso_testing::{RealDaemon, wire};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The 99th percentile of the good client's waiting time must not exceed this, in milliseconds.
const P99_MS: f64 = 50.0;
/// How much memory the daemon may still hold after a load, in bytes, and how long giving the rest back may take.
const KEPT_BYTES: u64 = 10 << 20;
const GIVEN_BACK: Duration = Duration::from_secs(5);

/// Attacks a daemon of its own, one load after the other, and measures what a good client beside the load waits for.
///
/// The daemon is the one beside this program; build with --release. The same seed gives the same attack, as far as the
/// scheduler allows. Exit status: 0 if every promise of docs/RELIABILITY.md was kept, else 1.
#[derive(Debug, clap::Args)]
pub struct Attack {
    /// The loads; all of them if none is named
    #[arg(value_enum)]
    loads: Vec<Load>,
    /// How long each load lasts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// How many times all loads run, one after the other, against the same daemon
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// Seed of what is random
    #[arg(long, value_name = "N", default_value_t = 15)]
    seed: u64,
    /// In place of the loads: this many lines, one after the other, while settings change, a model comes and goes, the
    /// socket is removed, the disk of the logs is full, and the daemon is killed
    #[arg(long, value_name = "N", conflicts_with = "loads", value_parser = clap::value_parser!(u64).range(1..))]
    conversions: Option<u64>,
    /// Is the load that another process runs against this socket, with these settings
    #[arg(long, num_args = 2, value_names = ["SOCKET", "SETTINGS"], hide = true)]
    strike: Option<Vec<PathBuf>>,
    /// Also hold the good client's times to what is promised; for a machine that does nothing else
    #[arg(long)]
    timed: bool,
    /// Print one JSON object a load instead of a table
    #[arg(long)]
    json: bool,
}

/// A line that the tagger must decide.
const NOT_STRICT: &str = "git commit dash m quote fix login bug quote";

/// The effects of a load.
struct Outcome {
    load: Load,
    strikes: u64,
    lines: Lines,
    /// Resident memory before, at most during, and after the load, in bytes.
    memory: [u64; 3],
    /// Open descriptors of the daemon before and after, if the system tells.
    descriptors: [Option<usize>; 2],
}

impl Attack {
    /// Attacks, and prints a table.
    ///
    /// # Errors
    /// If the daemon cannot be started, if standard output cannot be written, or if a promise was not kept.
    pub fn run(&self) -> Result<()> {
        let loads = if self.loads.is_empty() { &Load::ALL[..] } else { &self.loads[..] };
        if let (Some([socket, settings]), [load]) = (self.strike.as_deref(), &self.loads[..]) {
            return Ok(load::strike(*load, self.seed, socket, settings)?);
        }
        if let Some(conversions) = self.conversions {
            return soak::run(conversions, self.seed, self.timed);
        }
        let mut daemon = RealDaemon::try_new()?;
        let mut random = fastrand::Rng::with_seed(self.seed);
        warm_up(&daemon.home.socket())?;
        let mut out = std::io::stdout().lock();
        if !self.json {
            writeln!(out, "{HEADER}")?;
        }
        let mut broken = Vec::new();
        for _ in 0..self.rounds {
            for load in loads {
                let outcome = attack(&mut daemon, *load, self.seconds, &mut random)?;
                broken.extend(outcome.broken(self.timed).into_iter().map(|what| format!("{load:?}: {what}")));
                match self.json {
                    true => writeln!(out, "{}", outcome.json())?,
                    false => writeln!(out, "{}", outcome.row())?,
                }
                out.flush()?;
            }
        }
        ensure!(broken.is_empty(), "promises that were not kept:\n  {}", broken.join("\n  "));
        Ok(())
    }
}

/// Runs one load beside a good client.
fn attack(daemon: &mut RealDaemon, load: Load, seconds: u64, random: &mut fastrand::Rng) -> Result<Outcome> {
    let (socket, settings) = (daemon.home.socket(), daemon.home.settings_file());
    let before = settled(&socket, 0, Duration::ZERO)?;
    let descriptors = descriptors(daemon.pid());
    let stop = AtomicBool::new(false);
    let seed = random.u64(..);
    if load == Load::Folders {
        folders::prepare(&daemon.home)?;
    }
    let (strikes, lines, peak) = thread::scope(|scope| -> Result<_> {
        let hostile: Box<dyn FnOnce() -> Result<u64>> = match load {
            Load::Folders => {
                let (models, stop) = (daemon.home.models(), &stop);
                let (socket, settings) = (&socket, &settings);
                let loads = scope.spawn(move || folders::run(&models, socket, settings, stop, seed));
                Box::new(move || joined(loads)?)
            }
            Load::Liars => {
                let stop = &stop;
                let lies = scope.spawn(move || liars::run(stop, seed));
                Box::new(move || joined(lies)?)
            }
            _ => {
                let stranger = Stranger::strike(load, seed, &socket, &settings)?;
                Box::new(move || Ok(stranger.end()?))
            }
        };
        let client = scope.spawn(|| good::ask_until(&stop, &socket));
        let end = Instant::now() + Duration::from_secs(seconds);
        let (mut peak, mut kills) = (before, 0);
        while Instant::now() < end {
            thread::sleep(Duration::from_millis(500));
            if load == Load::Kills {
                daemon.signal("KILL");
                daemon.ended();
                daemon.start(&[]);
                kills += 1;
            }
            peak = peak.max(resident(&socket).unwrap_or(0));
        }
        stop.store(true, Ordering::Relaxed);
        let strikes = hostile()?;
        Ok((if kills > 0 { kills } else { strikes }, joined(client)?, peak))
    })?;
    if matches!(load, Load::Settings | Load::Folders) {
        daemon.settings("[model]\njudge = false\n");
        let line = wire::convert(1, NOT_STRICT, r#","deadline_ms":60000"#);
        good::ask(&socket, &line, Duration::from_secs(60))?;
    }
    // What was sent is answered first.
    let begun = Instant::now();
    let was = descriptors;
    let mut descriptors = [was, self::descriptors(daemon.pid())];
    while descriptors[1] > was && begun.elapsed() < GIVEN_BACK {
        thread::sleep(Duration::from_millis(50));
        descriptors[1] = self::descriptors(daemon.pid());
    }
    let after = settled(&socket, before + KEPT_BYTES, GIVEN_BACK.saturating_sub(begun.elapsed()))?;
    Ok(Outcome { load, strikes, lines, memory: [before, peak, after], descriptors })
}

/// Asks until everything that loads late is loaded, the language model too.
fn warm_up(socket: &std::path::Path) -> Result<()> {
    let patience = Duration::from_secs(60);
    for id in 0..20 {
        good::one(socket, id, Instant::now() + patience)?;
    }
    for options in ["", r#","route":"model","deadline_ms":60000"#] {
        let answer = good::ask(socket, &wire::convert(1, NOT_STRICT, options), patience)?;
        ensure!(answer["result"].is_object(), "the daemon could not be warmed up: {answer}");
    }
    Ok(())
}

/// What a thread of the attack returned.
fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> Result<T> {
    thread.join().map_err(|_| anyhow::anyhow!("a thread of the attack has panicked"))
}

/// The daemon's resident memory in bytes, as soon as it is at most `wanted`, or once `patience` has passed.
fn settled(socket: &std::path::Path, wanted: u64, patience: Duration) -> Result<u64> {
    let begun = Instant::now();
    loop {
        match resident(socket) {
            Some(bytes) if bytes <= wanted || begun.elapsed() >= patience => return Ok(bytes),
            None => ensure!(begun.elapsed() < patience + DEADLINE, "the daemon is gone"),
            Some(_) => {}
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// The resident memory that the daemon reports, in bytes.
fn resident(socket: &std::path::Path) -> Option<u64> {
    let status = good::ask(socket, r#"{"v":1,"id":1,"op":"status"}"#, DEADLINE);
    status.ok()?["status"]["resident_bytes"].as_u64()
}

/// The open descriptors of a process, if the system tells.
fn descriptors(pid: u32) -> Option<usize> {
    Some(fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count())
}

const HEADER: &str =
    "load       strikes   lines  late wrong   p50 ms   p99 ms   max ms   MB before/peak/after  fds";

impl Outcome {
    fn row(&self) -> String {
        let [before, peak, after] = self.memory.map(|bytes| bytes as f64 / 1e6);
        let Lines { micros, late, wrong } = &self.lines;
        let count = |count: Option<usize>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
        format!(
            "{:<9} {:>8} {:>7} {late:>5} {wrong:>5} {:>8.2} {:>8.2} {:>8.2}   {before:>6.1} {peak:>6.1} {after:>6.1}  {}/{}",
            format!("{:?}", self.load),
            self.strikes,
            micros.len(),
            self.lines.percentile(50),
            self.lines.percentile(99),
            self.lines.percentile(100),
            count(self.descriptors[0]),
            count(self.descriptors[1]),
        )
    }

    fn json(&self) -> Value {
        json!({
            "load": format!("{:?}", self.load),
            "strikes": self.strikes,
            "lines": self.lines.micros.len(),
            "late": self.lines.late,
            "wrong": self.lines.wrong,
            "p50_ms": self.lines.percentile(50),
            "p99_ms": self.lines.percentile(99),
            "max_ms": self.lines.percentile(100),
            "bytes_before": self.memory[0],
            "bytes_peak": self.memory[1],
            "bytes_after": self.memory[2],
            "descriptors": self.descriptors,
        })
    }

    /// The promises that were not kept. While the daemon is being killed, a line may wait for the next daemon.
    fn broken(&self, timed: bool) -> Vec<String> {
        let mut broken = Vec::new();
        let Lines { micros, late, wrong } = &self.lines;
        if *wrong > 0 {
            broken.push(format!("{wrong} wrong answers"));
        }
        if timed && *late > 0 {
            broken.push(format!("{late} of {} lines were not answered in time", micros.len() + late));
        }
        let p99 = self.lines.percentile(99);
        if timed && self.load != Load::Kills && (p99.is_nan() || p99 > P99_MS) {
            broken.push(format!("p99 is {p99:.1} ms where {P99_MS} ms are promised"));
        }
        let [before, _, after] = self.memory;
        if after > before + KEPT_BYTES {
            broken.push(format!("{} MB were kept", (after - before) / 1_000_000));
        }
        if let [Some(before), Some(after)] = self.descriptors
            && after > before + 2
        {
            broken.push(format!("{before} descriptors became {after}"));
        }
        broken
    }
}
