#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod chat;
pub mod checkpoint;
pub mod cpu;
pub mod gguf;
pub mod language;
pub mod store;
pub mod tagger;
pub mod tokenizer;
