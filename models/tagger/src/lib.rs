#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]
//! The tagger: scores every reading that may come next, given the whole line and what was written so far.
//!
//! An encoder looks at all units of the line at once. Then the path is chosen from left to right: at each token, every
//! reading that starts there, once with a space before it and once without, gets a score from the encoder's view of
//! the tokens that it spans, from the reading itself, and from the command line as it stands by then. The scores are
//! normalised over these candidates, so a path has a probability. Nothing outside the lattice has one.

pub mod beam;
pub mod candidate;
pub mod context;
mod embedded;
pub mod feature;
mod kernel;
pub mod network;
pub mod shape;
pub mod unit;
pub mod weights;

pub use embedded::embedded;
