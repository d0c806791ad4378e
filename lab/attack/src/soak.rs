//! A simulated day: one line after the other, while everything happens to the daemon that happens to one in a day.

use crate::good::{self, DEADLINE, Lines};
use crate::{KEPT_BYTES, NOT_STRICT, descriptors, resident};
use anyhow::{Context, Result, ensure};
use sayso_testing::{RealDaemon, gguf, programs, wire};
use serde_json::Value;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Lines as people dictate them, with a stage each. All but the last answer the same whatever else is loaded; of that one
/// the model may choose another reading.
const LINES: [(&str, &str); 9] = [
    ("git space status space dash s", "auto"),
    ("echo space camel case hello world", "auto"),
    (NOT_STRICT, "tagger"),
    ("ls dash l pipe grep foo", "tagger"),
    ("cd tilde slash projects no wait slash work", "tagger"),
    ("docker run dash p eighty eighty colon eighty nginx", "tagger"),
    ("this is a sentence that nobody would run", "tagger"),
    ("find dot dash name quote star dot rs quote", "tagger"),
    (NOT_STRICT, "auto"),
];
/// The line whose meaning the settings change.
const OWN_WORD: &str = "cd space my box";
/// How many lines there are between two things that happen, and how many things happen at least: a million lines are
/// 2,000 things.
const LINES_BETWEEN: u64 = 500;
const LEAST_EVENTS: u64 = 400;
/// Line editors: more than the daemon remembers.
const EDITORS: u64 = 700;
/// Folders that lines are edited in.
const FOLDERS: usize = 3;
/// The model that comes and goes.
const MODEL: &str = "tiny";

/// What happened to the lines.
#[derive(Debug, Default)]
struct Day {
    lines: Lines,
    /// How often each thing happened.
    settings: u64,
    loads: u64,
    unloads: u64,
    removals: u64,
    kills: u64,
    full: u64,
}

/// The daemon, what its settings say, and what was said to be right.
struct Place {
    daemon: RealDaemon,
    socket: PathBuf,
    folders: Vec<PathBuf>,
    word: u64,
    judge: bool,
    /// For each line, the answers that are right.
    meant: Vec<Vec<Value>>,
}

