//! The suite that every store must pass, with a second connection to the same rows: on one server, on a cluster, and
//! on a cluster whose replicas are waited for.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod common;

use common::{ONE_REPLICA, On, block_on, blocking, prefix};
use countersign::conformance::{Factory, run};
use countersign::host::{Committed, Row, Store, StoreError, Write};
use countersign::record::{RecordKey, Version};
use countersign_redis::{Durability, RedisStore};
use countersign_tokio::BlockingStore;

struct Kept(On, Durability);

struct Handle {
    store: BlockingStore<RedisStore>,
    prefix: String,
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

impl Kept {
    fn open(&self, prefix: String) -> Handle {
        Handle { store: blocking(block_on(self.0.open(&prefix, self.1))), prefix }
    }
}

impl Factory for Kept {
    type Store = Handle;

    fn fresh(&self) -> Handle {
        self.open(prefix())
    }

    fn reopen(&self, store: Handle) -> Option<Handle> {
        let Handle { store, prefix } = store;
        drop(store);
        Some(self.open(prefix))
    }

    fn another(&self, store: &Handle) -> Option<Handle> {
        Some(self.open(store.prefix.clone()))
    }
}

fn conforms(on: On, durability: Durability) {
    let report = run(&Kept(on, durability));
    report.assert();
    assert!(report.cases.iter().all(|case| case.skipped.is_none()), "{report}");
}

#[test]
#[ignore = "tests/servers/run starts the servers"]
fn it_conforms_on_one_server() {
    conforms(On::Single, Durability::Disk);
}

#[test]
#[ignore = "tests/servers/run starts the servers"]
fn it_conforms_on_a_cluster() {
    conforms(On::Cluster, Durability::Memory);
}

#[test]
#[ignore = "tests/servers/run starts the servers"]
fn it_conforms_on_a_cluster_whose_replicas_are_waited_for() {
    conforms(On::Cluster, ONE_REPLICA);
}
