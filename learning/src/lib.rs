#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod learnt;
pub mod secret;
pub mod store;

pub use learnt::{Learnt, Word};
pub use secret::Ignored;
pub use store::{Pair, Standing, Store, StoreError, Teaching};

/// Days after which a pair teaches nothing any more and is deleted. The project's page of requirements sets it.
pub const LIFETIME_DAYS: u32 = 90;
/// The same in seconds.
pub(crate) const LIFETIME: i64 = LIFETIME_DAYS as i64 * 24 * 60 * 60;
