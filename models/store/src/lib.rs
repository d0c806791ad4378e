#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod gguf;
mod store;

#[doc(hidden)]
pub use store::read_hub_answer;
pub use store::{
    Failure, Fault, FileRecord, Hub, MANIFEST, Manifest, Model, Origin, Patience, Progress, Pulled, Source,
    Store, StoreError, Verified, series,
};
