#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod chat;
pub mod checkpoint;
pub mod cpu;
pub mod folder;
#[cfg(test)]
mod golden;
mod heap;
mod language;
#[cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
pub mod mlx;
pub mod tokenizer;
mod trie;

pub use language::{
    Decode, Language, LanguageError, Likelihood, Memory, Options, Resident, Stop, WEIGHT_FILE, Written,
    measure,
};
