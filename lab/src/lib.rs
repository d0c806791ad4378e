#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod bootstrap;
pub mod cases;
pub mod cli;
pub mod eval;
pub mod progress;
pub mod report;
pub mod route;
pub mod score;
pub mod similarity;
