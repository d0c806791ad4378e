//! The heap, where it has become larger than what is in it.
#![allow(unsafe_code)]

/// Gives pages of the heap that hold nothing back to the system. A tokenizer is put together from twice the memory that
/// it keeps, in pieces too small for the allocator to return by itself; so is what a model leaves behind.
/// Only GNU's allocator has to be asked, and can be.
pub(crate) fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the function takes any number, locks what it works on, and moves nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}
