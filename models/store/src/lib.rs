#![doc = include_str!("../README.md")]

pub mod gguf;
mod store;

pub use store::{
    Fault, FileRecord, Hub, MANIFEST, Manifest, Model, Origin, Progress, Pulled, Source, Store, StoreError,
    Verified, series,
};
