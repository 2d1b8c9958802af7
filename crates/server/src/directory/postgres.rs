//! Users in a table of PostgreSQL.

use std::time::Duration;

use countersign::host::{AsyncDirectory, Created, DirectoryEntry, DirectoryError, NewAccount};
use countersign::{AccountId, Identifier};
use countersign_postgres::Pool;
use countersign_postgres::deadpool_postgres::Object;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use super::{Person, account, entry, failed, text};
use crate::random;

/// The users in the database that a pool leads to.
#[derive(Clone)]
pub(crate) struct PostgresUsers(Pool);

/// How long a question may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Taken by each server that starts, so that they make the table one after the other: "csgnusrs".
const LOCK: i64 = i64::from_be_bytes(*b"csgnusrs");

/// A released user keeps its row, and so its id, and nothing else.
const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS public.countersign_users (
    id text PRIMARY KEY,
    identifier text UNIQUE,
    profile text
)";

/// What was answered has to be there after a crash, whatever the session is set to.
macro_rules! durable {
    () => {
        "pg_catalog.set_config('synchronous_commit', 'on', true) = 'on'"
    };
}

const FIND: &str = "SELECT id, identifier FROM public.countersign_users WHERE identifier = $1";
/// One statement: a new user, or the one who has the identifier already, with the profile of who proved it last.
const CREATE: &str = concat!(
    "INSERT INTO public.countersign_users (id, identifier, profile) SELECT $1, $2, $3 WHERE ",
    durable!(),
    " ON CONFLICT (identifier) DO UPDATE SET profile = excluded.profile RETURNING id"
);
const RENAME: &str = concat!(
    "UPDATE public.countersign_users SET identifier = $3 WHERE id = $1 AND identifier IN ($2, $3) AND ",
    durable!(),
    " RETURNING id"
);
const PERSON: &str =
    "SELECT identifier, profile FROM public.countersign_users WHERE id = $1 AND identifier IS NOT NULL";
const RELEASE: &str = concat!(
    "UPDATE public.countersign_users SET identifier = NULL, profile = NULL WHERE id = $1 AND ",
    durable!(),
    " RETURNING id"
);

impl PostgresUsers {
    /// The users; makes the table if it is not there.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn open(pool: Pool) -> Result<Self, DirectoryError> {
        let mut connection = pool.get().await.map_err(failed)?;
        let make = async {
            let transaction = connection.transaction().await?;
            transaction.execute("SELECT pg_catalog.pg_advisory_xact_lock($1)", &[&LOCK]).await?;
            transaction.batch_execute(SCHEMA).await?;
            transaction.commit().await
        };
        timeout(PATIENCE, make).await.map_err(|_| late())?.map_err(|why| words(&why))?;
        drop(connection);
        Ok(Self(pool))
    }

    /// Runs a statement, and reads the one row it may answer with.
    async fn row<T>(
        &self,
        statement: &str,
        values: &[&(dyn ToSql + Sync)],
        read: impl FnOnce(&Row) -> Result<T, Error>,
    ) -> Result<Result<Option<T>, Error>, DirectoryError> {
        let connection = timeout(PATIENCE, self.0.get()).await.map_err(|_| late())?.map_err(failed)?;
        let ask = async {
            let statement = connection.prepare_cached(statement).await?;
            connection.query_opt(&statement, values).await?.as_ref().map(read).transpose()
        };
        let Ok(found) = timeout(PATIENCE, ask).await else {
            // Whoever got it next would wait behind this.
            drop(Object::take(connection));
            return Err(late());
        };
        Ok(found)
    }

    /// As [`Users::person`](super::Users::person).
    pub(crate) async fn person(&self, account: &AccountId) -> Result<Option<Person>, DirectoryError> {
        let read = |row: &Row| {
            let profile: Option<&str> = row.try_get(1)?;
            Ok(Person::new(row.try_get(0)?, profile.unwrap_or_default()))
        };
        self.row(PERSON, &[&account.as_str()], read).await?.map_err(|why| words(&why))
    }
}

fn late() -> DirectoryError {
    failed("no answer came in time")
}

/// PostgreSQL's own words, without the details: these may hold values.
fn words(error: &Error) -> DirectoryError {
    match error.as_db_error() {
        Some(told) => failed(format_args!("{}: {}", told.code().code(), told.message())),
        None => failed(error),
    }
}

fn first(row: &Row) -> Result<String, Error> {
    row.try_get(0)
}

impl AsyncDirectory for PostgresUsers {
    async fn find(&self, identifier: &Identifier) -> Result<Option<DirectoryEntry>, DirectoryError> {
        let read = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?));
        let found = self.row(FIND, &[&identifier.as_str()], read).await?.map_err(|why| words(&why))?;
        found.map(|(id, identifier): (String, String)| entry(account(&id)?, identifier)).transpose()
    }

    async fn create(&self, new: &NewAccount) -> Result<Created, DirectoryError> {
        let (id, profile) = (random::name().map_err(failed)?, text(&new.profile));
        let made = self.row(CREATE, &[&id, &new.identifier.as_str(), &profile], first).await?;
        let id = made.map_err(|why| words(&why))?.ok_or_else(|| failed("no user was made"))?;
        Ok(Created::Account(account(&id)?))
    }

    async fn rename(
        &self,
        account: &AccountId,
        from: &Identifier,
        to: &Identifier,
    ) -> Result<Created, DirectoryError> {
        let values: [&(dyn ToSql + Sync); 3] = [&account.as_str(), &from.as_str(), &to.as_str()];
        match self.row(RENAME, &values, first).await? {
            Ok(Some(_)) => Ok(Created::Account(account.clone())),
            Ok(None) => Ok(Created::Taken),
            Err(why) if why.code() == Some(&SqlState::UNIQUE_VIOLATION) => Ok(Created::Taken),
            Err(why) => Err(words(&why)),
        }
    }

    async fn release(&self, account: &AccountId) -> Result<(), DirectoryError> {
        self.row(RELEASE, &[&account.as_str()], first).await?.map_err(|why| words(&why)).map(drop)
    }
}
