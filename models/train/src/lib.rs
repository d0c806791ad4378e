#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod curves;
pub mod cut;
pub mod data;
mod error;
mod file;
mod folder;
pub mod kernels;
pub mod log;
mod mersenne;
#[cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
pub mod mlx;
pub mod progress;
mod python_json;
pub mod recipe;
mod schedule;

pub use error::TrainError;
