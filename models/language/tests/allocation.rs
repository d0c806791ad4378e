//! Writing with a language model asks for no memory once it is open, in any of its threads.
#![allow(unsafe_code)]
#![allow(clippy::unwrap_used)]

use sayso_language::checkpoint::Checkpoint;
use sayso_language::cpu::{Decoder, Options};
use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's memory, and how often it was asked for.
struct Counting(AtomicUsize);

// SAFETY: each call goes to the system's allocator with the same arguments, and counting asks for no memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.0.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps what `alloc` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps what `dealloc` asks for, and the place comes from `System`.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static MEMORY: Counting = Counting(AtomicUsize::new(0));

// One test in this program: another one's allocations would count too.
#[test]
fn nothing_is_allocated_for_a_token() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden");
    for (model, exact) in [("qwen3-4bit", false), ("qwen3-4bit", true), ("qwen3_5-4bit", false)] {
        let checkpoint = Checkpoint::open(&folder.join(model)).unwrap();
        let options = Options { threads: 2, positions: 100, exact };
        let mut decoder = Decoder::new(&checkpoint, options).unwrap();
        decoder.prefill(&[1, 2, 3, 4], &|| false).unwrap();
        let before = MEMORY.0.load(Ordering::Relaxed);
        for _ in 0..90 {
            let token = decoder.likeliest().unwrap();
            decoder.extend(&[token], &|| false).unwrap();
        }
        assert_eq!(MEMORY.0.load(Ordering::Relaxed) - before, 0, "{model}, exact: {exact}");
        assert_eq!(decoder.tokens().len(), 94);
    }
}
