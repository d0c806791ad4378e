//! `sayso service`: has the service manager of the machine start the daemon.
//!
//! It is optional, because the client starts an absent daemon. With a service manager, the daemon
//! runs from login on, is restarted after a crash, and is stopped with everything else.

pub(crate) mod command;
mod daemon;
mod files;
mod launchd;
mod manager;
mod systemd;
mod tool;

pub(crate) use manager::{Manager, installed};
