//! Opening the store and the directory beside it, and sweeping.

use std::sync::Arc;
use std::time::Duration;

use countersign::Timestamp;
use countersign::host::{Clock, MemoryStore, Store, StoreError};
use countersign_sqlite::{Durability, SqliteStore};
use countersign_tokio::{OffloadedDirectory, OffloadedStore};
use tokio::task::spawn_blocking;
use tokio::time::MissedTickBehavior;

use crate::directory::{MemoryUsers, SqliteUsers, Users};
use crate::options::StoreUrl;

/// A store, its directory, and the way to sweep it.
pub(crate) struct Opened {
    pub(crate) store: OffloadedStore,
    pub(crate) directory: OffloadedDirectory,
    pub(crate) users: Arc<dyn Users>,
    pub(crate) sweep: Arc<dyn Sweep>,
}

impl StoreUrl {
    /// Whether new keys may be made: not for a file that was written with others.
    pub(crate) fn may_make_keys(&self) -> bool {
        match self {
            Self::Memory => true,
            Self::Sqlite(path) => std::fs::metadata(path).map_or(true, |about| about.len() == 0),
        }
    }

    /// Opens the store.
    ///
    /// # Errors
    /// Why it cannot be opened.
    pub(crate) fn open(&self) -> Result<Opened, String> {
        match self {
            Self::Memory => Ok(opened(MemoryStore::new(), MemoryUsers::default())),
            Self::Sqlite(path) => {
                let wrong = |why: &dyn std::fmt::Display| format!("store {}: {why}", path.display());
                let store = SqliteStore::open(path, Durability::Full).map_err(|why| wrong(&why))?;
                let users = SqliteUsers::open(path).map_err(|why| wrong(&why))?;
                Ok(opened(store, users))
            }
        }
    }
}

fn opened<S: Store + Sweep + 'static>(store: S, users: impl Users + 'static) -> Opened {
    let (store, users): (_, Arc<dyn Users>) = (Arc::new(store), Arc::new(users));
    let directory = OffloadedDirectory::new(Arc::clone(&users) as _);
    Opened { store: OffloadedStore::new(Arc::clone(&store) as _), directory, users, sweep: store }
}

/// A store that can be rid of expired rows.
pub(crate) trait Sweep: Send + Sync {
    /// Removes rows that expired at or before `now`, about so many at most, and says how many; fewer than asked means that
    /// there are no more.
    ///
    /// # Errors
    /// The store's.
    fn sweep(&self, now: Timestamp, at_most: u32) -> Result<usize, StoreError>;
}

impl Sweep for SqliteStore {
    fn sweep(&self, now: Timestamp, at_most: u32) -> Result<usize, StoreError> {
        Self::sweep(self, now, at_most)
    }
}

impl Sweep for MemoryStore {
    /// All of it: it takes milliseconds, and others wait only for a fraction of it.
    fn sweep(&self, now: Timestamp, _: u32) -> Result<usize, StoreError> {
        Self::sweep(self, now);
        Ok(0)
    }
}

/// How often rows are swept, and how many at once.
const EVERY: Duration = Duration::from_secs(60);
const BATCH: u32 = 1000;

/// Sweeps every minute, by the host's own clock, until the task is aborted. A failure is logged and tried again a minute later.
pub(crate) async fn sweep_forever(store: Arc<dyn Sweep>, clock: Arc<dyn Clock>) {
    let mut minutes = tokio::time::interval(EVERY);
    minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        minutes.tick().await;
        match sweep(&store, &*clock).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(event = "store.swept", rows),
            Err(why) => tracing::warn!(event = "store.sweep_failed", %why),
        }
    }
}

async fn sweep(store: &Arc<dyn Sweep>, clock: &dyn Clock) -> Result<usize, String> {
    let now = clock.now().map_err(|why| why.to_string())?;
    let mut all = 0_usize;
    loop {
        let store = Arc::clone(store);
        let batch = spawn_blocking(move || store.sweep(now, BATCH)).await.map_err(|why| why.to_string())?;
        let rows = batch.map_err(|why| why.to_string())?;
        all = all.saturating_add(rows);
        if rows < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            return Ok(all);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use countersign::host::ManualClock;

    use super::*;

    /// So many expired rows, and what it was asked.
    #[derive(Default)]
    struct Rows(Mutex<(usize, Vec<u32>)>);

    impl Sweep for Rows {
        fn sweep(&self, _: Timestamp, at_most: u32) -> Result<usize, StoreError> {
            let mut rows = self.0.lock().unwrap();
            rows.1.push(at_most);
            let swept = rows.0.min(usize::try_from(at_most).unwrap());
            rows.0 = rows.0.saturating_sub(swept);
            if rows.1.len() > 10 { Err(StoreError::Full) } else { Ok(swept) }
        }
    }

    #[tokio::test]
    async fn a_sweep_goes_on_in_batches_until_nothing_is_left() {
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        for (expired, batches) in [(0, 1), (999, 1), (1000, 2), (2500, 3)] {
            let rows = Arc::new(Rows::default());
            rows.0.lock().unwrap().0 = expired;
            let store: Arc<dyn Sweep> = rows.clone();
            assert_eq!(sweep(&store, &clock).await, Ok(expired));
            assert_eq!(rows.0.lock().unwrap().1, vec![BATCH; batches]);
        }
        let endless: Arc<dyn Sweep> = Arc::new(Rows(Mutex::new((usize::MAX, Vec::new()))));
        assert!(sweep(&endless, &clock).await.is_err(), "a failure ends it");
    }
}
