//! Taking away rows that have expired, a few at a time.

use countersign::Timestamp;
use countersign::host::StoreError;

use crate::PostgresStore;
use crate::call::{Kind, Values};

impl PostgresStore {
    /// Removes rows whose `expires_at` is at or before `now`, at most so many, and says how many.
    ///
    /// Those that expired first go first, found by the index on the column. Fewer than `at_most` means that there were no more,
    /// but for rows that somebody was writing at that moment; these are passed over, and stay if they have another expiry
    /// afterwards. It is run now and then, by one process or by several: every few minutes with `at_most` in the thousands is
    /// plenty, since the core judges expiry by itself, and only the table grows meanwhile. Rows go a thousand at a time,
    /// in a transaction each, so nobody waits for long however large `at_most` and the table are.
    ///
    /// `now` must not run ahead: what is swept because a clock jumped forward is forgotten, and its guesses with it.
    /// The room is used for other rows once PostgreSQL has vacuumed the table, as it does by itself.
    ///
    /// ```no_run
    /// # async fn sweep(store: countersign_postgres::PostgresStore) -> Result<(), Box<dyn std::error::Error>> {
    /// use countersign::host::{Clock, SystemClock};
    ///
    /// while store.sweep(SystemClock.now()?, 10_000).await? == 10_000 {}
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Failed`]. What was removed before stays removed.
    pub async fn sweep(&self, now: Timestamp, at_most: u32) -> Result<usize, StoreError> {
        let at_most = usize::try_from(at_most).unwrap_or(usize::MAX);
        let mut removed = 0_usize;
        while removed < at_most {
            let batch = at_most.saturating_sub(removed).min(BATCH);
            let limit = i64::try_from(batch).unwrap_or(i64::MAX);
            let values: Values = vec![Box::new(now.unix_millis()), Box::new(limit)];
            let gone = self.call(Kind::Write, &self.statements.sweep, values).await?.len();
            removed = removed.saturating_add(gone);
            if gone < batch {
                break;
            }
        }
        Ok(removed)
    }
}

/// How many rows go in one statement.
const BATCH: usize = 1000;

/// Locks what it has seen, and removes what still has the version it saw: a row that is renewed in between stays.
pub(crate) const REMOVE: &str = "WITH seen AS ( \
        SELECT key, version FROM \"public\".\"countersign_records\" WHERE expires_at <= $1::bigint \
        ORDER BY expires_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED \
    ) DELETE FROM \"public\".\"countersign_records\" AS r USING seen \
    WHERE r.key = seen.key AND r.version = seen.version AND r.expires_at <= $1::bigint RETURNING 1";
