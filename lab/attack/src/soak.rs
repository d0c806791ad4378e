//! A simulated day: lines from several line editors at once, one after the other, while everything happens to the
//! daemon that can happen to it in a day.

use crate::good::{self, DEADLINE, Lines};
use crate::{KEPT_BYTES, NOT_STRICT, descriptors, joined, resident};
use anyhow::{Context, Result, ensure};
use sayso_testing::{RealDaemon, gguf, programs, wire};
use serde_json::Value;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

/// Strict lines. Most lines are strict: these make up nine in ten.
const STRICT: [&str; 5] = [
    "git space status space dash s",
    "echo space camel case hello world",
    "ls space dash l space pipe space grep space foo",
    "cd space tilde slash projects slash sayso",
    "docker space run space dash p space eighty eighty colon eighty space nginx",
];
/// Lines that the tagger decides. Their answers do not depend on what else is loaded.
const TAGGED: [&str; 6] = [
    NOT_STRICT,
    "ls dash l pipe grep foo",
    "cd tilde slash projects no wait slash work",
    "docker run dash p eighty eighty colon eighty nginx",
    "this is a sentence that nobody would run",
    "find dot dash name quote star dot rs quote",
];
/// The line whose meaning the settings change; it is one in ten of the strict ones.
const OWN_WORD: &str = "cd space my box";
/// How many lines there are between two events, and the least number of events: a million lines see 2,000 events.
const LINES_BETWEEN: u64 = 500;
const LEAST_EVENTS: u64 = 400;
/// Lines in progress at once, and the names of the line editors that they come from, more than the daemon remembers.
const AT_ONCE: usize = 4;
const EDITORS: u64 = 700;
/// Folders in which lines are edited.
const FOLDERS: usize = 3;
/// The model that comes and goes.
const MODEL: &str = "tiny";
/// How long a line waits on a machine that others use too. If there is no answer by then, it is lost.
const LOST: Duration = Duration::from_secs(10);

/// How often each event happened.
#[derive(Debug, Default)]
struct Events {
    settings: u64,
    loads: u64,
    unloads: u64,
    removals: u64,
    kills: u64,
    full: u64,
    /// Answers of the model that were neither an answer nor a refusal.
    wrong: u64,
}

/// The daemon, and the contents of its settings.
struct Place {
    daemon: RealDaemon,
    judge: bool,
    happened: Events,
}

/// The state that the line editors share.
struct Desk {
    socket: PathBuf,
    folders: Vec<PathBuf>,
    seed: u64,
    patience: Duration,
    /// Lines in all, and those that have begun.
    conversions: u64,
    begun: AtomicU64,
    /// What the settings say about the person's own word.
    word: AtomicU64,
    /// For each line its stage, and the right answers.
    meant: Vec<(&'static str, &'static str, Vec<Value>)>,
    lines: Mutex<Lines>,
    /// Each line holds it shared; a thread that wants no line in progress holds it alone.
    under_way: RwLock<()>,
}

