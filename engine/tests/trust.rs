//! No word that was said is lost: in commands that destroy something, with every kind of English word as an operand, and
//! in everyday lines with ordinary names.
//!
//! One word in a hundred is tried; `SAYSO_EVERY_WORD=1` tries them all, which takes some minutes in a release build:
//! `SAYSO_EVERY_WORD=1 cargo test --release -p sayso-engine --test trust`.

#![allow(clippy::unwrap_used)]

use sayso_engine::{Conversion, Dictation, Engine, Words};
use sayso_speech::{english, vocabulary};

/// What is said, and what must be in the answer; `W` is the word.
const DESTRUCTIVE: [(&str, &str); 8] = [
    ("find dot dash name 'W.log' dash delete", "'W.log'"),
    ("rm dash r f 'W.bak'", "'W.bak'"),
    ("rm dash rf target W", "W"),
    ("sudo rm dash rf slash opt slash W", "/opt/W"),
    ("rm dash rf slash W slash data", "/W/data"),
    ("git clean dash f d W", "W"),
    ("shred dash u W dot key", "W.key"),
    ("dd if equals W dot img of equals slash dev slash sdb", "W.img"),
];

/// The same of commands that harm nobody, with names that people give.
const EVERYDAY: [(&str, &str); 29] = [
    ("cat W dot txt", "W.txt"),
    ("vim src slash W dot rs", "src/W.rs"),
    ("git checkout W", "W"),
    ("mkdir dash p build slash W", "build/W"),
    ("cp W dot json backup slash", "W.json"),
    ("grep dash r W src", "W"),
    ("docker run dash dash rm W", "W"),
    ("git commit dash m quote fix the W again quote", "W"),
    ("mv W new dash W", "new-W"),
    ("ssh deploy at W dot example dot com", "@W."),
    ("kubectl get pods dash n W", "W"),
    ("npm run W", "W"),
    ("tail dash f slash var slash log slash W dot log", "/W.log"),
    ("tar dash c z f W dot tar dot gz W", "W.tar.gz"),
    ("scp W dot csv backup colon slash data slash", "W.csv"),
    ("python three W dot py", "W.py"),
    ("cd tilde slash W", "~/W"),
    ("git push origin W", "W"),
    ("touch W dot md", "W.md"),
    ("less W", "W"),
    ("export NAME equals W", "=W"),
    ("docker build dash t W colon latest dot", "W:latest"),
    ("find dot dash name quote W star quote", "W*"),
    ("git add W dot html", "W.html"),
    ("echo W pipe wc dash c", "W |"),
    ("zip dash r W dot zip W", "W.zip"),
    ("systemctl restart W", "W"),
    ("curl localhost slash W", "localhost/W"),
    ("diff old slash W dot yml new slash W dot yml", "new/W.yml"),
];

#[rustfmt::skip]
const NAMES: [&str; 72] = [
    "report", "invoice", "kitchen", "holiday", "budget", "parser", "server", "client", "notes", "garden", "login",
    "metrics", "worker", "draft", "photos", "recipes", "cache", "index", "schema", "router", "widget", "orders",
    "payments", "archive", "banner", "camera", "dataset", "editor", "factory", "gallery", "header", "inbox", "journal",
    "kernel", "lantern", "mailer", "network", "outline", "palette", "queue", "release", "sensor", "theme", "upload",
    "vendor", "weather", "yearbook", "zebra", "album", "bridge", "turnip", "doorbell", "engine", "forest", "guitar",
    "harbor", "island", "jacket", "ladder", "mirror", "needle", "orange", "planet", "quarter", "rocket", "sample",
    "ticket", "umbrella", "violin", "window", "yogurt", "zipper",
];

