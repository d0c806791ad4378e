//! Who is connected, and which connection must leave when a new one finds no room.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::task::yield_now;
use tokio::time::Instant;

/// Connections of one process that are open at once. Hand-chosen, 2026-11-29: anything but a flood needs no more, and
/// the other places remain for other processes.
const MAX_OF_PROCESS: usize = 160;
/// This many connections are a crowd: when half of it has left, the memory that it needed is given back to the system.
const CROWD: usize = 32;

/// All open connections.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    guests: Mutex<Guests>,
    /// Notified when a connection has become idle, so that it can make way.
    idle: Notify,
}

#[derive(Debug, Default)]
struct Guests {
    by_id: HashMap<u64, Entry>,
    next: u64,
    /// The largest number of connections since a crowd last left.
    peak: usize,
}

#[derive(Debug)]
struct Entry {
    /// The process at the other end; 0 if the system does not say.
    process: i32,
    /// Since when it has been idle, which means that no request of it is in progress. Half a message does not count as
    /// work.
    idle_since: Option<Instant>,
    /// Whether it holds a long message that is still incomplete.
    holds_much: bool,
    /// Whether it has been asked to leave.
    leaving: bool,
    leave: Arc<Notify>,
    turn: Arc<Semaphore>,
}

impl Roster {
    /// Adds a connection to a process. It does not count as idle before it says so. If the process has very many
    /// connections, an idle one of them makes way; `None` if all of them are at work.
    pub(crate) fn enter(self: &Arc<Roster>, process: Option<i32>) -> Option<Guest> {
        let process = process.unwrap_or_default();
        let mut guests = self.guests();
        // If the system does not name the process, it may be any.
        if process != 0 {
            let of_process = guests.by_id.values().filter(|it| it.process == process && !it.leaving).count();
            if of_process >= MAX_OF_PROCESS && !guests.evict(|entry| entry.process == process) {
                return None;
            }
        }
        let known = guests.by_id.values().find(|it| it.process == process && process != 0);
        let turn = known.map_or_else(|| Arc::new(Semaphore::new(1)), |it| it.turn.clone());
        let leave = Arc::new(Notify::new());
        let entry = Entry {
            process,
            idle_since: None,
            holds_much: false,
            leaving: false,
            leave: leave.clone(),
            turn: turn.clone(),
        };
        guests.next += 1;
        let id = guests.next;
        guests.by_id.insert(id, entry);
        guests.peak = guests.peak.max(guests.by_id.len());
        Some(Guest { roster: self.clone(), id, process, leave, turn })
    }

    /// Whether half of a crowd has left since the last call.
    pub(crate) fn crowd_has_left(&self) -> bool {
        let mut guests = self.guests();
        let has_left = guests.peak >= CROWD && guests.by_id.len() <= guests.peak / 2;
        if has_left {
            guests.peak = guests.by_id.len();
        }
        has_left
    }

    /// Asks one idle connection to leave: the one that has been idle longest, of the process with the most idle ones.
    /// With `much`, only one that holds a long message. Returns `false` if there is no such connection.
    pub(crate) fn evict(&self, much: bool) -> bool {
        self.guests().evict(|entry| entry.holds_much || !much)
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

impl Guests {
    /// Asks one of the connections that `may_leave` to leave: the one that has been idle longest, of the process with
    /// the most idle ones.
    fn evict(&mut self, may_leave: impl Fn(&Entry) -> bool) -> bool {
        // No connection is asked twice.
        let is_movable = |entry: &Entry| entry.idle_since.is_some() && !entry.leaving && may_leave(entry);
        let mut of_process: HashMap<i32, usize> = HashMap::new();
        for entry in self.by_id.values().filter(|entry| is_movable(entry)) {
            *of_process.entry(entry.process).or_default() += 1;
        }
        let order = |entry: &Entry| {
            let crowd = of_process.get(&entry.process).copied().unwrap_or_default();
            (std::cmp::Reverse(crowd), entry.idle_since)
        };
        let movable = self.by_id.values_mut().filter(|entry| is_movable(entry));
        let Some(entry) = movable.min_by_key(|entry| order(entry)) else { return false };
        entry.leaving = true;
        entry.leave.notify_one();
        true
    }
}

/// The entry of one connection, which ends with it.
#[derive(Debug)]
pub(crate) struct Guest {
    roster: Arc<Roster>,
    id: u64,
    process: i32,
    leave: Arc<Notify>,
    /// The one permit that all connections of the process share.
    turn: Arc<Semaphore>,
}

/// The turn of one connection, see [`Guest::turn`].
#[derive(Debug)]
pub(crate) struct Turn<'g> {
    _permit: Option<SemaphorePermit<'g>>,
}

impl Turn<'_> {
    /// Ends the turn once all other tasks that can run have run.
    pub(crate) async fn end(self) {
        yield_now().await;
    }
}

