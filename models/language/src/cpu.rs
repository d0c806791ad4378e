//! Language models on the processor: Llama, Qwen2 and Qwen3 from MLX checkpoints, with their weights as they are
//! quantised there.
//!
//! [`Decoder`] reads text, writes the likeliest continuation, and scores given ones. Below it, from the top down:
//! `forward` is a pass through the layers, `attention` the part of it that looks back, `weights` and `matrix` hold the
//! weights in memory, `kernel` multiplies, `pool` is the threads.
//!
//! The fast way quantises the activations to 8 bits, group by group, and multiplies integers; the exact way computes with
//! 32-bit floating-point numbers throughout.

mod arena;
mod attention;
mod cores;
mod decoder;
mod element;
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
pub use decoder::{Decoder, Options};
pub use element::Float;
pub use kernel::Instructions;
pub use matrix::{Format, Unfit};
