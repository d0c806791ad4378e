//! The place where a line is dictated: read in the background, and kept until it changes.

use sayso_engine::Place;
use sayso_place::{Elsewhere, Folder, Listing, Shell, Sources, User};
use sayso_protocol::{PlaceStatus, Request};
use sayso_settings::Here;
use std::collections::HashMap;
use std::env;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

// The limits below were hand-chosen on 2026-11-28.

/// How long after a look at a place began a key press waits for it: for one that was not seen yet, and for news of one that
/// was.
const PATIENCE: Duration = Duration::from_millis(2);
/// A place that was looked at so lately is not looked at again.
const FRESH: Duration = Duration::from_millis(500);
/// Most folders, and most shells, that are kept; those that were used least recently go first.
const MAX_FOLDERS: usize = 8;
const MAX_LISTINGS: usize = 32;
const MAX_SHELLS: usize = 32;
/// Most threads that read at once. A disk that hangs keeps one of them.
const MAX_READERS: usize = 8;
/// Longest that a conversion without a daemon waits for the place: nothing else is held up meanwhile.
const MAX_WAIT: Duration = Duration::from_secs(4);

/// Something that was read, and when it was looked at.
#[derive(Debug)]
struct Known<T> {
    value: Option<Arc<T>>,
    sources: Sources,
    read: Instant,
    looked_at: Option<Instant>,
    used: Instant,
    is_busy: bool,
}

impl<T> Known<T> {
    fn new(sources: Sources) -> Known<T> {
        let now = Instant::now();
        Known { value: None, sources, read: now, looked_at: None, used: now, is_busy: false }
    }

    /// Whether it should be looked at now.
    fn is_due(&self, sources: Sources) -> bool {
        !self.is_busy && (self.sources != sources || self.looked_at.is_none_or(|at| at.elapsed() > FRESH))
    }
}

/// What is kept.
#[derive(Debug, Default)]
struct Kept {
    folders: HashMap<PathBuf, Known<Folder>>,
    /// Folders that lines named.
    listings: HashMap<PathBuf, Known<Listing>>,
    user: Option<Known<User>>,
    /// What shells said, by its hash.
    shells: HashMap<u64, Known<Shell>>,
    /// Session and digest → the hash of what was said.
    said: HashMap<(String, String), u64>,
    readers: usize,
}

/// What is known of the places where lines are dictated.
#[derive(Debug, Default)]
pub(crate) struct Places {
    kept: Mutex<Kept>,
    news: Condvar,
}

/// A look at the place of a request, which goes on in the background.
#[derive(Debug)]
pub(crate) struct Look {
    sources: Sources,
    /// An absolute path.
    cwd: Option<PathBuf>,
    /// The hash of what its shell knows.
    shell: Option<u64>,
    begun: Instant,
}

/// What a reader reads.
enum Job {
    Folder(PathBuf, Option<Arc<Folder>>),
    Listing(PathBuf, Option<Arc<Listing>>),
    User(Option<Arc<User>>),
    Shell(u64, String),
}

impl Places {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to look at the place of a request, in the background: the line can be converted meanwhile. `None` where
    /// nothing is to be known.
    pub(crate) fn look(self: &Arc<Places>, request: &Request, here: Here) -> Option<Look> {
        let sources = sources(here);
        let context = &request.context;
        let cwd = context.cwd.as_ref().map(PathBuf::from).filter(|cwd| cwd.is_absolute());
        if sources == Sources::NONE || cwd.is_none() && context.names.is_empty() && context.digest.is_none() {
            return None;
        }
        let mut kept = self.kept();
        let shell = kept.shell_said(request).filter(|_| sources.shell);
        self.look_at(&mut kept, cwd.as_deref(), sources);
        if let (Some(hash), false) = (shell, context.names.is_empty())
            && kept.shells.get(&hash).is_some_and(|known| known.value.is_none() && !known.is_busy)
        {
            self.start(&mut kept, Job::Shell(hash, context.names.clone()), sources);
        }
        Some(Look { sources, cwd, shell, begun: Instant::now() })
    }

