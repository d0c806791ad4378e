#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod align;
pub mod bench;
pub mod bootstrap;
pub mod calibration;
pub mod cases;
pub mod cli;
pub mod convert;
pub mod corpus;
pub mod curves;
mod escape;
pub mod eval;
pub mod everyday;
pub mod gate;
pub mod judge;
pub mod machine;
pub mod model;
pub mod noise;
pub mod pages;
pub mod programs;
pub mod progress;
pub mod report;
pub mod resident;
pub mod roundtrip;
pub mod route;
pub mod said;
pub mod samples;
pub mod say;
pub mod score;
pub mod similarity;
pub mod speak;
pub mod talk;
pub mod template;
pub mod train;
