//! A simulated day: one line after the other, while everything happens to the daemon that happens to one in a day.

use crate::good::{self, DEADLINE};
use crate::{KEPT_BYTES, descriptors, resident};
use anyhow::{Context, Result, ensure};
use sayso_testing::{RealDaemon, gguf, programs, wire};
use serde_json::Value;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::thread;
use std::time::{Duration, Instant};

/// Lines as people dictate them, with a stage each that answers the same whatever else is loaded.
const LINES: [(&str, &str); 8] = [
    ("git space status space dash s", "auto"),
    ("echo space camel case hello world", "auto"),
    ("git commit dash m quote fix login bug quote", "tagger"),
    ("ls dash l pipe grep foo", "tagger"),
    ("cd tilde slash projects no wait slash work", "tagger"),
    ("docker run dash p eighty eighty colon eighty nginx", "tagger"),
    ("this is a sentence that nobody would run", "tagger"),
    ("find dot dash name quote star dot rs quote", "tagger"),
];
/// The line whose meaning the settings change.
const OWN_WORD: &str = "cd space my box";
/// So many things happen in a day, evenly spread.
const EVENTS: u64 = 400;
/// The model that comes and goes.
const MODEL: &str = "tiny";

/// What happened to the lines.
#[derive(Debug, Default)]
struct Day {
    lines: u64,
    late: u64,
    wrong: u64,
    /// How long the slowest took, in microseconds, and how many took longer than 50 ms.
    slowest: u128,
    slow: u64,
    /// How often each thing happened.
    settings: u64,
    models: u64,
    removals: u64,
    kills: u64,
}

/// Converts so many lines, and prints what became of them.
pub(crate) fn run(conversions: u64, seed: u64) -> Result<()> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut daemon = RealDaemon::absent();
    let mut import = daemon.home.command(programs::program("saysod"));
    import.args(["model", "import", "--name", MODEL]).arg(gguf("qwen3"));
    ensure!(import.output()?.status.success(), "the model cannot be installed");
    // Every write to the log fails as on a full disk.
    fs::create_dir_all(daemon.home.logs())?;
    if fs::metadata("/dev/full").is_ok() {
        symlink("/dev/full", daemon.home.logs().join("saysod.log"))?;
    }
    let (mut word, mut judge) = (0, false);
    change_settings(&daemon, word, judge);
    daemon.start(&[]);
    let socket = daemon.home.socket();
    let meant: Vec<Value> = LINES
        .iter()
        .map(|(said, route)| {
            let reply = good::ask(&socket, &request(1, said, route, 60_000), Duration::from_secs(60))?;
            Ok(reply["result"]["buffer"].clone())
        })
        .collect::<Result<_>>()?;
    ensure!(meant.iter().all(Value::is_string), "not all lines are converted: {meant:?}");

    let mut day = Day::default();
    let begun = Instant::now();
    let every = (conversions / EVENTS).max(1);
    // The second half belongs to one daemon, whose memory and descriptors are compared at both ends of it.
    let mut before = None;
    for at in 0..conversions {
        if at % every == every / 2 {
            match random.u8(0..10) {
                0..3 => {
                    word += 1;
                    change_settings(&daemon, word, judge);
                    day.settings += 1;
                }
                3..6 => {
                    judge = !judge;
                    change_settings(&daemon, word, judge);
                    let line = request(at, LINES[2].0, "model", 5000);
                    let reply = good::ask(&socket, &line, Duration::from_secs(6)).unwrap_or_default();
                    day.wrong += u64::from(!reply["result"].is_object() && !reply["error"].is_object());
                    day.models += 1;
                }
                6..8 => {
                    let _ = fs::remove_file(&socket);
                    day.removals += 1;
                }
                _ if at < conversions / 2 => {
                    daemon.signal("KILL");
                    daemon.ended();
                    daemon.start(&[]);
                    day.kills += 1;
                }
                _ => {}
            }
        }
        if before.is_none() && at >= conversions / 2 + every {
            judge = false;
            change_settings(&daemon, word, judge);
            before = Some(at_rest(&daemon)?);
        }
        let which = random.usize(0..=LINES.len());
        let (said, route) = LINES.get(which).copied().unwrap_or((OWN_WORD, "auto"));
        let expected = meant.get(which).cloned().unwrap_or_else(|| format!("cd box{word}").into());
        day.ask(&socket, at, said, route, &expected);
    }
    change_settings(&daemon, word, false);
    let after = at_rest(&daemon)?;
    let before = before.unwrap_or(after);
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    writeln!(
        io::stdout(),
        "{} lines in {:.0} s: {} late, {} wrong, {} over 50 ms, slowest {:.1} ms\n\
         {} changes of settings, {} of the model, {} removals of the socket, {} kills\n\
         the last daemon: {:.1} MB became {:.1} MB, {:?} descriptors became {:?}",
        day.lines,
        begun.elapsed().as_secs_f64(),
        day.late,
        day.wrong,
        day.slow,
        day.slowest as f64 / 1e3,
        day.settings,
        day.models,
        day.removals,
        day.kills,
        megabytes(before.0),
        megabytes(after.0),
        before.1,
        after.1,
    )?;
    ensure!(day.late == 0 && day.wrong == 0, "a line was lost or answered wrong");
    ensure!(after.0 <= before.0 + KEPT_BYTES, "the memory has grown");
    ensure!(after.1 <= before.1.map(|count| count + 2), "descriptors have leaked");
    Ok(())
}

impl Day {
    /// One line, as a key press asks it; a daemon that is absent for a moment is asked again.
    fn ask(&mut self, socket: &std::path::Path, id: u64, said: &str, route: &str, expected: &Value) {
        let begun = Instant::now();
        self.lines += 1;
        loop {
            let left = DEADLINE.saturating_sub(begun.elapsed()).max(Duration::from_millis(1));
            let line = request(id, said, route, left.as_millis());
            match good::ask(socket, &line, left) {
                Ok(reply) if reply["error"].is_object() => self.late += 1,
                Ok(reply) if reply["id"] == id && reply["result"]["buffer"] == *expected => {}
                Ok(reply) => {
                    self.wrong += 1;
                    let _ = writeln!(io::stderr(), "{said:?} became {reply}");
                }
                Err(_) if begun.elapsed() < DEADLINE => {
                    thread::sleep(Duration::from_millis(1));
                    continue;
                }
                Err(_) => self.late += 1,
            }
            break;
        }
        let took = begun.elapsed();
        self.slowest = self.slowest.max(took.as_micros());
        self.slow += u64::from(took > Duration::from_millis(50));
    }
}

fn request(id: u64, said: &str, route: &str, deadline_ms: impl std::fmt::Display) -> String {
    let more = format!(r#","route":"{route}","deadline_ms":{deadline_ms}"#);
    wire::convert(id, said, &more)
}

fn change_settings(daemon: &RealDaemon, word: u64, judge: bool) {
    daemon.settings(&format!(
        "[log]\nlevel = \"debug\"\nrotation = \"never\"\n[model]\nname = \"{MODEL}\"\njudge = {judge}\n\
         [words]\n\"my box\" = \"box{word}\"\n"
    ));
}

/// Memory and descriptors of the daemon once its model is gone and what it needed is given back.
fn at_rest(daemon: &RealDaemon) -> Result<(u64, Option<usize>)> {
    let socket = daemon.home.socket();
    good::ask(&socket, &request(1, LINES[2].0, "auto", 60_000), Duration::from_secs(60))?;
    thread::sleep(Duration::from_secs(2));
    Ok((resident(&socket).context("the daemon is gone")?, descriptors(daemon.pid())))
}
