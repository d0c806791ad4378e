//! Language models on the CPU: Llama, Qwen2, Qwen3 and Qwen3.5 from MLX checkpoints, in the checkpoint's own
//! quantisation.
//!
//! [`Decoder`] reads text, writes the likeliest continuation, and scores given ones. Below it, from
//! top to bottom: `forward` is a pass through the layers, `attention` is its attention,
//! `delta` the gated delta-nets that Qwen3.5 has in most layers instead, `weights`
//! and `matrix` hold the weights, `kernel` multiplies, and `pool` runs the threads.
//!
//! The fast path quantises the activations to 8 bits, group by group, and multiplies integers. The
//! exact path computes with 32-bit floats throughout.

mod arena;
mod attention;
mod cores;
mod decoder;
mod delta;
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
pub use math::{combine, exp};
pub use matrix::{Format, Unfit};