/// Converts so many lines, and prints what became of them.
pub(crate) fn run(conversions: u64, seed: u64) -> Result<()> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut place = Place::new()?;
    let mut day = Day::default();
    let begun = Instant::now();
    let every = (conversions / LEAST_EVENTS).clamp(1, LINES_BETWEEN);
    // The second half belongs to one daemon, whose memory and descriptors are compared at both ends of it.
    let mut before = None;
    let tenth = (conversions / 10).max(1);
    for at in 0..conversions {
        if at % every == every / 2 {
            place.something_happens(&mut day, at < conversions / 2, &mut random)?;
        }
        if before.is_none() && at >= conversions / 2 + every {
            before = Some(place.at_rest()?);
        }
        if at % tenth == tenth - 1 {
            let _ = writeln!(io::stderr(), "{:.0} s: {}", begun.elapsed().as_secs_f64(), place.so_far(&day));
        }
        let which = random.usize(0..=LINES.len());
        let (said, route) = LINES.get(which).copied().unwrap_or((OWN_WORD, "auto"));
        let own = [Value::from(format!("cd box{}", place.word))];
        let right = place.meant.get(which).map_or(&own[..], |right| right);
        let more = format!(
            r#","session":"zsh-{}","context":{{"cwd":{}}}"#,
            random.u64(0..EDITORS),
            Value::from(
                random.choice(&place.folders).map_or("", |folder| folder.to_str().unwrap_or_default())
            )
        );
        day.ask(&place.socket, at, said, &format!(r#","route":"{route}"{more}"#), right);
    }
    let after = place.at_rest()?;
    let before = before.unwrap_or(after);
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    writeln!(
        io::stdout(),
        "{:.0} s: {}\n\
         {} changes of settings, {} loads of the model, {} unloads, {} removals of the socket, {} kills, {} daemons \
         that could write no file\n\
         the last daemon: {:.1} MB became {:.1} MB, {:?} descriptors became {:?}",
        begun.elapsed().as_secs_f64(),
        place.so_far(&day),
        day.settings,
        day.loads,
        day.unloads,
        day.removals,
        day.kills,
        day.full,
        megabytes(before.0),
        megabytes(after.0),
        before.1,
        after.1,
    )?;
    ensure!(day.lines.late == 0 && day.lines.wrong == 0, "a line was lost or answered wrong");
    ensure!(after.0 <= before.0 + KEPT_BYTES, "the memory has grown");
    ensure!(after.1 <= before.1.map(|count| count + 2), "descriptors have leaked");
    Ok(())
}

impl Place {
    fn new() -> Result<Place> {
        let daemon = RealDaemon::absent();
        let mut import = daemon.home.command(programs::program("saysod"));
        import.args(["model", "import", "--name", MODEL]).arg(gguf("qwen3"));
        ensure!(import.output()?.status.success(), "the model cannot be installed");
        // Every write to the log fails as on a full disk.
        fs::create_dir_all(daemon.home.logs())?;
        if fs::metadata("/dev/full").is_ok() {
            symlink("/dev/full", daemon.home.logs().join("saysod.log"))?;
        }
        let folders: Vec<_> = (0..FOLDERS).map(|at| daemon.home.path().join(format!("work{at}"))).collect();
        for folder in &folders {
            fs::create_dir(folder)?;
            fs::write(folder.join("notes.txt"), "")?;
        }
        let socket = daemon.home.socket();
        let mut place = Place { daemon, socket, folders, word: 0, judge: false, meant: Vec::new() };
        place.change_settings();
        place.daemon.start(&[]);
        for (said, route) in LINES {
            let more = format!(r#","route":"{route}","deadline_ms":60000"#);
            let reply = good::ask(&place.socket, &wire::convert(1, said, &more), Duration::from_secs(60))?;
            ensure!(reply["result"].is_object(), "{said} is not converted: {reply}");
            let mut right = vec![reply["result"]["buffer"].clone()];
            if (said, route) == (NOT_STRICT, "auto") {
                right.extend(reply["result"]["alternatives"].as_array().into_iter().flatten().cloned());
            }
            place.meant.push(right);
        }
        Ok(place)
    }

    /// One of the things that happen in a day.
    fn something_happens(&mut self, day: &mut Day, may_end: bool, random: &mut fastrand::Rng) -> Result<()> {
        match random.u8(0..10) {
            0..3 => {
                self.word += 1;
                self.change_settings();
                day.settings += 1;
            }
            3..6 => {
                self.judge = !self.judge;
                if self.judge {
                    // A daemon that was killed while it loaded the model has left it to be chosen again.
                    let mut choose = self.daemon.home.command(programs::program("saysod"));
                    let chosen = choose.args(["model", "use", MODEL]).stdout(Stdio::null()).status()?;
                    ensure!(chosen.success(), "the model cannot be chosen");
                }
                self.change_settings();
                let line = wire::convert(1, NOT_STRICT, r#","route":"model","deadline_ms":10000"#);
                let reply = good::ask(&self.socket, &line, Duration::from_secs(11)).unwrap_or_default();
                let is_right = if self.judge { &reply["result"] } else { &reply["error"] };
                if !is_right.is_object() {
                    day.lines.wrong += 1;
                    let _ = writeln!(io::stderr(), "with the model {}: {reply}", self.judge);
                }
                *(if self.judge { &mut day.loads } else { &mut day.unloads }) += 1;
            }
            8.. if may_end => {
                self.daemon.signal("KILL");
                self.daemon.ended();
                if random.bool() {
                    self.daemon.start(&[]);
                } else {
                    let mut without_disk = self.without_disk();
                    self.daemon.spawn(&mut without_disk);
                    day.full += 1;
                }
                day.kills += 1;
            }
            _ => {
                let _ = fs::remove_file(&self.socket);
                day.removals += 1;
            }
        }
        Ok(())
    }

    /// The daemon, of which every write to a file fails, as it does on a full disk.
    fn without_disk(&self) -> Command {
        let mut shell = self.daemon.home.command("/bin/sh");
        shell.args(["-c", r#"trap "" XFSZ; ulimit -f 0; exec "$0""#]).arg(programs::program("saysod"));
        shell.stdin(Stdio::null());
        shell
    }

    fn change_settings(&self) {
        self.daemon.settings(&format!(
            "[log]\nlevel = \"debug\"\nrotation = \"never\"\n[model]\nname = \"{MODEL}\"\njudge = {}\n\
             [words]\n\"my box\" = \"box{}\"\n",
            self.judge, self.word
        ));
    }

    /// Memory and descriptors of the daemon once its model is gone and what it needed is given back.
    fn at_rest(&mut self) -> Result<(u64, Option<usize>)> {
        self.judge = false;
        self.change_settings();
        let line = wire::convert(1, NOT_STRICT, r#","deadline_ms":60000"#);
        good::ask(&self.socket, &line, Duration::from_secs(60))?;
        thread::sleep(Duration::from_secs(2));
        Ok((resident(&self.socket).context("the daemon is gone")?, descriptors(self.daemon.pid())))
    }

    /// What became of the lines until now.
    fn so_far(&self, day: &Day) -> String {
        let Lines { micros, late, wrong } = &day.lines;
        format!(
            "{} lines, {late} late, {wrong} wrong; p50 {:.2} ms, p99 {:.2} ms, slowest {:.1} ms, {} over 50 ms; {:.1} MB, \
             {:?} descriptors",
            micros.len() + late,
            day.lines.percentile(50),
            day.lines.percentile(99),
            day.lines.percentile(100),
            micros.iter().filter(|&&micros| micros > 50_000).count(),
            resident(&self.socket).unwrap_or_default() as f64 / 1e6,
            descriptors(self.daemon.pid()),
        )
    }
}

impl Day {
    /// One line, as a key press asks it; a daemon that is absent for a moment is asked again.
    fn ask(&mut self, socket: &std::path::Path, id: u64, said: &str, more: &str, right: &[Value]) {
        let begun = Instant::now();
        loop {
            let left = DEADLINE.saturating_sub(begun.elapsed()).max(Duration::from_millis(1));
            let line = wire::convert(id, said, &format!(r#"{more},"deadline_ms":{}"#, left.as_millis()));
            match good::ask(socket, &line, left) {
                Ok(reply) if reply["error"].is_object() => {
                    self.lines.late += 1;
                    let _ = writeln!(io::stderr(), "{said:?}, line {id}: {reply}");
                }
                Ok(reply) => {
                    self.lines.micros.push(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
                    if reply["id"] != id || !right.contains(&reply["result"]["buffer"]) {
                        self.lines.wrong += 1;
                        let _ = writeln!(io::stderr(), "{said:?}, line {id}, became {reply}");
                    }
                }
                Err(_) if begun.elapsed() < DEADLINE => {
                    thread::sleep(Duration::from_millis(1));
                    continue;
                }
                Err(error) => {
                    self.lines.late += 1;
                    let _ = writeln!(io::stderr(), "{said:?}, line {id}, had no answer: {error}");
                }
            }
            break;
        }
    }
}