    /// The place, as far as it is known [`PATIENCE`] after the look began.
    pub(crate) fn seen(self: &Arc<Places>, look: Look) -> Place {
        let Look { sources, cwd, shell, begun } = look;
        let is_waiting = |kept: &mut Kept| {
            cwd.as_ref().and_then(|cwd| kept.folders.get(cwd)).is_some_and(|known| known.is_busy)
                || kept.user.as_ref().is_some_and(|known| known.is_busy)
                || shell.and_then(|hash| kept.shells.get(&hash)).is_some_and(|known| known.is_busy)
        };
        let converted = Instant::now();
        let left = PATIENCE.saturating_sub(begun.elapsed());
        let waited = self.news.wait_timeout_while(self.kept(), left, is_waiting);
        let (mut kept, _) = waited.unwrap_or_else(PoisonError::into_inner);
        // Folders that the line names are only looked at from now on.
        let left = PATIENCE.saturating_sub(converted.elapsed());
        let now = Instant::now();
        let mut place = Place::default();
        if let Some(known) = cwd.as_ref().and_then(|cwd| kept.folders.get_mut(cwd)) {
            known.used = now;
            place.folder = known.value.clone().filter(|_| known.sources == sources).unwrap_or_default();
        }
        if let Some(known) = &kept.user {
            place.user = known.value.clone().filter(|_| known.sources == sources).unwrap_or_default();
        }
        if let Some(known) = shell.and_then(|hash| kept.shells.get_mut(&hash)) {
            known.used = now;
            place.shell = known.value.clone().unwrap_or_default();
        }
        if let Some(cwd) = cwd.filter(|_| sources.files) {
            let (places, left) = (Arc::clone(self), Mutex::new(left));
            let list = move |folder: &Path| places.listing(folder, sources, &left);
            place.elsewhere = Elsewhere::new(&cwd, home().as_deref(), list);
        }
        place
    }

