//! The store as a file: what a kill, another user, a full disk and other writers do to it.

#![allow(clippy::unwrap_used)]

use sayso_learning::store::MAX_PAIRS;
use sayso_learning::{LIFETIME_DAYS, Learnt, Pair, Standing, Store, StoreError, Teaching, Word};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const NOW: i64 = 1_800_000_000;
const DAY: i64 = 24 * 60 * 60;

fn pair(number: usize) -> Pair {
    let text = |what: &str| format!("{what} {number}");
    Pair { time: NOW, folder: u64::MAX, heard: text("heard"), answer: text("answer"), ran: text("ran") }
}

fn teaching(choices: &[(u64, i8)], words: &[(&str, &str)]) -> Teaching {
    let words = words.iter().map(|(heard, written)| ((*heard).to_owned(), (*written).to_owned())).collect();
    Teaching { choices: choices.to_vec(), words }
}

fn file(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("deep/learnt.sqlite")
}

#[test]
fn what_was_kept_comes_back_and_goes_when_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    assert!(Store::open_existing(&path, NOW).unwrap().is_none());
    let mut store = Store::open(&path, NOW).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    store.add(&pair(1), &teaching(&[(7, 1), (8, -1)], &[("zed box", "zbx")])).unwrap();
    store.add(&pair(2), &teaching(&[(7, 1)], &[("zed box", "zbx")])).unwrap();
    for kept in fs::read_dir(path.parent().unwrap()).unwrap() {
        assert_eq!(kept.unwrap().metadata().unwrap().permissions().mode() & 0o077, 0, "others read nothing");
    }
    drop(store);
    let mut store = Store::open(&path, NOW).unwrap();
    assert_eq!(store.pairs(9).unwrap(), [pair(2), pair(1)]);
    assert_eq!(store.count().unwrap(), (2, Some(NOW)));
    let learnt = store.learnt(NOW).unwrap();
    assert_eq!((learnt.choices[&7], learnt.choices[&8]), (2.0, -1.0));
    let word = |seen| Word { heard: "zed box".into(), written: "zbx".into(), seen };
    assert_eq!(learnt.words, [word(2)]);
    store.decide("zed box", "zbx", Standing::Rejected).unwrap();
    assert_eq!(store.learnt(NOW).unwrap().words, []);
    store.decide("zed box", "zbx", Standing::Open).unwrap();
    assert_eq!(store.undo().unwrap(), Some(pair(2)));
    assert_eq!(store.learnt(NOW).unwrap().words, [word(1)]);
    assert_eq!(store.forget("ran 1").unwrap(), 1);
    assert_eq!(store.learnt(NOW).unwrap(), Learnt::default());
    assert_eq!(store.undo().unwrap(), None);
    drop(store);
    let bytes = fs::read(&path).unwrap();
    assert!(!bytes.windows(7).any(|text| text == b"heard 1"), "what was forgotten is nowhere in the file");
    assert!(Store::delete(&path).unwrap() && !path.exists() && !Store::delete(&path).unwrap());
}

#[test]
fn what_was_learnt_fades_and_goes_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    let mut store = Store::open(&path, NOW).unwrap();
    store.add(&pair(1), &teaching(&[(7, 1)], &[])).unwrap();
    let after = |days: i64| NOW + days * DAY;
    let left = |store: &Store, days| store.learnt(after(days)).unwrap().choices.get(&7).copied();
    assert_eq!(left(&store, i64::from(LIFETIME_DAYS) / 2), Some(0.5));
    assert_eq!(left(&store, i64::from(LIFETIME_DAYS)), None);
    drop(store);
    let store = Store::open(&path, after(i64::from(LIFETIME_DAYS) + 1)).unwrap();
    assert_eq!(store.count().unwrap(), (0, None));
}

