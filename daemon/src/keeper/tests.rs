use super::*;
use tempfile::TempDir;

const PLENTY: Spare = Spare { bytes: None, floor: 0, scarce: false };
const SCARCE: Spare = Spare { bytes: None, floor: 0, scarce: true };

/// A keeper of a store in which `tiny` is chosen.
fn keeper() -> (TempDir, Arc<Keeper>) {
    let place = TempDir::new().unwrap();
    let store = Store::new(place.path());
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/store/tests/fixtures");
    store.import(&fixtures.join("llama3.gguf"), "tiny").unwrap();
    store.choose("tiny").unwrap();
    (place, Arc::new(Keeper::new(Some(store))))
}

fn state(keeper: &Keeper) -> ModelState {
    keeper.status().state
}

#[tokio::test]
async fn it_gives_back_what_nobody_needs_and_what_the_machine_needs_more() {
    let (_place, keeper) = keeper();
    keeper.look(&settings::Model::default());
    assert_eq!(state(&keeper), ModelState::Unloaded);
    for (unload, spare, why) in [
        (None, SCARCE, "this machine was short of memory"),
        (Some(Duration::ZERO), PLENTY, "no line needed it for 0.0 s"),
    ] {
        let model = keeper.demand().await.unwrap();
        let hour = Duration::from_secs(3600);
        assert!(keeper.spend(Some(hour), PLENTY).is_some_and(|left| left <= hour));
        assert_eq!(keeper.spend(None, PLENTY), Some(Duration::MAX));
        assert_eq!(state(&keeper), ModelState::Resident);
        assert_eq!(keeper.spend(unload, spare), None);
        let status = keeper.status();
        assert_eq!((status.state, status.why.as_deref()), (ModelState::Unloaded, Some(why)));
        // Who still has it asks it to the end.
        let judged = model.judge("git status", &["git status".to_owned()], &sayso_engine::Stop::never());
        assert_eq!(judged.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_ended_by_a_defect_is_not_asked_again() {
    let (_place, keeper) = keeper();
    keeper.look(&settings::Model::default());
    let model = keeper.demand().await.unwrap();
    let stop = sayso_engine::Stop::never();
    let gone = model.ask(&stop, |_, _| -> Result<(), LanguageError> { panic!("a defect") });
    assert!(matches!(gone, Err(LanguageError::Gone)), "{gone:?}");
    while !model.has_ended() {
        thread::yield_now();
    }
    assert!(keeper.model().is_none());
    assert_eq!(state(&keeper), ModelState::Failed);
    assert!(keeper.demand().await.is_none());
}

#[test]
fn nothing_is_loaded_that_would_leave_too_little() {
    let (place, _) = keeper();
    let folder = place.path().join("tiny");
    let spare = |bytes| Spare { bytes: Some(bytes), floor: 0, scarce: false };
    assert_eq!(too_little(&folder, spare(RESERVE + (1 << 20))), None);
    assert_eq!(too_little(&folder, PLENTY), None);
    let why = too_little(&folder, spare(RESERVE)).unwrap();
    assert_eq!(why, "268 MB of memory can be had, 269 are needed");
    assert!(too_little(&folder, SCARCE).is_some());
    // What would be given back at once is not taken.
    let floor = 2 * RESERVE;
    assert!(too_little(&folder, Spare { floor, ..spare(floor) }).is_some());
    assert_eq!(too_little(&folder, Spare { floor, ..spare(floor + (1 << 20)) }), None);
}
