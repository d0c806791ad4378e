//! The client that only wants its line converted.

use sayso_testing::{MEANT, SAID, wire};
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a key press waits under the default settings.
pub(crate) const DEADLINE: Duration = Duration::from_secs(1);
/// Pause between two lines, as if somebody pressed the key all the time.
const PAUSE: Duration = Duration::from_millis(5);

/// Outcomes of the lines.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// The time of each line that was answered, in microseconds.
    pub(crate) micros: Vec<u64>,
    /// Lines that got no answer within the deadline.
    pub(crate) late: usize,
    /// Lines whose answer was wrong.
    pub(crate) wrong: usize,
}

impl Lines {
    /// The time that this percentage of the lines did not exceed, in milliseconds.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.micros.clone();
        sorted.sort_unstable();
        let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(place).map_or(f64::NAN, |micros| *micros as f64 / 1e3)
    }
}

/// Asks until told to stop. If the daemon is absent for a moment, asks again within the deadline of the line.
pub(crate) fn ask_until(stop: &AtomicBool, socket: &Path) -> Lines {
    let mut lines = Lines::default();
    let mut id = 0;
    while !stop.load(Ordering::Relaxed) {
        id += 1;
        let begun = Instant::now();
        let answer = loop {
            match one(socket, id, begun + DEADLINE) {
                Ok(answer) => break Some(answer),
                Err(_) if begun.elapsed() < DEADLINE => thread::sleep(Duration::from_millis(1)),
                Err(_) => break None,
            }
        };
        match answer {
            Some(answer) if answer["id"] == id && answer["result"]["buffer"] == MEANT => {
                lines.micros.push(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
            }
            Some(answer) if answer["error"].is_object() => lines.late += 1,
            Some(_) => lines.wrong += 1,
            None => lines.late += 1,
        }
        thread::sleep(PAUSE);
    }
    lines
}

/// One request and its reply.
pub(crate) fn one(socket: &Path, id: u64, end: Instant) -> io::Result<Value> {
    let left = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    ask(socket, &wire::convert(id, SAID, &format!(r#","deadline_ms":{}"#, left.as_millis())), left)
}

/// Any request and its reply, on a connection of their own.
pub(crate) fn ask(socket: &Path, request: &str, patience: Duration) -> io::Result<Value> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    (&stream).write_all(format!("{request}\n").as_bytes())?;
    let mut line = String::new();
    match BufReader::new(stream).read_line(&mut line)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => serde_json::from_str(&line).map_err(io::Error::other),
    }
}
