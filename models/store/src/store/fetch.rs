//! Downloads one file from the hub: resumes a broken download, and checks the file against what the
//! hub states.

use super::StoreError;
use super::address::without_password;
use super::digest::Digests;
use super::hub::RemoteFile;
use super::patience::Patience;
use nix::fcntl::OFlag;
use nix::sys::statvfs::statvfs;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use ureq::Agent;

/// How many times a server may send elsewhere. The public hub does it twice.
/// Hand-chosen, 2026-11-28.
const REDIRECTS: u32 = 5;
/// How many times in a row a connection may break without bringing a new byte.
/// Hand-chosen, 2026-11-23.
const ATTEMPTS: u32 = 3;
/// The pause after the first such break. It grows with each one. Hand-chosen, 2026-11-23.
const PAUSE: Duration = Duration::from_millis(300);

/// The HTTP client for files. It accepts no compressed bodies, because bytes are counted to resume
/// a download.
pub(super) fn agent(patience: Patience) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(REDIRECTS)
        .accept_encoding("identity")
        .timeout_connect(Some(patience.silence))
        .timeout_recv_response(Some(patience.silence))
        .timeout_per_read(Some(patience.silence))
        .build()
        .into()
}

/// Downloads a file into a folder. The file gets its name only when it is complete and matches what
/// the hub states. `seen` gets the number of bytes that are here.
pub(super) fn fetch(
    agent: &Agent,
    patience: Patience,
    remote: &RemoteFile,
    folder: &Path,
    seen: &mut dyn FnMut(u64),
) -> Result<(), StoreError> {
    let whole = folder.join(&remote.name);
    if whole.symlink_metadata().is_ok() {
        if check(remote, &whole).is_ok() {
            seen(remote.bytes);
            return Ok(());
        }
        // Left over from an earlier pull, when the revision was another commit.
        discard(&whole)?;
    }
    let part = part(remote, folder);
    receive(agent, patience, remote, &part, seen)?;
    if let Err(error) = check(remote, &part) {
        std::fs::remove_file(&part).map_err(StoreError::io(&part))?;
        return Err(error);
    }
    std::fs::rename(&part, &whole).map_err(StoreError::io(&whole))
}

/// Removes what has no place in the folder of a pull, without following or opening it.
pub(super) fn discard(path: &Path) -> Result<(), StoreError> {
    let removed = match path.symlink_metadata() {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path),
        _ => std::fs::remove_file(path),
    };
    removed.map_err(StoreError::io(path))
}

/// Checks that the disk has room for what is missing of these files in a folder.
pub(super) fn check_room(folder: &Path, files: &[RemoteFile]) -> Result<(), StoreError> {
    let is_here = |path: PathBuf| path.symlink_metadata().map_or(0, |it| it.len());
    let missing = files.iter().fold(0u64, |sum, file| {
        let here = is_here(folder.join(&file.name)).max(is_here(part(file, folder)));
        sum.saturating_add(file.bytes.saturating_sub(here))
    });
    // Where the system does not say, the disk will.
    let Ok(disk) = statvfs(folder) else { return Ok(()) };
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "macOS counts in 32 bits")]
    let free = u64::from(disk.blocks_available()).saturating_mul(disk.fragment_size() as u64);
    match missing <= free {
        true => Ok(()),
        false => Err(StoreError::Room {
            path: folder.to_owned(),
            needed: missing.div_ceil(1_000_000),
            free: free / 1_000_000,
        }),
    }
}

/// The path of a partial download. The digest is part of its name, so a download of another
/// commit's file is never continued.
fn part(remote: &RemoteFile, folder: &Path) -> PathBuf {
    folder.join(format!("{}.{}.part", remote.name, remote.digest.text()))
}

