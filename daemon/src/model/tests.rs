use super::policy::{MEMORY_RESERVE, shortage};
use super::*;
use crate::memory::SpareMemory;
use sayso_language::LanguageError;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use tempfile::TempDir;

const PLENTY: SpareMemory = SpareMemory { bytes: None, floor: 0, scarce: false };
const SCARCE: SpareMemory = SpareMemory { bytes: None, floor: 0, scarce: true };

/// A manager of a store in which `tiny` is chosen.
fn manager() -> (TempDir, Arc<ModelManager>) {
    let place = TempDir::new().unwrap();
    let store = Store::new(place.path());
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/store/tests/fixtures");
    store.import(&fixtures.join("llama3.gguf"), "tiny").unwrap();
    store.choose("tiny").unwrap();
    (place, Arc::new(ModelManager::new(Some(store), None)))
}

fn state(manager: &ModelManager) -> ModelState {
    manager.status().state
}

#[tokio::test]
async fn it_gives_back_what_nobody_needs_and_what_the_machine_needs_more() {
    let (_place, manager) = manager();
    manager.refresh_choice(&settings::Model::default());
    assert_eq!(state(&manager), ModelState::Unloaded);
    for (unload, spare, why) in [
        (None, SCARCE, "this machine was short of memory"),
        (Some(Duration::ZERO), PLENTY, "no line needed it for 0.0 s"),
    ] {
        let model = manager.load_and_wait().await.unwrap();
        let hour = Duration::from_secs(3600);
        assert!(manager.unload_if_due(Some(hour), PLENTY).is_some_and(|left| left <= hour));
        assert_eq!(manager.unload_if_due(None, PLENTY), Some(Duration::MAX));
        assert_eq!(state(&manager), ModelState::Resident);
        assert_eq!(manager.unload_if_due(unload, spare), None);
        let status = manager.status();
        assert_eq!((status.state, status.why.as_deref()), (ModelState::Unloaded, Some(why)));
        // A caller that still holds it may ask it until it lets go.
        let scores = model.rescore("git status", &["git status".to_owned()], &sayso_engine::Stop::never());
        assert_eq!(scores.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_ended_by_a_defect_is_not_asked_again() {
    let (_place, manager) = manager();
    manager.refresh_choice(&settings::Model::default());
    let model = manager.load_and_wait().await.unwrap();
    let stop = sayso_engine::Stop::never();
    let gone = model.ask(&stop, |_, _| -> Result<(), LanguageError> { panic!("a defect") });
    assert!(matches!(gone, Err(LanguageError::Gone)), "{gone:?}");
    while model.ended().is_none() {
        thread::yield_now();
    }
    assert!(manager.model().is_none());
    assert_eq!(state(&manager), ModelState::Failed);
    assert!(manager.load_and_wait().await.is_none());
}

#[test]
fn nothing_is_loaded_that_would_leave_shortage() {
    let weights = 1 << 19;
    let spare = |bytes| SpareMemory { bytes: Some(bytes), floor: 0, scarce: false };
    assert_eq!(shortage(weights, spare(MEMORY_RESERVE + (1 << 20))), None);
    assert_eq!(shortage(weights, PLENTY), None);
    let why = shortage(weights, spare(MEMORY_RESERVE)).unwrap();
    assert_eq!(why, "268 MB of memory can be had, 269 are needed");
    assert!(shortage(weights, SCARCE).is_some());
    // A model that would be unloaded at once is not loaded.
    let floor = 2 * MEMORY_RESERVE;
    assert!(shortage(weights, SpareMemory { floor, ..spare(floor) }).is_some());
    assert_eq!(shortage(weights, SpareMemory { floor, ..spare(floor + (1 << 20)) }), None);
}

#[tokio::test]
async fn a_folder_that_ended_a_daemon_ends_no_second_one() {
    let (place, _) = manager();
    let store = || Store::new(place.path());
    // This is the mark that a process leaves if it ends in the middle of a load.
    store().note_failure("tiny", "the daemon ended while it was loading this model").unwrap();
    let next = Arc::new(ModelManager::new(Some(store()), None));
    next.refresh_choice(&settings::Model::default());
    assert_eq!(state(&next), ModelState::Failed);
    assert!(next.load_and_wait().await.is_none());
    let why = next.status().why.unwrap();
    assert!(why.contains("the daemon ended while") && why.contains("sayso model use tiny"), "{why}");
    // If it is chosen again, it is tried again, and the success is remembered.
    store().choose("tiny").unwrap();
    next.refresh_choice(&settings::Model::default());
    assert!(next.load_and_wait().await.is_some());
    assert_eq!(store().failure("tiny"), None);
}

#[tokio::test]
async fn a_load_that_still_runs_is_no_failure_of_an_earlier_daemon() {
    let (place, manager) = manager();
    let (on, off) =
        (settings::Model::default(), settings::Model { judge: false, ..settings::Model::default() });
    manager.refresh_choice(&on);
    let running = manager.loading.lock().unwrap();
    manager.request_load();
    // The mark that a load leaves until it ends.
    let store = Store::new(place.path());
    store.note_failure("tiny", "the daemon ended while it was loading this model").unwrap();
    manager.refresh_choice(&off);
    manager.refresh_choice(&on);
    assert_eq!(state(&manager), ModelState::Unloaded);
    drop(running);
    assert!(manager.load_and_wait().await.is_some());
}

#[tokio::test]
async fn a_failure_is_remembered_until_the_folder_changes() {
    let (place, manager) = manager();
    let (store, folder) = (Store::new(place.path()), place.path().join("tiny"));
    let config = std::fs::read_to_string(folder.join("config.json")).unwrap();
    std::fs::write(folder.join("config.json"), "{}").unwrap();
    manager.refresh_choice(&settings::Model::default());
    assert!(manager.load_and_wait().await.is_none());
    assert!(store.failure("tiny").unwrap().reason.contains("config.json"));
    std::fs::write(folder.join("config.json"), config).unwrap();
    assert_eq!(store.failure("tiny"), None);
    let next = Arc::new(ModelManager::new(Some(Store::new(place.path())), None));
    next.refresh_choice(&settings::Model::default());
    assert!(next.load_and_wait().await.is_some());
}

#[test]
fn what_is_no_plain_file_is_not_loaded() {
    let (place, manager) = manager();
    let config = place.path().join("tiny/config.json");
    std::fs::remove_file(&config).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &config).unwrap();
    manager.refresh_choice(&settings::Model::default());
    let why = manager.status().why.unwrap();
    assert!(why.contains("config.json is not a plain file"), "{why}");
}
