//! The loads. Each runs until it is told to stop, and then frees everything that it holds open.

use sayso_testing::{SAID, wire};
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Connections that a load holds: almost as many as there are places in the daemon.
const CROWD: usize = 190;

/// A load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Load {
    /// Nothing: what the good client has alone
    None,
    /// Requests with a few bytes changed, cut off, or put together
    Wire,
    /// Connections that say nothing, and new ones all the time
    Idle,
    /// Connections that hold half a short message
    Halves,
    /// More connections than there are places, which hold half a message or say nothing
    Crowd,
    /// Connections that are opened and closed without a pause
    Flood,
    /// Connections that hold most of a message of a megabyte
    Long,
    /// Connections that ask and never read the answers
    Deaf,
    /// Lines of a hundred kilobytes
    Large,
    /// Requests of one session that supersede each other
    Session,
    /// A socket that is removed five times a second
    Removal,
    /// Broken settings of a megabyte, new ten times a second
    Settings,
    /// The daemon is killed twice a second, and started again
    Kills,
    /// Model folders made by hand and by mutation, which the daemon is told to load
    Folders,
    /// Daemons that answer nonsense, half an answer or nothing, to the client
    Liars,
}

impl Load {
    /// All loads, in the order of the table.
    pub(crate) const ALL: [Load; 15] = [
        Load::None,
        Load::Wire,
        Load::Idle,
        Load::Halves,
        Load::Crowd,
        Load::Flood,
        Load::Long,
        Load::Deaf,
        Load::Large,
        Load::Session,
        Load::Removal,
        Load::Settings,
        Load::Folders,
        Load::Liars,
        // A new daemon does not yet have the memory that the other loads are measured by.
        Load::Kills,
    ];
}

/// What a load attacks.
pub(crate) struct Target<'t> {
    pub(crate) socket: &'t Path,
    pub(crate) settings: &'t Path,
    pub(crate) stop: &'t AtomicBool,
}

/// A load that runs in a process of its own, as a stranger's would.
pub(crate) struct Stranger {
    process: Child,
}

impl Stranger {
    /// Starts it.
    pub(crate) fn strike(load: Load, seed: u64, socket: &Path, settings: &Path) -> io::Result<Stranger> {
        let name = clap::ValueEnum::to_possible_value(&load).map(|name| name.get_name().to_owned());
        let process = Command::new(std::env::current_exe()?)
            .args(["attack", &name.unwrap_or_default(), "--seed", &seed.to_string(), "--strike"])
            .args([socket, settings])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(Stranger { process })
    }

    /// Ends it and everything that it holds open; returns how often it struck.
    pub(crate) fn end(mut self) -> io::Result<u64> {
        drop(self.process.stdin.take());
        let mut said = String::new();
        if let Some(out) = self.process.stdout.take() {
            BufReader::new(out).read_line(&mut said)?;
        }
        self.process.wait()?;
        said.trim().parse().map_err(io::Error::other)
    }
}

/// Acts as the stranger: strikes until standard input ends, and prints how often.
pub(crate) fn strike(load: Load, seed: u64, socket: &Path, settings: &Path) -> io::Result<()> {
    let stop = AtomicBool::new(false);
    let target = Target { socket, settings, stop: &stop };
    let strikes = thread::scope(|scope| {
        let hostile = scope.spawn(|| run(load, &target, &mut fastrand::Rng::with_seed(seed)));
        let waited = io::stdin().read_to_end(&mut Vec::new());
        stop.store(true, Ordering::Relaxed);
        waited.and(hostile.join().map_err(|_| io::Error::other("the attack has panicked")))
    })?;
    writeln!(io::stdout(), "{strikes}")
}

