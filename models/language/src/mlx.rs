//! Language models on MLX: Llama, Qwen2, Qwen3 and Qwen3.5 on the GPU of Apple silicon.
//!
//! [`Decoder`] reads text, writes the likeliest continuation, and scores given ones, like the one
//! in [`crate::cpu`]. Below it, `model` is the architecture, with the shape of every tensor,
//! `delta` is the recurrence of the layers of Qwen3.5
//! that have no attention, `cache` holds the keys and values, and `tensors` copies a checkpoint into MLX's memory.
//!
//! MLX is lazy: an operation only adds to a graph, which is computed when a result is needed. This
//! code waits for a result only where it needs a number, which is when a token or a score is read,
//! and between the passes of a long text, so that it can be stopped there. The computation of the
//! next token starts before the last one is read.
//!
//! An array belongs to the thread that made it. A [`Decoder`] therefore stays on the thread that
//! opened it, and is not `Send`. MLX counts the memory that it allocates and keeps for reuse for
//! the whole process.

mod cache;
mod decoder;
pub mod delta;
mod error;
mod linear;
mod model;
mod tensors;
#[cfg(test)]
mod tests;

pub use decoder::{Decoder, Options};
