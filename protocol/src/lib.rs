//! The wire between a shell and the resident daemon: requests, replies, framing, and where the socket is.
//!
//! `docs/PROTOCOL.md` is the contract in prose; this crate is the same contract in types. It knows nothing of
//! speech, engines or shells.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod cli_format;
pub mod connection;
pub mod error_reply;
pub mod fields;
pub mod form;
pub mod frame;
pub mod line;
pub mod lock;
pub mod message;
pub mod peer;
pub mod process;
pub mod reply;
pub mod socket_paths;
pub mod version;

pub use error_reply::{Code, ErrorReply};
pub use form::Form;
pub use frame::MAX_FRAME_BYTES;
pub use message::{Chosen, Context, Correction, Op, ReplyTo, Request, Route};
pub use reply::{
    Answer, MAX_SPANS, ModelState, ModelStatus, Outcome, PlaceStatus, Reading, Reply, RouteLatency, Span,
    Status, TaggerStatus, Unit,
};
pub use socket_paths::SocketPaths;
pub use version::VERSION;
