//! A [`Store`] of [`countersign`] in an SQLite file: durable, for one machine, for any number of processes on it.
//!
//! ```
//! use countersign::host::{Committed, Store, Write};
//! use countersign::record::{RecordKey, RecordKind, Version};
//! use countersign_sqlite::SqliteStore;
//!
//! let store = SqliteStore::open_in_memory()?; // or SqliteStore::open("accounts.db", Durability::Full)?
//! let key = RecordKey::new(RecordKind::Visitor, [7; 15]);
//! let version = Version::from_bytes([1; 16]);
//! let write = Write::Put { version, bytes: b"record", expires_at: None };
//!
//! assert_eq!(store.commit(&key, None, write)?, Committed::Applied);
//! assert_eq!(store.commit(&key, None, write)?, Committed::Stale, "there is a row now");
//! assert_eq!(store.load(&[key])?[0].as_ref().map(|row| row.version), Some(version));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Each commit is one statement that names the version it expects, and the number of rows it changed is its answer.
//! SQLite runs one statement as a whole or not at all, and one writer at a time over all processes that share the file,
//! so there is no gap between comparing and writing. The file must be on a local disk: the locks of network file
//! systems, and the shared memory of the write-ahead log, do not reach over a network.
//!
//! What an attacker could gain if this were wrong: guesses made in parallel that count as one, codes that are spent
//! twice. What he gains from an *old copy* of the file is the same, one copy at a time: a backup that is restored gives
//! back every guess made since. It is a copy of the credentials too, and is to be kept like one.

#![forbid(unsafe_code)]

mod list;
mod open;
mod sweep;

use std::fmt;
use std::sync::{Mutex, MutexGuard};

use countersign::Timestamp;
use countersign::host::{Committed, Row, Store, StoreError, Write};
use countersign::record::{MAX_RECORD_BYTES, RecordKey, Version};
use rusqlite::{CachedStatement, Connection, params};

pub use open::{Durability, OpenError};

/// A store in an SQLite file. See the [crate's documentation](crate).
///
/// It is shared by reference between threads. Calls block: on the disk when a commit waits for it, and for up to five
/// seconds when another process is writing, after which they fail with [`StoreError::Failed`].
pub struct SqliteStore {
    /// Every commit goes through this connection, and loads too while it is free, since only its page cache is warm:
    /// SQLite drops what a connection had cached when another one wrote.
    writer: Mutex<Connection>,
    /// For loads that would otherwise wait while a commit waits for the disk. None for a store in memory.
    readers: Vec<Mutex<Connection>>,
    /// The number of the row at which the sweep goes on.
    swept_to: Mutex<i64>,
}

impl Store for SqliteStore {
    fn load(&self, keys: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError> {
        let db = self.reader()?;
        let mut found = Vec::with_capacity(keys.len());
        for keys in keys.chunks(2) {
            let (mut first, mut second) = (None, None);
            match keys {
                [one] => {
                    let mut statement = prepare(&db, LOAD_ONE)?;
                    let mut rows = statement.query([one.as_bytes()]).map_err(failed)?;
                    if let Some(row) = rows.next().map_err(failed)? {
                        first = Some(read(row)?);
                    }
                }
                [one, two] => {
                    let mut statement = prepare(&db, LOAD_TWO)?;
                    let mut rows = statement.query([one.as_bytes(), two.as_bytes()]).map_err(failed)?;
                    while let Some(row) = rows.next().map_err(failed)? {
                        let which = if row.get(2).map_err(failed)? { &mut second } else { &mut first };
                        *which = Some(read(row)?);
                    }
                }
                _ => {}
            }
            found.push(first);
            if keys.len() == 2 {
                found.push(second);
            }
        }
        Ok(found)
    }

    fn commit(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
    ) -> Result<Committed, StoreError> {
        if let Write::Put { bytes, .. } = write
            && bytes.len() > MAX_RECORD_BYTES
        {
            return Err(StoreError::Failed("the record is longer than a row may be".into()));
        }
        let key = key.as_bytes();
        let db = lock(&self.writer)?;
        let changed = match (expected, write) {
            (None, Write::Put { version, bytes, expires_at }) => {
                prepare(&db, CREATE)?.execute(params![key, version.as_bytes(), stored(expires_at), bytes])
            }
            (Some(expected), Write::Put { version, bytes, expires_at }) => prepare(&db, REPLACE)?
                .execute(params![key, expected.as_bytes(), version.as_bytes(), stored(expires_at), bytes]),
            (Some(expected), Write::Delete) => {
                prepare(&db, DELETE)?.execute(params![key, expected.as_bytes()])
            }
            // Nothing to write; what is asked is whether there is nothing.
            (None, Write::Delete) => prepare(&db, LOAD_ONE)?.exists([key]).map(|there| usize::from(!there)),
        };
        match changed.map_err(failed)? {
            0 => Ok(Committed::Stale),
            1 => Ok(Committed::Applied),
            more => Err(StoreError::Failed(format!("{more} rows have one key: the file is damaged"))),
        }
    }
}

/// No row and no key.
impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// A connection to read with: the first that is free.
    fn reader(&self) -> Result<MutexGuard<'_, Connection>, StoreError> {
        let all = || std::iter::once(&self.writer).chain(&self.readers);
        if let Some(free) = all().find_map(|db| db.try_lock().ok()) {
            return Ok(free);
        }
        // None is. A reader is free soon; the writer may be waiting for the disk.
        lock(self.readers.first().unwrap_or(&self.writer))
    }
}

