//! The SQLite file: pairs of a dictation and the line that was run, and the person's decisions about words.

use crate::LIFETIME;
use crate::learnt::{Learnt, Word, weight};
use nix::unistd::geteuid;
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Most pairs that are kept; the oldest go first.
pub const MAX_PAIRS: i64 = 100_000;
/// Longest line of a pair, in bytes: nobody corrects longer ones by hand, and the file stays small.
pub const MAX_LINE_BYTES: usize = 2_000;
/// How long to wait for another process that is writing.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause before a locked file is tried again.
const PAUSE: Duration = Duration::from_millis(5);
/// The layout of the file, in SQLite's `user_version`.
const LAYOUT: i64 = 1;

const TABLES: &str = "
    -- A dictation, what sayso wrote, and what the person ran. Times are seconds since 1970, `folder` is a hash.
    -- `choices`: of each choice that it speaks for or against, 8 bytes of its number and a signed byte.
    CREATE TABLE pairs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        time INTEGER NOT NULL,
        folder INTEGER NOT NULL,
        heard TEXT NOT NULL,
        answer TEXT NOT NULL,
        ran TEXT NOT NULL,
        choices BLOB NOT NULL
    ) STRICT;
    -- A word that a pair shows.
    CREATE TABLE words (
        pair INTEGER NOT NULL REFERENCES pairs (id) ON DELETE CASCADE,
        heard TEXT NOT NULL,
        written TEXT NOT NULL
    ) STRICT;
    CREATE INDEX words_of_pair ON words (pair);
    -- Words that the person has decided about, so that they are not asked about again.
    CREATE TABLE decisions (
        heard TEXT NOT NULL,
        written TEXT NOT NULL,
        accepted INTEGER NOT NULL,
        PRIMARY KEY (heard, written)
    ) STRICT, WITHOUT ROWID;
";

/// The reason why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It belongs to somebody else, or others may read it.
    #[error("{path} is not used: {why}. Remove it, or give it back to yourself with mode 0600")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It is not a store, or a part of it is unreadable.
    #[error("{path} is damaged ({why}): nothing more is learnt. `sayso learn forget --all` begins a new one")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// SQLite's message.
        why: String,
    },
    /// A newer sayso has written it.
    #[error("{path} was written by a newer sayso: nothing more is learnt until this one is newer too")]
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("there is no room for {path}: the last line was not kept, everything before it was")]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Anything else.
    #[error("{path} cannot be used: {why}")]
    Other {
        /// The file.
        path: PathBuf,
        /// The system's message.
        why: String,
    },
}

/// A dictation, sayso's answer, and the line that the person ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Seconds since 1970.
    pub time: i64,
    /// Hash of the folder.
    pub folder: u64,
    /// The dictation.
    pub heard: String,
    /// The line that sayso wrote first.
    pub answer: String,
    /// The line that was run.
    pub ran: String,
}

/// What a pair teaches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Teaching {
    /// Numbers of choices, and whether the pair supports each (1) or contradicts it (-1).
    pub choices: Vec<(u64, i8)>,
    /// Words: the heard one, and the one that the person wrote in its place.
    pub words: Vec<(String, String)>,
}

/// The person's decision about a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing yet.
    Open,
    /// It is one of the person's own words now.
    Accepted,
    /// It must not be offered.
    Rejected,
}

/// The open store.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Connection,
}

