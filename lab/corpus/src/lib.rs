#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod cases;
pub mod corpus;
pub mod everyday;
pub mod mix;
pub mod noise;
pub mod pages;
pub mod progress;
pub mod said;
pub mod sample;
pub mod say;
pub mod speak;
pub mod stream;
pub mod talk;
pub mod template;
