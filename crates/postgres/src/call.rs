//! One statement on one connection, to its end.

use std::error::Error;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use countersign::host::StoreError;
use deadpool_postgres::{ClientWrapper, Object};
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use crate::PostgresStore;

/// How long a call waits for a connection, and then for the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a statement is run that the server gave up without having done anything.
const TRIES: usize = 16;

/// Whether the session is within a transaction that has written something.
const IS_WITHIN: &str = "SELECT pg_catalog.txid_current_if_assigned() IS NOT NULL";

/// Whether a statement writes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
}

/// The values of a statement.
pub(crate) type Values = Vec<Box<dyn ToSql + Send + Sync>>;

impl PostgresStore {
    /// The rows that a statement answers with.
    pub(crate) async fn call(
        &self,
        kind: Kind,
        statement: &Arc<str>,
        values: Values,
    ) -> Result<Vec<Row>, StoreError> {
        let runtime = Handle::try_current().map_err(|_| broken("there is no tokio runtime"))?;
        let connection = timeout(PATIENCE, self.pool.get()).await;
        let connection = connection.map_err(|_| broken("no connection became free in time"))?;
        let connection = connection.map_err(|error| StoreError::Failed(words(&error)))?;
        let statement = statement.clone();
        // Dropped half-way, it would give the pool a connection on which a statement still waits, for a lock or for a
        // server that is gone, and whoever gets that next would wait with it.
        let task = runtime.spawn(async move {
            let why = match timeout(PATIENCE, ask(&connection, kind, &statement, &values)).await {
                Ok(Ok(Answer::Rows(rows))) => return Ok(rows),
                Ok(Ok(Answer::Unknown(error)) | Err(error)) => return Err(failed(error)),
                Ok(Ok(Answer::Within)) => "the connection was left within a transaction",
                Err(_) => "no answer came in time",
            };
            // It is closed, and what it has not committed is undone.
            drop(Object::take(connection));
            Err(broken(why))
        });
        task.await.unwrap_or_else(|_| Err(broken("the call was cut off")))
    }
}

enum Answer {
    Rows(Vec<Row>),
    /// What was written is part of a transaction that somebody else began on this connection and did not end.
    Within,
    /// Whether it is, could not be learnt.
    Unknown(tokio_postgres::Error),
}

async fn ask(
    connection: &ClientWrapper,
    kind: Kind,
    statement: &str,
    values: &Values,
) -> Result<Answer, tokio_postgres::Error> {
    let values: Vec<&(dyn ToSql + Sync)> =
        values.iter().map(|value| -> &(dyn ToSql + Sync) { &**value }).collect();
    let mut tries = TRIES;
    loop {
        let answer = match kind {
            Kind::Read => read(connection, statement, &values).await.map(Answer::Rows),
            Kind::Write => write(connection, statement, &values).await,
        };
        tries = tries.saturating_sub(1);
        match answer {
            Err(error) if tries > 0 && is_undone(&error) => {
                // It may have been prepared for another state of the table, or be forgotten by the server.
                connection.statement_cache.clear();
            }
            answer => return answer,
        }
    }
}

async fn read(
    connection: &ClientWrapper,
    statement: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, tokio_postgres::Error> {
    let statement = connection.prepare_cached(statement).await?;
    connection.query(&statement, values).await
}

/// Runs the statement, and asks right behind it whether it was a transaction of its own. Both go out at once.
async fn write(
    connection: &ClientWrapper,
    statement: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Answer, tokio_postgres::Error> {
    let statement = connection.prepare_cached(statement).await?;
    let is_within = connection.prepare_cached(IS_WITHIN).await?;
    let (rows, within) =
        both(connection.query(&statement, values), connection.query_one(&is_within, &[])).await;
    let rows = rows?;
    Ok(match within.and_then(|row| row.try_get(0)) {
        Ok(false) => Answer::Rows(rows),
        Ok(true) => Answer::Within,
        // Not to be tried again: the first may have been done.
        Err(error) => Answer::Unknown(error),
    })
}

/// What two futures end with. The first is begun before the second.
async fn both<A, B>(first: impl Future<Output = A>, second: impl Future<Output = B>) -> (A, B) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut one, mut other) = (None, None);
    poll_fn(|cx| {
        if one.is_none()
            && let Poll::Ready(answer) = first.as_mut().poll(cx)
        {
            one = Some(answer);
        }
        if other.is_none()
            && let Poll::Ready(answer) = second.as_mut().poll(cx)
        {
            other = Some(answer);
        }
        match (one.take(), other.take()) {
            (Some(one), Some(other)) => Poll::Ready((one, other)),
            left => {
                (one, other) = left;
                Poll::Pending
            }
        }
    })
    .await
}

