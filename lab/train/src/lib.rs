#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod agreement;
pub mod align;
mod batch;
mod calibration;
mod checkpoint;
pub mod cli;
pub mod config;
pub mod curves;
mod escape;
pub mod example;
mod network;
mod op;
mod optimizer;
pub mod samples;
