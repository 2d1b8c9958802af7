//! An async store from threads that block: it keeps the contract, and is an error where it cannot be asked.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use countersign::conformance::{Factory, run};
use countersign::host::{Committed, MemoryStore, Store, StoreError, Write};
use countersign::record::{RecordKey, RecordKind, Version};
use countersign_tokio::{BlockingStore, OffloadedStore};
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

fn store(runtime: &Runtime) -> BlockingStore<OffloadedStore> {
    BlockingStore::new(OffloadedStore::new(Arc::new(MemoryStore::new())), runtime.handle().clone())
}

struct Round(Runtime);

impl Factory for Round {
    type Store = BlockingStore<OffloadedStore>;

    fn fresh(&self) -> Self::Store {
        store(&self.0)
    }

    fn reopen(&self, _: Self::Store) -> Option<Self::Store> {
        None
    }
}

#[test]
fn it_conforms() {
    run(&Round(runtime())).assert();
}

const KEY: RecordKey = RecordKey::new(RecordKind::Visitor, [7; 15]);

fn put(version: Version) -> Write<'static> {
    Write::Put { version, bytes: b"row", expires_at: None }
}

/// Neither a panic nor a wait without end: with another worker it is answered.
#[test]
fn it_answers_in_async_code_too() {
    let (own, other) = (runtime(), runtime());
    for of in [&own, &other] {
        let store = store(of);
        let committed = own.block_on(async { store.commit(&KEY, None, put(Version::from_bytes([1; 16]))) });
        assert_eq!(committed, Ok(Committed::Applied));
    }
    let store = store(&own);
    let blocking = own.spawn_blocking(move || store.load(&[KEY]));
    assert_eq!(own.block_on(blocking).unwrap(), Ok(vec![None]));
}

#[test]
fn when_the_runtime_has_ended_it_is_an_error() {
    let runtime = runtime();
    let store = store(&runtime);
    assert_eq!(store.load(&[KEY]), Ok(vec![None]));
    runtime.shutdown_background();
    assert!(matches!(store.load(&[KEY]), Err(StoreError::Failed(_))));
    let committed = store.commit(&KEY, None, put(Version::from_bytes([1; 16])));
    assert!(matches!(committed, Err(StoreError::Failed(_))), "{committed:?}");
}
