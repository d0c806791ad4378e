//! Any bytes as the manifest of a model: the store lists and verifies the model, and opens nothing outside of its folder.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sayso_store::{MANIFEST, Store};

fuzz_target!(|manifest: &[u8]| {
    let place = tempfile::tempdir().expect("a folder can be made");
    let folder = place.path().join("model");
    std::fs::create_dir(&folder).expect("a folder can be made");
    std::fs::write(folder.join(MANIFEST), manifest).expect("it can be written");
    let store = Store::new(place.path());
    assert_eq!(store.list().expect("the store can be read").len(), 1);
    if let Ok(verified) = store.verify("model", &mut |_| ()) {
        assert!(!verified.is_sound(), "a folder without weights is not sound");
    }
});
