//! A store that keeps the record of an account in the host's own table of users, in the row of that user, and everything
//! else in the common table. Copy it, and change the names.
//!
//! ```sql
//! ALTER TABLE users
//!     ADD COLUMN auth_key bytea UNIQUE, ADD COLUMN auth_state bytea, ADD COLUMN auth_version bytea,
//!     ADD COLUMN auth_expires_at bigint;
//! ```
//!
//! `auth_key` is written by the directory, with the rest of the row of a new user; it asks `Machine::row_of` for it. A row
//! is never removed while it has an `auth_state`; what is left of a deleted account has an `auth_expires_at`, after which it can be.
//!
//! Spawn what runs requests, so that a client that hangs up does not drop a commit half-way, and leave no connection
//! of the pool within a transaction: unlike `PostgresStore`, these few lines do not see to that.
use countersign::Timestamp;
use countersign::host::{AsyncStore, Committed, Row, StoreError, Write};
use countersign::record::{RecordKey, RecordKind, Version};
use countersign_postgres::{Pool, PostgresStore};

/// The table of users, and the common one.
pub struct OwnUsers {
    /// Connections to the database of both.
    pub pool: Pool,
    /// Where everything is kept that is not an account.
    pub common: PostgresStore,
}

/// One row at least, so that it is known who answered: a user who is not on a standby yet is not one without a record.
const LOAD: &str = "SELECT pg_is_in_recovery(), auth_version, auth_state FROM (SELECT 1) AS one \
    LEFT JOIN users ON auth_key = $1";
/// Writes nothing where there is no such user, and where his row is not as expected: both are `Stale`. A commit waits
/// for the disk whatever the session is set to.
const WRITE: &str = "UPDATE users SET auth_version = $3, auth_state = $4, auth_expires_at = $5 \
    WHERE auth_key = $1 AND auth_version IS NOT DISTINCT FROM $2 \
    AND set_config('synchronous_commit', 'on', true) = 'on'";

impl AsyncStore for OwnUsers {
    async fn load(&self, keys: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError> {
        // The common store answers for all; it has no rows of accounts.
        let mut rows = self.common.load(keys).await?;
        for (key, row) in keys.iter().zip(&mut rows).filter(|(key, _)| is_account(key)) {
            let client = self.pool.get().await.map_err(failed)?;
            let statement = client.prepare_cached(LOAD).await.map_err(failed)?;
            let found = client.query_one(&statement, &[&&key.as_bytes()[..]]).await.map_err(failed)?;
            if found.get(0) {
                return Err(failed("the server is a standby"));
            }
            let columns: (Option<Vec<u8>>, Option<Vec<u8>>) = (found.get(1), found.get(2));
            if let (Some(version), Some(bytes)) = columns {
                let version = version.try_into().map_err(|_| failed("a version is not 16 bytes"))?;
                *row = Some(Row { version: Version::from_bytes(version), bytes });
            }
        }
        Ok(rows)
    }

    async fn commit(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
    ) -> Result<Committed, StoreError> {
        if !is_account(key) {
            return self.common.commit(key, expected, write).await;
        }
        if (expected, write) == (None, Write::Delete) {
            let there = self.load(&[*key]).await?.iter().any(Option::is_some);
            return Ok(if there { Committed::Stale } else { Committed::Applied });
        }
        let expected = expected.as_ref().map(|version| &version.as_bytes()[..]);
        let (version, bytes, expires_at) = match &write {
            Write::Put { version, bytes, expires_at } => {
                (Some(&version.as_bytes()[..]), Some(*bytes), *expires_at)
            }
            Write::Delete => (None, None, None),
        };
        let expires_at = expires_at.map(Timestamp::unix_millis);
        let client = self.pool.get().await.map_err(failed)?;
        let statement = client.prepare_cached(WRITE).await.map_err(failed)?;
        let key = &key.as_bytes()[..];
        match client.execute(&statement, &[&key, &expected, &version, &bytes, &expires_at]).await {
            Ok(0) => Ok(Committed::Stale),
            Ok(_) => Ok(Committed::Applied),
            Err(error) => Err(failed(error)),
        }
    }
}

fn is_account(key: &RecordKey) -> bool {
    key.kind() == Some(RecordKind::Account)
}

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::Failed(error.to_string())
}

/// It is run in the tests (`tests/own_user_table.rs`), on a real server.
#[allow(dead_code, reason = "the tests take the rest")]
fn main() {
    println!("give `OwnUsers` to `AsyncSentry` as its store, and `Machine::row_of` to your directory");
}
