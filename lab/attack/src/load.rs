//! The loads. Each runs until it is told to stop, and what it holds open goes with it.

use sayso_testing::{SAID, wire};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Connections that a load holds: almost as many as the daemon has places for.
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
}

impl Load {
    /// All of them, in the order of the table.
    pub(crate) const ALL: [Load; 11] = [
        Load::None,
        Load::Wire,
        Load::Idle,
        Load::Halves,
        Load::Long,
        Load::Deaf,
        Load::Large,
        Load::Session,
        Load::Removal,
        Load::Settings,
        Load::Kills,
    ];
}

/// Where a load does its work.
pub(crate) struct Target<'t> {
    pub(crate) socket: &'t Path,
    pub(crate) settings: &'t Path,
    pub(crate) stop: &'t AtomicBool,
}

/// Runs a load; returns how many times it struck. Errors are what a hostile client has to expect, and are passed over.
pub(crate) fn run(load: Load, target: &Target<'_>, random: &mut fastrand::Rng) -> u64 {
    let (mut held, mut strikes) = (Vec::new(), 0);
    while !target.stop.load(Ordering::Relaxed) {
        strikes += 1;
        match load {
            // Kills need the daemon itself, so they are not done here.
            Load::None | Load::Kills => pause(20),
            Load::Wire => {
                if let Ok(mut stream) = UnixStream::connect(target.socket) {
                    let _ = stream.set_read_timeout(Some(Duration::from_millis(20)));
                    let _ = stream.write_all(&mutated(random));
                    let _ = stream.read(&mut [0; 4096]);
                }
            }
            Load::Idle => hold(&mut held, target.socket, b""),
            Load::Halves => hold(&mut held, target.socket, br#"{"v":1,"id":1,"op":"convert","text":"gi"#),
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

/// Opens one more connection and says something; beyond the crowd, a random older one is closed.
fn hold(held: &mut Vec<UnixStream>, socket: &Path, words: &[u8]) {
    let Ok(mut stream) = UnixStream::connect(socket) else { return pause(1) };
    // Who does not read this is not waited for.
    let _ = stream.set_write_timeout(Some(Duration::from_millis(50)));
    let _ = stream.write_all(words);
    held.push(stream);
    if held.len() > CROWD {
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
