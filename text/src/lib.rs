//! What a command line may hold, and how long it may be: the rules that the engine, the wire and the settings share.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod character;

pub use character::{Forbidden, forbidden, is_forbidden};

/// Longest line that is converted, in bytes.
pub const MAX_TEXT_BYTES: usize = 128 * 1024;

/// Longest time that a request may wait for its result, in milliseconds.
pub const MAX_DEADLINE_MS: u64 = 60_000;