/// Converts this many lines, and prints the outcomes; `timed` holds them to the deadline of a key press.
pub(crate) fn run(conversions: u64, seed: u64, timed: bool) -> Result<()> {
    let mut place = Place::new()?;
    let mut random = fastrand::Rng::with_seed(seed);
    let patience = if timed { DEADLINE } else { LOST };
    let desk = &Desk::new(&place, conversions, seed, patience)?;
    let started = Instant::now();
    let every = (conversions / LEAST_EVENTS).clamp(1, LINES_BETWEEN);
    let at_ends = thread::scope(|scope| -> Result<_> {
        let editors: Vec<_> = (0..AT_ONCE).map(|at| scope.spawn(move || desk.edit(at))).collect();
        // If this ends early, so do they.
        let told = happenings(&mut place, desk, every, &mut random, started);
        desk.begun.fetch_add(conversions, Ordering::Relaxed);
        editors.into_iter().try_for_each(joined)?;
        let before = told?;
        let after = place.at_rest(desk)?;
        Ok([before.unwrap_or(after), after])
    })?;
    let [before, after] = at_ends;
    let Events { settings, loads, unloads, removals, kills, full, wrong } = place.happened;
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    writeln!(
        io::stdout(),
        "{:.0} s: {}\n\
         {settings} changes of settings, {loads} loads of the model, {unloads} unloads, {removals} removals of the socket, \
         {kills} kills, {full} daemons that could write no file\n\
         the last daemon: {:.1} MB became {:.1} MB, {:?} descriptors became {:?}",
        started.elapsed().as_secs_f64(),
        desk.so_far(&place),
        megabytes(before.0),
        megabytes(after.0),
        before.1,
        after.1,
    )?;
    let lines = desk.lines();
    ensure!(lines.late == 0 && lines.wrong + wrong as usize == 0, "a line was lost or answered wrong");
    ensure!(after.0 <= before.0 + KEPT_BYTES, "the memory has grown");
    ensure!(after.1 <= before.1.map(|count| count + 2), "descriptors have leaked");
    Ok(())
}

