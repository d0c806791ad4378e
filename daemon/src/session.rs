//! What the daemon remembers of each line editor: its newest request, and its last results.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use tokio::sync::oneshot;

/// Most line editors that are remembered; the one with the oldest last request is forgotten first. Hand-chosen,
/// 2026-11-23.
const MAX_SESSIONS: usize = 512;
/// Results that are remembered per session: those of its last 16 requests, if all had alternatives. Hand-chosen,
/// 2026-11-23.
const MAX_GIVEN: usize = 16 * (1 + sayso_engine::MAX_ALTERNATIVES);

/// Longest line that is kept for `explain --last`, in bytes, including its earlier lines. All sessions together then
/// keep no more than a few megabytes. Hand-chosen, 2026-11-28.
const MAX_LAST_BYTES: usize = 8 * 1024;

/// All line editors.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_name: HashMap<String, Session>,
    hasher: RandomState,
    /// Counts requests, which orders the sessions by their last request.
    clock: u64,
}

#[derive(Debug, Default)]
struct Session {
    /// Its last request, in ticks of the clock.
    asked: u64,
    /// Tells the newest request that a newer one has come.
    newest: Option<oneshot::Sender<()>>,
    /// Hashes of the last results, a ring of at most [`MAX_GIVEN`].
    given: Vec<u64>,
    /// Where the next hash goes once the ring is full.
    next: usize,
    /// The line that was converted last. In memory only, for `explain --last`.
    last: Option<LastLine>,
}

/// A line as it was dictated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastLine {
    /// The dictation.
    pub(crate) text: String,
    /// Earlier lines of the command.
    pub(crate) prebuffer: String,
}

/// Resolves when a newer request of the same session arrives. A session that was forgotten supersedes nothing.
pub(crate) type Superseded = oneshot::Receiver<()>;

impl Sessions {
    /// Begins a request of the session, which supersedes the one before it if that is still running.
    pub(crate) fn begin(&mut self, name: &str) -> Superseded {
        let (keep, superseded) = oneshot::channel();
        self.clock += 1;
        if !self.by_name.contains_key(name) && self.by_name.len() >= MAX_SESSIONS {
            self.forget_oldest();
        }
        let session = self.by_name.entry(name.to_owned()).or_default();
        session.asked = self.clock;
        if let Some(older) = session.newest.replace(keep) {
            // The earlier request may have been answered long ago.
            let _ = older.send(());
        }
        superseded
    }

    /// Remembers that the session received `line` as the result, or as an alternative, of another line.
    pub(crate) fn give(&mut self, name: &str, line: &str) {
        let hash = self.hasher.hash_one(line);
        if let Some(session) = self.by_name.get_mut(name)
            && !session.given.contains(&hash)
        {
            match session.given.get_mut(session.next) {
                Some(oldest) => *oldest = hash,
                None => session.given.push(hash),
            }
            session.next = (session.next + 1) % MAX_GIVEN;
        }
    }

    /// Keeps the line that the session converted last; if it is too long, only forgets the one before.
    pub(crate) fn keep_last(&mut self, name: &str, text: &str, prebuffer: &str) {
        if let Some(session) = self.by_name.get_mut(name) {
            let line = LastLine { text: text.to_owned(), prebuffer: prebuffer.to_owned() };
            session.last = (text.len() + prebuffer.len() <= MAX_LAST_BYTES).then_some(line);
        }
    }

    /// The line that the session had converted last.
    pub(crate) fn last(&self, name: &str) -> Option<LastLine> {
        self.by_name.get(name).and_then(|session| session.last.clone())
    }

    /// Whether the session received `line` recently, so that converting it must change nothing.
    pub(crate) fn was_given(&self, name: &str, line: &str) -> bool {
        let hash = self.hasher.hash_one(line);
        self.by_name.get(name).is_some_and(|session| session.given.contains(&hash))
    }

    /// The number of line editors that are remembered.
    pub(crate) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// A pass over all sessions is cheaper than keeping an order for every request: it happens once for a new session,
    /// and only when there are [`MAX_SESSIONS`].
    fn forget_oldest(&mut self) {
        let oldest = self.by_name.iter().min_by_key(|(_, session)| session.asked);
        if let Some(name) = oldest.map(|(name, _)| name.clone()) {
            self.by_name.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_superseded(request: &mut Superseded) -> bool {
        request.try_recv().is_ok()
    }

    #[test]
    fn a_newer_request_supersedes_the_older_of_its_session_only() {
        let mut sessions = Sessions::default();
        let mut first = sessions.begin("zsh-1");
        let mut other = sessions.begin("zsh-2");
        assert!(!is_superseded(&mut first));
        let mut second = sessions.begin("zsh-1");
        assert!(is_superseded(&mut first));
        assert!(!is_superseded(&mut second) && !is_superseded(&mut other));
    }

    #[test]
    fn what_was_given_is_known_to_its_session_for_a_while() {
        let mut sessions = Sessions::default();
        let _asked = sessions.begin("zsh-1");
        let _asked = sessions.begin("zsh-2");
        sessions.give("zsh-1", "git status");
        assert!(sessions.was_given("zsh-1", "git status"));
        assert!(!sessions.was_given("zsh-1", "git  status"));
        assert!(!sessions.was_given("zsh-2", "git status"));
        assert!(!sessions.was_given("zsh-3", "git status"));
        (0..MAX_GIVEN - 1).for_each(|n| sessions.give("zsh-1", &n.to_string()));
        sessions.give("zsh-1", "0");
        assert!(sessions.was_given("zsh-1", "git status"), "known lines take no second place");
        sessions.give("zsh-1", "one more");
        assert!(!sessions.was_given("zsh-1", "git status"));
    }

    #[test]
    fn the_last_line_is_kept_for_its_session_only() {
        let mut sessions = Sessions::default();
        let _asked = sessions.begin("zsh-1");
        let _asked = sessions.begin("zsh-2");
        sessions.keep_last("zsh-1", "git status dash s", "for x; do\n");
        let last = LastLine { text: "git status dash s".into(), prebuffer: "for x; do\n".into() };
        assert_eq!(sessions.last("zsh-1"), Some(last));
        assert_eq!(sessions.last("zsh-2"), None);
        assert_eq!(sessions.last("zsh-3"), None);
        sessions.keep_last("zsh-1", &"x".repeat(MAX_LAST_BYTES + 1), "");
        assert_eq!(sessions.last("zsh-1"), None, "an older line would be taken for the last one");
    }

    #[test]
    fn the_session_that_asked_least_recently_is_forgotten() {
        let mut sessions = Sessions::default();
        let mut requests: Vec<_> = (0..MAX_SESSIONS).map(|n| sessions.begin(&n.to_string())).collect();
        (0..MAX_SESSIONS).for_each(|n| sessions.give(&n.to_string(), "ls"));
        let _again = sessions.begin("0");
        let _new = sessions.begin("new");
        assert_eq!(sessions.len(), MAX_SESSIONS);
        assert!(sessions.was_given("0", "ls"));
        assert!(!sessions.was_given("1", "ls"));
        assert!(is_superseded(&mut requests[0]) && !is_superseded(&mut requests[1]));
    }
}