/// Runs a load; returns how many times it struck. Errors are ignored, because a hostile client must expect them.
pub(crate) fn run(load: Load, target: &Target<'_>, random: &mut fastrand::Rng) -> u64 {
    let (mut held, mut strikes) = (Vec::new(), 0);
    while !target.stop.load(Ordering::Relaxed) {
        strikes += 1;
        match load {
            // These are done elsewhere.
            Load::None | Load::Kills | Load::Folders | Load::Liars => pause(20),
            Load::Wire => {
                if let Ok(mut stream) = UnixStream::connect(target.socket) {
                    let _ = stream.set_read_timeout(Some(Duration::from_millis(20)));
                    let _ = stream.write_all(&mutated(random));
                    let _ = stream.read(&mut [0; 4096]);
                }
            }
            Load::Idle => hold(&mut held, target.socket, b""),
            Load::Halves => hold(&mut held, target.socket, HALF),
            Load::Crowd => {
                let words = if random.bool() { HALF } else { b"" };
                hold_many(&mut held, target.socket, words, 3 * CROWD / 2);
            }
            Load::Flood => drop(UnixStream::connect(target.socket)),
            Load::Long => {
                let begun = br#"{"v":1,"id":1,"op":"convert","text":""#.as_slice();
                hold(&mut held, target.socket, &[begun, &vec![b'x'; 900_000]].concat());
            }
            Load::Deaf => {
                let line = wire::convert(1, SAID, "") + "\n";
                hold(&mut held, target.socket, line.repeat(200).as_bytes());
            }
            Load::Large => {
                let line = wire::convert(1, &"dash ".repeat(20_000), r#","deadline_ms":200"#) + "\n";
                hold(&mut held, target.socket, line.as_bytes());
                pause(20);
            }
            Load::Session => {
                let line = wire::convert(1, SAID, r#","session":"zsh-1""#) + "\n";
                hold(&mut held, target.socket, line.repeat(20).as_bytes());
            }
            Load::Removal => {
                let _ = fs::remove_file(target.socket);
                pause(200);
            }
            Load::Settings => {
                let line = *random.choice(&["x = 1\n", "= = =\n", "[words]\n", "[a.\n"]).unwrap_or(&"x\n");
                let _ = fs::write(target.settings, line.repeat(1_000_000 / line.len()));
                pause(100);
            }
        }
    }
    strikes
}

/// Half a message.
const HALF: &[u8] = br#"{"v":1,"id":1,"op":"convert","text":"gi"#;

/// As [`hold_many`], as many as the daemon just has places for.
fn hold(held: &mut Vec<UnixStream>, socket: &Path, words: &[u8]) {
    hold_many(held, socket, words, CROWD);
}

/// Opens one more connection and says something; above the limit, an older connection is closed.
fn hold_many(held: &mut Vec<UnixStream>, socket: &Path, words: &[u8], most: usize) {
    let Ok(mut stream) = UnixStream::connect(socket) else { return pause(1) };
    // Nobody waits for a peer that does not read this.
    let _ = stream.set_write_timeout(Some(Duration::from_millis(50)));
    let _ = stream.write_all(words);
    held.push(stream);
    if held.len() > most {
        held.swap_remove(0);
    }
    pause(1);
}

/// A request with something wrong with it.
fn mutated(random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes =
        wire::convert(random.u64(..), SAID, r#","session":"zsh-1","deadline_ms":100"#).into_bytes();
    for _ in 0..random.usize(0..8) {
        let place = random.usize(0..bytes.len());
        match random.u8(0..5) {
            0 => bytes[place] = random.u8(..),
            1 => bytes.truncate(place + 1),
            2 => bytes.insert(place, *random.choice(b"{}[]\",:\0\n\xff").unwrap_or(&0)),
            3 => bytes.extend_from_within(place..),
            _ => bytes.splice(place..place, b"[".repeat(random.usize(1..2000))).for_each(drop),
        }
    }
    bytes.push(b'\n');
    bytes
}

fn pause(milliseconds: u64) {
    thread::sleep(Duration::from_millis(milliseconds));
}
