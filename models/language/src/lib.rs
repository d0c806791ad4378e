#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod budget;
pub mod chat;
pub mod checkpoint;
mod context;
pub mod cpu;
mod decoder;
mod error;
pub mod folder;
#[cfg(test)]
mod golden;
mod heap;
mod language;
mod memory;
mod mix;
#[cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
pub mod mlx;
mod rescoring;
mod template;
pub mod tokenizer;
mod trie;

/// Stack of the threads that open a model folder or own a model, in bytes. Said here, because the
/// environment (`RUST_MIN_STACK`) may not: what is opened on one such thread as a check can be opened
/// on the next.
pub const STACK_BYTES: usize = 2 << 20;

pub use decoder::Decoder;
pub use error::DecoderError;
pub use heap::trim as trim_heap;
pub use language::{
    Language, LanguageError, Likelihood, ModelHandle, Options, Stop, Written, mask_digits, measure,
};
pub use memory::Memory;
pub use mix::{Confidence, MIX_FILE, Mix, Weights};
