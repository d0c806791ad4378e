//! A hub on the loopback address that serves one model as the public hub does, and fails or lies as a test wants.

use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// What is wrong with the way a file is served.
#[derive(Clone)]
pub enum Trouble {
    /// Each connection breaks after this many bytes.
    Drops(usize),
    /// Connections break at this offset, and no later byte is ever sent.
    Ends(usize),
    /// Connections send nothing after this offset, and stay open.
    Stalls(usize),
    /// The stated range is that of a file one byte shorter.
    Shorter,
    /// One byte more is sent than the range states, and no length is stated.
    Longer,
    /// The length is right, and one byte is wrong.
    Other,
    /// Ranges are ignored: whole files are sent. With a number, each connection breaks after this many bytes.
    NoRanges(Option<usize>),
    /// A byte is sent every few milliseconds.
    Trickles,
    /// The reply is always another address.
    Redirects,
    /// The reply is this HTTP status.
    Status(u16),
}

/// What the hub has, and what it was asked for.
pub struct State {
    /// The commit that `main` points to.
    pub commit: String,
    /// Names and contents.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What is wrong with which file.
    pub trouble: BTreeMap<String, Trouble>,
    /// Applied to what the hub states about the repository.
    pub listing: fn(&mut Value),
    /// Paths and ranges in the order of their requests.
    pub requests: Vec<(String, Option<String>)>,
}

/// The hub. Its threads end with the test's process.
pub struct FakeHub {
    /// Its address, for `HF_ENDPOINT`.
    pub endpoint: String,
    /// Shared with its threads: while a test holds the lock, nothing is answered.
    pub state: Arc<Mutex<State>>,
}

impl FakeHub {
    /// Serves the files of a folder as `owner/tiny`.
    pub fn serve(folder: &Path) -> FakeHub {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let files = entries
            .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()));
        let state = State {
            commit: "c0ffee".repeat(6) + "c0ff",
            files: files.collect(),
            trouble: BTreeMap::new(),
            listing: |_| (),
            requests: Vec::new(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(state));
        let (shared, base) = (state.clone(), endpoint.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (shared, base) = (shared.clone(), base.clone());
                // A client that hangs up in the middle is no failure of the hub.
                std::thread::spawn(move || answer(stream.unwrap(), &shared, &base));
            }
        });
        FakeHub { endpoint, state }
    }

    /// Serves a file badly from now on.
    pub fn trouble(&self, file: &str, trouble: Trouble) {
        self.state.lock().unwrap().trouble.insert(file.to_owned(), trouble);
    }

    /// Serves all files well from now on.
    pub fn heal(&self) {
        self.state.lock().unwrap().trouble.clear();
    }

    /// The ranges of a file that were requested from the place of its bytes.
    pub fn ranges(&self, file: &str) -> Vec<String> {
        let state = self.state.lock().unwrap();
        let asked = state.requests.iter().filter(|(path, _)| *path == format!("/cdn/{file}"));
        asked.map(|(_, range)| range.clone().unwrap_or_default()).collect()
    }
}

fn answer(mut stream: TcpStream, state: &Mutex<State>, base: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut range = None;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header == "\r\n" {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("range")
        {
            range = Some(value.trim().to_owned());
        }
    }
    let mut state = state.lock().unwrap();
    state.requests.push((path.clone(), range.clone()));
    let resolve = format!("/owner/tiny/resolve/{}/", state.commit);
    if path == "/api/models/owner/tiny/revision/main?blobs=true" {
        let body = listing(&state).to_string();
        let length = body.len();
        return write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
    }
    let file = match (path.strip_prefix(&resolve), path.strip_prefix("/cdn/")) {
        (Some(file), _) if is_large(file) && state.files.contains_key(file) => {
            let bytes = &state.files[file];
            return write!(
                stream,
                "HTTP/1.1 302 Found\r\nLocation: {base}/cdn/{file}\r\nX-Linked-Size: {}\r\nX-Linked-Etag: \"{}\"\r\n\
                 Content-Length: 0\r\nConnection: close\r\n\r\n",
                bytes.len(),
                hex(&Sha256::digest(bytes)),
            );
        }
        (Some(file), _) | (_, Some(file)) => file.split('?').next().unwrap_or_default().to_owned(),
        _ => String::new(),
    };
    let (bytes, trouble) = (state.files.get(&file).cloned(), state.trouble.get(&file).cloned());
    drop(state);
    match bytes {
        Some(_) if matches!(trouble, Some(Trouble::Redirects)) => write!(
            stream,
            "HTTP/1.1 302 Found\r\nLocation: {base}/cdn/{file}?again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ),
        Some(bytes) => serve(stream, bytes, range.as_deref(), trouble),
        None => write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    }
}

/// Sends a file, or what the trouble makes of it.
fn serve(
    mut stream: TcpStream,
    mut bytes: Vec<u8>,
    range: Option<&str>,
    trouble: Option<Trouble>,
) -> std::io::Result<()> {
    let start = range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let start: usize = start.unwrap_or(0);
    let mut total = bytes.len();
    let mut end = total;
    let mut stated = true;
    let trickles = matches!(trouble, Some(Trouble::Trickles));
    let stalls = matches!(trouble, Some(Trouble::Stalls(_)));
    match trouble {
        Some(Trouble::Status(status)) => {
            return write!(stream, "HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
        Some(Trouble::NoRanges(drops)) => {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {total}\r\nConnection: close\r\n\r\n")?;
            return stream.write_all(&bytes[..drops.unwrap_or(total).min(total)]);
        }
        Some(Trouble::Drops(after)) => end = (start + after).min(total),
        Some(Trouble::Ends(at) | Trouble::Stalls(at)) => end = at.max(start).min(total),
        Some(Trouble::Shorter) => {
            total -= 1;
            end -= 1;
        }
        Some(Trouble::Longer) => {
            bytes.push(b' ');
            end += 1;
            stated = false;
        }
        Some(Trouble::Other) => bytes[total / 2] ^= 1,
        Some(Trouble::Trickles | Trouble::Redirects) | None => {}
    }
    write!(stream, "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{}/{total}\r\n", total - 1)?;
    if stated {
        write!(stream, "Content-Length: {}\r\n", total - start)?;
    }
    write!(stream, "Connection: close\r\n\r\n")?;
    if trickles {
        for byte in &bytes[start..end] {
            stream.write_all(&[*byte])?;
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
    stream.write_all(&bytes[start..end])?;
    // Until the client hangs up.
    if stalls && stream.read(&mut [0])? > 0 { Err(std::io::ErrorKind::InvalidData.into()) } else { Ok(()) }
}

/// What the hub states about the repository.
fn listing(state: &State) -> Value {
    let files = state.files.iter().map(|(name, bytes)| {
        let mut git = Sha1::new();
        git.update(format!("blob {}\0", bytes.len()));
        git.update(bytes);
        let mut file = json!({"rfilename": name, "size": bytes.len(), "blobId": hex(&git.finalize())});
        if is_large(name) {
            file["lfs"] =
                json!({"sha256": hex(&Sha256::digest(bytes)), "size": bytes.len(), "pointerSize": 130});
        }
        file
    });
    let mut listing = json!({"id": "owner/tiny", "sha": state.commit, "siblings": files.collect::<Vec<_>>()});
    (state.listing)(&mut listing);
    listing
}

fn is_large(name: &str) -> bool {
    name.ends_with(".safetensors") || name == "tokenizer.json"
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
