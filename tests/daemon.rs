//! What crosses a process and starts at the daemon: its life, faults on the wire, and a language model in it.
//!
//! `daemon/Cargo.toml` declares this file, because Cargo builds a program for the tests of its own crate only. The
//! tests that start at the client are in `end_to_end.rs`. `tests/README.md` says how to run and write them.

#![allow(clippy::unwrap_used)]

mod faults;
mod life;
mod lifecycle;
mod place;
