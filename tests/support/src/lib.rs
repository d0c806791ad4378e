//! What end-to-end tests and benchmarks share. Only developers build this crate.
//!
//! A test that presses the key in a real shell, with a daemon that answers from a table:
//!
//! ```no_run
//! # use sayso_testing::{FakeDaemon, Home, SAID, Setup, Shell, Terminal};
//! let home = Home::new();
//! let daemon = FakeDaemon::listen(&home);
//! let terminal = Terminal::open(&home, Shell::Zsh, Setup::default());
//! terminal.text(SAID).convert().wait_line("$ git status -s");
//! assert_eq!(daemon.request().text, SAID);
//! ```
//!
//! A test that runs the client against the real daemon, which the client starts:
//!
//! ```no_run
//! # use sayso_testing::{Home, MEANT, SAID, sayso};
//! let home = Home::patient();
//! let ran = sayso(&home, &["convert", SAID], "");
//! assert_eq!((ran.code, ran.out.trim_end()), (Some(0), MEANT));
//! ```
//!
//! [`RealDaemon`] starts the daemon without a client and speaks to its socket directly; [`FakeHub`] serves models.
//! Everything that a test starts lives in its [`Home`] and ends with it. Helpers wait for events or probe for a
//! condition; none sleeps for a fixed time. Most of them panic when something is wrong, as a test should; those that
//! benchmarks use return errors as well.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test itself would")]

mod fake_daemon;
#[cfg(target_os = "linux")]
mod hanging;
mod home;
mod hub;
pub mod programs;
mod real_daemon;
mod requirements;
mod run;
mod terminal;
pub mod wire;

pub use fake_daemon::{FakeDaemon, Reaction, result};
#[cfg(target_os = "linux")]
pub use hanging::HangingFolder;
pub use home::Home;
pub use hub::{FakeHub, State as HubState, Trouble, hex};
pub use real_daemon::{RealDaemon, StartError};
pub use requirements::{need, not_run, zsh_plugin};
pub use run::{Ran, command, finish, piped, sayso};
pub use terminal::{Color, Missed, Setup, Shell, Terminal};
pub use wire::Wire;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// A dictation that says every separator, so that rules alone convert it.
pub const SAID: &str = "git space status space dash s";
/// What [`SAID`] means.
pub const MEANT: &str = "git status -s";

/// How long anything is waited for. Only a defect makes a wait last this long, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The GGUF file of a small model with random weights: `qwen3`, `qwen2`, `llama3` or `smollm`.
pub fn gguf(name: &str) -> PathBuf {
    repository().join("models/store/tests/fixtures").join(name).with_extension("gguf")
}

/// Waits until `condition` holds, by trying it again and again.
///
/// # Panics
/// When it does not hold within [`PATIENCE`].
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
