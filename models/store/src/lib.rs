#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod gguf;
mod store;

pub use store::{
    Fault, FileRecord, Hub, MANIFEST, Manifest, Model, Origin, Progress, Pulled, Source, Store, StoreError,
    Verified, series,
};
