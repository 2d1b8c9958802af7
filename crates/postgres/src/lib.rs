//! An [`AsyncStore`] of [`countersign`] in PostgreSQL: durable, for any number of processes on any number of machines.
//!
//! ```no_run
//! use countersign::host::{AsyncStore, Committed, Write};
//! use countersign::record::{RecordKey, RecordKind, Version};
//! use countersign_postgres::{PostgresStore, Table, migrate};
//!
//! # async fn example(pool: countersign_postgres::Pool) -> Result<(), Box<dyn std::error::Error>> {
//! migrate(&pool, &Table::default()).await?; // or `SCHEMA`, by your own means
//! let store = PostgresStore::open(pool, Table::default()).await?;
//! let key = RecordKey::new(RecordKind::Visitor, [7; 15]);
//! let version = Version::from_bytes([1; 16]);
//! let write = Write::Put { version, bytes: b"record", expires_at: None };
//!
//! assert_eq!(store.commit(&key, None, write).await?, Committed::Applied);
//! assert_eq!(store.commit(&key, None, write).await?, Committed::Stale, "there is a row now");
//! assert_eq!(store.load(&[key]).await?[0].as_ref().map(|row| row.version), Some(version));
//! # Ok(()) }
//! ```
//!
//! Each commit is one statement that names the version it expects, and a transaction of its own; the number of rows it
//! changed is its answer. Of two that change one row, PostgreSQL lets the second wait for the first and then look at
//! the row again, so there is no gap between comparing and writing. It is answered when the log is on the disk, also
//! where the role or the database has `synchronous_commit = off`: the statement turns it on for itself. Each load tells
//! with its rows whether the server is a standby, and is an error if so, since what a standby answers may have been
//! replaced. Right behind a commit goes the question whether it was a transaction of its own; if somebody had begun one on
//! that connection and never ended it, the commit is an error, and undone with it. So neither depends on how a session
//! was left by whoever had it before.
//!
//! # The pool
//! It is the host's own, with its addresses, roles and TLS; a connection is taken for one statement at a time. The crate
//! stands on `tokio-postgres` and `deadpool-postgres`: these use the pool a host has, prepare each statement
//! once on each connection, and have neither macros nor a database at build time. It should have:
//!
//! - **Primaries alone**: `target_session_attrs = read-write`, where there are several servers.
//! - **A time after which a silent connection is dead**: `tcp_user_timeout`, and `connect_timeout`. The store waits for
//!   five seconds for a connection, and for five more for the answer; a connection that did not answer is closed.
//! - **Connections that come back outside any transaction**. `tokio-postgres`' own `Transaction` ends itself when it is
//!   dropped; a `BEGIN` by hand does not, and costs the store a connection.
//! - **The runtime's timers on**, as `#[tokio::main]` has them.
//!
//! Behind a pooler that gives each transaction another connection, it must know about prepared statements.
//! `fsync = off` and a standby that takes over without `synchronous_standby_names` both take back what was answered last.
//!
//! # If this were wrong
//! What an attacker could gain: guesses made in parallel that count as one, codes that are spent twice. What he gains from
//! an *old copy* of the table is the same, one copy at a time: a backup that is restored, or a standby that is behind
//! and takes over, gives back every guess made since. It is a copy of the credentials too, and is to be kept like one.

#![forbid(unsafe_code)]

mod call;
mod list;
mod migrate;
mod sweep;
mod table;

use std::fmt;
use std::sync::Arc;

use call::Kind;
use countersign::Timestamp;
use countersign::host::{AsyncStore, Committed, Row, StoreError, Write};
use countersign::record::{MAX_RECORD_BYTES, RecordKey, Version};
/// The crate of the pool, in the version that it has to be of.
pub use deadpool_postgres;
pub use deadpool_postgres::Pool;
use tokio_postgres::types::ToSql;

pub use migrate::{OpenError, SCHEMA, migrate};
pub use table::{Table, TableError};

/// A store in a table of PostgreSQL. See the [crate's documentation](crate).
///
/// It is cheap to clone, and clones share the pool. A call that was begun runs to its end, in a task of its own, even if
/// its future is dropped: a commit is then applied or not, as after a crash, and the connection goes back to the pool
/// when nothing is under way on it any more.
#[derive(Clone)]
pub struct PostgresStore {
    pool: Pool,
    statements: Arc<Statements>,
}

/// The statements, with the name of the table in them.
struct Statements {
    load: Arc<str>,
    create: Arc<str>,
    replace: Arc<str>,
    delete: Arc<str>,
    sweep: Arc<str>,
    list: Arc<str>,
}