    /// What is in a folder that a line names; read in the background, and waited for no longer than is `left` to the line.
    fn listing(
        self: &Arc<Places>,
        folder: &Path,
        sources: Sources,
        left: &Mutex<Duration>,
    ) -> Option<Arc<Listing>> {
        let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = self.kept();
        if !kept.listings.contains_key(folder) {
            forget_oldest(&mut kept.listings, MAX_LISTINGS);
            kept.listings.insert(folder.to_owned(), Known::new(sources));
        }
        let known = &kept.listings[folder];
        if known.is_due(sources) {
            let value = known.value.clone();
            self.start(&mut kept, Job::Listing(folder.to_owned(), value), sources);
        }
        let begun = Instant::now();
        let is_waiting = |kept: &mut Kept| kept.listings.get(folder).is_some_and(|known| known.is_busy);
        let waited = self.news.wait_timeout_while(kept, *left, is_waiting);
        let (mut kept, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *left = left.saturating_sub(begun.elapsed());
        let known = kept.listings.get_mut(folder)?;
        known.used = Instant::now();
        known.value.clone()
    }

    /// Begins to look at what is due.
    fn look_at(self: &Arc<Places>, kept: &mut Kept, cwd: Option<&Path>, sources: Sources) {
        if let Some(cwd) = cwd {
            if !kept.folders.contains_key(cwd) {
                forget_oldest(&mut kept.folders, MAX_FOLDERS);
                kept.folders.insert(cwd.to_owned(), Known::new(sources));
            }
            let known = &kept.folders[cwd];
            if known.is_due(sources) {
                let value = known.value.clone().filter(|_| known.sources == sources);
                self.start(kept, Job::Folder(cwd.to_owned(), value), sources);
            }
        }
        let known = kept.user.get_or_insert_with(|| Known::new(sources));
        if known.is_due(sources) {
            let value = known.value.clone().filter(|_| known.sources == sources);
            self.start(kept, Job::User(value), sources);
        }
    }

    /// Starts a reader, unless there are too many.
    fn start(self: &Arc<Places>, kept: &mut Kept, job: Job, sources: Sources) {
        if kept.readers >= MAX_READERS {
            return;
        }
        kept.set_busy(&job, true);
        kept.readers += 1;
        let places = Arc::clone(self);
        let work = move || places.read(job, sources);
        if thread::Builder::new().name("place".to_owned()).spawn(work).is_err() {
            // Without a thread there is no place, and the next press tries again.
            kept.readers -= 1;
            kept.clear_busy();
        }
    }

    /// Reads on a thread of its own.
    fn read(&self, job: Job, sources: Sources) {
        let home = home();
        match job {
            Job::Folder(path, before) => {
                let is_current = before.as_ref().is_some_and(|folder| !folder.stamps.is_stale());
                let read = (!is_current).then(|| Arc::new(Folder::read(&path, home.as_deref(), sources)));
                self.put(|kept| kept.folders.get_mut(&path), read, sources);
            }
            Job::Listing(path, before) => {
                let is_current = before.as_ref().is_some_and(|listing| !listing.stamps.is_stale());
                let read = (!is_current).then(|| Arc::new(Listing::read(&path)));
                self.put(|kept| kept.listings.get_mut(&path), read, sources);
            }
            Job::User(before) => {
                let is_current = before.as_ref().is_some_and(|user| !user.stamps.is_stale());
                let read = (!is_current).then(|| Arc::new(read_user(home.as_deref(), sources)));
                self.put(|kept| kept.user.as_mut(), read, sources);
            }
            Job::Shell(hash, names) => {
                let read = Some(Arc::new(Shell::read(&names)));
                self.put(|kept| kept.shells.get_mut(&hash), read, sources);
            }
        }
    }

    /// Puts what was read where it belongs; nothing if it is still current.
    fn put<T>(
        &self,
        known: impl FnOnce(&mut Kept) -> Option<&mut Known<T>>,
        read: Option<Arc<T>>,
        sources: Sources,
    ) {
        let mut kept = self.kept();
        if let Some(known) = known(&mut kept) {
            let now = Instant::now();
            known.is_busy = false;
            known.looked_at = Some(now);
            if read.is_some() {
                (known.value, known.read, known.sources) = (read, now, sources);
            }
        }
        kept.readers -= 1;
        drop(kept);
        self.news.notify_all();
    }

    /// What is known, for `status` and `doctor`.
    pub(crate) fn status(&self) -> Vec<PlaceStatus> {
        let kept = self.kept();
        let mut places: Vec<PlaceStatus> = kept
            .folders
            .iter()
            .filter_map(|(path, known)| {
                let folder = known.value.as_ref()?;
                Some(PlaceStatus {
                    path: path.display().to_string(),
                    names: folder.parts().iter().map(|(_, names)| names.len()).sum(),
                    bytes: folder.bytes(),
                    age_s: known.read.elapsed().as_secs(),
                    micros: micros(folder.took),
                    is_partial: folder.is_partial,
                })
            })
            .collect();
        places.sort_by(|a, b| a.path.cmp(&b.path));
        if let Some((known, user)) = kept.user.as_ref().and_then(|known| Some((known, known.value.as_ref()?)))
        {
            places.push(PlaceStatus {
                path: "~".to_owned(),
                names: user.hosts.len() + user.history.len(),
                bytes: user.bytes(),
                age_s: known.read.elapsed().as_secs(),
                micros: micros(user.took),
                is_partial: false,
            });
        }
        places
    }
}

impl Kept {
    /// The hash of what the request's shell knows: of the names that it carries, or of those that its digest stands for.
    fn shell_said(&mut self, request: &Request) -> Option<u64> {
        let context = &request.context;
        let key = request.session.clone().zip(context.digest.clone());
        if context.names.is_empty() {
            return self.said.get(&key?).copied();
        }
        let mut hasher = DefaultHasher::new();
        context.names.hash(&mut hasher);
        let hash = hasher.finish();
        if !self.shells.contains_key(&hash) {
            forget_oldest(&mut self.shells, MAX_SHELLS);
            self.shells.insert(hash, Known::new(Sources::default()));
        }
        let shells = &self.shells;
        self.said.retain(|_, hash| shells.contains_key(hash));
        if let Some(key) = key {
            self.said.retain(|(session, _), _| *session != key.0);
            self.said.insert(key, hash);
        }
        Some(hash)
    }