/// Whether the server did nothing, and said so for a reason that another try may not meet: somebody else was changing
/// the row (where transactions are stricter than `READ COMMITTED` by default), or the statement is not prepared any more.
fn is_undone(error: &tokio_postgres::Error) -> bool {
    const AGAIN: [SqlState; 4] = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::INVALID_SQL_STATEMENT_NAME,
        SqlState::FEATURE_NOT_SUPPORTED,
    ];
    error.code().is_some_and(|code| AGAIN.contains(code))
}

pub(crate) fn broken(why: &str) -> StoreError {
    StoreError::Failed(why.into())
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn failed(error: tokio_postgres::Error) -> StoreError {
    StoreError::Failed(words(&error))
}

/// What went wrong, and why. Of what the server says its message alone, which may name a table or a setting: its
/// details name values.
fn words(error: &(dyn Error + 'static)) -> String {
    let mut said = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let separator = if said.is_empty() { "" } else { ": " };
        if let Some(server) = error.downcast_ref::<tokio_postgres::error::DbError>() {
            return format!("{said}{separator}{} ({})", server.message(), server.code().code());
        }
        // The pool's error says in its own words what the one below says again.
        if error.downcast_ref::<deadpool_postgres::PoolError>().is_none() || error.source().is_none() {
            said = format!("{said}{separator}{error}");
        }
        next = error.source();
    }
    said
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use countersign::host::AsyncStore;
    use countersign::record::{RecordKey, RecordKind};
    use deadpool_postgres::{Manager, Pool};
    use tokio_postgres::{Config, NoTls};

    use super::*;
    use crate::Table;

    fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
        pin!(future).as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn without_a_runtime_a_call_is_an_error() {
        let pool = Pool::builder(Manager::new(Config::new(), NoTls)).build().unwrap();
        let store = PostgresStore::new(pool, &Table::default());
        let answer = poll(store.load(&[RecordKey::new(RecordKind::Account, [9; 15])]));
        assert!(
            matches!(&answer, Poll::Ready(Err(why)) if why.to_string().contains("runtime")),
            "{answer:?}"
        );
    }

    /// Each of two is polled until it has ended and never again, whichever ends first.
    #[test]
    fn both_end_in_any_order() {
        for (slow, quick) in [(3, 0), (0, 3), (2, 2), (0, 0)] {
            let after = |mut times: u32| {
                let mut over = false;
                poll_fn(move |_| {
                    assert!(!over, "it was polled after its end");
                    over = times == 0;
                    times = times.saturating_sub(1);
                    if over { Poll::Ready(()) } else { Poll::Pending }
                })
            };
            let mut both = pin!(both(after(slow), after(quick)));
            let mut polls = 0;
            while both.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
                polls += 1;
            }
            assert_eq!(polls, slow.max(quick));
        }
    }

    #[test]
    fn an_error_is_told_with_its_causes_and_the_pools_words_once() {
        let cause = "no=such".parse::<Config>().unwrap_err();
        let why = words(&deadpool_postgres::PoolError::Backend(cause));
        assert!(why.starts_with("invalid connection string: unknown option"), "{why}");
    }
}
