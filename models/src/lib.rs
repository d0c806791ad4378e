#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod chat;
pub mod checkpoint;
pub mod cpu;
pub mod gguf;
#[cfg(test)]
mod golden;
mod heap;
pub mod language;
#[cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
pub mod mlx;
pub mod store;
pub mod tagger;
pub mod tokenizer;
mod trie;
