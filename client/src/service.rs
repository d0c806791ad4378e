//! `sayso service`: has the service manager of the machine start the daemon.
//!
//! It is optional, because the client starts an absent daemon. A service manager adds a daemon that is there from login
//! on, comes back after a crash, and is stopped with everything else.

pub(crate) mod command;
mod daemon;
mod files;
mod launchd;
mod manager;
mod systemd;
mod tool;

pub(crate) use manager::{Manager, installed};
