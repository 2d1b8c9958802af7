//! Rows that are written again and again by clients who know what they were answered.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use countersign::host::{AsyncStore, Committed};
use countersign_redis::RedisStore;
use tokio::time::sleep;

use crate::common::{key, put, version};

#[derive(Default)]
pub struct Seen {
    pub stop: AtomicBool,
    pub answered: AtomicU64,
    pub errors: AtomicU64,
}

/// One row, and which of the commits to it were answered.
pub struct Chain {
    store: RedisStore,
    key: u64,
    /// In the order of their numbers, which only grow.
    answered: Vec<u64>,
    current: Option<u64>,
    pub lost: usize,
}

impl Chain {
    pub fn new(store: RedisStore, key: u64) -> Self {
        Self { store, key, answered: Vec::new(), current: None, lost: 0 }
    }

    /// Goes by the row that is there, and counts what is not.
    pub async fn read(&mut self) {
        let row = loop {
            match self.store.load(&[key(self.key)]).await {
                Ok(mut rows) => break rows.remove(0),
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        };
        let number =
            |bytes: &[u8; 16]| u64::try_from(u128::from_be_bytes(*bytes) & u128::from(u64::MAX)).unwrap();
        self.current = row.map(|row| number(row.version.as_bytes()));
        let before = self.answered.len();
        let current = self.current.unwrap_or(0);
        self.answered.retain(|n| *n <= current);
        self.lost += before - self.answered.len();
    }

    pub async fn write(mut self, bytes: Vec<u8>, seen: Arc<Seen>) -> Self {
        for n in 1_u64.. {
            if seen.stop.load(Ordering::SeqCst) {
                break;
            }
            let expected = self.current.map(|n| version(self.key, n));
            match self.store.commit(&key(self.key), expected, put(version(self.key, n), &bytes)).await {
                Ok(Committed::Applied) => {
                    seen.answered.fetch_add(1, Ordering::SeqCst);
                    self.answered.push(n);
                    self.current = Some(n);
                }
                Ok(Committed::Stale) => self.read().await,
                Err(_) => {
                    seen.errors.fetch_add(1, Ordering::SeqCst);
                    self.read().await;
                }
            }
        }
        self
    }
}
