//! The history that atuin keeps, a SQLite database; its table is that of atuin's migrations since version 0.4.

use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// Longest that a database that somebody writes to is waited for. This is read in the background.
const PATIENCE: Duration = Duration::from_millis(200);

/// The last commands, the oldest first; none where there is no such database, or another one.
pub(crate) fn commands(database: &Path, most: usize) -> Vec<String> {
    // SQLite would wait for a FIFO for ever.
    if !database.metadata().is_ok_and(|it| it.is_file()) {
        return Vec::new();
    }
    read(database, most).unwrap_or_default()
}

fn read(database: &Path, most: usize) -> rusqlite::Result<Vec<String>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    connection.busy_timeout(PATIENCE)?;
    // A command that was deleted keeps its row.
    let columns = connection
        .prepare("SELECT 1 FROM pragma_table_info('history') WHERE name = 'deleted_at'")?
        .exists([])?;
    let kept = if columns { "WHERE deleted_at IS NULL" } else { "" };
    let query = format!("SELECT command FROM history {kept} ORDER BY timestamp DESC LIMIT ?1");
    let mut statement = connection.prepare(&query)?;
    let rows = statement.query_map([most as i64], |row| row.get::<_, String>(0))?;
    let mut commands: Vec<String> = rows.filter_map(Result::ok).collect();
    commands.reverse();
    Ok(commands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_commands_come_and_deleted_ones_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.db");
        assert!(commands(&path, 9).is_empty());
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE history (id TEXT PRIMARY KEY, timestamp INTEGER NOT NULL, duration INTEGER NOT NULL,
                 exit INTEGER NOT NULL, command TEXT NOT NULL, cwd TEXT NOT NULL, session TEXT NOT NULL,
                 hostname TEXT NOT NULL, deleted_at INTEGER);
                 INSERT INTO history VALUES ('a', 1, 0, 0, 'ssh web-1', '/', '', '', NULL),
                 ('b', 3, 0, 0, 'ssh web-3', '/', '', '', NULL), ('c', 2, 0, 0, 'ssh web-2', '/', '', '', 7);",
            )
            .unwrap();
        assert_eq!(commands(&path, 9), ["ssh web-1", "ssh web-3"]);
        assert_eq!(commands(&path, 1), ["ssh web-3"]);
        std::fs::write(&path, "no database").unwrap();
        assert!(commands(&path, 9).is_empty());
    }
}
