//! Opening the file: its schema, its settings, and what is refused.

use std::error::Error;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::SqliteStore;

/// When a commit is answered: what a power cut may take back.
///
/// A process that is killed loses nothing that was answered, either way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Durability {
    /// When the disk has it. What was answered is there after a power cut. The default.
    #[default]
    Full,
    /// When the operating system has it: many times faster, and a power cut takes back the last commits, all of those
    /// after some point in time. Whoever can cut the power then buys guesses with it, and a code that was spent in
    /// those moments can be spent again.
    Normal,
}

/// Why a file was not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// SQLite could not open, read or write it.
    #[error("the file cannot be opened as a store: {0}")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
    /// A newer release of this crate wrote it. Nothing was changed.
    #[error(
        "the file has schema version {found} and this release knows versions up to {known}: use a newer release"
    )]
    Newer {
        /// The version in the file.
        found: i64,
        /// The newest version that this release can read.
        known: i64,
    },
    /// It is a database of something else. Nothing was changed.
    #[error("the file is a database of something else")]
    Foreign,
    /// It has no write-ahead log, as on a file system without shared memory.
    #[error("the file cannot have a write-ahead log (its journal is \"{0}\"): is it on a local disk?")]
    NoLog(String),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(Box::new(error))
    }
}

impl SqliteStore {
    /// Opens the file at `path`, or makes it; the schema of an older release is brought up to date.
    ///
    /// The store marks the file as its own (`user_version` and `application_id`); tables of the host may live beside
    /// the store's if the store opened the file first. SQLite keeps `-wal` and `-shm` with it while it is in use: a backup is made with SQLite's means (`VACUUM INTO`, the backup API), not by copying. A file that is made
    /// here can be read and written by its owner alone (on Unix).
    ///
    /// ```
    /// use countersign_sqlite::{Durability, SqliteStore};
    ///
    /// let path = std::env::temp_dir().join(format!("countersign-example-{}.db", std::process::id()));
    /// let store = SqliteStore::open(&path, Durability::Full)?;
    /// # drop(store);
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong with the file.
    pub fn open(path: impl AsRef<Path>, durability: Durability) -> Result<Self, OpenError> {
        let path = path.as_ref();
        if path.as_os_str().is_empty() || path == Path::new(":memory:") {
            // To SQLite these name no file, and every connection would have rows of its own.
            return Err(OpenError::Failed("a store in memory is opened with `open_in_memory`".into()));
        }
        let new = !path.exists();
        // No `URI` flag: a path is a path, whatever it begins with.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut writer = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_CREATE)?;
        configure(&writer)?;
        migrate(&mut writer, MIGRATIONS)?;
        if new {
            keep_private(path)?;
        }
        let journal = start_log(&writer)?;
        if !journal.eq_ignore_ascii_case("wal") {
            return Err(OpenError::NoLog(journal));
        }
        writer.execute_batch(match durability {
            // The second setting is for macOS, where the disk keeps what it is told to sync in a cache.
            Durability::Full => {
                "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON"
            }
            Durability::Normal => "PRAGMA synchronous = NORMAL",
        })?;
        let reader = || -> Result<_, OpenError> {
            let reader = Connection::open_with_flags(path, flags)?;
            configure(&reader)?;
            reader.execute_batch("PRAGMA query_only = ON")?;
            Ok(Mutex::new(reader))
        };
        let readers = (0..READERS).map(|_| reader()).collect::<Result<_, _>>()?;
        Ok(Self { writer: Mutex::new(writer), readers, swept_to: Mutex::new(i64::MIN) })
    }

    /// A store in memory, which is gone when it is dropped: for tests.
    ///
    /// # Errors
    /// [`OpenError::Failed`] if there is no memory for it.
    pub fn open_in_memory() -> Result<Self, OpenError> {
        let mut writer = Connection::open_in_memory()?;
        configure(&writer)?;
        migrate(&mut writer, MIGRATIONS)?;
        Ok(Self { writer: Mutex::new(writer), readers: Vec::new(), swept_to: Mutex::new(i64::MIN) })
    }
}

/// How many loads can run while a commit waits for the disk.
const READERS: usize = 2;

/// How long a call waits while another process is writing.
const PATIENCE: Duration = Duration::from_secs(5);

/// Marks the file as a store of this crate (`PRAGMA application_id`): "csgn".
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"csgn");