impl Store {
    /// Opens the store at `path`, or creates one. Pairs beyond their lifetime are deleted.
    ///
    /// # Errors
    /// A [`StoreError`] says why it cannot be used.
    pub fn open(path: &Path, now: i64) -> Result<Store, StoreError> {
        let fail = |error: io::Error| StoreError::Other { path: path.to_owned(), why: error.to_string() };
        if let Some(folder) = path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fail)?;
        }
        // SQLite would create it readable for others; its further files get the mode of this one.
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(fail(error)),
            _ => {}
        }
        Store::open_existing(path, now)?.ok_or_else(|| fail(io::ErrorKind::NotFound.into()))
    }

    /// Opens the store at `path`; `None` if it does not exist.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_existing(path: &Path, now: i64) -> Result<Option<Store>, StoreError> {
        if !check_owner(path)? {
            return Ok(None);
        }
        let connect = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(path)?;
            connection.busy_timeout(PATIENCE)?;
            use_log_of_changes(&connection)?;
            // Every pair is on the disk before it counts as kept, and deleted data is overwritten.
            connection.execute_batch(
                "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;",
            )?;
            Ok(connection)
        };
        let connection = connect().map_err(|error| named(path, error))?;
        let mut store = Store { path: path.to_owned(), connection };
        store.lay_out()?;
        store.expire(now)?;
        Ok(Some(store))
    }

    /// Deletes the store at `path` with all its files, whatever their state. Returns whether there was one.
    ///
    /// # Errors
    /// A file cannot be deleted.
    pub fn delete(path: &Path) -> io::Result<bool> {
        let mut was_there = false;
        for ending in ["", "-wal", "-shm", "-journal"] {
            let mut file = path.as_os_str().to_owned();
            file.push(ending);
            match fs::remove_file(&file) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                done => {
                    done?;
                    was_there |= ending.is_empty();
                }
            }
        }
        Ok(was_there)
    }

    fn lay_out(&mut self) -> Result<(), StoreError> {
        let path = self.path.clone();
        // If two processes open a new file at once, the second one waits here, and then finds the tables.
        let layout = self.in_transaction(|connection| {
            let layout: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            if layout == 0 {
                connection.execute_batch(TABLES)?;
                connection.pragma_update(None, "user_version", LAYOUT)?;
                return Ok(LAYOUT);
            }
            Ok(layout)
        })?;
        if layout > LAYOUT { Err(StoreError::Newer { path }) } else { Ok(()) }
    }

    fn expire(&mut self, now: i64) -> Result<(), StoreError> {
        self.run(|connection| connection.execute("DELETE FROM pairs WHERE time < ?1", [now - LIFETIME]))?;
        Ok(())
    }

    /// Keeps a pair and what it teaches. Once this returns, it is on the disk.
    ///
    /// # Errors
    /// A [`StoreError`]; then nothing of it is kept.
    pub fn add(&mut self, pair: &Pair, teaching: &Teaching) -> Result<(), StoreError> {
        self.in_transaction(|connection| insert(connection, pair, teaching))
    }

    /// Keeps many pairs at once: all or none.
    ///
    /// # Errors
    /// A [`StoreError`]; then nothing of them is kept.
    pub fn add_all(&mut self, pairs: &[(Pair, Teaching)]) -> Result<(), StoreError> {
        self.in_transaction(|connection| {
            pairs.iter().try_for_each(|(pair, teaching)| insert(connection, pair, teaching))
        })
    }

    /// Limits the file to this many pages of 4096 bytes: beyond them, SQLite sees a full disk.
    ///
    /// # Errors
    /// A [`StoreError`].
    pub fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        self.run(|connection| connection.pragma_update(None, "max_page_count", pages))
    }

    /// The sum of what all pairs teach at the time `now`.
    ///
    /// # Errors
    /// A [`StoreError`], for example for a damaged file.
    pub fn learnt(&self, now: i64) -> Result<Learnt, StoreError> {
        self.run(|connection| {
            let mut learnt = Learnt::default();
            let mut pairs =
                connection.prepare("SELECT time, choices FROM pairs WHERE length(choices) > 0")?;
            let mut rows = pairs.query([])?;
            while let Some(row) = rows.next()? {
                let weight = weight(now - row.get::<_, i64>(0)?);
                for choice in row.get_ref(1)?.as_blob()?.chunks_exact(9) {
                    let (number, sign) = choice.split_at(8);
                    let number = u64::from_le_bytes(number.try_into().unwrap_or_default());
                    *learnt.choices.entry(number).or_default() += weight * f32::from(sign[0].cast_signed());
                }
            }
            learnt.choices.retain(|_, weight| *weight != 0.0);
            let mut words = connection.prepare(
                "SELECT heard, written, count(DISTINCT pair) AS seen FROM words
                 WHERE NOT EXISTS
                     (SELECT 1 FROM decisions AS d WHERE d.heard = words.heard AND d.written = words.written)
                 GROUP BY heard, written ORDER BY seen DESC, heard, written",
            )?;
            let word = |row: &rusqlite::Row<'_>| {
                Ok(Word { heard: row.get(0)?, written: row.get(1)?, seen: row.get(2)? })
            };
            learnt.words = words.query_map([], word)?.collect::<rusqlite::Result<_>>()?;
            Ok(learnt)
        })
    }

    /// This number changes when others have changed the file since it was opened. Takes some microseconds.
    ///
    /// # Errors
    /// A [`StoreError`].
    pub fn version(&self) -> Result<i64, StoreError> {
        self.run(|connection| connection.query_row("PRAGMA data_version", [], |row| row.get(0)))
    }

    /// All pairs, the newest first, at most `limit`.
    ///
    /// # Errors
    /// A [`StoreError`].
    pub fn pairs(&self, limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.run(|connection| {
            let mut pairs = connection
                .prepare("SELECT time, folder, heard, answer, ran FROM pairs ORDER BY id DESC LIMIT ?1")?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            pairs.query_map([limit], pair_of)?.collect()
        })
    }

    /// The number of pairs, and the time of the oldest one.
    ///
    /// # Errors
    /// A [`StoreError`].
    pub fn count(&self) -> Result<(u64, Option<i64>), StoreError> {
        self.run(|connection| {
            connection.query_row("SELECT count(*), min(time) FROM pairs", [], |row| {
                Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?))
            })
        })
    }

    /// Records the person's decision about a word.
    ///
    /// # Errors
    /// A [`StoreError`].
    pub fn decide(&mut self, heard: &str, written: &str, standing: Standing) -> Result<(), StoreError> {
        self.run(|connection| match standing {
            Standing::Open => connection
                .execute("DELETE FROM decisions WHERE heard = ?1 AND written = ?2", [heard, written]),
            Standing::Accepted | Standing::Rejected => connection.execute(
                "INSERT OR REPLACE INTO decisions (heard, written, accepted) VALUES (?1, ?2, ?3)",
                params![heard, written, standing == Standing::Accepted],
            ),
        })?;
        Ok(())
    }

    /// Words that the person has decided about, with the decisions.
    ///
    /// # Errors
    /// A [`StoreError`].
    pub fn decisions(&self) -> Result<Vec<(String, String, Standing)>, StoreError> {
        self.run(|connection| {
            let mut all = connection.prepare("SELECT heard, written, accepted FROM decisions")?;
            let decision = |row: &rusqlite::Row<'_>| {
                let standing = if row.get(2)? { Standing::Accepted } else { Standing::Rejected };
                Ok((row.get(0)?, row.get(1)?, standing))
            };
            all.query_map([], decision)?.collect()
        })
    }

    /// Deletes the newest pair and returns it.
    ///
    /// # Errors
    /// A [`StoreError`].
    pub fn undo(&mut self) -> Result<Option<Pair>, StoreError> {
        self.in_transaction(|connection| {
            let newest = "SELECT time, folder, heard, answer, ran FROM pairs ORDER BY id DESC LIMIT 1";
            let pair = connection.query_row(newest, [], pair_of).optional()?;
            connection.execute("DELETE FROM pairs WHERE id = (SELECT max(id) FROM pairs)", [])?;
            Ok(pair)
        })
    }

    /// Deletes the pairs that contain `text` in one of their lines, and what they taught. Returns how many there were.
    ///
    /// # Errors
    /// A [`StoreError`].
    pub fn forget(&mut self, text: &str) -> Result<usize, StoreError> {
        let gone = self.in_transaction(|connection| {
            connection.execute(
                "DELETE FROM decisions WHERE instr(heard, ?1) > 0 OR instr(written, ?1) > 0",
                [text],
            )?;
            connection.execute(
                "DELETE FROM pairs WHERE instr(heard, ?1) > 0 OR instr(answer, ?1) > 0 OR instr(ran, ?1) > 0",
                [text],
            )
        })?;
        // Forgotten data must not stay in the write-ahead log either.
        self.run(|connection| connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);"))?;
        Ok(gone)
    }

    fn run<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        work(&self.connection).map_err(|error| named(&self.path, error))
    }

    fn in_transaction<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let path = self.path.clone();
        let all = || {
            // Immediate, so that two writers wait for each other instead of failing halfway.
            let behavior = rusqlite::TransactionBehavior::Immediate;
            let transaction = self.connection.transaction_with_behavior(behavior)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        all().map_err(|error| named(&path, error))
    }
}

