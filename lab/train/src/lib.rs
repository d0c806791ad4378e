#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod adapt;
pub mod align;
mod batch;
mod calibrate;
mod calibration;
mod checkpoint;
mod checks;
pub mod cli;
pub mod config;
pub mod curves;
pub mod example;
mod loader;
mod network;
mod op;
mod optimizer;
pub mod parity;
mod pca;
mod quantize;
pub mod reduce;
mod run;
pub mod samples;
mod start;
mod vectors;
