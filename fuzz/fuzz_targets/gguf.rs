//! Any bytes as a GGUF file: the import refuses it by name, or makes a folder that passes the check.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|gguf: &[u8]| {
    let place = tempfile::tempdir().expect("a folder can be made");
    let (file, folder) = (place.path().join("model.gguf"), place.path().join("model"));
    std::fs::write(&file, gguf).expect("it can be written");
    match sayso_store::gguf::import(&file, &folder) {
        Ok(()) => sayso_language::folder::check(&folder).expect("what was imported can be used"),
        Err(error) => assert!(!folder.exists(), "{error}"),
    }
});