#[test]
fn a_file_that_is_not_right_is_named_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    let fails = |why: &str| {
        let error = Store::open(&path, NOW).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        error
    };
    fs::write(&path, "no database, but long enough to be one".repeat(100)).unwrap();
    mode(0o600);
    assert!(matches!(fails("is damaged"), StoreError::Damaged { .. }));
    mode(0o644);
    assert!(matches!(fails("others may read"), StoreError::Foreign { .. }));
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/dev/null", &path).unwrap();
    assert!(matches!(fails("no regular file"), StoreError::Foreign { .. }));
    fs::remove_file(&path).unwrap();
    drop(Store::open(&path, NOW).unwrap());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert!(matches!(fails("a newer sayso"), StoreError::Newer { .. }));
}

#[test]
fn a_page_that_became_unreadable_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    let mut store = Store::open(&path, NOW).unwrap();
    (0..500).for_each(|number| store.add(&pair(number), &teaching(&[(7, 1)], &[])).unwrap());
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    bytes[3 * 4096..].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let error = Store::open(&path, NOW).and_then(|store| store.learnt(NOW)).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

#[test]
fn a_full_disk_costs_the_last_pair_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    let mut store = Store::open(&path, NOW).unwrap();
    store.limit_pages(16).unwrap();
    let mut kept = 0;
    let error = loop {
        match store.add(&pair(kept), &Teaching::default()) {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert!(error.to_string().contains("everything before it was"), "{error}");
    drop(store);
    assert_eq!(Store::open(&path, NOW).unwrap().count().unwrap().0, kept as u64);
}

#[test]
fn two_that_write_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    let write = || {
        let path = path.clone();
        std::thread::spawn(move || {
            let mut store = Store::open(&path, NOW).unwrap();
            (0..50).for_each(|number| store.add(&pair(number), &teaching(&[(7, 1)], &[])).unwrap());
        })
    };
    let writers: Vec<_> = (0..4).map(|_| write()).collect();
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    let store = Store::open(&path, NOW).unwrap();
    let before = store.version().unwrap();
    assert_eq!(store.learnt(NOW).unwrap().choices[&7], 200.0);
    Store::open(&path, NOW).unwrap().add(&pair(1), &Teaching::default()).unwrap();
    assert_ne!(store.version().unwrap(), before, "a change by another is noticed");
}

#[test]
fn the_oldest_pairs_go_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    let mut store = Store::open(&path, NOW).unwrap();
    let all: Vec<_> = (0..MAX_PAIRS as usize + 5).map(|number| (pair(number), Teaching::default())).collect();
    store.add_all(&all).unwrap();
    assert_eq!(store.count().unwrap().0, MAX_PAIRS as u64);
    assert_eq!(store.pairs(MAX_PAIRS as usize).unwrap().pop(), Some(pair(5)));
}

/// The writer of the next test: adds pairs and says each one that is kept, until it is killed.
#[test]
fn writer() {
    let Some(path) = std::env::var_os("SAYSO_TEST_STORE") else { return };
    let mut store = Store::open(Path::new(&path), NOW).unwrap();
    for number in 0.. {
        store.add(&pair(number), &teaching(&[(7, 1)], &[("zed box", "zbx")])).unwrap();
        println!("kept {number}");
        std::io::stdout().flush().unwrap();
    }
}

#[test]
fn a_kill_at_any_point_loses_at_most_the_last_pair() {
    for round in 0..20_u64 {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writer", "--nocapture"])
            .env("SAYSO_TEST_STORE", &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut kept = lines.filter(|line| line.starts_with("kept "));
        let first = kept.next().unwrap();
        assert_eq!(first, "kept 0");
        // At another point of the work each time.
        std::thread::sleep(Duration::from_micros(1_700 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let said = 1 + kept.count() as u64;
        let store = Store::open(&path, NOW).unwrap();
        let found = store.count().unwrap().0;
        assert!(found == said || found == said + 1, "{said} were said to be kept, {found} are");
        let learnt = store.learnt(NOW).unwrap();
        assert_eq!(learnt.choices[&7], found as f32);
        assert_eq!(u64::from(learnt.words[0].seen), found, "a pair is there whole");
    }
}
