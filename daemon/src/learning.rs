//! What was learnt from corrected lines. It is kept in memory for conversions, which never wait for the file.

use sayso_engine::{Engine, Preferences, Words};
use sayso_learning::{Pair, Store, Teaching, secret, store};
use sayso_protocol::Correction;
use sayso_settings::Learn;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long the sums read from the file stay in use before they have faded enough to be computed again.
const FRESH: Duration = Duration::from_secs(6 * 60 * 60);

/// The store and what was learnt from it.
#[derive(Debug)]
pub(crate) struct Learning {
    path: Option<PathBuf>,
    /// Open while learning is on and the file is usable. A conversion never locks it.
    open: Mutex<Option<Open>>,
    taught: RwLock<Taught>,
    /// Whether a thread is reading the file.
    is_reading: AtomicBool,
}

#[derive(Debug)]
struct Open {
    store: Store,
    /// The state of the file that `taught` was read from.
    version: i64,
}

/// What conversions use.
#[derive(Debug, Default)]
pub(crate) struct Taught {
    /// When it was read; `None` while learning is off.
    read: Option<Instant>,
    pub(crate) preferences: Preferences,
    /// Words that were seen often enough, and that nobody has confirmed.
    offered: Vec<(String, String)>,
    /// Why nothing is learnt.
    pub(crate) error: Option<String>,
}

impl Taught {
    /// The person's words with those that are offered for this line.
    pub(crate) fn with_offered(&self, words: Arc<Words>, line: &str) -> Arc<Words> {
        let line = line.to_lowercase();
        let may_match = |(heard, _): &&(String, String)| line.contains(heard.as_str());
        let offered: Vec<_> = self.offered.iter().filter(may_match).cloned().collect();
        match offered.is_empty() {
            true => words,
            false => Arc::new(Words::clone(&words).with_offered(offered)),
        }
    }
}

impl Learning {
    /// Learning with the file at `path`, which is not touched before it is needed.
    pub(crate) fn new(path: Option<PathBuf>) -> Learning {
        Learning {
            path,
            open: Mutex::default(),
            taught: RwLock::default(),
            is_reading: AtomicBool::new(false),
        }
    }

    /// What conversions use. A conversion holds it to its end, and a writer waits.
    pub(crate) fn taught(&self) -> RwLockReadGuard<'_, Taught> {
        self.taught.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a thread of its own read the file if that is due. Returns at once; what the thread learns counts from a
    /// later line on.
    pub(crate) fn keep_up(self: &Arc<Self>, settings: &Learn) {
        let read = self.taught().read;
        let is_due = match read {
            None => settings.enabled,
            Some(read) => !settings.enabled || read.elapsed() > FRESH,
        };
        if !is_due || self.is_reading.swap(true, Ordering::AcqRel) {
            return;
        }
        let (learning, settings) = (self.clone(), settings.clone());
        let read = move || {
            learning.refresh(&settings, true);
            learning.is_reading.store(false, Ordering::Release);
        };
        if std::thread::Builder::new().name("learn".into()).spawn(read).is_err() {
            self.is_reading.store(false, Ordering::Release);
        }
    }

    /// Reads the file again if it has changed or `always` is set, or closes it if learning is off. Blocks.
    pub(crate) fn refresh(&self, settings: &Learn, always: bool) {
        let mut open = self.open();
        if !settings.enabled {
            *open = None;
            *self.taught.write().unwrap_or_else(PoisonError::into_inner) = Taught::default();
            return;
        }
        let known = open.as_ref().map(|open| open.version);
        let is_same = |open: &Open| open.store.version().is_ok_and(|version| Some(version) == known);
        if !always && open.as_ref().is_some_and(is_same) {
            return;
        }
        let taught = match self.read(&mut open) {
            Ok(taught) => taught,
            Err(error) => {
                tracing::warn!("{error}");
                *open = None;
                Taught { read: Some(Instant::now()), error: Some(error), ..Taught::default() }
            }
        };
        *self.taught.write().unwrap_or_else(PoisonError::into_inner) = taught;
    }

    fn open(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, open: &mut Option<Open>) -> Result<Taught, String> {
        let path = self.path.as_deref().ok_or("there is no home folder to keep what is learnt in")?;
        let now = now();
        *open = None;
        // Opened anew each time, because the path may lead to another file by now. The first pair creates the file.
        let Some(store) = Store::open_existing(path, now).map_err(|error| error.to_string())? else {
            return Ok(Taught { read: Some(Instant::now()), ..Taught::default() });
        };
        let version = store.version().map_err(|error| error.to_string())?;
        let learnt = store.learnt(now).map_err(|error| error.to_string())?;
        let word = |word: &sayso_learning::Word| (word.heard.clone(), word.written.clone());
        let offered = learnt.offered().into_iter().map(word).collect();
        *open = Some(Open { store, version });
        let preferences = Preferences::new(learnt.choices);
        Ok(Taught { read: Some(Instant::now()), preferences, offered, error: None })
    }

    /// Keeps a correction, if that is allowed, and learns from it. Blocks.
    ///
    /// # Errors
    /// The reason why it was not kept, for the person.
    pub(crate) fn note(
        &self,
        settings: &Learn,
        engine: &Engine,
        words: &Words,
        heard: &str,
        correction: &Correction,
        folder: Option<&str>,
    ) -> Result<(), String> {
        self.refresh(settings, false);
        let Correction { answer, ran } = correction;
        let is_long = [heard, answer, ran].iter().any(|line| line.len() > store::MAX_LINE_BYTES);
        // A line that was run exactly as answered teaches nothing new.
        let is_same = answer.trim() == ran.trim();
        if !settings.enabled
            || is_long
            || is_same
            || secret::ignored(heard, answer, ran, &settings.ignore).is_some()
        {
            return Ok(());
        }
        let lesson = engine.lesson(words, heard.trim(), answer, ran.trim());
        // For example another line of the history.
        if !lesson.is_same_line {
            return Ok(());
        }
        let pair = Pair {
            time: now(),
            folder: sayso_engine::stable_hash(&[folder.unwrap_or_default()]),
            heard: heard.trim().to_owned(),
            answer: answer.clone(),
            ran: ran.trim().to_owned(),
        };
        let teaching = Teaching { choices: lesson.choices, words: lesson.words };
        let mut open = self.open();
        let open = match &mut *open {
            Some(open) => open,
            none => {
                if let Some(error) = self.taught().error.clone() {
                    return Err(error);
                }
                let path = self.path.as_deref().ok_or("there is no home folder to keep what is learnt in")?;
                let store = Store::open(path, now()).map_err(|error| error.to_string())?;
                let version = store.version().map_err(|error| error.to_string())?;
                none.insert(Open { store, version })
            }
        };
        let added = open.store.add(&pair, &teaching).map_err(|error| error.to_string());
        let learnt = if teaching.words.is_empty() { None } else { open.store.learnt(pair.time).ok() };
        let mut taught = self.taught.write().unwrap_or_else(PoisonError::into_inner);
        taught.error = added.as_ref().err().cloned();
        added?;
        teaching.choices.iter().for_each(|&(choice, sign)| taught.preferences.add(choice, sign));
        if let Some(learnt) = learnt {
            let pairs = learnt.offered().into_iter();
            taught.offered = pairs.map(|word| (word.heard.clone(), word.written.clone())).collect();
        }
        Ok(())
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
