//! The wire between a shell and the resident daemon: requests, replies, framing, and where the socket is.
//!
//! `docs/PROTOCOL.md` is the contract in prose; this crate is the same contract in types. It knows nothing of
//! speech, engines or shells.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod dial;
pub mod fault;
pub mod fields;
pub mod form;
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
pub use form::Form;
pub use frame::MAX_FRAME_BYTES;
pub use message::{Context, Op, ReplyTo, Request, Route};
pub use place::Place;
pub use reply::{
    Answer, MAX_SPANS, ModelState, ModelStatus, Outcome, Reading, Reply, RouteLatency, Span, Status,
    TaggerStatus, Unit,
};
pub use version::VERSION;
