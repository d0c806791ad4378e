//! What belongs to the user everywhere: hosts and history.

use crate::history::History;
use crate::hosts;
use crate::names::Names;
use crate::source::Sources;
use crate::stamp::Stamps;
use std::path::Path;
use std::time::{Duration, Instant};

/// Hosts and history.
#[derive(Debug, Clone, Default)]
pub struct User {
    /// Hosts.
    pub hosts: Names,
    /// Words of the history.
    pub history: History,
    /// How long it took to read and to index.
    pub took: Duration,
    /// What was read.
    pub stamps: Stamps,
}

impl User {
    /// Reads them from a home folder; `data` is where programs keep their data, if that is elsewhere.
    pub fn read(home: &Path, data: Option<&Path>, sources: Sources) -> User {
        let begun = Instant::now();
        let mut user = User::default();
        if sources.hosts {
            user.hosts = Names::new(hosts::read(home, &mut user.stamps));
        }
        if sources.history {
            user.history = History::read(home, data, &mut user.stamps);
        }
        user.took = begun.elapsed();
        user
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.history.is_empty()
    }

    /// Bytes of memory that it takes.
    pub fn bytes(&self) -> usize {
        self.hosts.bytes() + self.history.bytes()
    }
}
