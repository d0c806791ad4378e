//! Phonetic readings: what may have been said where a speech engine wrote something else.
//!
//! [`widen()`] adds them to a lattice. It splits what the engine wrote as one word ([`segmentation`]), turns each word into
//! sounds ([`pronunciation`]), and searches the [`lexicon`] of symbols, letters, digits and words of commands for entries
//! whose sounds are close ([`matcher`], [`distance`]). The command that a word stands in ([`command_context`]) decides
//! how close they must be.

mod candidate;
mod command_context;
mod consonants;
pub mod distance;
pub mod lexicon;
pub mod matcher;
pub mod pronunciation;
mod segmentation;
mod similarity;
mod token;
mod widen;

#[cfg(test)]
pub(crate) use command_context::is_fresh_behind;
pub(crate) use segmentation::is_glue;
pub use similarity::{apart, consonant_keys, each_apart, sounds};
pub use widen::widen;
