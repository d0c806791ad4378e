//! Names of the place: how long reading a place takes, how much memory it needs, and what it adds to a conversion.

use crate::report::{Report, Row, Unit};
use anyhow::ensure;
use sayso_engine::{Dictation, Engine, Place, Words};
use sayso_place::{Folder, Shell, Sources};
use sayso_testing::RealDaemon;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Words that file names are made of.
const PARTS: [&str; 12] = [
    "order", "invoice", "report", "client", "server", "parser", "widget", "schema", "router", "worker",
    "archive", "budget",
];
/// Each dictation with the answer in that place.
const LINES: [(&str, &str); 4] = [
    ("git status dash s", "git status -s"),
    ("grep dash r needle src", "grep -r needle src"),
    ("vim order invoice 17 dot rs", "vim orderInvoice17.rs"),
    ("tar dash x z f backup dot tar dot gz", "tar -xzf backup.tar.gz"),
];

/// Measures with this many conversions of each line.
///
/// # Errors
/// If the folders cannot be written, or if an answer is wrong.
pub(super) fn run(samples: usize) -> anyhow::Result<Report> {
    let root = tempfile::tempdir()?;
    let mut rows = Vec::new();
    let mut place = Place::default();
    for (files, bar, megabytes) in [(10_000, 60.0, Some(12.0)), (100_000, 600.0, None)] {
        let folder = root.path().join(files.to_string());
        write(&folder, files)?;
        let mut times = Vec::new();
        for _ in 0..5 {
            let start = Instant::now();
            place.folder = Folder::read(&folder, None, Sources::default()).into();
            times.push(start.elapsed());
        }
        ensure!(place.folder.files.len() >= files, "only {} of {files} files", place.folder.files.len());
        let bytes = place.folder.bytes() as f64 / 1e6;
        rows.push(
            Row::of_durations(format!("reading {files} files"), Unit::Milliseconds, &times).p50_below(bar),
        );
        let memory = Row::of_figures(format!("memory of {files} files"), Unit::Megabytes, vec![bytes]);
        rows.push(match megabytes {
            Some(most) => memory.p50_below(most),
            None => memory,
        });
        if files == 10_000 {
            rows.extend(conversions(samples, &place)?);
            rows.extend(requests(samples, &folder)?);
        }
    }
    Ok(Report {
        name: "place",
        method: "Folders of empty files whose names are made of two of twelve words and a number. Reading includes the \
                 index. Conversions run in this process, each line by turns with and without the place of 10,000 files, \
                 and every answer is checked. Requests go to a daemon over its socket. A place that hangs is a FUSE file \
                 system that answers nothing; it needs root."
            .to_owned(),
        rows,
    })
}

/// The same lines with and without the place, in turn.
fn conversions(samples: usize, place: &Place) -> anyhow::Result<[Row; 2]> {
    let mut place = place.clone();
    place.shell = Shell::read("path /usr/bin:/bin\nalias ll\nfunction mkcd\nvariable EDITOR\n").into();
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..samples {
        for (said, written) in LINES {
            for (place, times) in [(None, &mut without), (Some(&place), &mut with)] {
                let dictation = Dictation { text: said, place, ..Dictation::default() };
                let start = Instant::now();
                let conversion = Engine::embedded().convert(&Words::default(), &dictation, None)?;
                times.push(start.elapsed());
                let is_right = place.is_none() || conversion.buffer == written;
                ensure!(is_right, "{said:?} became {:?}", conversion.buffer);
            }
        }
    }
    let row = |name: &str, times| Row::of_durations(name.to_owned(), Unit::Milliseconds, times);
    Ok([row("a line without a place", &without), row("the same in a place of 10000 files", &with)])
}

/// Requests to a daemon, in turn without a place and in a known one; on Linux also in new places and in places that
/// hang.
fn requests(samples: usize, folder: &Path) -> anyhow::Result<Vec<Row>> {
    let daemon = RealDaemon::try_new()?;
    let ask = |cwd: Option<&Path>| -> anyhow::Result<Duration> {
        let (said, written) = LINES[0];
        let context = cwd.map_or_else(|| json!({}), |cwd| json!({"cwd": cwd}));
        let request = json!({"v": 1, "id": 1, "op": "convert", "text": said, "context": context}).to_string();
        let start = Instant::now();
        let answer = daemon.ask(&request);
        ensure!(answer["result"]["buffer"] == written, "{answer}");
        Ok(start.elapsed())
    };
    let (mut without, mut known) = (Vec::new(), Vec::new());
    // The first press starts reading, which is over long before the last one.
    ask(Some(folder))?;
    std::thread::sleep(Duration::from_secs(1));
    for _ in 0..samples {
        without.push(ask(None)?);
        known.push(ask(Some(folder))?);
    }
    let row = |name: &str, times: &[Duration]| Row::of_durations(name.to_owned(), Unit::Milliseconds, times);
    let mut rows =
        vec![row("a request without a place", &without), row("a request in a known place", &known)];
    #[cfg(target_os = "linux")]
    if let Ok(hanging) = sayso_testing::HangingFolder::mount() {
        // No more than the daemon has readers: once all of them wait, no further line waits.
        let first: Vec<Duration> =
            (0..8).map(|at| ask(Some(&hanging.below(at)))).collect::<Result<_, _>>()?;
        rows.push(row("first request in a place that hangs", &first));
    }
    Ok(rows)
}

/// Writes a tree of this many empty files, a hundred in each folder.
fn write(root: &Path, files: usize) -> anyhow::Result<()> {
    for at in 0..files {
        let (first, second) = (PARTS[at % PARTS.len()], PARTS[at / PARTS.len() % PARTS.len()]);
        let mut capital = second.to_owned();
        capital[..1].make_ascii_uppercase();
        let folder = match at / 100 {
            0 => root.to_owned(),
            group => root.join(format!("part{}", group / 50)).join(format!("group{group}")),
        };
        if at % 100 == 0 {
            fs::create_dir_all(&folder)?;
        }
        fs::write(folder.join(format!("{first}{capital}{at}.rs")), "")?;
    }
    // The converted line names this file.
    fs::write(root.join("orderInvoice17.rs"), "")?;
    Ok(())
}
