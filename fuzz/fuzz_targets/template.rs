//! Any text as the chat template of a model folder: it is refused, or rendered within its limits, on the stack that
//! models are opened on.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sayso_language::chat::Chat;
use sayso_language::{STACK_BYTES, budget};

#[global_allocator]
static HEAP: budget::BudgetedHeap = budget::BudgetedHeap;

fuzz_target!(|template: &str| {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let write = |name, text: &str| std::fs::write(folder.path().join(name), text).expect("it can be written");
    write("tokenizer_config.json", r#"{"eos_token": "</s>"}"#);
    write("chat_template.jinja", template);
    let path = folder.path().to_owned();
    let open = move || {
        if let Ok(chat) = Chat::open(&path) {
            assert!(chat.render("git status").contains("git status"));
        }
    };
    let thread =
        std::thread::Builder::new().stack_size(STACK_BYTES).spawn(open).expect("a thread can be started");
    thread.join().expect("nothing panics");
});
