//! Who is connected, and who must leave when somebody new comes to a full house.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::Instant;

/// All open connections.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    guests: Mutex<Guests>,
    /// Told when a connection has become idle, so that it can make way.
    idle: Notify,
}

#[derive(Debug, Default)]
struct Guests {
    by_id: HashMap<u64, Entry>,
    next: u64,
}

#[derive(Debug)]
struct Entry {
    /// The process at the other end; 0 if the system does not say.
    process: i32,
    /// Since when it has been idle: nothing of it is worked on. Half a message does not count as work.
    idle_since: Option<Instant>,
    /// Whether it holds a long message that is not whole.
    holds_much: bool,
    leave: Arc<Notify>,
}

impl Roster {
    /// Adds a connection to a process. It is idle until it says something.
    pub(crate) fn enter(self: &Arc<Roster>, process: Option<i32>) -> Guest {
        let leave = Arc::new(Notify::new());
        let entry = Entry {
            process: process.unwrap_or_default(),
            idle_since: Some(Instant::now()),
            holds_much: false,
            leave: leave.clone(),
        };
        let mut guests = self.guests();
        guests.next += 1;
        let id = guests.next;
        guests.by_id.insert(id, entry);
        Guest { roster: self.clone(), id, leave }
    }

    /// Asks one idle connection to leave: of the process that has the most of them, the one that has been idle longest.
    /// With `much`, only one that holds a long message. `false` if there is none.
    pub(crate) fn evict(&self, much: bool) -> bool {
        let mut guests = self.guests();
        let is_movable = |entry: &Entry| entry.idle_since.is_some() && (entry.holds_much || !much);
        let mut of_process: HashMap<i32, usize> = HashMap::new();
        for entry in guests.by_id.values().filter(|entry| is_movable(entry)) {
            *of_process.entry(entry.process).or_default() += 1;
        }
        let order = |entry: &Entry| {
            let crowd = of_process.get(&entry.process).copied().unwrap_or_default();
            (std::cmp::Reverse(crowd), entry.idle_since)
        };
        let movable = guests.by_id.values_mut().filter(|entry| is_movable(entry));
        let Some(entry) = movable.min_by_key(|entry| order(entry)) else { return false };
        // Nobody is asked twice.
        entry.idle_since = None;
        entry.leave.notify_one();
        true
    }

    /// Waits until a connection has become idle.
    pub(crate) async fn becomes_idle(&self) {
        self.idle.notified().await;
    }

    /// Never held across a wait.
    fn guests(&self) -> MutexGuard<'_, Guests> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The entry of one connection, which ends with it.
#[derive(Debug)]
pub(crate) struct Guest {
    roster: Arc<Roster>,
    id: u64,
    leave: Arc<Notify>,
}

impl Guest {
    /// Says since when the connection has been idle, `None` while it is not, and whether it holds a long message.
    pub(crate) fn set(&self, idle_since: Option<Instant>, holds_much: bool) {
        let mut guests = self.roster.guests();
        if let Some(entry) = guests.by_id.get_mut(&self.id) {
            let was_idle = entry.idle_since.is_some();
            (entry.idle_since, entry.holds_much) = (idle_since, holds_much);
            if !was_idle && idle_since.is_some() {
                self.roster.idle.notify_one();
            }
        }
    }

    /// Waits until the connection must make way. May be dropped and called again.
    pub(crate) async fn must_leave(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.roster.guests().by_id.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    async fn leaves(guest: &Guest) -> bool {
        timeout(Duration::ZERO, guest.must_leave()).await.is_ok()
    }

    #[tokio::test]
    async fn the_oldest_of_the_process_with_the_most_makes_way() {
        let roster = Arc::new(Roster::default());
        let begun = Instant::now();
        let since = |seconds| Some(begun + Duration::from_secs(seconds));
        let alone = roster.enter(Some(1));
        alone.set(since(0), false);
        let crowd: Vec<Guest> = (0..3).map(|_| roster.enter(Some(2))).collect();
        for (guest, seconds) in crowd.iter().zip([3, 1, 2]) {
            guest.set(since(seconds), false);
        }
        let busy = roster.enter(Some(2));
        busy.set(None, true);
        for expected in [1, 2] {
            assert!(roster.evict(false));
            for (at, guest) in crowd.iter().enumerate() {
                assert_eq!(leaves(guest).await, at == expected, "{at}");
            }
        }
        // One each: the older.
        assert!(roster.evict(false) && leaves(&alone).await);
        assert!(roster.evict(false) && leaves(&crowd[0]).await);
        assert!(!roster.evict(false) && !leaves(&busy).await);
        busy.set(since(9), true);
        assert!(roster.evict(true) && leaves(&busy).await);
        drop((alone, crowd, busy));
        assert!(roster.guests().by_id.is_empty());
    }

    #[tokio::test]
    async fn who_becomes_idle_is_told_of() {
        let roster = Arc::new(Roster::default());
        let guest = roster.enter(None);
        guest.set(None, false);
        assert!(!roster.evict(false));
        guest.set(Some(Instant::now()), false);
        roster.becomes_idle().await;
        assert!(roster.evict(false) && leaves(&guest).await);
    }
}
