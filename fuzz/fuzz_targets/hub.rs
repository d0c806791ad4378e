//! Any bytes as the answer of a hub: it is refused by name, or lists files of a model and nothing else.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|answer: &[u8]| {
    if let Ok(files) = sayso_store::read_hub_answer(answer) {
        assert!(files >= 4, "a model has a configuration, a tokenizer with its own, and weights");
    }
});