/// What brings a file from each version to the next; version 0 is an empty file. Never changed, only added to.
///
/// A table with row numbers, and the key in an index beside it: where the key is the table's own order (`WITHOUT ROWID`)
/// rows that are long for a page go through the tree's inner pages, and a commit of 1.5 KiB was measured to take
/// nearly three times as long, one of 300 bytes as long as here. No index on `expires_at`: every commit moves it, which
/// made each take twice as long, for the sake of a sweep that can as well walk through the table in steps.
/// `expires_at` comes before `bytes`, so that this walk does not touch the pages that a long record overflows to.
const MIGRATIONS: &[&str] = &["CREATE TABLE countersign_record (
        key BLOB NOT NULL PRIMARY KEY,
        version BLOB NOT NULL,
        expires_at INTEGER,
        bytes BLOB NOT NULL
    ) STRICT"];

fn configure(db: &Connection) -> Result<(), OpenError> {
    db.busy_timeout(PATIENCE)?;
    // A file that somebody else could write to must not run functions of his choice.
    db.execute_batch("PRAGMA trusted_schema = OFF")?;
    Ok(())
}

/// Brings the schema up to date, in one transaction: all of it or nothing, and one process at a time.
fn migrate(db: &mut Connection, steps: &[&str]) -> Result<(), OpenError> {
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (application, found, tables): (i32, i64, i64) = transaction.query_row(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema) \
            FROM pragma_application_id, pragma_user_version",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let empty = application == 0 && found == 0 && tables == 0;
    if application != APPLICATION_ID && !empty {
        return Err(OpenError::Foreign);
    }
    if found == known {
        return Ok(());
    }
    let done = usize::try_from(found).ok().and_then(|done| steps.get(done..));
    let Some(missing) = done else {
        return Err(OpenError::Newer { found, known });
    };
    for step in missing {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

/// Starts the write-ahead log, unless the file has it, and answers what it has.
///
/// The switch needs the file for itself, and SQLite does not wait for that as it does elsewhere, since two who wait for
/// each other never end. So when several open a new file at once, they take turns here.
#[expect(clippy::disallowed_methods, reason = "nobody else is told when the file is free")]
fn start_log(db: &Connection) -> rusqlite::Result<String> {
    const PAUSE: Duration = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    loop {
        match db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)) {
            Err(error)
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
                    && waited < PATIENCE =>
            {
                std::thread::sleep(PAUSE);
                waited = waited.saturating_add(PAUSE);
            }
            other => return other,
        }
    }
}

/// Lets nobody but the owner read the file; its log inherits that when it is made.
fn keep_private(path: &Path) -> Result<(), OpenError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
            .map_err(|error| OpenError::Failed(Box::new(error)))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(db: &Connection) -> i64 {
        db.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn an_older_schema_is_brought_up_to_date_step_by_step_and_keeps_its_rows() {
        let steps = ["CREATE TABLE t (a) STRICT", "ALTER TABLE t ADD COLUMN b INTEGER", "UPDATE t SET b = 7"];
        let steps = steps.map(|step| step.replace("(a)", "(a INTEGER)"));
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db, &steps[..1]).unwrap();
        assert_eq!(version(&db), 1);
        db.execute("INSERT INTO t VALUES (1)", []).unwrap();
        migrate(&mut db, &steps).unwrap();
        assert_eq!(version(&db), 3);
        assert_eq!(db.query_row("SELECT a, b FROM t", [], |row| Ok((row.get(0)?, row.get(1)?))), Ok((1, 7)));
        migrate(&mut db, &steps).unwrap();
        assert_eq!(version(&db), 3, "and once only");
    }

    #[test]
    fn a_step_that_fails_leaves_the_file_as_it_was() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db, &["CREATE TABLE t (a INTEGER)"]).unwrap();
        let broken =
            ["CREATE TABLE t (a INTEGER)", "CREATE TABLE u (a INTEGER)", "CREATE TABLE t (a INTEGER)"];
        assert!(matches!(migrate(&mut db, &broken), Err(OpenError::Failed(_))));
        assert_eq!(version(&db), 1);
        assert!(db.prepare("SELECT * FROM u").is_err());
    }

    #[test]
    fn a_version_below_zero_is_refused() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db, MIGRATIONS).unwrap();
        db.pragma_update(None, "user_version", -1).unwrap();
        assert!(matches!(migrate(&mut db, MIGRATIONS), Err(OpenError::Newer { found: -1, .. })));
    }
}
