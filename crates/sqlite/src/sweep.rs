//! Taking away rows that have expired, a few at a time.

use countersign::Timestamp;
use countersign::host::StoreError;
use rusqlite::params;

use crate::{SqliteStore, failed, lock, prepare};

impl SqliteStore {
    /// Removes rows whose `expires_at` is at or before `now`, at most so many, and says how many.
    ///
    /// A call goes on where the last one ended. Fewer than `at_most` means that it came to the end of the table, and
    /// that the next call begins anew; so a host that wants all of it repeats until then. It is run now and then: every
    /// few minutes with `at_most` in the thousands is plenty, since the core judges expiry by itself, and only the file
    /// grows meanwhile. Others are never kept waiting for more than a few thousand rows to be looked at, which takes
    /// milliseconds, however large `at_most` and the table are.
    ///
    /// `now` must not run ahead: what is swept because a clock jumped forward is forgotten, and its guesses with it.
    /// The file keeps its size; the room is used for other rows.
    ///
    /// ```
    /// use countersign::Timestamp;
    /// use countersign::host::{Store, Write};
    /// use countersign::record::{RecordKey, RecordKind, Version};
    /// use countersign_sqlite::SqliteStore;
    ///
    /// let store = SqliteStore::open_in_memory()?;
    /// let expires_at = Some(Timestamp::from_unix_seconds(900));
    /// let write = Write::Put { version: Version::from_bytes([1; 16]), bytes: b"", expires_at };
    /// let _ = store.commit(&RecordKey::new(RecordKind::Visitor, [1; 15]), None, write)?;
    /// assert_eq!(store.sweep(Timestamp::from_unix_millis(899_999), 1000)?, 0);
    /// assert_eq!(store.sweep(Timestamp::from_unix_millis(900_000), 1000)?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Failed`]. What was removed before stays removed.
    pub fn sweep(&self, now: Timestamp, at_most: u32) -> Result<usize, StoreError> {
        let at_most = usize::try_from(at_most).unwrap_or(usize::MAX);
        let mut swept_to = lock(&self.swept_to)?;
        let mut removed = 0_usize;
        while removed < at_most {
            let Some(stretch) = self.look(*swept_to, now, at_most.saturating_sub(removed))? else {
                *swept_to = i64::MIN;
                break;
            };
            if stretch.expired {
                let db = lock(&self.writer)?;
                // Looks at the expiry again: a row may have been written since.
                let gone = prepare(&db, REMOVE)?.execute(params![*swept_to, stretch.end, now.unix_millis()]);
                removed = removed.saturating_add(gone.map_err(failed)?);
            }
            *swept_to = stretch.end;
        }
        Ok(removed)
    }

    /// The next stretch of rows after the number `from`, with at most so many expired among them; `None` at the end.
    fn look(&self, from: i64, now: Timestamp, at_most: usize) -> Result<Option<Stretch>, StoreError> {
        let db = self.reader()?;
        let mut statement = prepare(&db, LOOK)?;
        let mut rows = statement.query(params![from, STRETCH]).map_err(failed)?;
        let mut stretch = None;
        let mut expired = 0_usize;
        while let Some(row) = rows.next().map_err(failed)? {
            let (end, expires_at): (i64, Option<i64>) =
                (row.get(0).map_err(failed)?, row.get(1).map_err(failed)?);
            if expires_at.is_some_and(|at| at <= now.unix_millis()) {
                expired = expired.saturating_add(1);
            }
            stretch = Some(Stretch { end, expired: expired > 0 });
            if expired == at_most {
                break;
            }
        }
        Ok(stretch)
    }
}

/// Rows that are looked at in one step.
struct Stretch {
    /// The number of the last.
    end: i64,
    /// Whether one of them can go.
    expired: bool,
}

/// How many rows are looked at before others get their turn.
const STRETCH: i64 = 4096;

const LOOK: &str =
    "SELECT rowid, expires_at FROM countersign_record WHERE rowid > ?1 ORDER BY rowid LIMIT ?2";
const REMOVE: &str = "DELETE FROM countersign_record WHERE rowid > ?1 AND rowid <= ?2 AND expires_at <= ?3";