/// Triggers events until all lines have begun. The second half belongs to one daemon: returns what that daemon held at
/// the beginning of it.
fn happenings(
    place: &mut Place,
    desk: &Desk,
    every: u64,
    random: &mut fastrand::Rng,
    started: Instant,
) -> Result<Option<(u64, Option<usize>)>> {
    let (mut before, mut next, mut told) = (None, every / 2, 0);
    let half = desk.conversions / 2;
    loop {
        let begun = desk.begun.load(Ordering::Relaxed);
        if begun >= desk.conversions {
            return Ok(before);
        }
        if begun * 20 / desk.conversions > told {
            told = begun * 20 / desk.conversions;
            let _ =
                writeln!(io::stderr(), "{:.0} s: {}", started.elapsed().as_secs_f64(), desk.so_far(place));
        }
        if begun < next {
            thread::sleep(Duration::from_millis(1));
            continue;
        }
        next += every;
        if before.is_none() && begun >= half {
            before = Some(place.at_rest(desk)?);
        }
        place.something_happens(desk, before.is_none(), random)?;
    }
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
        let mut place = Place { daemon, judge: false, happened: Events::default() };
        place.write_settings(0)?;
        place.daemon.start(&[]);
        Ok(place)
    }

    /// One of the events of a day.
    fn something_happens(&mut self, desk: &Desk, may_end: bool, random: &mut fastrand::Rng) -> Result<()> {
        let happened = &mut self.happened;
        match random.u8(0..10) {
            0..3 => {
                happened.settings += 1;
                let word = desk.word.load(Ordering::SeqCst) + 1;
                self.write_settings(word)?;
                desk.word.store(word, Ordering::SeqCst);
            }
            3..6 => {
                self.judge = !self.judge;
                *(if self.judge { &mut happened.loads } else { &mut happened.unloads }) += 1;
                self.change_model(desk)?;
            }
            8.. if may_end => {
                happened.kills += 1;
                self.daemon.signal("KILL");
                self.daemon.ended();
                if random.bool() {
                    self.daemon.start(&[]);
                } else {
                    happened.full += 1;
                    let mut without_disk = self.without_disk();
                    self.daemon.spawn(&mut without_disk);
                }
            }
            _ => {
                happened.removals += 1;
                let _ = fs::remove_file(&desk.socket);
            }
        }
        Ok(())
    }

    /// Has the model loaded or unloaded, and asks it.
    fn change_model(&mut self, desk: &Desk) -> Result<()> {
        if self.judge {
            // If a daemon was killed while it loaded the model, the model must be chosen again.
            let mut choose = self.daemon.home.command(programs::program("saysod"));
            let chosen = choose.args(["model", "use", MODEL]).stdout(Stdio::null()).status()?;
            ensure!(chosen.success(), "the model cannot be chosen");
        }
        self.write_settings(desk.word.load(Ordering::SeqCst))?;
        let line = wire::convert(1, NOT_STRICT, r#","route":"model","deadline_ms":20000"#);
        let begun = Instant::now();
        let (reply, is_right) = loop {
            let reply = good::ask(&desk.socket, &line, Duration::from_secs(21)).unwrap_or_default();
            let is_right = reply[if self.judge { "result" } else { "error" }].is_object();
            // The socket may be gone for a moment, or another line may be about to read the settings.
            if is_right || begun.elapsed() > LOST {
                break (reply, is_right);
            }
            thread::sleep(Duration::from_millis(1));
        };
        if !is_right {
            self.happened.wrong += 1;
            let _ = writeln!(io::stderr(), "with the model {}: {reply}", self.judge);
        }
        Ok(())
    }

    /// The daemon with every write to a file failing, as on a full disk.
    fn without_disk(&self) -> Command {
        let mut shell = self.daemon.home.command("/bin/sh");
        shell.args(["-c", r#"trap "" XFSZ; ulimit -f 0; exec "$0""#]).arg(programs::program("saysod"));
        shell.stdin(Stdio::null());
        shell
    }

    /// Replaces the settings atomically, as a careful editor does: a line finds either the old or the new ones.
    fn write_settings(&self, word: u64) -> io::Result<()> {
        let (file, new) =
            (self.daemon.home.settings_file(), self.daemon.home.folder().join("settings.toml.new"));
        let judge = self.judge;
        let text = format!(
            "[log]\nlevel = \"debug\"\nrotation = \"never\"\n[model]\nname = \"{MODEL}\"\njudge = {judge}\n\
             [words]\n\"my box\" = \"box{word}\"\n[daemon]\nidle_minutes = 1\n"
        );
        fs::write(&new, text)?;
        fs::rename(new, file)
    }

    /// Memory and descriptors of the daemon once no line is in progress, its model is unloaded, and the memory that it
    /// needed is given back.
    fn at_rest(&mut self, desk: &Desk) -> Result<(u64, Option<usize>)> {
        let _alone = desk.under_way.write().unwrap_or_else(PoisonError::into_inner);
        self.judge = false;
        self.change_model(desk)?;
        thread::sleep(Duration::from_secs(2));
        Ok((resident(&desk.socket).context("the daemon is gone")?, descriptors(self.daemon.pid())))
    }
}

impl Desk {
    /// Asks for the right answers before any event.
    fn new(place: &Place, conversions: u64, seed: u64, patience: Duration) -> Result<Desk> {
        let socket = place.daemon.home.socket();
        let folders: Vec<_> =
            (0..FOLDERS).map(|at| place.daemon.home.path().join(format!("work{at}"))).collect();
        for folder in &folders {
            fs::create_dir(folder)?;
            fs::write(folder.join("notes.txt"), "")?;
        }
        let strict = STRICT.iter().map(|said| (*said, ""));
        let tagged = TAGGED.iter().map(|said| (*said, "tagger"));
        let mut meant = Vec::new();
        // For the last line, the model may choose another reading.
        for (said, route) in strict.chain(tagged).chain([(NOT_STRICT, "auto")]) {
            let asked = if route.is_empty() { "auto" } else { route };
            let more = format!(r#","route":"{asked}","deadline_ms":60000"#);
            let reply = good::ask(&socket, &wire::convert(1, said, &more), Duration::from_secs(60))?;
            ensure!(reply["result"].is_object(), "{said} is not converted: {reply}");
            let mut right = vec![reply["result"]["buffer"].clone()];
            if route == "auto" {
                right.extend(reply["result"]["alternatives"].as_array().into_iter().flatten().cloned());
            }
            meant.push((said, asked, right));
        }
        Ok(Desk {
            socket,
            folders,
            seed,
            patience,
            conversions,
            begun: AtomicU64::new(0),
            word: AtomicU64::new(0),
            meant,
            lines: Mutex::default(),
            under_way: RwLock::default(),
        })
    }

    /// Asks one line after the other until all have begun.
    fn edit(&self, at: usize) {
        let mut random = fastrand::Rng::with_seed(self.seed + at as u64);
        loop {
            let id = self.begun.fetch_add(1, Ordering::Relaxed);
            if id >= self.conversions {
                return;
            }
            let _under_way = self.under_way.read().unwrap_or_else(PoisonError::into_inner);
            let folder = random.choice(&self.folders).and_then(|folder| folder.to_str());
            let more = format!(
                r#","session":"zsh-{}","context":{{"cwd":{}}}"#,
                // No editor has two lines at once, because the newer one would supersede the other.
                random.u64(0..EDITORS) * AT_ONCE as u64 + at as u64,
                Value::from(folder.unwrap_or_default())
            );
            if random.u8(0..10) == 0 {
                // While one line reads new settings the others use the earlier ones, and they may change meanwhile.
                let before = self.word.load(Ordering::SeqCst).saturating_sub(1);
                let right = |answer: &Value| {
                    let words = before..=self.word.load(Ordering::SeqCst) + 1;
                    words.into_iter().any(|word| *answer == format!("cd box{word}"))
                };
                self.ask(id, OWN_WORD, &more, right);
                continue;
            }
            let (strict, others) = self.meant.split_at(STRICT.len());
            let lines = if random.u8(0..10) == 0 { others } else { strict };
            let Some((said, route, meant)) = random.choice(lines) else { return };
            self.ask(id, said, &format!(r#","route":"{route}"{more}"#), |answer| meant.contains(answer));
        }
    }

    /// Asks one line as a key press does; a daemon that is absent for a moment is asked again.
    fn ask(&self, id: u64, said: &str, more: &str, right: impl Fn(&Value) -> bool) {
        let begun = Instant::now();
        let reply = loop {
            let left = self.patience.saturating_sub(begun.elapsed()).max(Duration::from_millis(1));
            let line = wire::convert(id, said, &format!(r#"{more},"deadline_ms":{}"#, left.as_millis()));
            match good::ask(&self.socket, &line, left) {
                Err(_) if begun.elapsed() < self.patience => thread::sleep(Duration::from_millis(1)),
                reply => break reply,
            }
        };
        let mut lines = self.lines();
        let told = match reply {
            Ok(reply) if reply["error"].is_object() => {
                lines.late += 1;
                format!("is refused: {reply}")
            }
            Ok(reply) => {
                lines.micros.push(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
                if reply["id"] == id && right(&reply["result"]["buffer"]) {
                    return;
                }
                lines.wrong += 1;
                format!("became {reply}")
            }
            Err(error) => {
                lines.late += 1;
                format!("had no answer: {error}")
            }
        };
        let _ = writeln!(io::stderr(), "line {id}, {said:?}, {told}");
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Outcomes of the lines so far.
    fn so_far(&self, place: &Place) -> String {
        let (bytes, descriptors) = (resident(&self.socket), descriptors(place.daemon.pid()));
        let lines = self.lines();
        let over = |limit| lines.micros.iter().filter(|&&micros| micros > limit).count();
        format!(
            "{} lines, {} lost, {} wrong; p50 {:.2} ms, p99 {:.2} ms, {} over 50 ms, {} over 1 s, slowest {:.1} ms; \
             {:.1} MB, {descriptors:?} descriptors",
            lines.micros.len() + lines.late,
            lines.late,
            lines.wrong,
            lines.percentile(50),
            lines.percentile(99),
            over(50_000),
            over(1_000_000),
            lines.percentile(100),
            bytes.unwrap_or_default() as f64 / 1e6,
        )
    }
}
