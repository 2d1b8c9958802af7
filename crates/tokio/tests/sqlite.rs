//! A blocking store used from many tasks at once, on a runtime with one thread for them all.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use countersign::host::{AsyncStore, Committed, Row, Store, StoreError, Write};
use countersign::record::{RecordKey, RecordKind, Version};
use countersign_sqlite::SqliteStore;
use countersign_tokio::OffloadedStore;

/// The counter race: tasks that increment by load and compare-and-swap lose none.
#[tokio::test(flavor = "current_thread")]
async fn tasks_lose_no_increment() {
    let store = OffloadedStore::new(Arc::new(SqliteStore::open_in_memory().unwrap()));
    let key = RecordKey::new(RecordKind::Meter, [7; 15]);
    let versions = Arc::new(AtomicU64::new(1));
    let count = {
        let store = store.clone();
        async move || {
            let row = store.load(&[key]).await.unwrap().remove(0);
            row.map_or((None, 0), |row| {
                (Some(row.version), u64::from_le_bytes(row.bytes.try_into().unwrap()))
            })
        }
    };
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (store, versions, count) = (store.clone(), Arc::clone(&versions), count.clone());
            tokio::spawn(async move {
                for _ in 0..25 {
                    loop {
                        let (expected, value) = count().await;
                        let version = u128::from(versions.fetch_add(1, Ordering::Relaxed)).to_le_bytes();
                        let (version, bytes) = (Version::from_bytes(version), (value + 1).to_le_bytes());
                        let write = Write::Put { version, bytes: &bytes, expires_at: None };
                        if store.commit(&key, expected, write).await.unwrap() == Committed::Applied {
                            break;
                        }
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(count().await.1, 200);
}

/// A store that waits until it is let go.
struct Gate(AtomicBool);

impl Store for Gate {
    fn load(&self, _: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError> {
        while !self.0.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        Ok(Vec::new())
    }
    fn commit(&self, _: &RecordKey, _: Option<Version>, _: Write<'_>) -> Result<Committed, StoreError> {
        Ok(Committed::Stale)
    }
}

/// While the store blocks, the only thread that serves requests serves another.
#[tokio::test(flavor = "current_thread")]
async fn the_runtime_is_not_blocked() {
    let gate = Arc::new(Gate(AtomicBool::new(false)));
    let store = OffloadedStore::new(Arc::clone(&gate) as _);
    let waiting = tokio::spawn(async move { store.load(&[]).await });
    tokio::spawn(async move { gate.0.store(true, Ordering::SeqCst) }).await.unwrap();
    assert!(waiting.await.unwrap().unwrap().is_empty());
}