fn insert(connection: &Connection, pair: &Pair, teaching: &Teaching) -> rusqlite::Result<()> {
    let mut choices = Vec::with_capacity(9 * teaching.choices.len());
    for (choice, sign) in &teaching.choices {
        choices.extend_from_slice(&choice.to_le_bytes());
        choices.extend_from_slice(&sign.to_le_bytes());
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO pairs (time, folder, heard, answer, ran, choices) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let folder = pair.folder.cast_signed();
    insert.execute(params![pair.time, folder, pair.heard, pair.answer, pair.ran, choices])?;
    let id = connection.last_insert_rowid();
    let mut insert =
        connection.prepare_cached("INSERT INTO words (pair, heard, written) VALUES (?1, ?2, ?3)")?;
    for (heard, written) in &teaching.words {
        insert.execute(params![id, heard, written])?;
    }
    // Ids grow by one, so that this finds the one pair too many without counting.
    connection.prepare_cached("DELETE FROM pairs WHERE id <= ?1")?.execute([id - MAX_PAIRS])?;
    Ok(())
}

fn pair_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Pair> {
    let folder = row.get::<_, i64>(1)?.cast_unsigned();
    Ok(Pair { time: row.get(0)?, folder, heard: row.get(2)?, answer: row.get(3)?, ran: row.get(4)? })
}

/// Switches the file to a write-ahead log, with which a reader and a writer do not wait for each other. While another
/// process does the same, the file is locked, and SQLite does not wait for that by itself.
fn use_log_of_changes(connection: &Connection) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        match connection.execute_batch("PRAGMA journal_mode = WAL;") {
            Err(error)
                if matches!(
                    error.sqlite_error_code(),
                    Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
                ) && begun.elapsed() < PATIENCE =>
            {
                std::thread::sleep(PAUSE);
            }
            done => return done,
        }
    }
}

/// Whether there is a file at `path` that nobody else can read.
fn check_owner(path: &Path) -> Result<bool, StoreError> {
    let foreign = |why| Err(StoreError::Foreign { path: path.to_owned(), why });
    let facts = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(StoreError::Other { path: path.to_owned(), why: error.to_string() }),
        Ok(facts) => facts,
    };
    match () {
        () if !facts.is_file() => foreign("it is no regular file"),
        () if facts.uid() != geteuid().as_raw() => foreign("it belongs to somebody else"),
        () if facts.permissions().mode() & 0o077 != 0 => foreign("others may read or write it"),
        () => Ok(true),
    }
}

/// Translates an error of SQLite into one of this crate.
fn named(path: &Path, error: rusqlite::Error) -> StoreError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full { path },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Damaged { path, why: error.to_string() }
        }
        // A file written by another program may have tables of the same name.
        None | Some(ErrorCode::Unknown) => StoreError::Damaged { path, why: error.to_string() },
        Some(_) => StoreError::Other { path, why: error.to_string() },
    }
}
