//! The suite that every store must pass, with a second pool on the same table, and in sessions with the settings that
//! would do most harm.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod common;

use common::{block_on, blocking, fresh, name, pool_with};
use countersign::conformance::{Factory, run};
use countersign::host::{Committed, Row, Store, StoreError, Write};
use countersign::record::{RecordKey, Version};
use countersign_postgres::{PostgresStore, Table};
use countersign_tokio::BlockingStore;

/// What the sessions are set to.
struct Sessions(&'static str);

struct Handle {
    store: BlockingStore<PostgresStore>,
    table: Table,
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

impl Sessions {
    fn open(&self, table: Table) -> Handle {
        let store = block_on(fresh(&pool_with(self.0, 8), &table));
        Handle { store: blocking(store), table }
    }
}

impl Factory for Sessions {
    type Store = Handle;

    fn fresh(&self) -> Handle {
        self.open(Table::named("public", &name()).unwrap())
    }

    fn reopen(&self, store: Handle) -> Option<Handle> {
        let Handle { store, table } = store;
        drop(store);
        Some(self.open(table))
    }

    fn another(&self, store: &Handle) -> Option<Handle> {
        Some(self.open(store.table.clone()))
    }
}

#[test]
#[ignore = "tests/servers/run starts the server"]
fn it_conforms() {
    let report = run(&Sessions(""));
    report.assert();
    assert!(report.cases.iter().all(|case| case.skipped.is_none()), "{report}");
}

/// Stricter transactions end in errors where others wait, and those are not for the caller.
#[test]
#[ignore = "tests/servers/run starts the server"]
fn it_conforms_where_transactions_are_serializable_and_do_not_wait_for_the_disk() {
    let report = run(&Sessions("-c default_transaction_isolation=serializable -c synchronous_commit=off"));
    report.assert();
    assert!(report.cases.iter().all(|case| case.skipped.is_none()), "{report}");
}
