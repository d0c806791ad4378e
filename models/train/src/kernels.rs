//! Losses and gradients on the processor, with kernels of our own.
//!
//! MLX without a graphics processor computes everything but matrix products with one thread and one
//! number at a time, and pads every row. Here the examples of a batch follow one another without
//! padding, what lies between two products is one pass over memory in vector instructions, and
//! only what the loss depends on is computed. The gradients are those of `mlx`
//! (tests/kernels.rs).
//!
//! Matrices are row-major slices; a comment such as (tokens, hidden_size) gives the shape.

mod adam;
mod attention;
mod buffer;
mod input;
mod matmul;
mod model;
mod rounding;
mod rows;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod tiles;
mod view;

pub use adam::{Adam, clip};
pub use buffer::Buffer;
pub use input::Input;
pub use matmul::Precision;
pub use model::{Model, Place, Teacher};
pub use rounding::round;
