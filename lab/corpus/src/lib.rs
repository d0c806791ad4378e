#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod asr_noise;
pub mod cases;
pub mod command_grammar;
pub mod command_source;
pub mod corpus;
pub mod dialect;
pub mod disfluency;
pub mod grammar;
pub mod labelled_word;
pub mod mix;
pub mod pages;
pub mod progress;
pub mod sample;
pub mod sampler;
pub mod speak;
pub mod template;
pub mod trap;
pub mod verbalise;
pub mod written;
