//! Blocking parts of the host, away from the threads that serve requests.

use std::fmt;
use std::sync::Arc;

use countersign::host::{
    AsyncDirectory, AsyncStore, Committed, Created, Directory, DirectoryEntry, DirectoryError, NewAccount,
    Row, Store, StoreError, Write,
};
use countersign::record::{RecordKey, Version};
use countersign::{AccountId, Identifier};
use tokio::task::spawn_blocking;

use crate::write::OwnedWrite;

/// A blocking store whose every call runs on a thread for blocking work.
///
/// What a call needs is copied to that thread, and a call that has begun ends, whether or not anybody still waits for it.
/// How many threads there are is the runtime's setting (`max_blocking_threads`).
#[derive(Clone)]
pub struct OffloadedStore(Arc<dyn Store>);

/// A blocking directory, as [`OffloadedStore`].
#[derive(Clone)]
pub struct OffloadedDirectory(Arc<dyn Directory>);

impl OffloadedStore {
    /// Takes the blocking store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }
}

impl OffloadedDirectory {
    /// Takes the blocking directory.
    #[must_use]
    pub fn new(directory: Arc<dyn Directory>) -> Self {
        Self(directory)
    }
}

impl fmt::Debug for OffloadedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OffloadedStore(…)")
    }
}

impl fmt::Debug for OffloadedDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OffloadedDirectory(…)")
    }
}

impl AsyncStore for OffloadedStore {
    async fn load(&self, keys: &[RecordKey]) -> Result<Vec<Option<Row>>, StoreError> {
        let (store, keys) = (Arc::clone(&self.0), keys.to_vec());
        spawn_blocking(move || store.load(&keys)).await.map_err(|_| StoreError::Failed(DIED.into()))?
    }

    async fn commit(
        &self,
        key: &RecordKey,
        expected: Option<Version>,
        write: Write<'_>,
    ) -> Result<Committed, StoreError> {
        let (store, key, write) = (Arc::clone(&self.0), *key, OwnedWrite::from(write));
        let commit = move || store.commit(&key, expected, write.borrow());
        spawn_blocking(commit).await.map_err(|_| StoreError::Failed(DIED.into()))?
    }
}

impl AsyncDirectory for OffloadedDirectory {
    async fn find(&self, identifier: &Identifier) -> Result<Option<DirectoryEntry>, DirectoryError> {
        let (directory, identifier) = (Arc::clone(&self.0), identifier.clone());
        spawn_blocking(move || directory.find(&identifier)).await.map_err(|_| DirectoryError(DIED.into()))?
    }

    async fn create(&self, account: &NewAccount) -> Result<Created, DirectoryError> {
        let (directory, account) = (Arc::clone(&self.0), account.clone());
        spawn_blocking(move || directory.create(&account)).await.map_err(|_| DirectoryError(DIED.into()))?
    }

    async fn rename(
        &self,
        account: &AccountId,
        from: &Identifier,
        to: &Identifier,
    ) -> Result<Created, DirectoryError> {
        let (directory, account, from, to) = (Arc::clone(&self.0), account.clone(), from.clone(), to.clone());
        let rename = move || directory.rename(&account, &from, &to);
        spawn_blocking(rename).await.map_err(|_| DirectoryError(DIED.into()))?
    }

    async fn release(&self, account: &AccountId) -> Result<(), DirectoryError> {
        let (directory, account) = (Arc::clone(&self.0), account.clone());
        spawn_blocking(move || directory.release(&account)).await.map_err(|_| DirectoryError(DIED.into()))?
    }
}

/// The thread panicked, or the runtime is stopping.
pub(crate) const DIED: &str = "the call did not come to an end";
