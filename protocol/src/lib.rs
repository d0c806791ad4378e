//! The wire between a shell and the resident daemon: requests, replies, framing, and where the socket is.
//!
//! `docs/PROTOCOL.md` is the contract in prose; this crate is the same contract in types. It knows nothing of
//! speech, engines or shells.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod dial;
pub mod fault;
pub mod frame;
pub mod line;
pub mod lock;
pub mod message;
pub mod output;
pub mod peer;
pub mod place;
pub mod reply;
pub mod version;

pub use fault::{Code, Fault};
pub use message::{Context, Op, Request, Route};
pub use place::Place;
pub use reply::{Answer, ModelState, ModelStatus, Outcome, Reading, Reply, RouteLatency, Span, Status, Unit};

/// Version of the protocol that this crate speaks. Bumped when an old reader would misread a new message.
pub const VERSION: u32 = 1;

/// Longest frame in bytes, its newline not counted, in both directions.
pub const MAX_FRAME_BYTES: usize = 1 << 20;

/// Most spans, and most explained units, that a reply carries. With more, it carries none: whoever follows single
/// words has a line that a person can read.
pub const MAX_SPANS: usize = 4096;
