//! Any text, any words of the user: the engine never panics, never emits what a command line may not hold, keeps its
//! spans inside the texts that they point into, and answers the same twice.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sayso_engine::{Dictation, Engine, Words};
use sayso_text::is_forbidden;

fuzz_target!(|input: (Option<u16>, Vec<(&str, &str)>, &str)| {
    let (cursor, pairs, text) = input;
    // The settings refuse other words.
    let fine =
        |text: &str| !text.trim().is_empty() && !text.chars().any(|c| c.is_control() || is_forbidden(c));
    let pairs = pairs.into_iter().filter(|(heard, written)| fine(heard) && fine(written));
    let words = Words::new(pairs.map(|(heard, written)| (heard.to_owned(), written.to_owned())));
    let dictation = Dictation { text, cursor: cursor.map(usize::from), ..Dictation::default() };
    let convert = || Engine::embedded().convert(&words, &dictation, None);
    let Ok(conversion) = convert() else { return };

    let buffer = conversion.buffer.as_str();
    let characters = buffer.chars().count();
    assert!(!buffer.chars().any(is_forbidden), "{buffer:?}");
    assert!(conversion.cursor <= characters);
    let heard = text.chars().count();
    for span in &conversion.spans {
        assert!(span.source.start <= span.source.end && span.source.end <= heard, "{span:?}");
        assert!(span.output.start <= span.output.end && span.output.end <= characters, "{span:?}");
    }
    assert_eq!(convert().as_ref(), Ok(&conversion), "the same input gives the same output");
});