impl Guest {
    /// Sets since when the connection has been idle, `None` while it is not, and whether it holds a long message.
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

    /// Waits until no other connection of the process has a turn. All connections share one thread. If each takes a
    /// turn for each message, a process that sends thousands gets no more of that thread than one that sends a single
    /// one.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        // The semaphore is never closed.
        Turn { _permit: self.turn.acquire().await.ok() }
    }

    /// The process at the other end; 0 if the system does not say.
    pub(crate) fn process(&self) -> i32 {
        self.process
    }

    /// Notes that the peer takes no answer. The connection may be asked to leave until this is dropped.
    pub(crate) fn deaf(&self) -> Deaf<'_> {
        let before = self.set_idle(Some(Instant::now()));
        self.roster.idle.notify_one();
        Deaf { guest: self, before }
    }

    /// Sets since when the connection has been idle.
    fn set_idle(&self, since: Option<Instant>) -> Option<Instant> {
        let mut guests = self.roster.guests();
        let entry = guests.by_id.get_mut(&self.id)?;
        std::mem::replace(&mut entry.idle_since, since)
    }

    /// Waits until the connection must make way. May be dropped and called again.
    pub(crate) async fn must_leave(&self) {
        self.leave.notified().await;
    }
}

/// While this is held, the peer takes no answer.
#[derive(Debug)]
pub(crate) struct Deaf<'g> {
    guest: &'g Guest,
    before: Option<Instant>,
}

impl Drop for Deaf<'_> {
    fn drop(&mut self) {
        self.guest.set_idle(self.before);
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
        let alone = roster.enter(Some(1)).unwrap();
        alone.set(since(0), false);
        let crowd: Vec<Guest> = (0..3).map(|_| roster.enter(Some(2)).unwrap()).collect();
        for (guest, seconds) in crowd.iter().zip([3, 1, 2]) {
            guest.set(since(seconds), false);
        }
        let busy = roster.enter(Some(2)).unwrap();
        busy.set(None, true);
        for expected in [1, 2] {
            assert!(roster.evict(false));
            for (at, guest) in crowd.iter().enumerate() {
                assert_eq!(leaves(guest).await, at == expected, "{at}");
            }
        }
        // Each has one: the older one leaves.
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
        let guest = roster.enter(None).unwrap();
        guest.set(None, false);
        assert!(!roster.evict(false));
        guest.set(Some(Instant::now()), false);
        roster.becomes_idle().await;
        assert!(roster.evict(false) && leaves(&guest).await);
    }

    #[tokio::test]
    async fn who_takes_no_answer_makes_way_and_only_meanwhile() {
        let roster = Arc::new(Roster::default());
        let guest = roster.enter(Some(1)).unwrap();
        drop(guest.deaf());
        assert!(!roster.evict(false));
        let deaf = guest.deaf();
        assert!(roster.evict(false) && leaves(&guest).await);
        assert!(!roster.evict(false), "nobody is asked twice");
        drop(deaf);
    }

    #[tokio::test]
    async fn a_process_has_one_turn_at_a_time_and_others_go_on_before_its_next() {
        let roster = Arc::new(Roster::default());
        let crowd: Vec<Guest> = (0..3).map(|_| roster.enter(Some(1)).unwrap()).collect();
        let other = roster.enter(Some(2)).unwrap();
        let order = Mutex::new(Vec::new());
        let asks = async |guest: &Guest, name| {
            let turn = guest.turn().await;
            order.lock().unwrap().push(name);
            turn.end().await;
        };
        tokio::join!(asks(&crowd[0], 1), asks(&crowd[1], 1), asks(&crowd[2], 1), asks(&other, 2));
        assert_eq!(*order.lock().unwrap(), [1, 2, 1, 1]);
        // If the system does not name the process, it may be any.
        let (unknown, another) = (roster.enter(None).unwrap(), roster.enter(None).unwrap());
        let _turn = unknown.turn().await;
        assert!(timeout(Duration::ZERO, another.turn()).await.is_ok());
    }

    #[tokio::test]
    async fn one_process_does_not_take_all_places() {
        let roster = Arc::new(Roster::default());
        let mut crowd: Vec<Guest> = (0..MAX_OF_PROCESS).map(|_| roster.enter(Some(1)).unwrap()).collect();
        assert!(roster.enter(Some(1)).is_none());
        crowd[0].set(Some(Instant::now()), false);
        // An idle connection of the same process makes way.
        crowd.push(roster.enter(Some(1)).unwrap());
        assert!(leaves(&crowd[0]).await);
        assert!(roster.enter(Some(1)).is_none());
        assert!(roster.enter(Some(2)).is_some());
        assert!(!roster.crowd_has_left());
        crowd.truncate(CROWD);
        assert!(roster.crowd_has_left() && !roster.crowd_has_left());
    }
}
