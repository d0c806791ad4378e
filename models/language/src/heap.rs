//! Memory that the allocator keeps after it was freed.
#![allow(unsafe_code)]

/// Returns unused pages of the heap to the system. Opening a tokenizer takes twice the memory that it keeps, in pieces too
/// small for the allocator to return by itself, and a model that is unloaded leaves such pieces too. Only GNU's allocator
/// needs this, and only it can be asked.
pub(crate) fn trim() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the function takes any number, locks what it works on, and moves nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}
