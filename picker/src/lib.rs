#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod difference;
mod input;
mod pick;
mod plain;
mod playground;
mod readings;
mod region;
mod review;
mod row;
mod units;

pub use pick::{Picked, pick};
pub use plain::pick_plainly;
pub use playground::play;
pub use region::{Look, TerminalError};
pub use review::{Decide, Doubt, Verdict, review};

use sayso_protocol::{Answer, Chosen, ErrorReply};

/// Asks for the readings of a dictation, unit by unit, around what was chosen by hand.
pub type Ask<'a> = dyn FnMut(&str, &[Chosen]) -> Result<Answer, ErrorReply> + 'a;
