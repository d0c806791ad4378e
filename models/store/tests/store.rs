//! Models come whole or not at all, whatever the server, the connection or the disk does.
#![allow(clippy::unwrap_used)]

use sayso_language::Mix;
use sayso_language::checkpoint::Checkpoint;
use sayso_store::{Fault, Hub, Origin, Patience, Progress, Pulled, Source, Store, StoreError};
use sayso_testing::{FakeHub, Trouble, hex};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

const WEIGHTS: &str = "model.safetensors";

/// A hub with a small Qwen3, and a store that is not there yet.
fn setup() -> (TempDir, FakeHub, Store) {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("original");
    sayso_store::gguf::import(&gguf(), &folder).unwrap();
    let store = Store::new(place.path().join("models"));
    (place, FakeHub::serve(&folder), store)
}

fn gguf() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/qwen3.gguf")
}

fn pull(hub: &FakeHub, store: &Store) -> Result<Pulled, StoreError> {
    pull_watching(hub, store, |_| ())
}

fn pull_watching(
    hub: &FakeHub,
    store: &Store,
    mut progress: impl FnMut(Progress<'_>),
) -> Result<Pulled, StoreError> {
    let source = Source::parse("owner/tiny").unwrap();
    store.pull(&Hub::at(&hub.endpoint).unwrap(), &source, &mut progress)
}

/// A pull that fails with what this says, and leaves no model; and the same pull when all is well again.
#[track_caller]
fn fails(hub: &FakeHub, store: &Store, expected: &str) {
    let found = pull(hub, store).expect_err(expected).to_string();
    assert!(found.contains(expected), "{found} lacks {expected}");
    assert!(store.list().unwrap().is_empty());
    hub.heal();
    check_whole(hub, store, &pull(hub, store).unwrap());
}

/// The model that was pulled is what the hub has, and nothing else lies in its folder.
#[track_caller]
fn check_whole(hub: &FakeHub, store: &Store, pulled: &Pulled) {
    let folder = store.folder(&pulled.name).unwrap();
    let state = hub.state.lock().unwrap();
    // What the hub has beside the model is not taken.
    let of_model = || state.files.iter().filter(|(name, _)| !name.ends_with(".txt"));
    assert!(pulled.manifest.files.keys().eq(of_model().map(|(name, _)| name)));
    for (name, bytes) in of_model() {
        let record = &pulled.manifest.files[name];
        assert_eq!((record.bytes, &record.sha256), (bytes.len() as u64, &hex(&Sha256::digest(bytes))));
        assert!(std::fs::read(folder.join(name)).unwrap() == *bytes, "{name} differs");
    }
    let origin = Origin::Hub { repository: "owner/tiny".to_owned(), commit: state.commit.clone() };
    assert_eq!(pulled.manifest.origin, origin);
    drop(state);
    assert!(store.verify(&pulled.name, &mut |_| ()).unwrap().is_sound());
}

#[test]
fn a_model_is_pulled_at_one_commit_and_can_be_used() {
    let (_place, hub, store) = setup();
    assert!(store.list().unwrap().is_empty());
    let mut last = None;
    let pulled =
        pull_watching(&hub, &store, |progress| last = Some((progress.done, progress.total))).unwrap();
    assert!(!pulled.already);
    check_whole(&hub, &store, &pulled);
    assert_eq!(last, Some((pulled.manifest.bytes(), pulled.manifest.bytes())));

    assert_eq!(store.chosen().unwrap(), None);
    store.choose("tiny").unwrap();
    let models = store.list().unwrap();
    assert_eq!(models.len(), 1);
    assert!(models[0].chosen && models[0].name == "tiny");
    Checkpoint::open(&models[0].folder).unwrap();

    let again = pull(&hub, &store).unwrap();
    assert!(again.already);
    assert_eq!(again.manifest, pulled.manifest);
    assert_eq!(hub.ranges(WEIGHTS), ["bytes=0-"]);
    hub.state.lock().unwrap().commit = "0".repeat(40);
    assert!(matches!(pull(&hub, &store), Err(StoreError::Exists(name)) if name == "tiny"));
}

#[test]
fn what_could_run_or_lies_elsewhere_is_not_fetched() {
    let (_place, hub, store) = setup();
    hub.state.lock().unwrap().listing = |listing| {
        let files = listing["siblings"].as_array_mut().unwrap();
        for name in
            ["pytorch_model.bin", "model.py", "../up.json", "/root.json", "sub/x.json", ".hidden.json"]
        {
            files.push(json!({"rfilename": name, "size": 1, "blobId": "0".repeat(40)}));
        }
    };
    check_whole(&hub, &store, &pull(&hub, &store).unwrap());
}

#[test]
fn a_broken_connection_is_resumed() {
    let (_place, hub, store) = setup();
    let length = hub.state.lock().unwrap().files[WEIGHTS].len();
    hub.trouble(WEIGHTS, Trouble::Drops(length / 3 + 1));
    check_whole(&hub, &store, &pull(&hub, &store).unwrap());
    let third = length / 3 + 1;
    let expected = [0, third, 2 * third].map(|from| format!("bytes={from}-"));
    assert_eq!(hub.ranges(WEIGHTS), expected);
}

#[test]
fn the_next_pull_goes_on_where_the_last_one_broke() {
    let (_place, hub, store) = setup();
    hub.trouble(WEIGHTS, Trouble::Ends(1234));
    fails(&hub, &store, "model.safetensors: the connection broke after 1234 of");
    assert_eq!(hub.ranges(WEIGHTS).last().unwrap(), "bytes=1234-");
}

#[test]
fn what_failed_leaves_no_lock_behind() {
    let (place, hub, store) = setup();
    hub.trouble(WEIGHTS, Trouble::Ends(1234));
    pull(&hub, &store).unwrap_err();
    let file = place.path().join("other.gguf");
    std::fs::write(&file, "no model").unwrap();
    store.import(&file, "other").unwrap_err();
    let names =
        std::fs::read_dir(place.path().join("models")).unwrap().map(|entry| entry.unwrap().file_name());
    let locks: Vec<_> = names.filter(|name| name.to_string_lossy().ends_with(".lock")).collect();
    assert!(locks.is_empty(), "{locks:?}");
}

#[test]
fn a_server_without_ranges_begins_anew() {
    let (_place, hub, store) = setup();
    hub.trouble(WEIGHTS, Trouble::NoRanges(Some(700)));
    assert!(matches!(pull(&hub, &store), Err(StoreError::Broken { received: 700, .. })));
    hub.trouble(WEIGHTS, Trouble::NoRanges(None));
    check_whole(&hub, &store, &pull(&hub, &store).unwrap());
}

#[test]
fn lies_are_found_out() {
    for (file, trouble, expected) in [
        (WEIGHTS, Trouble::Shorter, "model.safetensors: the hub states"),
        (WEIGHTS, Trouble::Longer, "the server sends more"),
        (WEIGHTS, Trouble::Other, "model.safetensors: the hub states the digest"),
        ("config.json", Trouble::Shorter, "config.json: the hub states"),
        ("config.json", Trouble::Longer, "the server sends more"),
        ("config.json", Trouble::Other, "config.json: the hub states the digest"),
        ("tokenizer.json", Trouble::Status(403), "tokenizer.json: the server answers 403"),
        ("tokenizer.json", Trouble::Status(503), "the server answers 503"),
    ] {
        let (_place, hub, store) = setup();
        hub.trouble(file, trouble);
        fails(&hub, &store, expected);
    }
}

#[test]
fn what_the_hub_states_must_be_complete() {
    type Change = fn(&mut Value);
    fn drop_file(listing: &mut Value, name: &str) {
        listing["siblings"].as_array_mut().unwrap().retain(|file| file["rfilename"] != name);
    }
    let cases: [(Change, &str); 7] = [
        (|listing| listing["sha"] = json!("main"), "its commit is \"main\""),
        (|listing| *listing = json!([]), "cannot be used"),
        (|listing| drop_file(listing, "config.json"), "it has no config.json"),
        (|listing| drop_file(listing, WEIGHTS), "it has neither model.safetensors nor"),
        (|listing| listing["siblings"][0]["size"] = Value::Null, "has no size or no digest"),
        (|listing| listing["siblings"][0]["size"] = json!(u64::MAX), "the limit is 134217728"),
        (
            |listing| {
                let first = listing["siblings"][0].clone();
                listing["siblings"].as_array_mut().unwrap().push(first);
            },
            "twice",
        ),
    ];
    let (_place, hub, store) = setup();
    for (change, expected) in cases {
        hub.state.lock().unwrap().listing = change;
        let found = pull(&hub, &store).expect_err(expected).to_string();
        assert!(found.contains(expected), "{found} lacks {expected}");
    }
    let gone = Source::parse("owner/other").unwrap();
    let found = store.pull(&Hub::at(&hub.endpoint).unwrap(), &gone, &mut |_| ()).unwrap_err().to_string();
    assert!(found.contains("owner/other") && found.contains("404"), "{found}");
    assert!(store.list().unwrap().is_empty());
}

#[test]
fn what_came_of_another_commit_is_not_mixed_in() {
    let (_place, hub, store) = setup();
    hub.trouble(WEIGHTS, Trouble::Ends(1000));
    pull(&hub, &store).unwrap_err();
    hub.heal();
    let mut state = hub.state.lock().unwrap();
    state.commit = "1".repeat(40);
    state.files.get_mut("config.json").unwrap().push(b'\n');
    // The last of the weights is another number now.
    *state.files.get_mut(WEIGHTS).unwrap().last_mut().unwrap() ^= 1;
    drop(state);
    check_whole(&hub, &store, &pull(&hub, &store).unwrap());
}

#[test]
fn what_is_no_model_is_thrown_away() {
    let (place, hub, store) = setup();
    let mut state = hub.state.lock().unwrap();
    let mut config: Value = serde_json::from_slice(&state.files["config.json"]).unwrap();
    config["model_type"] = json!("gpt2");
    state.files.insert("config.json".to_owned(), config.to_string().into_bytes());
    drop(state);
    let found = pull(&hub, &store).unwrap_err();
    assert!(matches!(&found, StoreError::Unusable(error) if error.to_string().contains("gpt2")), "{found}");
    assert!(store.list().unwrap().is_empty());
    assert!(!place.path().join("models/.tiny.pull").exists());
}

#[test]
fn of_two_pulls_at_once_the_second_is_told() {
    let (_place, hub, store) = setup();
    let mut second = None;
    let first = pull_watching(&hub, &store, |_| {
        second.get_or_insert_with(|| (pull(&hub, &store), store.remove("tiny")));
    });
    check_whole(&hub, &store, &first.unwrap());
    let (pulled, removed) = second.unwrap();
    assert!(matches!(pulled, Err(StoreError::Busy(name)) if name == "tiny"));
    assert!(matches!(removed, Err(StoreError::Busy(_))));
}

/// What lies in the way of a download is neither followed, nor waited for, nor written to.
#[test]
fn what_lies_in_the_way_of_a_pull_is_put_aside() {
    let (place, hub, store) = setup();
    let aside = place.path().join("models/.tiny.pull");
    std::fs::create_dir_all(&aside).unwrap();
    let digest = hex(&Sha256::digest(&hub.state.lock().unwrap().files[WEIGHTS]));
    let mine = place.path().join("mine");
    std::fs::write(&mine, "precious").unwrap();
    std::os::unix::fs::symlink(&mine, aside.join(format!("{WEIGHTS}.{digest}.part"))).unwrap();
    fifo(&aside.join("config.json"));
    std::os::unix::fs::symlink("/dev/zero", aside.join("tokenizer.json")).unwrap();
    std::fs::create_dir(aside.join("left")).unwrap();
    check_whole(&hub, &store, &pull(&hub, &store).unwrap());
    assert_eq!(std::fs::read_to_string(&mine).unwrap(), "precious");
}

fn fifo(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Puts something else in the place of a file.
fn replace(path: &Path, with: impl FnOnce(&Path)) {
    let _ = std::fs::remove_file(path);
    with(path);
}

#[test]
fn only_plain_files_are_opened() {
    let zero = |path: &Path| std::os::unix::fs::symlink("/dev/zero", path).unwrap();
    for odd in [fifo as fn(&Path), zero] {
        let (place, hub, store) = setup();
        pull(&hub, &store).unwrap();
        let folder = store.folder("tiny").unwrap();
        replace(&place.path().join("models/.chosen"), odd);
        assert!(matches!(store.chosen(), Err(StoreError::Choice(_))));
        // Choosing and removing put it right.
        store.choose("tiny").unwrap();
        assert_eq!(store.chosen().unwrap().as_deref(), Some("tiny"));
        for name in ["config.json", WEIGHTS, "mix.json"] {
            let good = std::fs::read(folder.join(name)).ok();
            replace(&folder.join(name), odd);
            let found = store.verify("tiny", &mut |_| ()).unwrap();
            assert_eq!(found.faults, [(name.to_owned(), Fault::NotAFile)]);
            assert!(matches!(store.choose("tiny"), Err(StoreError::NotAFile(_))));
            std::fs::remove_file(folder.join(name)).unwrap();
            if let Some(good) = good {
                std::fs::write(folder.join(name), good).unwrap();
            }
        }
        replace(&folder.join("manifest.json"), odd);
        assert!(matches!(store.verify("tiny", &mut |_| ()), Err(StoreError::Manifest { .. })));
        assert!(store.list().unwrap()[0].manifest.is_err());
        replace(&place.path().join("models/.tiny.lock"), odd);
        assert!(matches!(store.remove("tiny"), Err(StoreError::NotAFile(_))));
    }
}

#[test]
fn a_lock_neither_follows_nor_empties() {
    let (place, hub, store) = setup();
    let mine = place.path().join("mine");
    std::fs::write(&mine, "precious").unwrap();
    std::fs::create_dir(place.path().join("models")).unwrap();
    let lock = place.path().join("models/.tiny.lock");
    std::os::unix::fs::symlink(&mine, &lock).unwrap();
    assert!(matches!(pull(&hub, &store), Err(StoreError::NotAFile(path)) if path == lock));
    std::fs::remove_file(&lock).unwrap();
    std::fs::hard_link(&mine, &lock).unwrap();
    pull(&hub, &store).unwrap();
    assert_eq!(std::fs::read_to_string(&mine).unwrap(), "precious");
}

#[test]
fn a_manifest_names_no_file_elsewhere() {
    let (place, hub, store) = setup();
    pull(&hub, &store).unwrap();
    fifo(&place.path().join("models/outside"));
    let path = store.folder("tiny").unwrap().join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    manifest["files"]["../outside"] = json!({"bytes": 0, "sha256": ""});
    std::fs::write(&path, manifest.to_string()).unwrap();
    let found = store.verify("tiny", &mut |_| ()).unwrap();
    assert_eq!(found.faults, [("../outside".to_owned(), Fault::NotAFile)]);
}

#[test]
fn a_link_to_a_folder_is_no_model() {
    let (place, hub, store) = setup();
    pull(&hub, &store).unwrap();
    std::os::unix::fs::symlink(place.path().join("original"), place.path().join("models/other")).unwrap();
    assert!(matches!(store.choose("other"), Err(StoreError::Unknown(_))));
    store.remove("other").unwrap();
    assert!(place.path().join("original/config.json").exists());
}

#[test]
fn a_server_that_trickles_or_sends_elsewhere_is_given_up() {
    let (_place, hub, store) = setup();
    let source = Source::parse("owner/tiny").unwrap();
    // Bytes come all the time, but too few of them.
    let patience =
        Patience { silence: Duration::from_secs(60), window: Duration::from_millis(100), least: 1 << 20 };
    let hasty = || Hub::at(&hub.endpoint).unwrap().with_patience(patience);
    hub.trouble(WEIGHTS, Trouble::Trickles);
    let found = store.pull(&hasty(), &source, &mut |_| ()).unwrap_err().to_string();
    assert!(
        found.contains("model.safetensors: the connection broke") && found.contains("it brought"),
        "{found}"
    );
    hub.trouble(WEIGHTS, Trouble::Redirects);
    let found = store.pull(&hasty(), &source, &mut |_| ()).unwrap_err();
    assert!(matches!(&found, StoreError::Redirects { file, .. } if file == WEIGHTS), "{found}");
    hub.heal();
    check_whole(&hub, &store, &pull(&hub, &store).unwrap());
}

#[test]
fn what_cannot_fit_is_not_begun() {
    let (_place, hub, store) = setup();
    hub.state.lock().unwrap().listing = |listing| {
        let files = listing["siblings"].as_array_mut().unwrap();
        let weights = files.iter_mut().find(|file| file["rfilename"] == WEIGHTS).unwrap();
        weights["lfs"]["size"] = json!(1_u64 << 60);
    };
    let found = pull(&hub, &store).unwrap_err();
    assert!(matches!(found, StoreError::Room { .. }), "{found}");
    assert!(hub.ranges("config.json").is_empty() && hub.ranges(WEIGHTS).is_empty());
}

#[test]
fn no_message_holds_a_password() {
    let (_place, hub, store) = setup();
    let endpoint = hub.endpoint.replace("http://", "http://ada:se%20cret@");
    let closed = endpoint.rsplit_once(':').unwrap().0.to_owned() + ":9";
    let source = Source::parse("owner/tiny").unwrap();
    for endpoint in [closed.as_str(), "ftp://ada:se%20cret@hub.example", "http://ada:se%20cret@h o s t"] {
        let hub = Hub::at(endpoint).unwrap();
        let found = store.pull(&hub, &source, &mut |_| ()).unwrap_err();
        assert!(!format!("{found} {found:?}").contains("cret"), "{found:?}");
    }
}

#[test]
fn a_model_that_is_removed_stays_with_those_who_have_it() {
    let (place, hub, store) = setup();
    pull(&hub, &store).unwrap();
    store.choose("tiny").unwrap();
    let open = Checkpoint::open(&store.folder("tiny").unwrap()).unwrap();
    let original = Checkpoint::open(&place.path().join("original")).unwrap();
    store.remove("tiny").unwrap();
    assert!(store.list().unwrap().is_empty());
    assert_eq!(store.chosen().unwrap(), None);
    assert!(original.names().count() > 0);
    for name in original.names() {
        assert_eq!(open.tensor(name).unwrap(), original.tensor(name).unwrap(), "{name}");
    }
    assert!(matches!(store.remove("tiny"), Err(StoreError::Unknown(_))));
    check_whole(&hub, &store, &pull(&hub, &store).unwrap());
}

#[test]
fn what_changed_since_is_found() {
    let (_place, hub, store) = setup();
    pull(&hub, &store).unwrap();
    let folder = store.folder("tiny").unwrap();
    let mut weights = std::fs::read(folder.join(WEIGHTS)).unwrap();
    *weights.last_mut().unwrap() ^= 1;
    std::fs::write(folder.join(WEIGHTS), weights).unwrap();
    std::fs::remove_file(folder.join("generation_config.json")).unwrap();
    std::fs::write(folder.join("notes.md"), "x").unwrap();
    let found = store.verify("tiny", &mut |_| ()).unwrap();
    let fault = |name: &str, fault| (name.to_owned(), fault);
    let expected = [
        fault("generation_config.json", Fault::Unreadable(std::io::ErrorKind::NotFound)),
        fault(WEIGHTS, Fault::Changed),
        fault("notes.md", Fault::Added),
    ];
    assert_eq!(found.faults, expected);
    assert!(!found.is_sound());
    std::fs::write(folder.join("config.json"), "{").unwrap();
    assert!(store.verify("tiny", &mut |_| ()).unwrap().unusable.is_some());
    assert!(matches!(store.choose("tiny"), Err(StoreError::Unusable(_))));
    std::fs::remove_file(folder.join("manifest.json")).unwrap();
    assert!(matches!(store.verify("tiny", &mut |_| ()), Err(StoreError::Manifest { .. })));
    assert!(store.list().unwrap()[0].manifest.is_err());
}

#[test]
fn a_gguf_file_is_imported_under_a_name() {
    let place = TempDir::new().unwrap();
    let store = Store::new(place.path());
    let manifest = store.import(&gguf(), "mine").unwrap();
    assert_eq!(manifest.origin, Origin::Gguf { file: "qwen3.gguf".to_owned() });
    assert!(store.verify("mine", &mut |_| ()).unwrap().is_sound());
    assert!(matches!(store.import(&gguf(), "mine"), Err(StoreError::Exists(_))));
    let missing = place.path().join("none.gguf");
    assert!(matches!(store.import(&missing, "other"), Err(StoreError::Import(_))));
    for name in ["", ".hidden", "..", "a/b", "a b"] {
        assert!(matches!(store.import(&gguf(), name), Err(StoreError::Name(_))), "{name:?}");
        assert!(matches!(store.remove(name), Err(StoreError::Name(_))), "{name:?}");
    }
    assert_eq!(store.list().unwrap().len(), 1);
}

#[test]
fn what_an_import_left_is_removed() {
    let place = TempDir::new().unwrap();
    let store = Store::new(place.path());
    let (text, left) = (place.path().join("text.gguf"), place.path().join(".mine.import"));
    std::fs::write(&text, "no GGUF").unwrap();
    assert!(matches!(store.import(&text, "mine"), Err(StoreError::Import(_))));
    let names = || std::fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names().collect::<Vec<_>>(), ["text.gguf"], "neither a folder nor a lock file is left");
    // As an end without warning would leave it.
    for what in ["import", "removed"] {
        std::fs::create_dir(left.with_extension(what)).unwrap();
        std::fs::write(left.with_extension(what).join("model.safetensors"), "half").unwrap();
    }
    store.import(&gguf(), "other").unwrap();
    store.remove("mine").unwrap();
    assert!(!left.exists() && !left.with_extension("removed").exists());
    assert!(matches!(store.remove("mine"), Err(StoreError::Unknown(_))));
    assert_eq!(store.list().unwrap().len(), 1);
    assert!(names().all(|name| !name.to_string_lossy().ends_with(".lock")));
}

#[test]
fn what_a_model_is_worth_is_written_beside_it() {
    let place = TempDir::new().unwrap();
    let store = Store::new(place.path());
    store.import(&gguf(), "mine").unwrap();
    let mix = place.path().join("mine/mix.json");
    std::fs::write(&mix, serde_json::to_string(&Mix::default()).unwrap()).unwrap();
    assert!(store.verify("mine", &mut |_| ()).unwrap().is_sound());
    std::fs::write(&mix, "much").unwrap();
    assert!(!store.verify("mine", &mut |_| ()).unwrap().is_sound());
    assert!(matches!(store.choose("mine"), Err(StoreError::Unusable(_))));
}

#[test]
fn sources_are_short_names_or_repositories() {
    let source = |text: &str| Source::parse(text).map(|source| (source.repository, source.revision));
    let is = |text: &str, repository: &str, revision: &str| {
        assert_eq!(source(text).unwrap(), (repository.to_owned(), revision.to_owned()));
    };
    is("qwen3-0.6b", "arach/qwen3-0.6b-bash-v1", "main");
    is("qwen3-0.6b@v2", "arach/qwen3-0.6b-bash-v1", "v2");
    is("owner/name@refs/pr/1", "owner/name", "refs/pr/1");
    for text in ["", "name", "a/b/c", "/b", "a/", "a/..", "a/b@", "a/b@../x", "a/b?x", "a/b c"] {
        assert!(matches!(source(text), Err(StoreError::Name(_))), "{text:?}");
    }
}

#[test]
fn a_model_folder_is_copied_with_what_belongs_to_it() {
    let place = TempDir::new().unwrap();
    let store = Store::new(place.path().join("models"));
    store.import(&gguf(), "first").unwrap();
    let folder = place.path().join("trained");
    std::fs::rename(place.path().join("models/first"), &folder).unwrap();
    std::fs::write(folder.join("mix.json"), serde_json::to_string(&Mix::default()).unwrap()).unwrap();
    std::fs::write(folder.join("notes.txt"), "mine").unwrap();
    let manifest = store.import(&folder, "second").unwrap();
    assert_eq!(manifest.origin, Origin::Folder { folder: "trained".to_owned() });
    assert!(manifest.files.contains_key("mix.json") && !manifest.files.contains_key("notes.txt"));
    assert!(store.verify("second", &mut |_| ()).unwrap().is_sound());
    store.choose("second").unwrap();
    std::fs::write(folder.join("config.json"), "{}").unwrap();
    assert!(matches!(store.import(&folder, "third"), Err(StoreError::Unusable(_))));
    assert!(matches!(store.import(&folder, "second"), Err(StoreError::Exists(_))));
    assert!(store.folder("third").is_err(), "nothing is left of it");
}