const LOAD_ONE: &str = "SELECT version, bytes FROM countersign_record WHERE key = ?1";
/// Two rows in one read. Two look-ups, since `IN` first builds a table of what to look for.
const LOAD_TWO: &str = "SELECT version, bytes, 0 FROM countersign_record WHERE key = ?1 \
    UNION ALL SELECT version, bytes, 1 FROM countersign_record WHERE key = ?2";
const CREATE: &str = "INSERT INTO countersign_record (key, version, expires_at, bytes) VALUES (?1, ?2, ?3, ?4) \
    ON CONFLICT (key) DO NOTHING";
const REPLACE: &str = "UPDATE countersign_record SET version = ?3, expires_at = ?4, bytes = ?5 \
    WHERE key = ?1 AND version = ?2";
const DELETE: &str = "DELETE FROM countersign_record WHERE key = ?1 AND version = ?2";

fn read(row: &rusqlite::Row<'_>) -> Result<Row, StoreError> {
    let blob = |column| -> Result<_, StoreError> {
        row.get_ref(column).map_err(failed)?.as_blob().map_err(|_| damaged("a column is not bytes"))
    };
    let version = blob(0)?.try_into().map_err(|_| damaged("a version is not 16 bytes"))?;
    let bytes = blob(1)?;
    if bytes.len() > MAX_RECORD_BYTES {
        return Err(damaged("a record is longer than one may be"));
    }
    Ok(Row { version: Version::from_bytes(version), bytes: bytes.to_vec() })
}

/// The column is empty for rows that are never swept.
fn stored(expires_at: Option<Timestamp>) -> Option<i64> {
    expires_at.filter(|at| *at != Timestamp::MAX).map(Timestamp::unix_millis)
}

fn prepare<'db>(db: &'db Connection, sql: &str) -> Result<CachedStatement<'db>, StoreError> {
    db.prepare_cached(sql).map_err(failed)
}

fn lock<T>(mutex: &Mutex<T>) -> Result<MutexGuard<'_, T>, StoreError> {
    mutex.lock().map_err(|_| StoreError::Failed("a thread panicked while it used the connection".into()))
}

/// SQLite's own words. They may name a file, a table or a statement, never a value.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(error: rusqlite::Error) -> StoreError {
    StoreError::Failed(error.to_string())
}

fn damaged(what: &str) -> StoreError {
    StoreError::Failed(format!("the file is damaged: {what}"))
}

#[cfg(test)]
mod tests {
    use countersign::record::RecordKind;

    use super::*;

    const KEY: RecordKey = RecordKey::new(RecordKind::Account, [9; 15]);

    fn put(bytes: &[u8]) -> Write<'_> {
        Write::Put { version: Version::from_bytes([1; 16]), bytes, expires_at: None }
    }

    fn damage(sql: &str) -> StoreError {
        let store = SqliteStore::open_in_memory().unwrap();
        assert_eq!(store.commit(&KEY, None, put(b"row")), Ok(Committed::Applied));
        assert_eq!(store.writer.lock().unwrap().execute(sql, []), Ok(1));
        store.load(&[KEY]).unwrap_err()
    }

    #[test]
    fn a_damaged_row_is_an_error() {
        for sql in [
            "UPDATE countersign_record SET version = x'01'",
            "UPDATE countersign_record SET version = zeroblob(17)",
            "UPDATE countersign_record SET version = x''",
            "UPDATE countersign_record SET bytes = zeroblob(65537)",
        ] {
            let error = damage(sql);
            assert!(matches!(&error, StoreError::Failed(why) if why.contains("damaged")), "{sql}: {error}");
        }
    }

    #[test]
    fn a_record_that_is_too_long_is_refused_and_nothing_is_written() {
        let store = SqliteStore::open_in_memory().unwrap();
        let long = vec![0; MAX_RECORD_BYTES + 1];
        assert!(store.commit(&KEY, None, put(&long)).is_err());
        assert_eq!(store.load(&[KEY]), Ok(vec![None]));
    }

    #[test]
    fn a_poisoned_lock_is_an_error() {
        let store = SqliteStore::open_in_memory().unwrap();
        std::thread::scope(|scope| {
            let died = scope.spawn(|| {
                let _held = store.writer.lock();
                panic!("poison");
            });
            assert!(died.join().is_err());
        });
        assert!(store.load(&[KEY]).is_err());
        assert!(store.commit(&KEY, None, put(b"row")).is_err());
        assert!(store.sweep(Timestamp::MAX, 10).is_err());
    }

    /// Each commit and load finds its row by the index on the key, whatever SQLite's planner learns.
    #[test]
    fn no_statement_reads_the_whole_table() {
        let store = SqliteStore::open_in_memory().unwrap();
        let db = store.writer.lock().unwrap();
        for sql in [LOAD_ONE, LOAD_TWO, REPLACE, DELETE, list::LIST] {
            let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let nulls = vec![None::<i64>; plan.parameter_count()];
            let steps =
                plan.query_map(rusqlite::params_from_iter(nulls), |row| row.get::<_, String>(3)).unwrap();
            for step in steps {
                assert!(!step.unwrap().starts_with("SCAN"), "{sql}");
            }
        }
    }
}
