//! Any text, any words of the user: the engine never panics, never emits what a command line may not hold, and a
//! converted line stays as it is when it is converted again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sayso_engine::{Dictation, Words, convert};
use sayso_protocol::character::is_forbidden;

fuzz_target!(|input: (Option<u16>, &str, Vec<(String, String)>)| {
    let (cursor, text, pairs) = input;
    let words = Words::new(pairs);
    let dictation = Dictation { text, cursor: cursor.map(usize::from), ..Dictation::default() };
    let Ok(conversion) = convert(&words, &dictation) else { return };

    let buffer = conversion.buffer.as_str();
    let characters = buffer.chars().count();
    assert!(!buffer.chars().any(is_forbidden), "{buffer:?}");
    assert!(conversion.cursor <= characters);
    let heard = text.chars().count();
    for span in &conversion.spans {
        assert!(span.source.start <= span.source.end && span.source.end <= heard, "{span:?}");
        assert!(span.output.start <= span.output.end && span.output.end <= characters, "{span:?}");
    }
    assert_eq!(convert(&words, &dictation).as_ref(), Ok(&conversion), "the same input gives the same output");
});