#[cfg(test)]
mod tests {
    use countersign::host::{Committed, Store, Write};
    use countersign::record::{RecordKey, RecordKind, Version};

    use super::*;

    fn key(n: u64) -> RecordKey {
        let mut digest = [0; 15];
        digest[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        RecordKey::new(RecordKind::Visitor, digest)
    }

    fn fill(store: &SqliteStore, keys: std::ops::Range<u64>, expires_at: impl Fn(u64) -> Option<Timestamp>) {
        let db = lock(&store.writer).unwrap();
        db.execute_batch("BEGIN").unwrap();
        drop(db);
        for n in keys {
            let write = Write::Put {
                version: Version::from_bytes([1; 16]),
                bytes: b"row",
                expires_at: expires_at(n),
            };
            assert_eq!(store.commit(&key(n), None, write), Ok(Committed::Applied));
        }
        lock(&store.writer).unwrap().execute_batch("COMMIT").unwrap();
    }

    fn left(store: &SqliteStore) -> i64 {
        let db = lock(&store.writer).unwrap();
        db.query_row("SELECT count(*) FROM countersign_record", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn only_expired_rows_go_and_no_more_at_once_than_asked() {
        let store = SqliteStore::open_in_memory().unwrap();
        // A third each: expired at some time before the 12,000th second, without expiry, never expiring.
        fill(&store, 0..12_000, |n| match n % 3 {
            0 => Some(Timestamp::from_unix_seconds(n.cast_signed())),
            1 => None,
            _ => Some(Timestamp::MAX),
        });
        let now = Timestamp::from_unix_seconds(5_999);
        let mut steps = Vec::new();
        loop {
            steps.push(store.sweep(now, 300).unwrap());
            assert!(steps.len() < 100);
            if *steps.last().unwrap() < 300 {
                break;
            }
        }
        assert!(steps.iter().all(|step| *step <= 300), "{steps:?}");
        assert_eq!(steps.iter().sum::<usize>(), 2_000);
        assert_eq!(left(&store), 10_000);
        for n in 0..12_000 {
            let row = store.load(&[key(n)]).unwrap().remove(0);
            assert_eq!(row.is_some(), n % 3 != 0 || n > 5_999, "{n}");
        }
        assert_eq!(store.sweep(now, 300), Ok(0), "the next pass finds nothing more");
        assert_eq!(store.sweep(Timestamp::MAX, u32::MAX), Ok(2_000));
        assert_eq!(store.sweep(Timestamp::MAX, u32::MAX), Ok(0), "rows that never expire stay");
        assert_eq!(left(&store), 8_000);
        assert_eq!(store.sweep(Timestamp::MAX, 0), Ok(0));
    }

    #[test]
    fn a_pass_that_ends_is_followed_by_one_from_the_start() {
        let store = SqliteStore::open_in_memory().unwrap();
        fill(&store, 0..10, |n| Some(Timestamp::from_unix_seconds(n.cast_signed())));
        assert_eq!(store.sweep(Timestamp::from_unix_seconds(8), 9), Ok(9));
        fill(&store, 100..103, |_| Some(Timestamp::UNIX_EPOCH));
        assert_eq!(store.sweep(Timestamp::from_unix_seconds(8), 9), Ok(3));
        assert_eq!(store.sweep(Timestamp::from_unix_seconds(9), 9), Ok(1), "which the last pass had kept");
    }

    #[test]
    fn the_earliest_and_the_latest_expiry_are_judged_rightly() {
        let store = SqliteStore::open_in_memory().unwrap();
        let latest = Timestamp::from_unix_millis(i64::MAX - 1);
        fill(&store, 0..1, |_| Some(Timestamp::MIN));
        fill(&store, 1..2, |_| Some(latest));
        assert_eq!(store.sweep(Timestamp::MIN, 9), Ok(1));
        assert_eq!(store.sweep(Timestamp::from_unix_millis(i64::MAX - 2), 9), Ok(0));
        assert_eq!(store.sweep(latest, 9), Ok(1));
    }
}