impl AsyncStore for PostgresStore {
    async fn load(&self, keys: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let wanted: Vec<Vec<u8>> = keys.iter().map(|key| key.as_bytes().to_vec()).collect();
        let mut found = Vec::new();
        for row in self.call(Kind::Read, &self.statements.load, vec![Box::new(wanted)]).await? {
            if row.try_get(0).map_err(call::failed)? {
                return Err(StoreError::Failed("the server is a standby".into()));
            }
            // Without a record under any of the keys, there is one row without a key.
            if let Some(key) = row.try_get::<_, Option<Vec<u8>>>(1).map_err(call::failed)? {
                found.push((key, read(&row)?));
            }
        }
        let under = |key: &RecordKey| found.iter().find(|(found, _)| found == key.as_bytes());
        Ok(keys.iter().map(|key| under(key).map(|(_, row)| row.clone())).collect())
    }

    async fn commit(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
    ) -> Result<Committed, StoreError> {
        let bytes = |bytes: &[u8]| -> Box<dyn ToSql + Send + Sync> { Box::new(bytes.to_vec()) };
        let named = |version: Version| bytes(version.as_bytes());
        let key_bytes = bytes(key.as_bytes());
        let (statement, values) = match (expected, write) {
            (_, Write::Put { bytes, .. }) if bytes.len() > MAX_RECORD_BYTES => {
                return Err(StoreError::Failed("the record is longer than a row may be".into()));
            }
            (None, Write::Put { version, bytes: record, expires_at }) => (
                &self.statements.create,
                vec![key_bytes, named(version), bytes(record), Box::new(stored(expires_at))],
            ),
            (Some(expected), Write::Put { version, bytes: record, expires_at }) => (
                &self.statements.replace,
                vec![key_bytes, named(version), bytes(record), Box::new(stored(expires_at)), named(expected)],
            ),
            (Some(expected), Write::Delete) => (&self.statements.delete, vec![key_bytes, named(expected)]),
            // Nothing to write; what is asked is whether there is nothing.
            (None, Write::Delete) => {
                let there = self.load(std::slice::from_ref(key)).await?.iter().any(Option::is_some);
                return Ok(if there { Committed::Stale } else { Committed::Applied });
            }
        };
        match self.call(Kind::Write, statement, values).await?.len() {
            0 => Ok(Committed::Stale),
            1 => Ok(Committed::Applied),
            more => Err(StoreError::Failed(format!("{more} rows have one key: the table is damaged"))),
        }
    }
}

/// No row, no key and no address.
impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

impl PostgresStore {
    fn new(pool: Pool, table: &Table) -> Self {
        let put = |sql: &str| Arc::from(table.put_into(&sql.replace("{durable}", DURABLE)));
        let statements = Statements {
            load: put(LOAD),
            create: put(CREATE),
            replace: put(REPLACE),
            delete: put(DELETE),
            sweep: put(sweep::REMOVE),
            list: put(list::LIST),
        };
        Self { pool, statements: Arc::new(statements) }
    }
}

/// True, and the statement that it is part of waits for the disk. Settings that wait for more are left as they are.
const DURABLE: &str = "(CASE WHEN pg_catalog.current_setting('synchronous_commit') = 'off' \
    THEN pg_catalog.set_config('synchronous_commit', 'on', true) ELSE 'as it is' END) IS NOT NULL";

/// One row at least, so that it is known who answered.
const LOAD: &str = "SELECT pg_catalog.pg_is_in_recovery(), r.key, r.version, r.record FROM (SELECT 1) AS one \
    LEFT JOIN \"public\".\"countersign_records\" AS r ON r.key = ANY ($1::bytea[])";
const CREATE: &str = "INSERT INTO \"public\".\"countersign_records\" (key, version, record, expires_at) \
    SELECT $1::bytea, $2::bytea, $3::bytea, $4::bigint WHERE {durable} ON CONFLICT (key) DO NOTHING RETURNING 1";
const REPLACE: &str = "UPDATE \"public\".\"countersign_records\" \
    SET version = $2::bytea, record = $3::bytea, expires_at = $4::bigint \
    WHERE key = $1::bytea AND version = $5::bytea AND {durable} RETURNING 1";
const DELETE: &str = "DELETE FROM \"public\".\"countersign_records\" \
    WHERE key = $1::bytea AND version = $2::bytea AND {durable} RETURNING 1";

fn read(row: &tokio_postgres::Row) -> Result<Row, StoreError> {
    let version: &[u8] = row.try_get(2).map_err(call::failed)?;
    let bytes: &[u8] = row.try_get(3).map_err(call::failed)?;
    let version = version.try_into().map_err(|_| damaged("a version is not 16 bytes"))?;
    if bytes.len() > MAX_RECORD_BYTES {
        return Err(damaged("a record is longer than one may be"));
    }
    Ok(Row { version: Version::from_bytes(version), bytes: bytes.to_vec() })
}

/// The column is empty for rows that are never swept.
fn stored(expires_at: Option<Timestamp>) -> Option<i64> {
    expires_at.filter(|at| *at != Timestamp::MAX).map(Timestamp::unix_millis)
}

fn damaged(what: &str) -> StoreError {
    StoreError::Failed(format!("the table is damaged: {what}"))
}
