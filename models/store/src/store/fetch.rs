//! Downloads one file from the hub: resumes a broken download, and checks the file against what the
//! hub states.

use super::StoreError;
use super::digest::Digests;
use super::hub::RemoteFile;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use ureq::Agent;

/// How long a server may send nothing. A slow connection may take as long as it needs.
const SILENCE: Duration = Duration::from_secs(60);
/// How many times in a row a connection may break without bringing a new byte.
const ATTEMPTS: u32 = 3;
/// The pause after the first such break. It grows with each one.
const PAUSE: Duration = Duration::from_millis(300);

/// The HTTP client for files. It accepts no compressed bodies, because bytes are counted to resume
/// a download.
pub(super) fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .accept_encoding("identity")
        .timeout_connect(Some(SILENCE))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .build()
        .into()
}

/// Downloads a file into a folder. The file gets its name only when it is complete and matches what
/// the hub states. `seen` gets the number of bytes that are here.
pub(super) fn fetch(
    agent: &Agent,
    remote: &RemoteFile,
    folder: &Path,
    seen: &mut dyn FnMut(u64),
) -> Result<(), StoreError> {
    let whole = folder.join(&remote.name);
    if whole.exists() {
        if check(remote, &whole).is_ok() {
            seen(remote.bytes);
            return Ok(());
        }
        // Left over from an earlier pull, when the revision was another commit.
        std::fs::remove_file(&whole).map_err(StoreError::io(&whole))?;
    }
    let part = part(remote, folder);
    receive(agent, remote, &part, seen)?;
    if let Err(error) = check(remote, &part) {
        std::fs::remove_file(&part).map_err(StoreError::io(&part))?;
        return Err(error);
    }
    std::fs::rename(&part, &whole).map_err(StoreError::io(&whole))
}

/// The path of a partial download. The digest is part of its name, so a download of another
/// commit's file is never continued.
fn part(remote: &RemoteFile, folder: &Path) -> PathBuf {
    folder.join(format!("{}.{}.part", remote.name, remote.digest.text()))
}

/// Checks a file against what the hub states.
fn check(remote: &RemoteFile, path: &Path) -> Result<(), StoreError> {
    let digests = Digests::of(path, |_| ()).map_err(StoreError::io(path))?;
    match digests.like(&remote.digest) {
        found if found != remote.digest.text() => Err(StoreError::Content {
            file: remote.name.clone(),
            stated: remote.digest.text().to_owned(),
            found: found.to_owned(),
        }),
        _ if digests.bytes != remote.bytes => Err(length(remote, format!("{} bytes", digests.bytes))),
        _ => Ok(()),
    }
}

/// Downloads what is missing of a file, over as many connections as it takes, as long as each
/// brings something.
fn receive(
    agent: &Agent,
    remote: &RemoteFile,
    part: &Path,
    seen: &mut dyn FnMut(u64),
) -> Result<(), StoreError> {
    let mut file = OpenOptions::new().append(true).create(true).open(part).map_err(StoreError::io(part))?;
    let mut here = file.metadata().map_err(StoreError::io(part))?.len();
    // A server without ranges starts again each time, so only more than ever before counts as
    // progress.
    let (mut most, mut fruitless) = (here, 0);
    while here < remote.bytes {
        seen(here);
        let Err(problem) = connection(agent, remote, part, &mut file, &mut here, seen)? else { continue };
        fruitless = if here > most { 0 } else { fruitless + 1 };
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

/// Downloads over one connection until it ends. The inner error says how it broke, and another
/// attempt may help. `here` counts the bytes in the file.
fn connection(
    agent: &Agent,
    remote: &RemoteFile,
    part: &Path,
    file: &mut File,
    here: &mut u64,
    seen: &mut dyn FnMut(u64),
) -> Result<Result<(), String>, StoreError> {
    let request = agent.get(&remote.url).header("range", format!("bytes={here}-"));
    let answer = match request.call() {
        Ok(answer) => answer,
        Err(error) => return Ok(Err(error.to_string())),
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
        status @ (408 | 429 | 500..) => return Ok(Err(format!("the server answers {status}"))),
        status => return Err(StoreError::Refused { file: remote.name.clone(), status }),
    }
    let missing = remote.bytes - *here;
    if let Some(given) = answer.body().content_length().filter(|given| *given != missing) {
        return Err(length(remote, format!("{} bytes", here.saturating_add(given))));
    }
    let mut body = answer.into_body().into_reader();
    let mut buffer = vec![0; 256 << 10];
    loop {
        let read = match body.read(&mut buffer) {
            Ok(0) if *here < remote.bytes => return Ok(Err("it ended early".to_owned())),
            Ok(0) => return Ok(Ok(())),
            Ok(read) => read,
            Err(error) => return Ok(Err(error.to_string())),
        };
        if read as u64 > remote.bytes - *here {
            // What was received belongs to another file, so the next pull starts again.
            file.set_len(0).map_err(StoreError::io(part))?;
            return Err(length(remote, "more".to_owned()));
        }
        file.write_all(&buffer[..read]).map_err(StoreError::io(part))?;
        *here += read as u64;
        seen(*here);
    }
}

fn length(remote: &RemoteFile, given: String) -> StoreError {
    StoreError::Length { file: remote.name.clone(), bytes: remote.bytes, given }
}
