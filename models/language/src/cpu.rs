//! Language models on the processor: Llama, Qwen2 and Qwen3 from MLX checkpoints, with their weights as they are
//! quantised there.
//!
//! [`Decoder`] reads text, writes the likeliest continuation, and judges given ones. Below it, from the top down:
//! `forward` is a pass through the layers, `attention` the part of it that looks back, `weights` and `matrix` are what
//! lies in memory, `kernel` multiplies, `pool` is the threads.
//!
//! The fast way quantises what a matrix is multiplied by to 8 bits, group by group, and multiplies whole numbers; the
//! exact way computes with 32-bit numbers throughout.

mod arena;
mod attention;
mod cores;
mod decoder;
mod element;
mod error;
mod forward;
mod kernel;
mod math;
mod matrix;
mod pool;
mod rows;
#[cfg(test)]
mod tests;
mod weights;

pub use cores::default_threads;
pub use decoder::{Decoder, Memory, Options};
pub use element::Float;
pub use error::DecoderError;
pub use kernel::Instructions;
pub use matrix::{Format, Unfit};
