//! Any bytes as a `tokenizer.json` beside a sound model: the check of the store refuses it or returns, and what it
//! passes encodes a line.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sayso_language::{budget, folder};
use std::sync::OnceLock;
use tempfile::TempDir;

#[global_allocator]
static HEAP: budget::BudgetedHeap = budget::BudgetedHeap;

/// A sound model folder, made once.
fn sound() -> &'static TempDir {
    static SOUND: OnceLock<TempDir> = OnceLock::new();
    SOUND.get_or_init(|| {
        let place = tempfile::tempdir().expect("a folder can be made");
        let gguf = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/store/tests/fixtures/qwen3.gguf");
        sayso_store::gguf::import(gguf.as_ref(), &place.path().join("model")).expect("the model is sound");
        place
    })
}

fuzz_target!(|tokenizer: &[u8]| {
    let model = sound().path().join("model");
    std::fs::write(model.join("tokenizer.json"), tokenizer).expect("it can be written");
    let _ = folder::check(&model);
});
