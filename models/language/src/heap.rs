//! Returns memory that the allocator keeps after it was freed.
#![allow(unsafe_code)]

/// Returns unused pages of the heap to the system. Opening a tokenizer takes twice the memory that
/// it keeps, in pieces too small for the allocator to return by itself, and unloading a model
/// leaves such pieces too. Only glibc's allocator needs this call, and only it has it.
pub fn trim() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the function accepts any number, locks what it works on, and moves nothing that is in
    // use.
    unsafe {
        libc::malloc_trim(0);
    }
}
