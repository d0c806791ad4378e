#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]
//!
//! # How a path is chosen
//!
//! An encoder reads all tokens of the line at once ([`encode`]). Then the path is chosen from left to right
//! ([`beam_search`]): at each token, every reading that starts there, once with a space before it and once without, gets a
//! score from the encoder's view of the tokens that it spans, from the reading itself, and from the command line so far.
//! The scores are normalised over these candidates, so a path has a probability. Nothing outside the lattice has one.
//!
//! ```
//! use sayso_speech::{clean::clean, lex::lex, phonetic::widen, render::render, words::UserWords};
//! use sayso_tagger::{Scratch, beam_search, embedded, encode};
//!
//! let words = UserWords::default();
//! let lattice = widen(lex(clean("git commit dash m quote fix quote"), &words, None), &words);
//! let mut scratch = Scratch::default();
//! let line = encode(embedded()?, lattice, &mut scratch);
//! let paths = beam_search(&line, 4, &mut scratch);
//! assert_eq!(render(line.lattice(), &paths[0].steps).text, "git commit -m \"fix\"");
//! # Ok::<(), &sayso_tagger::WeightsError>(())
//! ```
//!
//! What weights depend on is written down in [`schema`].

pub mod beam;
pub mod candidate;
pub mod context;
mod cross;
mod embedded;
pub mod feature;
mod fit;
pub mod id;
mod kernel;
mod line;
pub mod network;
mod pattern;
mod repair;
pub mod schema;
mod scored;
mod scratch;
pub mod shape;
pub mod step;
pub mod unit;
pub mod vector;
pub mod weights;
mod word;

pub use beam::{Path, beam_search, rank_readings, score_path};
pub use embedded::{embedded, embedded_bytes};
pub use line::{EncodedLine, encode};
pub use network::LineClass;
pub use schema::Schema;
pub use scratch::Scratch;
pub use weights::{Weights, WeightsError};
