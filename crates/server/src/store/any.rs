//! One type for every store that this server can be told to use.

use std::sync::Arc;

use countersign::Timestamp;
use countersign::host::{AsyncStore, Committed, MemoryStore, Row, Store, StoreError, Write};
use countersign::record::{RecordKey, Version};
use countersign_postgres::PostgresStore;
use countersign_redis::{Cursor, RedisStore};
use countersign_sqlite::SqliteStore;
use countersign_tokio::OffloadedStore;
use tokio::task::spawn_blocking;

use crate::metrics::timed;

/// A store. Cheap to clone.
#[derive(Clone)]
pub(crate) enum AnyStore {
    /// One whose calls block, and the same for what is not asked by the library.
    Blocking(OffloadedStore, Arc<dyn Kept>),
    Postgres(PostgresStore),
    Redis(RedisStore),
}

/// What a store does beside its contract: it lists its keys, and is rid of expired rows.
pub(crate) trait Kept: Store {
    /// Removes rows that expired at or before `now`, about so many at most, and says how many; fewer than asked means that
    /// there are no more.
    ///
    /// # Errors
    /// The store's.
    fn sweep(&self, now: Timestamp, at_most: u32) -> Result<usize, StoreError>;

    /// Keys of rows after one, so many at most; fewer means that there are no more.
    ///
    /// # Errors
    /// The store's.
    fn keys(&self, after: Option<RecordKey>, at_most: u32) -> Result<Vec<RecordKey>, StoreError>;
}

impl Kept for SqliteStore {
    fn sweep(&self, now: Timestamp, at_most: u32) -> Result<usize, StoreError> {
        Self::sweep(self, now, at_most)
    }

    fn keys(&self, after: Option<RecordKey>, at_most: u32) -> Result<Vec<RecordKey>, StoreError> {
        Self::keys(self, after, at_most)
    }
}

impl Kept for MemoryStore {
    /// All of it: it takes milliseconds, and others wait only for a fraction of it.
    fn sweep(&self, now: Timestamp, _: u32) -> Result<usize, StoreError> {
        Self::sweep(self, now);
        Ok(0)
    }

    /// None: it ends with its process, and keys are rotated when another begins.
    fn keys(&self, _: Option<RecordKey>, _: u32) -> Result<Vec<RecordKey>, StoreError> {
        Ok(Vec::new())
    }
}

/// How far a listing of keys has come.
#[derive(Clone)]
pub(crate) enum Place {
    After(RecordKey),
    At(Cursor),
}

impl AnyStore {
    /// A store whose calls block.
    pub(super) fn blocking(store: impl Kept + 'static) -> Self {
        let store = Arc::new(store);
        Self::Blocking(OffloadedStore::new(Arc::clone(&store) as _), store)
    }

    /// As [`Kept::sweep`].
    pub(crate) async fn sweep(&self, now: Timestamp, at_most: u32) -> Result<usize, StoreError> {
        match self {
            Self::Blocking(_, store) => {
                let store = Arc::clone(store);
                spawn_blocking(move || store.sweep(now, at_most)).await.map_err(|_| died())?
            }
            Self::Postgres(store) => store.sweep(now, at_most).await,
            // The server does it by itself.
            Self::Redis(_) => Ok(0),
        }
    }

    /// Some keys from a place on, and where to go on; `None` when that were all.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn keys(
        &self,
        from: Option<Place>,
    ) -> Result<(Vec<RecordKey>, Option<Place>), StoreError> {
        let after = match &from {
            Some(Place::After(key)) => Some(*key),
            _ => None,
        };
        let keys = match self {
            Self::Blocking(_, store) => {
                let store = Arc::clone(store);
                spawn_blocking(move || store.keys(after, PAGE)).await.map_err(|_| died())??
            }
            Self::Postgres(store) => store.keys(after, PAGE).await?,
            Self::Redis(store) => {
                let cursor = match from {
                    Some(Place::At(cursor)) => cursor,
                    _ => Cursor::default(),
                };
                let (keys, next) = store.keys(cursor).await?;
                return Ok((keys, next.map(Place::At)));
            }
        };
        let is_last = keys.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
        let next = keys.last().copied().filter(|_| !is_last).map(Place::After);
        Ok((keys, next))
    }
}

/// How many keys are listed at once.
const PAGE: u32 = 1000;

impl AsyncStore for AnyStore {
    async fn load(&self, keys: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError> {
        let answer = async {
            match self {
                Self::Blocking(store, _) => store.load(keys).await,
                Self::Postgres(store) => store.load(keys).await,
                Self::Redis(store) => store.load(keys).await,
            }
        };
        timed("load", answer, |_| "ok").await
    }

    async fn commit(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
    ) -> Result<Committed, StoreError> {
        let answer = async {
            match self {
                Self::Blocking(store, _) => store.commit(key, expected, write).await,
                Self::Postgres(store) => store.commit(key, expected, write).await,
                Self::Redis(store) => store.commit(key, expected, write).await,
            }
        };
        let name = |answer: &Committed| match answer {
            Committed::Applied => "applied",
            Committed::Stale => "stale",
        };
        timed("commit", answer, name).await
    }
}

fn died() -> StoreError {
    StoreError::Failed("the call did not come to an end".into())
}
