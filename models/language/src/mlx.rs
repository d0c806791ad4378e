//! Language models on MLX: Llama, Qwen2 and Qwen3, on the graphics processor of Apple silicon.
//!
//! [`Decoder`] reads text, writes the likeliest continuation, and scores given ones, as that of [`crate::cpu`] does.
//! Below it: `model` is the family, one file with the shape of every tensor, `cache` the keys and values, `tensors`
//! the way of a checkpoint into MLX's memory.
//!
//! MLX computes lazily: an operation adds to a graph, and a graph is computed when it is asked for. Nothing here waits
//! for it but where a number is needed, which is when a token or a score is read, and between the passes of a long
//! text, so that it can be stopped there. The next token is under way before the last one is read.
//!
//! Arrays belong to the thread that made them, so a [`Decoder`] stays on the thread that opened it; it is not `Send`.
//! What MLX allocates and keeps for reuse is counted for the whole process.

mod cache;
mod decoder;
mod error;
mod linear;
mod model;
mod tensors;
#[cfg(test)]
mod tests;

pub use decoder::{Decoder, Options};
