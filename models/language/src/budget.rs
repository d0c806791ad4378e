//! The heap of the daemon: a budget for the memory of one thread, so that a hostile model folder
//! costs the model and not the machine, and nothing left behind in what is freed.
//!
//! A program installs [`BudgetedHeap`] as its allocator. Without that, budgets have no effect.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

/// What threads beside the weights and the cache may take: the tokenizer, the vocabulary, and what
/// reading their files takes for a moment. The largest real tokenizers (150,000 tokens) take 120 MB
/// at their peak. Hand-chosen, 2026-11-28.
pub const BESIDE_WEIGHTS: usize = 200 << 20;

/// How much memory a thread may hold, and holds. It lives for ever, because the thread may be
/// stopped for ever with a reference to it.
#[derive(Debug)]
pub struct Budget {
    limit: AtomicUsize,
    held: AtomicUsize,
    exceeded: AtomicBool,
}

impl Budget {
    /// A budget of so many bytes.
    pub fn of(limit: usize) -> &'static Budget {
        Box::leak(Box::new(Budget {
            limit: AtomicUsize::new(limit),
            held: AtomicUsize::new(0),
            exceeded: AtomicBool::new(false),
        }))
    }

    /// Puts the current thread under this budget. It counts what the thread allocates and frees from
    /// now on. A thread that asks for more is stopped where it stands, for ever: an allocator may
    /// not panic, and every other end would be the end of the process.
    pub fn enter(&'static self) {
        CURRENT.set(Some(self));
    }

    /// Whether the thread asked for more, so that it never goes on.
    pub fn is_exceeded(&self) -> bool {
        self.exceeded.load(Relaxed)
    }

    fn take(&self, bytes: usize) {
        let held = self.held.load(Relaxed).saturating_add(bytes);
        if held > self.limit.load(Relaxed) {
            self.exceeded.store(true, Relaxed);
            loop {
                thread::sleep(Duration::from_secs(3600));
            }
        }
        self.held.store(held, Relaxed);
    }

    fn give(&self, bytes: usize) {
        // What another thread allocated may be freed here.
        self.held.store(self.held.load(Relaxed).saturating_sub(bytes), Relaxed);
    }
}

/// Runs work that may take `bytes` more than the budget of this thread, if it has one. What the
/// work keeps is not held against the thread afterwards.
pub(crate) fn with_more<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let Some(budget) = CURRENT.get() else { return work() };
    let before = (budget.limit.load(Relaxed), budget.held.load(Relaxed));
    budget.limit.store(before.0.saturating_add(bytes), Relaxed);
    let done = work();
    let kept = budget.held.load(Relaxed).saturating_sub(before.1);
    budget.limit.store(before.0.saturating_add(kept), Relaxed);
    done
}

thread_local! {
    /// The budget of this thread. It needs no memory and no destructor, so the allocator may ask.
    static CURRENT: Cell<Option<&'static Budget>> = const { Cell::new(None) };
}

/// The system's allocator, which heeds the budgets of threads, and wipes what is freed: dictated
/// text passes through thousands of short strings, and none of them stays behind.
#[derive(Debug, Clone, Copy, Default)]
pub struct BudgetedHeap;

/// Larger blocks are moved by the system when they grow, without a copy that would stay behind.
/// glibc and macOS map blocks of this size one by one. Hand-chosen, 2026-11-28.
const MAPPED: usize = 1 << 20;
/// Blocks of this size and above go back to the system when they are freed, whatever glibc has
/// learnt about the program; wiping one would first ask the system for pages that were never used.
/// Hand-chosen, 2026-11-28.
const RETURNED: usize = 32 << 20;

/// Overwrites memory that is about to be freed.
///
/// # Safety
/// The `bytes` bytes at `pointer` belong to the caller.
unsafe fn wipe(pointer: *mut u8, bytes: usize) {
    if bytes >= RETURNED {
        return;
    }
    // SAFETY: by the contract of this function.
    unsafe { std::ptr::write_bytes(pointer, 0, bytes) };
    // Without this the compiler may leave out a write that nobody reads.
    std::hint::black_box(pointer);
}

// SAFETY: every block comes from the system's allocator and goes back to it with the layout that it
// was made with. What is done beside that neither allocates through this allocator nor unwinds.
unsafe impl GlobalAlloc for BudgetedHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if let Some(budget) = CURRENT.get() {
            budget.take(layout.size());
        }
        // SAFETY: the caller keeps to the contract of this trait.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if let Some(budget) = CURRENT.get() {
            budget.take(layout.size());
        }
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if let Some(budget) = CURRENT.get() {
            match size.checked_sub(layout.size()) {
                Some(more) => budget.take(more),
                None => budget.give(layout.size() - size),
            }
        }
        if size < layout.size() {
            // SAFETY: the caller gives up what is beyond `size`.
            unsafe { wipe(pointer.add(size), layout.size() - size) };
        }
        if layout.size() >= MAPPED || size < layout.size() {
            // SAFETY: the caller keeps to the contract of this trait.
            return unsafe { System.realloc(pointer, layout, size) };
        }
        // SAFETY: the caller promises that `size` is valid for this alignment. The new block is at least as long as the
        // old one, which is given up.
        unsafe {
            let moved = System.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                std::ptr::copy_nonoverlapping(pointer, moved, layout.size());
                wipe(pointer, layout.size());
                System.dealloc(pointer, layout);
            }
            moved
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if let Some(budget) = CURRENT.get() {
            budget.give(layout.size());
        }
        // SAFETY: the caller gives up the block.
        unsafe {
            wipe(pointer, layout.size());
            System.dealloc(pointer, layout);
        }
    }
}
