//! An async store for hosts that block.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use countersign::host::{AsyncStore, Committed, Row, Store, StoreError, Write};
use countersign::record::{RecordKey, Version};
use tokio::runtime::Handle;

use crate::offload::DIED;
use crate::write::OwnedWrite;

/// An async store as a blocking one: for a [`Sentry`](countersign::host::Sentry) whose rows are in a database that is reached by async
/// means alone, and for the conformance suite.
///
/// Each call runs on a runtime of the host's, and the thread that made it waits, for thirty seconds at the most; then the call is an error,
/// and ends by itself or not, as one cut off by a crash. So it answers from any thread. In async code it would keep a worker waiting: use the
/// store itself there.
///
/// ```
/// use std::sync::Arc;
/// use countersign::host::{MemoryStore, Store};
/// use countersign_tokio::{BlockingStore, OffloadedStore};
///
/// // Any async store; one of a database that has its connections on this runtime.
/// let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
/// let store = OffloadedStore::new(Arc::new(MemoryStore::new()));
/// let store = BlockingStore::new(store, runtime.handle().clone());
/// assert!(store.load(&[])?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BlockingStore<S> {
    store: Arc<S>,
    runtime: Handle,
}

/// How long a thread waits. The stores themselves give up sooner; this is for a runtime on which nothing moves.
const PATIENCE: Duration = Duration::from_secs(30);

impl<S: AsyncStore + 'static> BlockingStore<S> {
    /// Takes the store, and the runtime that it is to run on: one that is running, with threads of its own.
    pub fn new(store: S, runtime: Handle) -> Self {
        Self { store: Arc::new(store), runtime }
    }

    fn wait<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = sync_channel(1);
        self.runtime.spawn(async move { answer.send(call.await) });
        answered.recv_timeout(PATIENCE).map_err(|_| StoreError::Failed(DIED.into()))?
    }
}

impl<S: AsyncStore + 'static> Store for BlockingStore<S> {
    fn load(&self, keys: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError> {
        let (store, keys) = (Arc::clone(&self.store), keys.to_vec());
        self.wait(async move { store.load(&keys).await })
    }

    fn commit(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
    ) -> Result<Committed, StoreError> {
        let (store, key, write) = (Arc::clone(&self.store), *key, OwnedWrite::from(write));
        self.wait(async move { store.commit(&key, expected, write.borrow()).await })
    }
}

impl<S> fmt::Debug for BlockingStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlockingStore(…)")
    }
}
