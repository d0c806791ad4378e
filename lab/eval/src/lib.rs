#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod bootstrap;
mod escape;
pub mod eval;
pub mod gate;
pub mod guard;
pub mod habits;
pub mod judge;
pub mod learning;
mod memory;
mod mix;
pub mod model;
mod persona;
mod quantile;
pub mod reliability;
pub mod roundtrip;
pub mod route;
mod said;
pub mod score;
pub mod similarity;
mod spacing;
pub mod tagger;
