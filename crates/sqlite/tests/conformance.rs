//! The suite that every store must pass: on a file with either durability, with a second connection, and in memory.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use common::Scratch;
use countersign::conformance::{Factory, run};
use countersign::host::{Committed, Row, Store, StoreError, Write};
use countersign::record::{RecordKey, Version};
use countersign_sqlite::{Durability, SqliteStore};

struct OnDisk(Durability);

/// A store, and the file that it and its other handles use.
struct Handle {
    store: SqliteStore,
    scratch: Arc<Scratch>,
}

impl Handle {
    fn path(scratch: &Scratch) -> PathBuf {
        scratch.file("store.db")
    }

    fn open(scratch: Arc<Scratch>, durability: Durability) -> Self {
        Self { store: SqliteStore::open(Self::path(&scratch), durability).unwrap(), scratch }
    }
}

impl Deref for Handle {
    type Target = SqliteStore;
    fn deref(&self) -> &SqliteStore {
        &self.store
    }
}

impl Store for Handle {
    fn load(&self, keys: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError> {
        self.store.load(keys)
    }
    fn commit(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
    ) -> Result<Committed, StoreError> {
        self.store.commit(key, expected, write)
    }
}

impl Factory for OnDisk {
    type Store = Handle;

    fn fresh(&self) -> Handle {
        Handle::open(Arc::new(Scratch::new()), self.0)
    }

    fn reopen(&self, store: Handle) -> Option<Handle> {
        let Handle { store, scratch } = store;
        drop(store);
        Some(Handle::open(scratch, self.0))
    }

    fn another(&self, store: &Handle) -> Option<Handle> {
        Some(Handle::open(store.scratch.clone(), self.0))
    }
}

struct InMemory;

impl Factory for InMemory {
    type Store = SqliteStore;
    fn fresh(&self) -> SqliteStore {
        SqliteStore::open_in_memory().unwrap()
    }
    fn reopen(&self, _: SqliteStore) -> Option<SqliteStore> {
        None
    }
}

#[test]
fn a_file_that_waits_for_the_disk_conforms() {
    let report = run(&OnDisk(Durability::Full));
    report.assert();
    assert!(report.cases.iter().all(|case| case.skipped.is_none()), "{report}");
}

#[test]
fn a_file_that_does_not_wait_conforms() {
    let report = run(&OnDisk(Durability::Normal));
    report.assert();
    assert!(report.cases.iter().all(|case| case.skipped.is_none()), "{report}");
}

#[test]
fn a_store_in_memory_conforms() {
    run(&InMemory).assert();
}
