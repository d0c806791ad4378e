//! What crosses a process and starts at the client: `sayso` itself, the widgets in real shells, models, the installer
//! and the service managers.
//!
//! `client/Cargo.toml` declares this file, because Cargo builds a program for the tests of its own crate only. The
//! tests that start at the daemon are in `daemon.rs`. `tests/README.md` says how to run and write them.

#![allow(clippy::unwrap_used)]

mod client;
mod install;
mod learning;
mod model;
#[cfg(target_os = "linux")]
mod services;
mod shells;
mod words;