/// Checks a file against what the hub states.
fn check(remote: &RemoteFile, path: &Path) -> Result<(), StoreError> {
    let Some(digests) = Digests::of(path, Some(remote.bytes), |_| ()).map_err(StoreError::Read)? else {
        return Err(length(remote, "another number".to_owned()));
    };
    match digests.like(&remote.digest) {
        found if found != remote.digest.text() => Err(StoreError::Content {
            file: remote.name.clone(),
            stated: remote.digest.text().to_owned(),
            found: found.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Downloads what is missing of a file, over as many connections as it takes, as long as each
/// brings something.
fn receive(
    agent: &Agent,
    patience: Patience,
    remote: &RemoteFile,
    part: &Path,
    seen: &mut dyn FnMut(u64),
) -> Result<(), StoreError> {
    let mut file = open_part(part)?;
    let mut here = file.metadata().map_err(StoreError::io(part))?.len();
    // A server without ranges starts again each time, so only more than ever before counts as
    // progress.
    let (mut most, mut fruitless) = (here, 0);
    while here < remote.bytes {
        seen(here);
        let Err(Break { problem, slow }) =
            connection(agent, patience, remote, part, &mut file, &mut here, seen)?
        else {
            continue;
        };
        fruitless = if here > most && !slow { 0 } else { fruitless + 1 };
        most = most.max(here);
        if fruitless == ATTEMPTS {
            let (file, bytes) = (remote.name.clone(), remote.bytes);
            return Err(StoreError::Broken { file, received: here, bytes, problem });
        }
        std::thread::sleep(PAUSE * fruitless);
    }
    seen(here);
    file.sync_all().map_err(StoreError::io(part))
}

/// Opens a partial download to append to it. What else may lie there is removed.
fn open_part(part: &Path) -> Result<File, StoreError> {
    if part.symlink_metadata().is_ok_and(|found| !found.is_file()) {
        discard(part)?;
    }
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = OpenOptions::new().append(true).create(true).custom_flags(flags.bits()).open(part);
    file.map_err(StoreError::io(part))
}

/// How a connection broke.
struct Break {
    problem: String,
    /// It was given up because it brought too little, so what it brought is no reason to go on.
    slow: bool,
}

impl Break {
    fn of(problem: impl ToString) -> Break {
        Break { problem: without_password(&problem.to_string()), slow: false }
    }
}

/// Downloads over one connection until it ends. The inner error says how it broke, and another
/// attempt may help. `here` counts the bytes in the file.
fn connection(
    agent: &Agent,
    patience: Patience,
    remote: &RemoteFile,
    part: &Path,
    file: &mut File,
    here: &mut u64,
    seen: &mut dyn FnMut(u64),
) -> Result<Result<(), Break>, StoreError> {
    let request = agent.get(&remote.url).header("range", format!("bytes={here}-"));
    let answer = match request.call() {
        Ok(answer) => answer,
        Err(ureq::Error::TooManyRedirects) => {
            return Err(StoreError::Redirects { file: remote.name.clone(), most: REDIRECTS });
        }
        Err(error) => return Ok(Err(Break::of(error))),
    };
    match answer.status().as_u16() {
        206 => {
            let header = answer.headers().get("content-range").and_then(|range| range.to_str().ok());
            let expected = format!("bytes {here}-{}/{}", remote.bytes - 1, remote.bytes);
            if header != Some(expected.as_str()) {
                return Err(length(
                    remote,
                    format!("the range {:?} instead of {expected:?}", header.unwrap_or_default()),
                ));
            }
        }
        // A server without ranges sends the file from its beginning.
        200 => {
            file.set_len(0).map_err(StoreError::io(part))?;
            *here = 0;
        }
        416 => return Err(length(remote, format!("no byte {here}"))),
        status @ (408 | 429 | 500..) => return Ok(Err(Break::of(format!("the server answers {status}")))),
        status => return Err(StoreError::Refused { file: remote.name.clone(), status }),
    }
    let missing = remote.bytes - *here;
    if let Some(given) = answer.body().content_length().filter(|given| *given != missing) {
        return Err(length(remote, format!("{} bytes", here.saturating_add(given))));
    }
    let mut body = answer.into_body().into_reader();
    let mut buffer = vec![0; 256 << 10];
    let (mut window, mut came) = (Instant::now(), 0);
    loop {
        let read = match body.read(&mut buffer) {
            Ok(0) if *here < remote.bytes => return Ok(Err(Break::of("it ended early"))),
            Ok(0) => return Ok(Ok(())),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Ok(Err(Break::of(error))),
        };
        if read as u64 > remote.bytes - *here {
            // What was received belongs to another file, so the next pull starts again.
            file.set_len(0).map_err(StoreError::io(part))?;
            return Err(length(remote, "more".to_owned()));
        }
        file.write_all(&buffer[..read]).map_err(StoreError::io(part))?;
        *here += read as u64;
        seen(*here);
        came += read as u64;
        if window.elapsed() >= patience.window {
            if came < patience.least && *here < remote.bytes {
                let problem = format!("it brought {came} bytes in {} s", window.elapsed().as_secs());
                return Ok(Err(Break { problem, slow: true }));
            }
            (window, came) = (Instant::now(), 0);
        }
    }
}

fn length(remote: &RemoteFile, given: String) -> StoreError {
    StoreError::Length { file: remote.name.clone(), bytes: remote.bytes, given }
}
