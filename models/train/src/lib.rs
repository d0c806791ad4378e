#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod curves;
pub mod data;
mod error;
pub mod kernels;
pub mod log;
mod mersenne;
#[cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
pub mod mlx;
pub mod progress;
#[cfg(any(feature = "mlx", all(target_os = "macos", target_arch = "aarch64")))]
mod python_json;
pub mod recipe;
mod schedule;

pub use error::TrainError;