/// As said and as written: names of one word, and of two that a sign joins.
fn names() -> Vec<(String, String)> {
    // With all of them, 29 templates make 12,528 lines.
    let shifts: &[usize] =
        if std::env::var_os("SAYSO_EVERY_WORD").is_some() { &[1, 5, 11, 17, 29] } else { &[] };
    let mut names: Vec<(String, String)> =
        NAMES.iter().map(|name| ((*name).to_owned(), (*name).to_owned())).collect();
    for shift in shifts {
        for (at, name) in NAMES.iter().enumerate() {
            let other = NAMES[(at + shift) % NAMES.len()];
            let (said, sign) = [("dash", "-"), ("underscore", "_")][(at + shift) % 2];
            names.push((format!("{name} {said} {other}"), format!("{name}{sign}{other}")));
        }
    }
    names
}

/// Words of the English list that mean nothing else to sayso.
fn words() -> Vec<&'static str> {
    let stride = if std::env::var_os("SAYSO_EVERY_WORD").is_some() { 1 } else { 100 };
    let means_more = |word: &str| vocabulary::entries().iter().any(|entry| entry.words[0] == word);
    let ordinary =
        |word: &&str| (4..=12).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase());
    english::words().filter(ordinary).step_by(stride).filter(|word| !means_more(word)).collect()
}

fn convert(text: &str) -> Conversion {
    Engine::embedded().convert(&Words::default(), &Dictation { text, ..Dictation::default() }, None).unwrap()
}

/// A sign that stands for all files, for a home, a root or the folder, by itself.
fn widens(line: &str) -> bool {
    let line = line.replace("find . ", "find x ");
    line.contains('*') || line.split_whitespace().any(|word| matches!(word, "~" | "/" | "." | "/*"))
}

#[test]
fn what_destroys_keeps_its_operands() {
    let (mut lost, mut widened, mut count) = (Vec::new(), Vec::new(), 0);
    for word in words() {
        for (said, kept) in DESTRUCTIVE {
            let (said, kept) = (said.replace('W', word), kept.replace('W', word));
            let answer = convert(&said);
            count += 1;
            if !answer.buffer.to_lowercase().contains(&kept) {
                lost.push((said.clone(), answer.buffer.clone()));
            }
            if std::iter::once(&answer.buffer).chain(&answer.alternatives).any(|line| widens(line)) {
                widened.push((said, answer.buffer, answer.alternatives));
            }
        }
    }
    // A few words sound so much like the sign that is said before them that nobody could tell.
    assert!(
        lost.len() * 5_000 <= count.max(5_000),
        "{} of {count} lost: {:?}",
        lost.len(),
        &lost[..lost.len().min(9)]
    );
    assert!(widened.is_empty(), "{} of {count}: {:?}", widened.len(), &widened[..widened.len().min(5)]);
}

#[test]
fn everyday_lines_lose_nothing() {
    let (mut lost, mut count) = (Vec::new(), 0);
    for (name, written) in names() {
        for (said, kept) in EVERYDAY {
            let (said, kept) = (said.replace('W', &name), kept.replace('W', &written));
            let answer = convert(&said);
            count += 1;
            if !answer.buffer.contains(&kept) {
                lost.push((said, answer.buffer, answer.message));
            }
        }
    }
    // One line of 5,000, and none of those that are tried each time.
    let most = count / 5_000;
    assert!(lost.len() <= most, "{} of {count}: {:?}", lost.len(), &lost[..lost.len().min(9)]);
}

#[test]
fn what_is_left_out_is_told_and_can_be_had_back() {
    for (said, without, told) in [
        ("okay so git status", "git status", "left out: okay so"),
        ("git push origin master no wait main", "git push origin main", "left out: master no wait"),
        ("um ls dash l", "ls -l", "left out: um"),
    ] {
        let answer = convert(said);
        assert_eq!(answer.buffer, without, "{said}");
        assert_eq!(answer.message.as_deref(), Some(told), "{said}");
        assert!(!answer.dropped.is_empty(), "{said}");
    }
    let answer = convert("git push origin master no wait main");
    let joined = |line: &String| line.to_lowercase().replace(' ', "");
    assert!(answer.alternatives.iter().any(|line| joined(line).contains("masternowaitmain")), "{answer:?}");
    let sure = convert("git status dash s");
    assert_eq!((sure.message, sure.dropped.len()), (None, 0));
}
