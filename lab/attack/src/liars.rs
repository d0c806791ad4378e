//! False daemons, which sit on the socket and lie to the client.

use anyhow::{Context, Result, ensure};
use sayso_testing::{Home, SAID, programs};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long the client may wait for an answer, and how much longer it may take to start and to end on a busy machine.
const DEADLINE_MS: u64 = 300;
const AROUND: Duration = Duration::from_secs(2);

/// Lets the client ask one liar after the other; returns how many.
pub(crate) fn run(stop: &AtomicBool, seed: u64) -> Result<u64> {
    let home = Home::new();
    home.make_socket_folder(0o700);
    let listener = UnixListener::bind(home.socket())?;
    listener.set_nonblocking(true)?;
    thread::scope(|scope| {
        let ended = AtomicBool::new(false);
        let ended = &*Box::leak(Box::new(ended));
        scope.spawn(move || lie(&listener, ended, seed));
        let told = ask(&home, stop);
        ended.store(true, Ordering::Relaxed);
        told
    })
}

fn ask(home: &Home, stop: &AtomicBool) -> Result<u64> {
    let mut asked = 0;
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let mut client = home.command(programs::program("sayso"));
        client.args(["convert", "--no-start", "--deadline-ms", &DEADLINE_MS.to_string(), SAID]);
        let output = client.stdin(Stdio::null()).output().context("the client cannot be run")?;
        let took = begun.elapsed();
        ensure!(took < Duration::from_millis(2 * DEADLINE_MS) + AROUND, "the client took {took:?}");
        ensure!(output.status.code().is_some(), "a lie ended the client: {}", output.status);
        let said = String::from_utf8(output.stdout).context("the client wrote what is no text")?;
        let line = said.strip_suffix('\n').unwrap_or(&said);
        ensure!(!line.chars().any(sayso_text::is_forbidden) && !line.contains('\n'), "it took {line:?}");
        asked += 1;
    }
    Ok(asked)
}

/// Answers every connection with another lie.
fn lie(listener: &UnixListener, ended: &AtomicBool, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut silent = Vec::new();
    while !ended.load(Ordering::Relaxed) {
        let Ok((mut stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(1));
            continue;
        };
        let _ = stream.set_nonblocking(false);
        let _ = stream.set_read_timeout(Some(Duration::from_millis(DEADLINE_MS)));
        let mut asked = String::new();
        let _ = BufReader::new(&stream).read_line(&mut asked);
        match words(&mut random) {
            Some(words) => {
                let _ = stream.set_write_timeout(Some(Duration::from_millis(DEADLINE_MS)));
                let _ = stream.write_all(&words);
            }
            None => silent.push(stream),
        }
        if silent.len() > 20 {
            silent.clear();
        }
    }
}

/// What a liar says; `None` for one that keeps the connection open and says nothing.
fn words(random: &mut fastrand::Rng) -> Option<Vec<u8>> {
    const BUFFERS: [&str; 8] = [
        r#""ls\u001b[2J""#,
        r#""rm\u202ex""#,
        r#""ls\n""#,
        r#""a\u200bb""#,
        r#""a\u0000b""#,
        r#""rm -rf ~""#,
        "17",
        "null",
    ];
    let buffer = random.choice(BUFFERS).unwrap_or_default();
    let cursor = *random.choice(&["0", "-1", "99999999999999999999", "1.5", "null"]).unwrap_or(&"0");
    let answer = format!(
        r#"{{"v":1,"id":{},"daemon":"0.1.0","result":{{"buffer":{buffer},"cursor":{cursor},"route":"scanner","confidence":9e999,"alternatives":[{buffer}],"spans":[],"micros":1,"message":{buffer}}}}}"#,
        random.u8(0..3)
    );
    let mut bytes = answer.into_bytes();
    match random.u8(0..8) {
        0 => return None,
        1 => bytes.truncate(random.usize(0..bytes.len())),
        2 => bytes = (0..random.usize(0..5000)).map(|_| random.u8(..)).collect(),
        3 => bytes = b"[".repeat(500_000),
        // A megabyte and more without an end.
        4 => bytes = b"x".repeat(3 << 20),
        5 => bytes.splice(0..0, b"{\"v\":1,\"id\":7}\n".repeat(random.usize(1..2000))).for_each(drop),
        6 => bytes[0] = random.u8(..),
        _ => {}
    }
    if random.bool() {
        bytes.push(b'\n');
    }
    Some(bytes)
}
