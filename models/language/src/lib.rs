#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

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
#[cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
pub mod mlx;
mod rescoring;
pub mod tokenizer;
mod trie;

pub use decoder::Decoder;
pub use error::DecoderError;
pub use language::{
    Language, LanguageError, Likelihood, ModelHandle, Options, Stop, WEIGHT_FILE, Written, measure,
};
pub use memory::Memory;
