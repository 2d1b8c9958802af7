//! Which rows there are.

use countersign::host::StoreError;
use countersign::record::RecordKey;
use rusqlite::params;

use crate::{SqliteStore, damaged, failed, prepare};

impl SqliteStore {
    /// The keys of at most so many rows, in their order, from the first one after `after`; fewer than `at_most` means that there
    /// are no more.
    ///
    /// For what a host does with all rows, such as [`Rewrap`](countersign::Rewrap) after a key was rotated. Rows that are made
    /// meanwhile may be left out; they are sealed under the current key.
    ///
    /// ```
    /// use countersign_sqlite::SqliteStore;
    ///
    /// let store = SqliteStore::open_in_memory()?;
    /// let (mut all, mut last) = (0, None);
    /// loop {
    ///     let keys = store.keys(last, 1000)?;
    ///     all += keys.len(); // run `Rewrap { row }` for each
    ///     last = keys.last().copied();
    ///     if keys.len() < 1000 {
    ///         break;
    ///     }
    /// }
    /// assert_eq!(all, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub fn keys(&self, after: Option<RecordKey>, at_most: u32) -> Result<Vec<RecordKey>, StoreError> {
        let db = self.reader()?;
        let mut statement = prepare(&db, LIST)?;
        let after = after.as_ref().map_or(&[][..], |key| key.as_bytes());
        let mut rows = statement.query(params![after, at_most]).map_err(failed)?;
        let mut keys = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let key = row.get(0).map_err(|_| damaged("a key is not 16 bytes"))?;
            keys.push(RecordKey::from_bytes(key));
        }
        Ok(keys)
    }
}

/// Every key comes after the empty one.
pub(crate) const LIST: &str = "SELECT key FROM countersign_record WHERE key > ?1 ORDER BY key LIMIT ?2";

#[cfg(test)]
mod tests {
    use countersign::host::{Committed, Store, Write};
    use countersign::record::Version;

    use super::*;

    #[test]
    fn all_keys_are_listed_in_order_and_each_once() {
        let store = SqliteStore::open_in_memory().unwrap();
        let mut keys: Vec<_> =
            (0..=255_u8).map(|n| RecordKey::from_bytes([n.wrapping_mul(167); 16])).collect();
        for key in &keys {
            let write = Write::Put { version: Version::from_bytes([1; 16]), bytes: b"row", expires_at: None };
            assert_eq!(store.commit(key, None, write), Ok(Committed::Applied));
        }
        keys.sort();
        assert_eq!(store.keys(None, 1000).unwrap(), keys, "the least is all zeros, the last all ones");
        for at_most in [1_u32, 100, 255, 256] {
            let (mut all, mut last) = (Vec::new(), None);
            loop {
                let some = store.keys(last, at_most).unwrap();
                last = some.last().copied().or(last);
                let ended = some.len() < usize::try_from(at_most).unwrap();
                all.extend(some);
                if ended {
                    break;
                }
            }
            assert_eq!(all, keys, "{at_most} at a time");
        }
        assert_eq!(store.keys(None, 0).unwrap(), []);
        assert_eq!(store.keys(keys.last().copied(), 9).unwrap(), []);
    }

    #[test]
    fn a_key_of_another_length_is_damage() {
        let store = SqliteStore::open_in_memory().unwrap();
        let db = crate::lock(&store.writer).unwrap();
        let made = db.execute(
            "INSERT INTO countersign_record (key, version, expires_at, bytes) VALUES (x'01', zeroblob(16), NULL, x'')",
            [],
        );
        drop(db);
        // The table may refuse it by itself.
        if made.is_ok() {
            assert!(store.keys(None, 9).is_err());
        }
    }
}