    fn set_busy(&mut self, job: &Job, is_busy: bool) {
        match job {
            Job::Folder(path, _) => {
                self.folders.get_mut(path).into_iter().for_each(|known| known.is_busy = is_busy)
            }
            Job::Listing(path, _) => {
                self.listings.get_mut(path).into_iter().for_each(|known| known.is_busy = is_busy)
            }
            Job::User(_) => self.user.iter_mut().for_each(|known| known.is_busy = is_busy),
            Job::Shell(hash, _) => {
                self.shells.get_mut(hash).into_iter().for_each(|known| known.is_busy = is_busy);
            }
        }
    }

    /// Nothing is being read.
    fn clear_busy(&mut self) {
        self.folders.values_mut().for_each(|known| known.is_busy = false);
        self.listings.values_mut().for_each(|known| known.is_busy = false);
        self.user.iter_mut().for_each(|known| known.is_busy = false);
        self.shells.values_mut().for_each(|known| known.is_busy = false);
    }
}

/// Makes room for one more, if there are `most`. What is being read stays.
fn forget_oldest<K: Clone + Eq + Hash, T>(known: &mut HashMap<K, Known<T>>, most: usize) {
    if known.len() < most {
        return;
    }
    let idle = known.iter().filter(|(_, known)| !known.is_busy);
    if let Some(key) = idle.min_by_key(|(_, known)| known.used).map(|(key, _)| key.clone()) {
        known.remove(&key);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The place of this process: its working directory, home folder, PATH and environment, and the names in the file that
/// `SAYSO_SHELL_NAMES` names.
pub(crate) fn of_process(here: Here) -> Place {
    let sources = sources(here);
    if sources == Sources::NONE {
        return Place::default();
    }
    let (done, place) = mpsc::channel();
    let read = move || {
        // Nobody may wait any more.
        let _ = done.send(read_process(sources));
    };
    match thread::Builder::new().name("place".to_owned()).spawn(read) {
        Ok(_) => place.recv_timeout(MAX_WAIT).unwrap_or_default(),
        Err(_) => Place::default(),
    }
}

/// The sources that the settings leave on.
fn sources(here: Here) -> Sources {
    let Here { files, git, tasks, hosts, shell, history } = here;
    Sources { files, git, tasks, hosts, shell, history }
}

fn home() -> Option<PathBuf> {
    env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute())
}

fn read_user(home: Option<&Path>, sources: Sources) -> User {
    let data = env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    home.map(|home| User::read(home, data.as_deref(), sources)).unwrap_or_default()
}

fn read_process(sources: Sources) -> Place {
    let home = home();
    let mut place = Place { user: read_user(home.as_deref(), sources).into(), ..Place::default() };
    if let Ok(cwd) = env::current_dir() {
        place.folder = Folder::read(&cwd, home.as_deref(), sources).into();
        if sources.files {
            // Many lines may name the same folder.
            let known = Mutex::new(HashMap::<PathBuf, Arc<Listing>>::new());
            let list = move |folder: &Path| {
                let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
                let read = || Arc::new(Listing::read(folder));
                Some(known.entry(folder.to_owned()).or_insert_with(read).clone())
            };
            place.elsewhere = Elsewhere::new(&cwd, home.as_deref(), list);
        }
    }
    if sources.shell {
        let mut names = format!("path {}\n", env::var("PATH").unwrap_or_default());
        for name in env::vars_os().filter_map(|(name, _)| name.into_string().ok()) {
            names.extend(["variable ", &name, "\n"]);
        }
        let file = env::var_os("SAYSO_SHELL_NAMES").and_then(|file| names_in(Path::new(&file)));
        let aliases = file.iter().flat_map(|text| text.lines());
        for line in aliases.filter(|line| line.starts_with("alias ") || line.starts_with("function ")) {
            names.extend([line, "\n"]);
        }
        place.shell = Shell::read(&names).into();
    }
    place
}

/// The text of a file of names.
fn names_in(file: &Path) -> Option<String> {
    /// Largest such file, in bytes. Hand-chosen, 2026-11-28.
    const MOST: u64 = 1 << 20;
    let is_small = std::fs::metadata(file).is_ok_and(|it| it.is_file() && it.len() <= MOST);
    if is_small { std::fs::read_to_string(file).ok() } else { None }
}
