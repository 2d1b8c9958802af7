//! The table: made, brought up to date, and what is refused.

use std::error::Error;

use deadpool_postgres::{GenericClient, Pool, PoolError};
use tokio_postgres::IsolationLevel;

use crate::{PostgresStore, Table};

/// Why a database is not used as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The database cannot be reached, or refused a statement.
    #[error("the database cannot be used as a store: {0}")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
    /// The table is not there, or not as this release needs it: [`migrate`] has not been run, or was by an older release.
    #[error("the table is at step {found} and this release needs step {known}: run its migration")]
    Older {
        /// The last step that was applied; 0 where there is no table.
        found: i32,
        /// The last step of this release.
        known: i32,
    },
    /// A newer release of this crate made the table. Nothing was changed.
    #[error("the table is at step {found} and this release knows steps up to {known}: use a newer release")]
    Newer {
        /// The last step that was applied.
        found: i32,
        /// The last step of this release.
        known: i32,
    },
    /// There is a table of this name that is not the store's. Nothing was changed.
    #[error("there is another table of this name")]
    Foreign,
    /// The server is a standby: what it answers may be of some time ago.
    #[error("the server is a standby, which may answer with what has been replaced: connect to the primary")]
    Standby,
}

impl From<tokio_postgres::Error> for OpenError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Failed(Box::new(error))
    }
}

impl From<PoolError> for OpenError {
    fn from(error: PoolError) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// The statements that make the default table, for a host that migrates by its own means; [`Table::schema`] has them for another.
///
/// All the steps one after the other, as for a new database; to be run in one transaction. They note what they did as
/// [`migrate`] does, so that [`PostgresStore::open`] finds the table up to date. A release that adds a step says so in
/// its change log.
///
/// The times are `bigint`, milliseconds since 1970, and not `timestamptz`: this ends in the year 294276 and the core's
/// times do not. The index on them holds no row that is kept for good. Records are sealed, so the server does not try
/// to compress them (`EXTERNAL`).
pub const SCHEMA: &str = include_str!("schema/1.sql");

/// What brings a table from each step to the next. Never changed, only added to.
pub(crate) const STEPS: &[&str] = &[include_str!("schema/1.sql")];

/// Under which one migration at a time runs: "csgn".
const LOCK: i64 = i64::from_be_bytes(*b"csgn\0\0\0\x01");

/// Makes the table, or brings that of an older release up to date.
///
/// Every process may do so when it starts, all at once too: they take turns under an advisory lock, and the first does
/// the work. It is one transaction, so a step that fails, or a future that is dropped, leaves the table as it was. The
/// role needs the right to create tables in the schema; that of [`PostgresStore::open`] needs only to read both tables
/// and to write the first, so the two can be different pools.
///
/// ```no_run
/// use countersign_postgres::{PostgresStore, Table, migrate};
///
/// # async fn start(pool: countersign_postgres::Pool) -> Result<(), countersign_postgres::OpenError> {
/// migrate(&pool, &Table::default()).await?;
/// let store = PostgresStore::open(pool, Table::default()).await?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// [`OpenError`] says what is wrong with the database. Nothing was changed then.
pub async fn migrate(pool: &Pool, table: &Table) -> Result<(), OpenError> {
    step_by_step(pool, table, STEPS).await
}

async fn step_by_step(pool: &Pool, table: &Table, steps: &[&str]) -> Result<(), OpenError> {
    let mut connection = pool.get().await?;
    if is_standby(&connection).await? {
        return Err(OpenError::Standby);
    }
    // Of another level, the transaction would not see what was done while it waited for the lock.
    let transaction =
        connection.build_transaction().isolation_level(IsolationLevel::ReadCommitted).read_only(false);
    let transaction = transaction.start().await?;
    transaction.execute("SELECT pg_catalog.pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let found = steps_done(&transaction, table).await?;
    let known = number_of(steps);
    let done = usize::try_from(found).ok().and_then(|done| steps.get(done..));
    let Some(missing) = done else {
        return Err(OpenError::Newer { found, known });
    };
    // The host's own setting may be another; what is answered here has to be there after a crash, too.
    transaction.batch_execute("SET LOCAL synchronous_commit = on").await?;
    for step in missing {
        transaction.batch_execute(&table.put_into(step)).await?;
    }
    transaction.commit().await?;
    Ok(())
}

impl PostgresStore {
    /// The records in `table`, by connections of the host's own pool.
    ///
    /// What the pool should be like is said [with the crate](crate#the-pool). The table must be there and up to date; see [`migrate`].
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong with the database. Nothing is changed in any case.
    pub async fn open(pool: Pool, table: Table) -> Result<Self, OpenError> {
        let connection = pool.get().await?;
        if is_standby(&connection).await? {
            return Err(OpenError::Standby);
        }
        let found = steps_done(&connection, &table).await?;
        drop(connection);
        let known = number_of(STEPS);
        if found > known {
            return Err(OpenError::Newer { found, known });
        }
        if found < known {
            return Err(OpenError::Older { found, known });
        }
        Ok(Self::new(pool, &table))
    }
}

fn number_of(steps: &[&str]) -> i32 {
    i32::try_from(steps.len()).unwrap_or(i32::MAX)
}

async fn is_standby(db: &impl GenericClient) -> Result<bool, OpenError> {
    Ok(db.query_one("SELECT pg_catalog.pg_is_in_recovery()", &[]).await?.try_get(0)?)
}

/// How many steps have been applied.
async fn steps_done(db: &impl GenericClient, table: &Table) -> Result<i32, OpenError> {
    let there =
        |name: &str| table.put_into(&format!("pg_catalog.to_regclass('\"public\".{name}') IS NOT NULL"));
    let records = there("\"countersign_records\"");
    let version = there("\"countersign_records_version\"");
    let row = db.query_one(&format!("SELECT {records}, {version}"), &[]).await?;
    match (row.try_get(0)?, row.try_get(1)?) {
        (false, false) => Ok(0),
        (true, true) => {
            const LAST: &str =
                "SELECT coalesce(pg_catalog.max(step), 0) FROM \"public\".\"countersign_records_version\"";
            Ok(db.query_one(&table.put_into(LAST), &[]).await?.try_get(0)?)
        }
        _ => Err(OpenError::Foreign),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_as_text_is_all_the_steps() {
        assert_eq!(STEPS.concat(), SCHEMA);
        assert_eq!(Table::default().schema(), SCHEMA);
    }

    /// Each step notes itself, under its number.
    #[test]
    fn steps_are_numbered() {
        for (number, step) in (1..).zip(STEPS) {
            assert!(step.contains(&format!("_version\" (step) VALUES ({number});")), "{step}");
        }
    }
}
